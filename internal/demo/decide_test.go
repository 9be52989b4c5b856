package demo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// nothing is the state of an organization that does not exist yet.
type nothing struct{}

func (nothing) Version() roster.Version { return 0 }

func (nothing) Get(roster.Type, roster.ID) (roster.Entity, error) { return nil, nil }

func (nothing) Find(roster.Type, roster.Keys) (roster.Entity, error) { return nil, nil }

func (nothing) Each(roster.Type, func(roster.Entity) error) error { return nil }

// TestDecideChangesNothing: an import under the rules about writes leaves every record as it was made, so no default is
// missing, no rule is broken and everything that is referred to comes first.
func TestDecideChangesNothing(t *testing.T) {
	state := roster.NewPending(nothing{})
	var made byte // ids: only the built-in roles need one
	env := roster.Env{
		Org: demo.Organization().ID, By: roster.Operator(), Now: demo.Epoch(),
		NewID: func() (roster.ID, error) { made++; return roster.ID{made}, nil },
	}
	decide := func(cmd roster.Command) {
		t.Helper()
		ops, err := roster.Decide(state, env, cmd)
		if err != nil {
			t.Fatal(err)
		}
		state.Add(ops...)
	}
	builtIn := map[string]bool{roster.RoleAdmin: true, roster.RoleSupport: true, roster.RoleReadOnly: true}
	var org *roster.Organization
	for e := range demo.New(13, 600).Entities() {
		want := encode(t, e)
		switch e := e.(type) {
		case *roster.Organization:
			org = e
			decide(roster.Create{Record: demo.Organization()})
			continue
		case *roster.Role:
			if builtIn[e.Handle] { // made with the organization
				continue
			}
		}
		decide(roster.Import{Record: e})
		got, err := state.Get(e.Key().Type, e.Key().ID)
		if err != nil || got == nil {
			t.Fatalf("%s after its import: %v, %v", e.Key(), got, err)
		}
		if diff := cmp.Diff(want, encode(t, got)); diff != "" {
			t.Errorf("%s is not complete (-made +imported):\n%s", e.Key(), diff)
		}
	}
	got, err := state.Get(roster.TypeOrganization, org.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(org.Next, got.(*roster.Organization).Next); diff != "" {
		t.Errorf("next free numbers (-made +imported):\n%s", diff)
	}
}

// TestParse: what is exported of demo data can be read again.
func TestParse(t *testing.T) {
	for e := range demo.New(13, 600).Entities() {
		if e.Key().Type == roster.TypeOrganization {
			continue // its next numbers are ignored on input
		}
		doc := encode(t, e)
		parsed, err := roster.ParseEntity(e.Key().Type, []byte(doc))
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if diff := cmp.Diff(doc, encode(t, parsed)); diff != "" {
			t.Errorf("%s (-made +parsed):\n%s", e.Key(), diff)
		}
	}
}

func encode(t *testing.T, e roster.Entity) string {
	t.Helper()
	doc, err := roster.EncodeEntity(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}
