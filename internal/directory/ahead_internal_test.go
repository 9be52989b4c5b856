package directory

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// TestAhead holds that a view made ahead is taken for the very change that it was made of, and for nothing else.
func TestAhead(t *testing.T) {
	org := &roster.Organization{ID: roster.ID{1}, Number: 1, Slug: "one", Name: "One"}
	b := index.NewBuilder(nil)
	b.Add(org)
	base := b.View(4)
	ops := func() []roster.Op {
		return []roster.Op{{After: &roster.User{ID: roster.ID{2}, Number: 1, Identifier: "ann", Name: "Ann"}}}
	}
	first, broken := ops(), ops()
	broken[0].Before = broken[0].After // there is nobody to update
	for name, tc := range map[string]struct {
		base              *index.View
		version           roster.Version
		begun, committed  []roster.Op
		committedAt, want roster.Version // want is 0 for none
	}{
		"the change":          {base, 5, first, first, 5, 5},
		"another version":     {base, 5, first, first, 6, 0},
		"other ops":           {base, 5, first, ops(), 5, 0},
		"no ops any more":     {base, 5, first, nil, 5, 0},
		"not the next one":    {base, 6, first, first, 6, 0},
		"no view":             {nil, 5, first, first, 5, 0},
		"no ops":              {base, 5, nil, nil, 4, 0},
		"it can't be applied": {base, 5, broken, broken, 5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var a ahead
			defer a.wait()
			a.begin(tc.base, org.ID, tc.version, roster.Change{Ops: tc.begun})
			next := a.after(roster.Change{Org: org.ID, Version: tc.committedAt, Ops: tc.committed})
			switch {
			case tc.want == 0 && next != nil:
				t.Errorf("got version %d, want none", next.Version())
			case tc.want != 0 && (next == nil || next.Version() != tc.want):
				t.Errorf("got %v, want version %d", next, tc.want)
			}
		})
	}
}

// TestAheadOfAPanic holds that a change which nobody can apply does not end the process.
func TestAheadOfAPanic(t *testing.T) {
	b := index.NewBuilder(nil)
	b.Add(&roster.Organization{ID: roster.ID{1}, Number: 1, Slug: "one", Name: "One"})
	var a ahead
	change := roster.Change{Ops: []roster.Op{{}}}
	a.begin(b.View(4), roster.ID{1}, 5, change)
	if next := a.after(change); next != nil {
		t.Errorf("got %v, want none", next)
	}
}
