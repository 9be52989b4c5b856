package directory_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// wide returns an instance-wide principal that is used on an organization.
func wide(t *testing.T, s *directory.Service, org roster.ID, permissions ...roster.Permission) roster.Principal {
	t.Helper()
	if err := s.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := &roster.Token{Name: "ops", Kind: roster.TokenAccount, Permissions: permissions, Hash: "ops"}
	change, err := s.Do(t.Context(), roster.InstanceID(), roster.Operator(), roster.Create{Record: token})
	if err != nil {
		t.Fatal(err)
	}
	made, _ := change.Ops[0].After.(*roster.Token)
	return roster.Principal{
		Org: org, Token: made.ID, Name: made.Name, Kind: made.Kind, Permissions: made.Permissions, Instance: made,
	}
}

func TestInstanceIsMadeOnceAndInNoList(t *testing.T) {
	t.Parallel()
	s := newService(memory.New())
	first := newOrg(t, s, "acme")
	for range 2 {
		if err := s.EnsureInstance(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	orgs, err := s.Orgs(t.Context())
	if err != nil || len(orgs) != 1 || orgs[0].ID != first {
		t.Errorf("got %v, %v, want acme alone", orgs, err)
	}
	all, err := s.AllOrgs(t.Context())
	if err != nil || len(all) != 2 || !all[0].IsInstance() {
		t.Errorf("got %v, %v, want the instance and acme", all, err)
	}
	if _, err := s.OrgBySlug(t.Context(), roster.InstanceSlug); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("the instance by its slug: got %v, want %s", err, roster.NotFound)
	}
	if o, err := s.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "two", Name: "Two"}); err != nil ||
		o.Number != 2 {
		t.Errorf("the next organization is %v, %v, want the number 2", o, err)
	}
}

func TestDeletedOrganizationIsRemovedWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	at := roster.Time(1_000_000)
	s := directory.New(memory.New(), directory.Options{
		Now: func() roster.Time { return at }, NewID: newID(0), KeepDeleted: 5000,
	})
	t.Cleanup(s.Close)
	org := newOrg(t, s, "acme")
	do(t, s, org, createUser("ann"))
	old := view(t, s, org)
	s.Keep(org, old, 0)
	by := wide(t, s, org, roster.OrgsWrite)
	if _, err := s.Do(t.Context(), org, by, roster.Delete{Type: roster.TypeOrganization}); err != nil {
		t.Fatal(err)
	}
	wantPurged := func(want int) {
		t.Helper()
		if n, err := s.Purge(t.Context()); err != nil || n != want {
			t.Errorf("%d were purged, %v, want %d", n, err, want)
		}
	}
	at += 4999
	wantPurged(0)
	at++
	_, err := s.Do(t.Context(), org, by, roster.Undelete{Type: roster.TypeOrganization})
	if roster.CodeOf(err) != roster.NotFound {
		t.Errorf("restored when its time is over: got %v, want %s", err, roster.NotFound)
	}
	deleted, err := s.DeletedOrgs(t.Context())
	if err != nil || len(deleted) != 1 {
		t.Fatalf("%d deleted organizations, %v, want 1", len(deleted), err)
	}
	note := roster.NoteDeleted{Organization: deleted[0]} // as one who was killed before the organization was removed
	if _, err := s.Do(t.Context(), roster.InstanceID(), directory.Purger(), note); err != nil {
		t.Fatal(err)
	}
	wantPurged(1)
	wantPurged(0)
	for name, err := range map[string]error{
		"view": errorOf(s.View(t.Context(), org)), "old view": errorOf(s.ViewAt(t.Context(), org, old.Version())),
		"slug":  errorOf(s.OrgBySlug(t.Context(), "acme")),
		"write": errorOf(s.Do(t.Context(), org, roster.Operator(), createUser("bob"))),
	} {
		if roster.CodeOf(err) != roster.NotFound {
			t.Errorf("%s: got %v, want %s", name, err, roster.NotFound)
		}
	}
	wantNotedOnce(t, s, roster.DeletedOrganization{
		ID: org, Number: 1, Slug: "acme", Name: deleted[0].Name, Version: deleted[0].Version, At: 1_000_000, By: by.Token,
	})
	again, err := s.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil || again.Number != 2 || again.ID == org {
		t.Errorf("made again: %+v, %v, want another id and the number 2", again, err)
	}
}

