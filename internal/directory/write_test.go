package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

func TestDoIsAtomic(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			before := view(t, service, org)
			_, err := service.Do(t.Context(), org, roster.Operator(),
				createUser("ann"), roster.Delete{Type: roster.TypeUser, Ref: byEmail("nobody")}, createUser("bob"))
			wantCode(t, "the second command names nobody", err, roster.NotFound)
			if view(t, service, org) != before {
				t.Error("a refused change replaced the view")
			}
			wantVersions(t, service, org, 1)
			change := do(t, service, org, createUser("ann"), createUser("bob"),
				roster.Delete{Type: roster.TypeUser, Ref: byEmail("ann")})
			if change.Version != 2 || change.At != now || change.Org != org {
				t.Errorf("got change %+v, want version 2 of %s at %s", change, org, now)
			}
			wantNames(t, view(t, service, org), "bob")
		})
	}
}

func TestDoNothing(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			do(t, service, org, createUser("ann"))
			before := view(t, service, org)
			change := do(t, service, org,
				roster.Update{Type: roster.TypeUser, Ref: byEmail("ann"), Patch: []byte(`{"name":"ann"}`)})
			if len(change.Ops) != 0 || change.Version != 2 {
				t.Errorf("got %d ops at version %d, want none at 2", len(change.Ops), change.Version)
			}
			if view(t, service, org) != before {
				t.Error("a change of nothing replaced the view")
			}
		})
	}
}

func TestDoEach(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			view(t, service, org)
			outcomes, err := service.DoEach(t.Context(), org, roster.Operator(), []roster.Command{
				createUser("ann"),
				createUser("ann"),
				roster.Create{Record: &roster.User{Name: "bad", Email: "not an address"}},
				roster.Delete{Type: roster.TypeUser, Ref: byEmail("nobody")},
				roster.Update{Type: roster.TypeUser, Ref: byEmail("ann"), Patch: []byte(`{"name":"Ann"}`)},
				roster.Update{Type: roster.TypeUser, Ref: byEmail("ann"), Patch: []byte(`{"name":"Ann"}`)},
				createUser("bob"),
			})
			if err != nil {
				t.Fatal(err)
			}
			type outcome struct {
				Code  roster.Code
				Verbs []string
			}
			want := []outcome{
				{"", []string{"create"}},
				{roster.Conflict, nil},
				{roster.Invalid, nil},
				{roster.NotFound, nil},
				{"", []string{"update"}},
				{"", nil},
				{"", []string{"create"}},
			}
			for i, o := range outcomes {
				got := outcome{Code: roster.CodeOf(o.Err)}
				for _, op := range o.Ops {
					got.Verbs = append(got.Verbs, op.Verb())
				}
				if got.Code != want[i].Code || !slices.Equal(got.Verbs, want[i].Verbs) {
					t.Errorf("command %d: got %+v (%v), want %+v", i, got, o.Err, want[i])
				}
			}
			wantNames(t, view(t, service, org), "Ann", "bob")
			wantVersions(t, service, org, 2)
		})
	}
}

// Every writer finds what it wrote in the next view that it asks for, whoever else writes.
func TestWritesAreSeen(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			const writers, writes = 16, 6
			service := newService(s)
			org := newOrg(t, service, "one")
			var group errgroup.Group
			for w := range writers {
				group.Go(func() error {
					for n := range writes {
						if err := writeAndRead(t.Context(), service, org, fmt.Sprintf("user-%d-%d", w, n)); err != nil {
							return err
						}
						if n == writes/2 && w == 0 {
							service.Evict(org)
						}
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			v := view(t, service, org)
			wantVersions(t, service, org, int(v.Version()))
			if got := len(names(t, v)); got != writers*writes || v.Version() > 1+writers*writes {
				t.Errorf("got %d users at version %d, want %d at most at %d", got, v.Version(), writers*writes, 1+writers*writes)
			}
		})
	}
}

func writeAndRead(ctx context.Context, s *directory.Service, org roster.ID, name string) error {
	change, err := s.Do(ctx, org, roster.Operator(), createUser(name))
	if err != nil {
		return err
	}
	v, err := s.View(ctx, org)
	if err != nil {
		return err
	}
	if v.Version() < change.Version {
		return fmt.Errorf("a view of version %d after a write to version %d", v.Version(), change.Version)
	}
	_, err = v.User(byEmail(name))
	return err
}

func TestConflict(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			do(t, service, org, roster.Create{Record: &roster.User{Name: "Ann", Email: "ann@example.com", Owner: true}})
			ann := userID(t, service, org, "ann")
			for field, u := range map[string]roster.User{
				"email":      {Name: "x", Email: "ANN@example.com"},
				"identifier": {Name: "x", Email: "x@example.com", Identifier: "Ann"},
				"number":     {Name: "x", Email: "x@example.com", Number: 1},
				"id":         {Name: "x", Email: "x@example.com", ID: ann},
			} {
				for _, loaded := range []bool{true, false} {
					if view(t, service, org); !loaded {
						service.Evict(org)
					}
					_, err := service.Do(t.Context(), org, roster.Operator(), roster.Create{Record: &u})
					wantCode(t, field, err, roster.Conflict)
					if got := roster.AsError(err).Field; got != field {
						t.Errorf("loaded %t: got a conflict about %q, want %q", loaded, got, field)
					}
				}
			}
			wantVersions(t, service, org, 2)
		})
	}
}

