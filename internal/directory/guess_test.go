package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// Imports that are decided on a guess have the outcomes that they have where everything is looked up.
func TestGuessesDecideAsViewsDo(t *testing.T) {
	t.Parallel()
	guessing, looking, round := newSQLite(t), store.Store(memory.New()), 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		p := &pair{
			RT: rt, ctx: t.Context(), org: id(1_000_000 + round), loaded: newService(looking), unloaded: newService(guessing),
		}
		p.begin(fmt.Sprintf("org-%d", round), round)
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			p.batch()
		}
		want, got := content(rt, looking, p.org), content(rt, guessing, p.org)
		if diff := cmp.Diff(bare(rt, want), bare(rt, got)); diff != "" {
			rt.Fatalf("the records differ (-looking +guessing):\n%s", diff)
		}
	})
}

// batch gives both services the same imports and holds what they do against each other, but for the ids that they make.
func (p *pair) batch() {
	var cmds []roster.Command
	for range rapid.IntRange(16, 20).Draw(p.RT, "at once") {
		cmds = append(cmds, p.anyImport())
	}
	if _, err := p.loaded.View(p.ctx, p.org); err != nil {
		p.RT.Fatal(err)
	}
	p.unloaded.Evict(p.org)
	outcomes := func(s *directory.Service) (list []string) {
		each, err := s.DoEach(p.ctx, p.org, roster.Operator(), cmds)
		if err != nil {
			p.RT.Fatal(err)
		}
		for _, o := range each {
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
	if diff := cmp.Diff(outcomes(p.loaded), outcomes(p.unloaded)); diff != "" {
		p.RT.Fatalf("%s: (-looking +guessing):\n%s", text(cmds), diff)
	}
}

// anyImport draws an import: mostly of a new user, now and then of one that there may be, and of a group.
func (p *pair) anyImport() roster.Command {
	switch draw(p, "import", "new", "new", "new", "new", "maybe", "group") {
	case "maybe":
		return p.importing()
	case "group":
		number := rapid.Int64Range(1, 9).Draw(p.RT, "number")
		return roster.Import{Record: &roster.Group{Number: number, Name: "Imported"}, OnConflict: roster.OnConflictSkip}
	}
	n := rapid.IntRange(1, 200).Draw(p.RT, "n")
	u := &roster.User{Name: "New", Email: fmt.Sprintf("new-%d@x.example", n), Groups: []int64{1}}
	if rapid.Bool().Draw(p.RT, "id") {
		u.ID = id(2_000_000 + n)
	}
	if rapid.Bool().Draw(p.RT, "number") {
		u.Number = int64(10_000 + n)
	}
	return roster.Import{Record: u}
}

// bare returns documents without the ids that a service made.
func bare(t *rapid.T, docs []string) []string {
	list := make([]string, len(docs))
	for i, doc := range docs {
		var members map[string]any
		if err := json.Unmarshal([]byte(doc), &members); err != nil {
			t.Fatal(err)
		}
		delete(members, "id")
		without, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = string(without)
	}
	return list
}

// newUsers returns imports of users from..to-1.
func newUsers(from, to int) []roster.Command {
	var cmds []roster.Command
	for n := from; n < to; n++ {
		name := fmt.Sprintf("user-%d", n)
		u := &roster.User{ID: id(50_000 + n), Name: name, Email: name + "@example.com"}
		cmds = append(cmds, roster.Import{Record: u})
	}
	return cmds
}

// A batch takes one update of the store where its guess is right, a second one where it is wrong, and again one as
// long as nothing else is to be expected.
func TestGuess(t *testing.T) {
	t.Parallel()
	updates := 0
	s := &spy{Store: newSQLite(t), beforeUpdate: func() error { updates++; return nil }}
	service := newService(s)
	org := newOrg(t, service, "one")
	batch := func(what string, cmds []roster.Command, wantUpdates, wantMade int) []roster.Outcome {
		t.Helper()
		updates = 0
		outcomes, err := service.DoEach(context.WithoutCancel(t.Context()), org, roster.Operator(), cmds)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		made := 0
		for _, o := range outcomes {
			if o.Err == nil && len(o.Ops) > 0 {
				made++
			}
		}
		if updates != wantUpdates || made != wantMade {
			t.Errorf("%s: got %d updates that made %d users, want %d that make %d", what, updates, made, wantUpdates, wantMade)
		}
		return outcomes
	}
	batch("new users", newUsers(0, 20), 1, 20)
	batch("one of them again", newUsers(19, 39), 2, 19)
	batch("one of them again, after a surprise", newUsers(38, 58), 1, 19)
	batch("new users, after a surprise", newUsers(100, 120), 1, 20)
	batch("new users, after none", newUsers(200, 220), 1, 20)

	refused := newUsers(219, 239)
	refused[0].(roster.Import).Record.(*roster.User).Name = "\x00" // it exists, and has nothing that the store refuses
	outcomes := batch("one that exists and breaks a rule", refused, 2, 19)
	if roster.CodeOf(outcomes[0].Err) != roster.Conflict {
		t.Errorf("got %v, want the error %s", outcomes[0].Err, roster.Conflict)
	}
	batch("new users", newUsers(300, 320), 1, 20)
	moved := newUsers(320, 340)
	first := moved[0].(roster.Import).Record.(*roster.User)
	first.Email = "user-0@example.com" // exists; the second import of the batch gives it up again
	moved[1] = roster.Import{
		Record: &roster.User{ID: first.ID, Name: "moved", Email: "moved@example.com"}, OnConflict: roster.OnConflictUpdate,
	}
	outcomes = batch("one that exists for a moment", moved, 2, 19)
	codes := []roster.Code{roster.CodeOf(outcomes[0].Err), roster.CodeOf(outcomes[1].Err)}
	if want := []roster.Code{roster.Conflict, ""}; !slices.Equal(codes, want) {
		t.Errorf("got the errors %v, want %v", codes, want)
	}
}