// wantNotedOnce fails unless the log of the instance, whose audit is whole, notes one organization once.
func wantNotedOnce(t *testing.T, s *directory.Service, want roster.DeletedOrganization) {
	t.Helper()
	changes, err := s.Changes(t.Context(), roster.InstanceID(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var notes []roster.DeletedOrganization
	for _, c := range changes {
		if o, ok := c.Ops[0].After.(*roster.Organization); ok && o.Deleted != nil {
			notes = append(notes, *o.Deleted)
		}
	}
	if diff := cmp.Diff([]roster.DeletedOrganization{want}, notes); diff != "" {
		t.Errorf("notes of the instance (-want +got):\n%s", diff)
	}
	if report, err := s.VerifyAudit(t.Context(), roster.InstanceID()); err != nil || report.Fault != nil {
		t.Errorf("the instance's audit is %+v, %v", report, err)
	}
}

// slowLoad is a store whose loads wait, while slow is set, once they have read everything.
type slowLoad struct {
	store.Store

	slow          atomic.Bool
	loading, goOn chan struct{}
}

func (s *slowLoad) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	version, err := s.Store.Load(ctx, org, fn)
	if s.slow.Load() && org != roster.InstanceID() {
		close(s.loading)
		<-s.goOn
	}
	return version, err
}

func errorOf[T any](_ T, err error) error { return err }

func TestOrganizationThatIsDeletedWhileItIsLoaded(t *testing.T) {
	t.Parallel()
	slow := &slowLoad{Store: memory.New(), loading: make(chan struct{}), goOn: make(chan struct{})}
	var at atomic.Int64
	at.Store(int64(now))
	s := directory.New(slow, directory.Options{
		Now: func() roster.Time { return roster.Time(at.Load()) }, NewID: newID(0), KeepDeleted: 1,
	})
	org := newOrg(t, s, "acme")
	if err := s.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do(t.Context(), org, roster.Operator(), roster.Delete{Type: roster.TypeOrganization}); err != nil {
		t.Fatal(err)
	}
	s.Evict(org)
	slow.slow.Store(true)
	failed := make(chan error)
	go func() { failed <- errorOf(s.View(t.Context(), org)) }()
	<-slow.loading
	slow.slow.Store(false)
	at.Add(1)
	if n, err := s.Purge(t.Context()); err != nil || n != 1 {
		t.Fatalf("%d were purged, %v, want 1", n, err)
	}
	close(slow.goOn)
	if err := <-failed; roster.CodeOf(err) != roster.NotFound {
		t.Errorf("got %v, want %s", err, roster.NotFound)
	}
}

func TestRehearseOrg(t *testing.T) {
	t.Parallel()
	s := newService(memory.New())
	newOrg(t, s, "acme")
	by := wide(t, s, roster.InstanceID(), roster.OrgsWrite)
	ops, err := s.RehearseOrg(t.Context(), by, roster.Organization{Slug: "two", Name: "Two"})
	if err != nil {
		t.Fatal(err)
	}
	change, err := s.MakeOrg(t.Context(), by, roster.Organization{Slug: "two", Name: "Two"})
	if err != nil {
		t.Fatal(err)
	}
	rehearsed, _ := ops[0].After.(*roster.Organization)
	made, _ := change.Ops[0].After.(*roster.Organization)
	same := *rehearsed
	same.ID, same.CreatedAt, same.UpdatedAt = made.ID, made.CreatedAt, made.UpdatedAt
	if diff := cmp.Diff(made, &same); diff != "" || len(ops) != len(change.Ops) {
		t.Errorf("%d and %d ops (-made +rehearsed):\n%s", len(change.Ops), len(ops), diff)
	}
	for field, o := range map[string]roster.Organization{
		"slug": {Slug: "acme", Name: "A"}, "number": {Slug: "x", Name: "X", Number: 1}, "id": {ID: made.ID, Slug: "x", Name: "X"},
	} {
		_, err := s.RehearseOrg(t.Context(), by, o)
		if e := roster.AsError(err); e.Code != roster.Conflict || e.Field != field {
			t.Errorf("got %v, want a conflict of %s", err, field)
		}
	}
}

// What a deletion says is known to those who ask for the record of an organization that nobody has loaded, whatever the
// store keeps where.
func TestRecordOfAnOrganizationThatIsNotLoaded(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		kept := open(t)
		s := newService(kept)
		org := newOrg(t, s, "acme")
		do(t, s, org, roster.Delete{Type: roster.TypeOrganization})
		s.Close()
		s = newService(kept)
		got, err := s.Record(t.Context(), org, roster.TypeOrganization, org)
		if o, ok := got.(*roster.Organization); err != nil || !ok || !o.IsDeleted() {
			t.Errorf("%s: got %v, %v, want a deleted organization", name, got, err)
		}
		if got, err := s.Record(t.Context(), roster.ID{1}, roster.TypeOrganization, roster.ID{1}); got != nil || err != nil {
			t.Errorf("%s: got %v, %v of none", name, got, err)
		}
	}
}
