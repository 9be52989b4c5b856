package directory_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// auditEntry is an entry as tests compare it, with the ops as "verb name".
type auditEntry struct {
	Version roster.Version
	Name    string
	Reason  string
	Ops     []string
}

func auditOf(t *testing.T, service *directory.Service, org roster.ID) []auditEntry {
	t.Helper()
	var list []auditEntry
	q := roster.EntryQuery{Limit: 1000, Ops: true}
	err := service.Entries(t.Context(), org, q, func(e roster.Entry, ops []roster.Op) error {
		shown := auditEntry{Version: e.Version, Name: e.Name, Reason: e.Reason}
		for _, op := range ops {
			shown.Ops = append(shown.Ops, op.Verb()+" "+nameOf(op))
		}
		list = append(list, shown)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func nameOf(op roster.Op) string {
	e := op.After
	if e == nil {
		e = op.Before
	}
	switch e := e.(type) {
	case *roster.User:
		return e.Name
	case *roster.Role:
		return e.Handle
	case *roster.Organization:
		return e.Slug
	default:
		return op.Key().String()
	}
}

// because returns the operator with a reason.
func because(reason string) roster.Principal {
	p := roster.Operator()
	p.Cause.Reason = reason
	return p
}

func wantWhole(t *testing.T, service *directory.Service, org roster.ID) roster.AuditReport {
	t.Helper()
	report, err := service.VerifyAudit(t.Context(), org)
	if err != nil || report.Fault != nil {
		t.Fatalf("the audit is not whole: %+v, %v", report.Fault, err)
	}
	return report
}

func TestEveryCallOfACommitHasItsEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		c.call(t.Context(), because("one"), createUser("ann"))
		c.call(t.Context(), because("refused"), createUser("bob"), createUser("ann"))
		c.call(t.Context(), because("two"), createUser("cleo"), rename("first", "First"))
		c.call(t.Context(), because("nothing"), rename("first", "First"))
		active := roster.Update{Type: roster.TypeUser, Ref: byEmail("cleo"), Patch: []byte(`{"last_login_at":null}`)}
		c.call(t.Context(), because("no effect"), active)
		c.run()
		want := []auditEntry{
			{3, "operator", "two", []string{"create cleo", "update First"}},
			{3, "operator", "one", []string{"create ann"}},
			{2, "operator", "", []string{"create first"}},
			{1, "operator", "", []string{"create one", "create admin", "create support", "create read_only"}},
		}
		if diff := cmp.Diff(want, auditOf(t, c.service, c.org)); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
		if got := wantWhole(t, c.service, c.org).Entries; got != 4 {
			t.Errorf("%d entries are whole, want 4", got)
		}
	})
}

func TestActivityMakesNoEntry(t *testing.T) {
	service := newService(memory.New())
	org := newOrg(t, service, "one")
	do := func(cmds ...roster.Command) {
		t.Helper()
		if _, err := service.Do(t.Context(), org, roster.Operator(), cmds...); err != nil {
			t.Fatal(err)
		}
	}
	patch := func(doc string) roster.Command {
		return roster.Update{Type: roster.TypeUser, Ref: byEmail("ann"), Patch: []byte(doc)}
	}
	do(createUser("ann"))
	do(patch(`{"last_login_at":"2026-01-01T00:00:00Z","minutes_of_activity":5}`))
	do(patch(`{"last_request_method":"password","last_action_at":"2026-01-01T00:00:00Z","last_session_at":"2026-01-01T00:00:00Z",
		"last_request_at":"2026-01-01T00:00:00Z","notifications_checked_at":"2026-01-01T00:00:00Z"}`))
	do(patch(`{"last_login_at":"2026-01-02T00:00:00Z","phone":"1"}`))
	var got []roster.Version
	for _, e := range auditOf(t, service, org) {
		got = append(got, e.Version)
	}
	if diff := cmp.Diff([]roster.Version{5, 2, 1}, got); diff != "" {
		t.Errorf("versions with entries (-want +got):\n%s", diff)
	}
	wantWhole(t, service, org)
}

// once returns a principal whose request has a key and is answered with its change's version and ops.
func once(key, request byte) roster.Principal {
	p := roster.Operator()
	p.Cause.Once = &roster.Once{
		Key: roster.Digest{key}, Request: roster.Digest{request},
		Answer: func(c roster.Change, _ []roster.Outcome) ([]byte, error) {
			return fmt.Appendf(nil, "version %d, %d ops", c.Version, len(c.Ops)), nil
		},
	}
	return p
}

// wantRepeated holds an error to be the answer that was given before.
func wantRepeated(t *testing.T, what string, err error, want string) {
	t.Helper()
	repeated, ok := errors.AsType[*roster.RepeatedError](err)
	if !ok || string(repeated.Answer.Content) != want {
		t.Errorf("%s: got %v, want that it was answered %q before", what, err, want)
	}
}