func userID(t *testing.T, s *directory.Service, org roster.ID, name string) roster.ID {
	t.Helper()
	u, err := view(t, s, org).User(byEmail(name))
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

// A view that a change can't be applied to is loaded again: the store says what is true.
func TestApplyFails(t *testing.T) {
	s := &spy{Store: memory.New()}
	service := newService(s)
	org := newOrg(t, service, "one")
	do(t, service, org, createUser("ann"))
	view(t, service, org)
	s.committed = func(change roster.Change) roster.Change {
		stranger := &roster.User{ID: id(999), Number: 999, Name: "stranger"}
		change.Ops = []roster.Op{{Before: stranger, After: stranger}}
		return change
	}
	do(t, service, org, createUser("bob"))
	wantNames(t, view(t, service, org), "ann", "bob")
	if got := s.loads.Load(); got != 2 {
		t.Errorf("got %d loads, want 2", got)
	}
}

// Another process may have written to the same store: the next write brings its changes along.
func TestCatchUpWithAnotherService(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			under := open(t)
			s := &spy{Store: under}
			service, other := newService(s), newService(under)
			org := newOrg(t, service, "one")
			view(t, service, org)
			for _, name := range []string{"ann", "bob"} {
				do(t, other, org, roster.Create{Record: &roster.User{
					ID: id(500 + len(name) + int(name[0])), Name: name, Email: name + "@example.com",
				}})
			}
			_, err := service.Do(t.Context(), org, roster.Operator(), createUser("ann"))
			wantCode(t, "what the view does not show yet", err, roster.Conflict)
			do(t, service, org, createUser("cid"))
			wantNames(t, view(t, service, org), "ann", "bob", "cid")
			if got := s.loads.Load(); got != 1 {
				t.Errorf("got %d loads, want 1", got)
			}
		})
	}
}

func TestStoreFails(t *testing.T) {
	s := &spy{Store: memory.New()}
	service := newService(s)
	org := newOrg(t, service, "one")
	do(t, service, org, createUser("ann"))
	before := view(t, service, org)
	s.beforeUpdate = func() error { return roster.Errorf(roster.Unavailable, "the disk is full") }
	_, err := service.Do(t.Context(), org, roster.Operator(), createUser("bob"))
	wantCode(t, "do", err, roster.Unavailable)
	_, err = service.DoEach(t.Context(), org, roster.Operator(), []roster.Command{createUser("bob")})
	wantCode(t, "do each", err, roster.Unavailable)
	if view(t, service, org) != before {
		t.Error("a failed write replaced the view")
	}
	s.beforeUpdate = nil
	do(t, service, org, createUser("bob"))
	wantNames(t, view(t, service, org), "ann", "bob")
}

// A command that is neither right nor wrong stops all of them, so that none is half told about.
func TestDoEachStopsAtAFailure(t *testing.T) {
	fail := errors.New("no more ids")
	service := directory.New(memory.New(), directory.Options{
		Now: func() roster.Time { return now }, NewID: func() (roster.ID, error) { return roster.ID{}, fail },
	})
	org := roster.Organization{ID: id(1), Number: 1, Slug: "one", Name: "One"}
	if _, err := service.CreateOrg(t.Context(), roster.Operator(), org); !errors.Is(err, fail) {
		t.Errorf("create an organization: got %v, want %v", err, fail)
	}
	outcomes, err := service.DoEach(t.Context(), id(1), roster.Operator(), []roster.Command{roster.Create{Record: &org}})
	if !errors.Is(err, fail) || outcomes != nil {
		t.Errorf("do each: got %v, %v, want %v", outcomes, err, fail)
	}
}

func TestDoGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s := &spy{Store: memory.New()}
		service := newService(s)
		org := newOrg(t, service, "one")
		s.beforeUpdate = func() error {
			<-goOn
			return nil
		}
		first := make(chan error)
		go func() {
			_, err := service.Do(t.Context(), org, roster.Operator(), createUser("ann"))
			first <- err
		}()
		synctest.Wait()
		ctx, giveUp := context.WithCancel(t.Context())
		second := make(chan error)
		go func() {
			_, err := service.Do(ctx, org, roster.Operator(), createUser("bob"))
			second <- err
		}()
		synctest.Wait()
		giveUp()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("a write that is given up: got %v, want %v", err, context.Canceled)
		}
		close(goOn)
		if err := <-first; err != nil {
			t.Error(err)
		}
		wantNames(t, view(t, service, org), "ann")
	})
}

func TestDoOfAnotherOrganization(t *testing.T) {
	service := newService(memory.New())
	one, two := newOrg(t, service, "one"), newOrg(t, service, "two")
	by := roster.Principal{Org: one, Permissions: roster.Permissions{roster.Everything}}
	_, err := service.Do(t.Context(), two, by, createUser("ann"))
	wantCode(t, "a principal of another organization", err, roster.NotFound)
	wantNames(t, view(t, service, two))
}

