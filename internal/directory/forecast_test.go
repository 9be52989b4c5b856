package directory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// Batches that are decided on before their turn have the outcomes that they have where each waits for the one before.
func TestImportsDecideAsViewsDo(t *testing.T) {
	t.Parallel()
	ahead, looking, round := newSQLite(t), store.Store(memory.New()), 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		p := &pair{
			RT: rt, ctx: t.Context(), org: id(1_000_000 + round), loaded: newService(looking), unloaded: newService(ahead),
		}
		p.begin(fmt.Sprintf("org-%d", round), round)
		p.unloaded.Evict(p.org)
		var want, got [][]string
		imports := p.unloaded.Imports(p.org, roster.Operator())
		carryOut := func() {}
		for range rapid.IntRange(1, 5).Draw(rt, "batches") {
			cmds := p.imports()
			want = append(want, told(rt)(p.loaded.DoEach(p.ctx, p.org, roster.Operator(), cmds)))
			next := imports.Begin(p.ctx, cmds)
			carryOut()
			carryOut = func() { got = append(got, told(rt)(next(p.ctx))) }
			if draw(p, "between", "no", "no", "no", "a write") == "a write" {
				carryOut()
				carryOut = func() {}
				p.addGroup()
			}
		}
		carryOut()
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("the outcomes differ (-one by one +ahead):\n%s", diff)
		}
		if diff := cmp.Diff(bare(rt, content(rt, looking, p.org)), bare(rt, content(rt, ahead, p.org))); diff != "" {
			rt.Fatalf("the records differ (-one by one +ahead):\n%s", diff)
		}
	})
}

// addGroup gives both services a group that imports may be about.
func (p *pair) addGroup() {
	number := rapid.Int64Range(1, 9).Draw(p.RT, "number")
	create := roster.Create{Record: &roster.Group{ID: id(3_000_000 + int(number)), Number: number, Name: "Added"}}
	_, wantErr := p.loaded.Do(p.ctx, p.org, roster.Operator(), create)
	_, gotErr := p.unloaded.Do(p.ctx, p.org, roster.Operator(), create)
	if want, got := roster.CodeOf(wantErr), roster.CodeOf(gotErr); got != want {
		p.RT.Fatalf("create a group: got %v, want %v", gotErr, wantErr)
	}
}

// imports draws a batch.
func (p *pair) imports() []roster.Command {
	var cmds []roster.Command
	for range rapid.IntRange(1, 6).Draw(p.RT, "at once") {
		cmd := p.anyImport()
		if cmd.(roster.Import).Record.Key().ID != id(8) { // which the services make, too, but not for the same user
			cmds = append(cmds, cmd)
		}
	}
	return cmds
}

// told returns what outcomes say, but for ids.
func told(t interface{ Fatal(...any) }) func([]roster.Outcome, error) []string {
	return func(outcomes []roster.Outcome, err error) (list []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			text := string(roster.CodeOf(o.Err))
			if o.Err != nil {
				text += " " + roster.AsError(o.Err).Field
			}
			for _, op := range o.Ops {
				text += " " + op.Verb() + " " + string(op.Key().Type)
			}
			list = append(list, text)
		}
		return list
	}
}

// A batch that was decided on before its turn takes one update of the store, after a first one that looks; where the
// organization is not what it was expected to be, batches are decided in their turn.
func TestImportsAhead(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		between func(s *directory.Service, org roster.ID)
		second  []roster.Command
		want    []int // updates of the store by the beginning of two batches, by each of them, and by a third one
		changes int
	}{
		"new users": {nil, newUsers(20, 40), []int{1, 1, 1, 1}, 4},
		"another write between": {func(s *directory.Service, org roster.ID) {
			do(t, s, org, roster.Create{Record: &roster.Group{Name: "Staff"}})
		}, newUsers(20, 40), []int{1, 1, 2, 1}, 5},
		"a user that exists":    {nil, newUsers(19, 39), []int{1, 1, 3, 1}, 4},
		"a view that is loaded": {func(s *directory.Service, org roster.ID) { view(t, s, org) }, newUsers(20, 40), []int{1, 1, 1, 1}, 4},
	} {
		updates := 0
		spy := &spy{Store: newSQLite(t), beforeUpdate: func() error { updates++; return nil }}
		s := newService(spy)
		org := newOrg(t, s, "one")
		var got []int
		count := func(fn func()) {
			updates = 0
			fn()
			got = append(got, updates)
		}
		run := func(batch func(context.Context) ([]roster.Outcome, error)) func() {
			return func() { told(t)(batch(t.Context())) }
		}
		imports := s.Imports(org, roster.Operator())
		var first, second func(context.Context) ([]roster.Outcome, error)
		count(func() {
			first, second = imports.Begin(t.Context(), newUsers(0, 20)), imports.Begin(t.Context(), test.second)
		})
		count(run(first))
		if test.between != nil {
			test.between(s, org)
		}
		count(run(second))
		count(run(imports.Begin(t.Context(), newUsers(40, 60))))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: updates (-want +got):\n%s", what, diff)
		}
		if v := view(t, s, org); int(v.Version()) != test.changes {
			t.Errorf("%s: got version %d, want %d", what, v.Version(), test.changes)
		}
	}
}
