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

func TestRemoveOrg(t *testing.T) {
	t.Parallel()
	s := newService(memory.New())
	org := newOrg(t, s, "acme")
	do(t, s, org, createUser("ann"))
	old := view(t, s, org)
	s.Keep(org, old, 0)
	waited := make(chan error)
	go func() {
		_, err := s.Wait(t.Context(), org, old.Version()+1)
		waited <- err
	}()
	by := wide(t, s, org, roster.OrgsWrite)
	by.Cause.Reason = "the contract ended"
	if _, err := s.RemoveOrg(t.Context(), org, by, roster.Delete{Type: roster.TypeOrganization}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"view": errorOf(s.View(t.Context(), org)), "old view": errorOf(s.ViewAt(t.Context(), org, old.Version())),
		"slug": errorOf(s.OrgBySlug(t.Context(), "acme")), "wait": <-waited,
		"write": errorOf(s.Do(t.Context(), org, roster.Operator(), createUser("bob"))),
	} {
		if roster.CodeOf(err) != roster.NotFound {
			t.Errorf("%s: got %v, want %s", name, err, roster.NotFound)
		}
	}
	var entries []roster.Entry
	err := s.Entries(t.Context(), roster.InstanceID(), roster.EntryQuery{Limit: 1},
		func(e roster.Entry, _ []roster.Op) error {
			entries = append(entries, e)
			return nil
		})
	if err != nil || len(entries) != 1 || entries[0].Reason != "the contract ended" || entries[0].Actor != by.Token {
		t.Errorf("the instance's audit has %+v, %v", entries, err)
	}
	if report, err := s.VerifyAudit(t.Context(), roster.InstanceID()); err != nil || report.Fault != nil {
		t.Errorf("the instance's audit is %+v, %v", report, err)
	}
	again, err := s.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil || again.Number != 2 || again.ID == org {
		t.Errorf("made again: %+v, %v, want another id and the number 2", again, err)
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
	s := newService(slow)
	org := newOrg(t, s, "acme")
	if err := s.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Evict(org)
	slow.slow.Store(true)
	failed := make(chan error)
	go func() { failed <- errorOf(s.View(t.Context(), org)) }()
	<-slow.loading
	slow.slow.Store(false)
	_, err := s.RemoveOrg(t.Context(), org, roster.Operator(), roster.Delete{Type: roster.TypeOrganization})
	if err != nil {
		t.Fatal(err)
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