// Who repeats a request while it is carried out is not told of a version that nobody can see yet.
func TestARepeatedRequestIsAnsweredWhenItsChangeIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, committed := &spy{Store: memory.New()}, make(chan struct{})
		s := newService(kept)
		defer s.Close()
		org := newOrg(t, s, "one")
		if _, err := s.View(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		kept.committed = func(change roster.Change) roster.Change {
			<-committed
			return change
		}
		go func() { _, _ = s.Do(t.Context(), org, once(1, 1), createUser("ann")) }()
		synctest.Wait() // it is committed, and not published
		given, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := s.Repeated(given, org, once(1, 1).Cause.Once); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before the change is published: got %v, want that it waits", err)
		}
		time.AfterFunc(time.Second, func() { close(committed) })
		wantRepeated(t, "then", s.Repeated(t.Context(), org, once(1, 1).Cause.Once), "version 2, 1 ops")
		if view, err := s.View(t.Context(), org); err != nil || view.Version() != 2 {
			t.Errorf("who was told of version 2 sees %d, %v", view.Version(), err)
		}
	})
}

func TestARequestIsCarriedOutOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	now := roster.Time(1_000_000)
	ids := newID(0)
	open := func() (*directory.Service, *sqlite.Store) {
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return directory.New(s, directory.Options{Now: func() roster.Time { return now }, NewID: ids}), s
	}
	service, s := open()
	org := newOrg(t, service, "one")
	do := func(by roster.Principal, cmds ...roster.Command) error {
		_, err := service.Do(t.Context(), org, by, cmds...)
		return err
	}
	wantCode(t, "a request that is refused", do(once(1, 1), rename("ann", "x")), roster.NotFound)
	if err := do(once(1, 1), createUser("ann")); err != nil {
		t.Fatal(err)
	}
	if err := do(once(2, 2), rename("ann", "ann")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantRepeated(t, "the same request", do(once(1, 1), createUser("ann")), "version 2, 1 ops")
		wantRepeated(t, "the same request", service.Repeated(t.Context(), org, once(1, 1).Cause.Once), "version 2, 1 ops")
		wantCode(t, "another request", do(once(1, 2), createUser("bob")), roster.KeyReused)
		wantCode(t, "another request", service.Repeated(t.Context(), org, once(1, 2).Cause.Once), roster.KeyReused)
		if err := service.Repeated(t.Context(), org, once(2, 2).Cause.Once); err != nil {
			t.Errorf("a request that changed nothing: got %v, want nothing kept", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		service, s = open()
	}
	defer s.Close()
	wantVersions(t, service, org, 2)
	now += roster.OnceFor - 1
	wantRepeated(t, "the last millisecond", do(once(1, 1), createUser("ann")), "version 2, 1 ops")
	now++
	if err := service.Repeated(t.Context(), org, once(1, 1).Cause.Once); err != nil {
		t.Errorf("a day later: got %v, want nothing kept", err)
	}
	wantCode(t, "a day later", do(once(1, 1), createUser("ann")), roster.Conflict)
	if err := do(once(1, 9), createUser("bob")); err != nil {
		t.Errorf("another request a day later: %v", err)
	}
	wantRepeated(t, "the new request", do(once(1, 9), createUser("bob")), "version 3, 1 ops")
	now++
	if err := service.ForgetAnswers(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRepeated(t, "an answer that still counts", do(once(1, 9), createUser("bob")), "version 3, 1 ops")
	wantVersions(t, service, org, 3)
}

func TestRequestsWithOneKeyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var results []*result
		for range 8 {
			results = append(results, c.call(t.Context(), once(1, 1), createUser("ann")))
		}
		c.run()
		done := 0
		for _, r := range results {
			if r.err == nil {
				done++
				continue
			}
			wantRepeated(t, "a request that waited", r.err, "version 3, 1 ops")
		}
		if done != 1 {
			t.Errorf("%d requests were carried out, want 1", done)
		}
		wantVersions(t, c.service, c.org, second)
	})
}

// Many clients make and repeat requests, over a real file: each key makes one user.
func TestRequestsAreRepeatedByMany(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "roster.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	service := newService(s)
	org := newOrg(t, service, "one")
	const clients, keys = 4, 12
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for key := range byte(keys) {
				_, err := service.Do(t.Context(), org, once(key, key), createUser(fmt.Sprint(key)))
				if _, repeated := errors.AsType[*roster.RepeatedError](err); err != nil && !repeated {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := len(names(t, view(t, service, org))); got != keys {
		t.Errorf("%d users were made, want %d", got, keys)
	}
	if got := wantWhole(t, service, org).Entries; got != keys+1 {
		t.Errorf("%d entries, want %d", got, keys+1)
	}
}

// TestSaltFails holds that nothing is written that the audit could not cover.
func TestSaltFails(t *testing.T) {
	now := func() roster.Time { return roster.TimeOf(time.Unix(1, 0)) }
	service := directory.New(memory.New(), directory.Options{Now: now, NewID: newID(0), Random: failing{}})
	_, err := service.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "one", Name: "One"})
	if !errors.Is(err, errFailing) {
		t.Errorf("got %v, want %v", err, errFailing)
	}
}

var errFailing = errors.New("no randomness")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }
