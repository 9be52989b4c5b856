package directory_test

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

// What is deleted is kept as long as it may be restored, and what is restored meanwhile stays.
func TestPurge(t *testing.T) {
	for _, loaded := range []bool{true, false} {
		kept := memory.New()
		s := newService(kept)
		org := newOrg(t, s, "one")
		do(t, s, org, createUser("ada"), createUser("bob"), createUser("eve"))
		for _, name := range []string{"ada", "bob"} {
			do(t, s, org, roster.Delete{Type: roster.TypeUser, Ref: byEmail(name)})
		}
		do(t, s, org, roster.Create{Record: &roster.Group{Name: "Staff"}})
		do(t, s, org, roster.Delete{Type: roster.TypeGroup, Ref: roster.Ref{Number: 1}})
		if !loaded {
			s.Evict(org)
		}
		if n, err := s.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("at once: got %d, %v, want none to be purged", n, err)
		}
		do(t, s, org, roster.Undelete{Type: roster.TypeUser, Ref: byEmail("bob")})
		later := directory.New(kept, directory.Options{
			Now: func() roster.Time { return now + roster.KeptFor }, NewID: newID(1000),
		})
		if loaded {
			view(t, later, org)
		}
		if n, err := later.Purge(t.Context()); n != 2 || err != nil {
			t.Errorf("later: got %d, %v, want 2 to be purged", n, err)
		}
		v := view(t, later, org)
		for _, typ := range roster.DeletedTypes() {
			if got := v.Deleted(typ); len(got) != 0 {
				t.Errorf("%d records of the type %s are left", len(got), typ)
			}
		}
		wantNames(t, v, "bob", "eve")
		var name string
		err := later.Entries(t.Context(), org, roster.EntryQuery{Limit: 1}, func(e roster.Entry, _ []roster.Op) error {
			name = e.Name
			return nil
		})
		if err != nil || name != "purge of deleted records" {
			t.Errorf("the audit names %q, %v", name, err)
		}
	}
}

// An erasure lets go of views of the past, and a view that is loaded from what is left shows the same as before.
func TestErase(t *testing.T) {
	s := newService(memory.New())
	org := newOrg(t, s, "one")
	do(t, s, org, createUser("ada"), createUser("bob"))
	old := view(t, s, org)
	s.Keep(org, old, 0)
	do(t, s, org, roster.Update{Type: roster.TypeUser, Ref: byEmail("bob"), Patch: []byte(`{"phone":"1"}`)})
	do(t, s, org, roster.Erase{Ref: byEmail("ada")})
	_, err := s.ViewAt(t.Context(), org, old.Version())
	wantCode(t, "a view of before", err, roster.Gone)
	report, err := s.VerifyAudit(t.Context(), org)
	if err != nil || report.Fault != nil {
		t.Errorf("verify: %+v, %v", report.Fault, err)
	}
	check, err := s.Check(t.Context(), org)
	if err != nil || len(check.Problems) > 0 {
		t.Errorf("check: %v, %v", check.Problems, err)
	}
	wantNames(t, view(t, s, org), "bob")
	// Who has the view of before catches up with a history that does not know the user any more.
	changes, err := s.Changes(t.Context(), org, old.Version(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if old, err = old.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, old, "bob")
	wantCode(t, "erase again", func() error {
		_, err := s.Do(t.Context(), org, roster.Operator(), roster.Erase{Ref: byEmail("ada")})
		return err
	}(), roster.NotFound)
}
