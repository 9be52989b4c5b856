// Package linear holds a server over HTTP to be linearizable: whatever 16 clients see who read and write at the same time,
// whose connections break, who repeat requests and who send entity tags and versions along, they could have seen of one
// organization that does one thing after the other, each between the request and the answer.
//
// The specification is model, the search for an order that of porcupine. The change feed is asked besides, which says the
// order itself.
package linear

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

var (
	requests = flag.Int("ops", 60, "how many requests each of the clients sends in a round")
	rounds   = flag.Int("rounds", 2, "how many rounds there are, each with a new store")
	seeded   = flag.Uint64("seed", 0, "what the requests of the first round follow from; 0 for anything")
)

func TestLinearizable(t *testing.T) {
	for name, newStore := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for round := range *rounds {
				seed := *seeded + uint64(round)
				if *seeded == 0 {
					seed = rand.Uint64()
				}
				h, err := newWorld(t, newStore(t, round), unchanged).work(t, seed, clients, *requests)
				if err == nil {
					err = h.check(t)
				}
				if err != nil {
					t.Fatalf("%v\nThe requests follow from -ops %d -seed %d; what they meet does not.", err, *requests, seed)
				}
			}
		})
	}
}

// A checker that finds nothing may be one that can't find anything: these servers are wrong, each in one way. What clients
// meet is chance, so that a round may pass in which the fault does not happen or cannot be seen; so many in a row may not.
func TestFaultsAreFound(t *testing.T) {
	const rounds = 20
	for name, wrong := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var happened int64
			for seed := range uint64(rounds) {
				f := &fault{wrong: wrong}
				if f.isFound(t, seed+1) {
					return
				}
				happened += f.happened.Load()
			}
			t.Errorf("not found in %d rounds, in which the fault happened %d times", rounds, happened)
		})
	}
}

// isFound reports whether what clients see of a server with the fault is found to be impossible.
func (f *fault) isFound(t *testing.T, seed uint64) bool {
	t.Helper()
	const few = 6 // to rule out every order of what more do at the same time takes long
	h, err := newWorld(t, "memory:", f.behind).work(t, seed, few, 60)
	if err != nil {
		t.Fatal(err)
	}
	m := modelOf(h.operations).porcupine(h.begin)
	return f.happened.Load() > 0 && porcupine.CheckOperationsTimeout(m, h.operations, patience) == porcupine.Illegal
}

func unchanged(h http.Handler) http.Handler { return h }

// check returns what is wrong with a history.
func (h *history) check(t *testing.T) error {
	t.Helper()
	return errors.Join(h.checkFeed(), h.checkUsers(t), h.checkWhole(t))
}

// checkUsers holds what was seen of each user to the model of one.
func (h *history) checkUsers(t *testing.T) error {
	t.Helper()
	for slot := range slots {
		var part []porcupine.Operation
		for _, op := range h.operations {
			part = append(part, about(op, slot)...)
		}
		if err := linearizable(t, fmt.Sprintf("user-%d", slot), model{}.porcupine(h.begin), part); err != nil {
			return err
		}
	}
	return nil
}

// checkWhole holds all that was seen to the model of the organization.
func (h *history) checkWhole(t *testing.T) error {
	t.Helper()
	return linearizable(t, "whole", modelOf(h.operations).porcupine(h.begin), h.operations)
}

// patience is for how long an order is looked for.
const patience = 2 * time.Minute

// linearizable fails where there is no order in which operations follow the model, and draws what there is of one.
func linearizable(t *testing.T, name string, m porcupine.Model, ops []porcupine.Operation) error {
	t.Helper()
	switch result := porcupine.CheckOperationsTimeout(m, ops, patience); result {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("%s: an order was looked for for %s, and neither found nor ruled out", name, patience)
	}
	result, info := porcupine.CheckOperationsVerbose(m, ops, patience)
	file := filepath.Join(t.ArtifactDir(), name+".html")
	if err := porcupine.VisualizePath(m, info, file); err != nil {
		return err
	}
	return fmt.Errorf("%s: not linearizable (%s); -artifacts keeps %s, which draws it. %s", name, result, file, stuck(ops, info))
}

// stuck says where the longest order that follows the model ends, and what can't come after it.
func stuck(ops []porcupine.Operation, info porcupine.LinearizationInfo) string {
	var longest []porcupine.Operation
	for _, partial := range info.PartialLinearizationsOperations()[0] {
		if len(partial) > len(longest) {
			longest = partial
		}
	}
	same := func(a, b porcupine.Operation) bool { return a.ClientId == b.ClientId && a.Call == b.Call }
	rest := slices.DeleteFunc(slices.Clone(ops), func(op porcupine.Operation) bool {
		return slices.ContainsFunc(longest, func(placed porcupine.Operation) bool { return same(op, placed) })
	})
	slices.SortFunc(rest, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
	const most = 6
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d requests have an order, which ends in\n", len(longest), len(ops))
	for _, op := range longest[max(0, len(longest)-most):] {
		fmt.Fprintf(&b, "  %d..%d: %s -> %s\n", op.Call, op.Return, op.Input, op.Output)
	}
	b.WriteString("None of these comes next:\n")
	for _, op := range rest[:min(most, len(rest))] {
		fmt.Fprintf(&b, "  %d..%d: %s -> %s\n", op.Call, op.Return, op.Input, op.Output)
	}
	return b.String()
}