func TestCreateOrg(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			const makers = 8
			service := newService(s)
			var group errgroup.Group
			made := make([]*roster.Organization, makers)
			for i := range made {
				group.Go(func() (err error) {
					made[i], err = service.CreateOrg(t.Context(), roster.Operator(),
						roster.Organization{Slug: fmt.Sprintf("org-%d", i), Name: "Org"})
					return err
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			orgs, err := service.Orgs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range orgs {
				if o.Number != int64(i+1) || o.Version != 1 {
					t.Errorf("organization %d has number %d and version %d, want %d and 1", i, o.Number, o.Version, i+1)
				}
			}
			for i, o := range made {
				found, err := service.OrgBySlug(t.Context(), fmt.Sprintf("org-%d", i))
				if err != nil || found.ID != o.ID || found.Number != o.Number || o.Version != 1 {
					t.Errorf("made %+v, found %+v, %v", o, found, err)
				}
				if roles := view(t, service, o.ID).Roles(); len(roles) != 3 {
					t.Errorf("got %d roles, want 3", len(roles))
				}
			}
			if len(orgs) != makers {
				t.Errorf("got %d organizations, want %d", len(orgs), makers)
			}
		})
	}
}

func TestCreateOrgRefused(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			first := newOrg(t, service, "one")
			for field, o := range map[string]roster.Organization{
				"number": {Number: 1, Slug: "two", Name: "Two"},
				"slug":   {Slug: "one", Name: "Two"},
				"id":     {ID: first, Slug: "two", Name: "Two"},
			} {
				_, err := service.CreateOrg(t.Context(), roster.Operator(), o)
				wantCode(t, field, err, roster.Conflict)
				if got := roster.AsError(err).Field; got != field {
					t.Errorf("got a conflict about %q (%v), want %q", got, err, field)
				}
			}
			_, err := service.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "Not a label", Name: "x"})
			wantCode(t, "a bad slug", err, roster.Invalid)
			_, err = service.CreateOrg(t.Context(), roster.Principal{Org: first}, roster.Organization{Slug: "two", Name: "x"})
			wantCode(t, "not by the operator", err, roster.NotFound)
			_, err = service.OrgBySlug(t.Context(), "two")
			wantCode(t, "no organization was made", err, roster.NotFound)
		})
	}
}

// A panic in a transaction leaves the organization and the store as they were, and open to others.
func TestPanicInATransaction(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			broken, ids := false, 0
			service := directory.New(open(t), directory.Options{
				Now: func() roster.Time { return now },
				NewID: func() (roster.ID, error) {
					if broken {
						panic("no more ids")
					}
					ids++
					return id(ids), nil
				},
			})
			org := newOrg(t, service, "one")
			broken = true
			func() {
				defer func() {
					if cause := recover(); cause != "no more ids" {
						t.Errorf("recovered %v", cause)
					}
				}()
				do(t, service, org, createUser("ann"))
			}()
			broken = false
			do(t, service, org, createUser("bob"))
			wantNames(t, view(t, service, org), "bob")
			wantVersions(t, service, org, 2)
		})
	}
}

// DoAll is all or nothing, and says which command is at fault.
func TestDoAll(t *testing.T) {
	t.Parallel()
	s := newService(memory.New())
	org := newOrg(t, s, "all")
	create := func(email string) roster.Command {
		return roster.Create{Record: &roster.User{Email: email, Name: "N"}}
	}
	twice := []roster.Command{create("a@example.com"), create("b@example.com"), create("A@example.com")}
	_, err := s.DoAll(t.Context(), org, roster.Operator(), twice)
	refused, ok := errors.AsType[*roster.CommandError](err)
	if !ok || refused.Index != 2 || roster.CodeOf(err) != roster.Conflict {
		t.Errorf("DoAll = %v, want the refusal %s of the command 2", err, roster.Conflict)
	}
	outcomes, err := s.DoAll(t.Context(), org, roster.Operator(), twice[:2])
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a@example.com", "b@example.com"} {
		ops := outcomes[i].Ops
		u, _ := ops[len(ops)-1].After.(*roster.User)
		if u == nil || u.Email != want || u.Number != int64(i)+1 || outcomes[i].Err != nil {
			t.Errorf("outcome %d is %+v, want that of user %d, %s", i, outcomes[i], i+1, want)
		}
		if outcomes[i].Version != 2 || outcomes[i].Record != nil {
			t.Errorf("outcome %d is of version %d, want 2 without a record", i, outcomes[i].Version)
		}
	}
	same := roster.Restore{Ref: byEmail("a")}
	outcomes, err = s.DoAll(t.Context(), org, roster.Operator(), []roster.Command{same})
	if err != nil {
		t.Fatal(err)
	}
	if u, _ := outcomes[0].Record.(*roster.User); u == nil || u.Email != "a@example.com" || outcomes[0].Version != 2 {
		t.Errorf("where nothing is to be done the outcome is %+v, want the user as it is at version 2", outcomes[0])
	}
}
