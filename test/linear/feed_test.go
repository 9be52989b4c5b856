package linear

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/roster-dev/roster"
)

// history is what clients saw, in any order, and what the server says that happened.
type history struct {
	begin      roster.Version
	operations []porcupine.Operation
	changes    []change
}

// change is a version of the change feed.
type change struct {
	Version roster.Version
	Ops     []struct {
		Op, Type, ID  string
		Before, After *wireUser
	}
}

func parseChanges(body []byte) ([]change, error) {
	var doc struct{ Items []change }
	err := json.Unmarshal(body, &doc)
	return doc.Items, err
}

// resolve asks the change feed what became of writes without an answer, each of which gives a user a name that nobody had
// before, so that the search need not guess: those that are there get their version, the first one with the name, and the
// others are left out.
func (h *history) resolve() {
	type given struct {
		slot int
		name string
	}
	found := map[given][]roster.Version{}
	for _, c := range h.changes {
		for _, op := range c.Ops {
			if op.Type == string(roster.TypeUser) && op.After != nil {
				slot, _ := op.After.slot()
				g := given{slot, op.After.Name}
				found[g] = append(found[g], c.Version)
			}
		}
	}
	kept := h.operations[:0]
	for _, op := range h.operations {
		in, out := op.Input.(input), op.Output.(output)
		if out.unknown {
			at := found[given{in.slot, in.name}]
			if in.kind == get || in.kind == list || len(at) == 0 {
				continue
			}
			out.version = at[0]
			op.Output = out
		}
		kept = append(kept, op)
	}
	h.operations = kept
}

// done is what an op of a version did: it deleted the user of a slot, or made or changed one.
type done struct {
	slot    int
	deleted bool
}

// versions are the users of an organization at each of its versions, by the change feed.
type versions struct {
	begin roster.Version
	users [][slots]user
	// did are the ops of each version. A user can be deleted and another one made with the address in one version.
	did []map[done]bool
}

// replay makes the versions of the changes. It fails where the feed is no gapless history.
func (h *history) replay() (*versions, error) {
	v := &versions{begin: h.begin, users: make([][slots]user, 1), did: make([]map[done]bool, 1)}
	for i, c := range h.changes {
		if want := h.begin + roster.Version(i) + 1; c.Version != want {
			return nil, fmt.Errorf("the feed has version %d where %d is due", c.Version, want)
		}
		users, did := v.users[i], map[done]bool{}
		for _, op := range c.Ops {
			if op.Type != string(roster.TypeUser) {
				continue // who was deleted can be restored
			}
			was, is := user{}, user{}
			slot := -1
			for doc, into := range map[*wireUser]*user{op.Before: &was, op.After: &is} {
				if doc == nil {
					continue
				}
				var err error
				if slot, err = doc.slot(); err != nil {
					return nil, err
				}
				*into = doc.user("")
			}
			if slot < 0 || users[slot] != was {
				return nil, fmt.Errorf("version %d: %s of %s does not follow on the versions before", c.Version, op.Op, op.ID)
			}
			users[slot], did[done{slot, !is.there}] = is, true
		}
		v.users, v.did = append(v.users, users), append(v.did, did)
	}
	return v, nil
}

// at returns the users and the ops of a version that there is.
func (v *versions) at(version roster.Version) (users [slots]user, did map[done]bool, err error) {
	i := int(version - v.begin)
	if i < 0 || i >= len(v.users) {
		return users, nil, fmt.Errorf("there is no version %d in the feed", version)
	}
	return v.users[i], v.did[i], nil
}

// checkFeed holds what clients saw against the change feed: every answer shows the version that it says, every write
// that was acknowledged is in the feed at its version, and nothing else is but what was cut off.
func (h *history) checkFeed() error {
	v, err := h.replay()
	if err != nil {
		return err
	}
	open := 0
	for _, op := range h.operations {
		in, out := op.Input.(input), op.Output.(output)
		switch {
		case out.unknown:
			open++
		case out.status < http.StatusBadRequest:
			if err := v.check(in, out); err != nil {
				return fmt.Errorf("%s -> %s: %w", in, out, err)
			}
		}
	}
	var rest []string
	for i, did := range v.did {
		open -= len(did)
		for d := range did {
			rest = append(rest, fmt.Sprintf("%+v at %d, which is then %+v", d, v.begin+roster.Version(i), v.users[i][d.slot]))
		}
	}
	if open < 0 {
		return fmt.Errorf("the feed has %d ops more than were asked for, among %s", -open, strings.Join(rest, "; "))
	}
	return nil
}

// check holds an answer against the feed, and takes the ops of a write out of it.
func (v *versions) check(in input, out output) error {
	users, did, err := v.at(out.version)
	if err != nil {
		return err
	}
	s := state{users: users, version: out.version}
	switch in.kind {
	case list:
		if !s.shows(in, out) {
			return fmt.Errorf("the feed makes it %+v", users)
		}
	case get:
		if u := s.find(in); u == nil || out.status == http.StatusOK && !u.is(out.user) {
			return fmt.Errorf("the feed makes it %+v", users[in.slot])
		}
	case batch:
		return v.checkBatch(in, out)
	case remove:
		if !did[done{in.slot, true}] {
			return fmt.Errorf("the feed has no such deletion")
		}
		delete(did, done{in.slot, true})
	default:
		if !users[in.slot].is(out.user) {
			return fmt.Errorf("the feed makes it %+v", users[in.slot])
		}
		delete(did, done{in.slot, false})
	}
	return nil
}

// checkBatch holds the last write of a batch to each slot against the feed, which has no more of a user than the batch
// has left, and takes the ops of all of them out of it.
func (v *versions) checkBatch(in input, out output) error {
	_, did, err := v.at(out.version)
	if err != nil {
		return err
	}
	last, made := map[int]int{}, map[int]bool{}
	for i, item := range in.items {
		last[item.slot] = i
		made[item.slot] = made[item.slot] || item.kind == create
	}
	for slot, i := range last {
		if made[slot] && in.items[i].kind == remove {
			continue // a user who was made and deleted leaves no op behind
		}
		part := out.items[i]
		part.version = out.version
		if err := v.check(in.items[i], part); err != nil {
			return fmt.Errorf("slot %d: %w", slot, err)
		}
	}
	for _, item := range in.items {
		delete(did, done{item.slot, item.kind == remove})
	}
	return nil
}
