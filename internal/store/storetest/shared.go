package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// testShared holds a store that others write to, too, to what they need besides. Of others there is nothing to hold.
func testShared(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, store.Store, store.Shared){
		"versions": testVersions, "when versions were made": testMadeAt, "what others have written": testRecent,
		"secrets": testSecrets, "nodes": testNodes, "turns": testTurns, "a turn that fails": testFailedTurn,
		"buckets": testBuckets,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if shared, ok := s.(store.Shared); ok {
				test(t, s, shared)
			}
		})
	}
}

func testMadeAt(t *testing.T, s store.Store, shared store.Shared) {
	t.Helper()
	mustCommit(t, s, id(2), creations(org(2))...)
	for i, e := range []roster.Entity{org(1), user(1)} {
		version, want := roster.Version(i+1), roster.Time(1_700_000_000_000+i)
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			return roster.Change{At: want, Ops: creations(e)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if at, err := shared.MadeAt(t.Context(), id(1), version); at != want || err != nil {
			t.Errorf("version %d was made at %v, %v, want %v", version, at, err, want)
		}
	}
	for _, none := range []struct {
		org     roster.ID
		version roster.Version
	}{{id(1), 0}, {id(1), 3}, {id(2), 2}, {id(9), 1}} {
		_, err := shared.MadeAt(t.Context(), none.org, none.version)
		wantCode(t, "a version that there is not", err, roster.NotFound)
	}
}

func testVersions(t *testing.T, s store.Store, shared store.Shared) {
	t.Helper()
	want := func(what string, while time.Duration, want map[roster.ID]roster.Version) {
		t.Helper()
		got, err := shared.Versions(t.Context(), while)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
		}
	}
	want("of nothing", 0, nil)
	mustCommit(t, s, id(1), creations(org(1))...)
	mustCommit(t, s, id(2), creations(org(2), user(1))...)
	mustCommit(t, s, id(2), roster.Op{Before: user(1)})
	all := map[roster.ID]roster.Version{id(1): 1, id(2): 2}
	want("all", 0, all)
	want("of the last hour", time.Hour, all)
	if err := commitNothing(t.Context(), s, id(1)); err != nil {
		t.Fatal(err)
	}
	want("after nothing was written", 0, all)
	mustCommit(t, s, id(2), roster.Op{Before: org(2)})
	if got, err := shared.Version(t.Context(), id(1)); got != 1 || err != nil {
		t.Errorf("got version %d, %v, want 1", got, err)
	}
	_, err := shared.Version(t.Context(), id(2))
	wantCode(t, "the version of one that was deleted", err, roster.NotFound)
	want("after one was deleted", 0, map[roster.ID]roster.Version{id(1): 1})
}

func commitNothing(ctx context.Context, s store.Store, org roster.ID) error {
	_, err := commit(ctx, s, org)
	return err
}

// testRecent holds the state of a transaction to knowing the changes before it.
func testRecent(t *testing.T, s store.Store, _ store.Shared) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	for n := range 4 {
		mustCommit(t, s, id(1), creations(user(n+1))...)
	}
	for _, test := range []struct {
		after roster.Version
		limit int
	}{{0, 10}, {2, 10}, {2, 2}, {5, 10}} {
		want, err := s.Changes(t.Context(), id(1), test.after, test.limit)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Update(t.Context(), id(1), func(state roster.State) (roster.Change, error) {
			got, err := state.(store.Recent).Changes(test.after, test.limit)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%d changes after %d: %v (-want +got):\n%s", test.limit, test.after, err, diff)
			}
			return roster.Change{}, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func testSecrets(t *testing.T, _ store.Store, shared store.Shared) {
	t.Helper()
	secret := func(name string) []byte {
		t.Helper()
		secret, err := shared.Secret(t.Context(), name)
		if err != nil || len(secret) != 32 {
			t.Fatalf("got %d bytes, %v, want 32", len(secret), err)
		}
		return secret
	}
	one, other, again := secret("one"), secret("other"), secret("one")
	if !bytes.Equal(one, again) || bytes.Equal(one, other) {
		t.Error("a secret must stay as it is, and be no other one's")
	}
}

func testNodes(t *testing.T, _ store.Store, shared store.Shared) {
	t.Helper()
	node := func(n int, started roster.Time) store.Node {
		return store.Node{
			ID: id(n), Host: "host", PID: n, URL: "http://node", Software: "1.2.3", Started: started, Working: n == 1,
		}
	}
	want := func(want ...store.Node) {
		t.Helper()
		got, err := shared.Nodes(t.Context())
		for i := range got {
			if got[i].Quiet < 0 || got[i].Quiet > time.Minute {
				t.Errorf("node %s was quiet for %s", got[i].ID, got[i].Quiet)
			}
		}
		diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(store.Node{}, "Quiet"))
		if diff != "" || err != nil {
			t.Errorf("nodes: %v (-want +got):\n%s", err, diff)
		}
	}
	want()
	for _, n := range []store.Node{node(1, 20), node(2, 10), node(3, 20)} {
		if err := shared.Register(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	want(node(2, 10), node(1, 20), node(3, 20))
	again := node(1, 30)
	again.Working = false
	if err := errors.Join(shared.Register(t.Context(), again), shared.Unregister(t.Context(), id(2)),
		shared.Unregister(t.Context(), id(9))); err != nil {
		t.Error(err)
	}
	want(node(3, 20), again)
	if err := errors.Join(shared.Unregister(t.Context(), id(1)), shared.Unregister(t.Context(), id(3))); err != nil {
		t.Error(err)
	}
}

// testTurns has two who want a turn have it one after the other: the second once the first is over.
func testTurns(t *testing.T, _ store.Store, shared store.Shared) {
	t.Helper()
	first, endFirst := context.WithCancel(t.Context())
	second, endSecond := context.WithCancel(t.Context())
	defer endSecond()
	turns, ended := make(chan string), make(chan error, 2)
	turn := func(ctx context.Context, name string) {
		ended <- shared.Alone(ctx, func(ctx context.Context) error {
			turns <- name
			<-ctx.Done()
			turns <- name
			return nil
		})
	}
	go turn(first, "first")
	if got := <-turns; got != "first" {
		t.Fatalf("it is the turn of the %s", got)
	}
	go turn(second, "second")
	select {
	case got := <-turns:
		t.Errorf("it is the turn of the %s, too", got)
	case <-time.After(50 * time.Millisecond): // it goes on waiting
	}
	endFirst()
	for _, want := range []string{"first", "second"} {
		if got := <-turns; got != want {
			t.Errorf("it is the turn of the %s, not the %s", got, want)
		}
	}
	endSecond()
	<-turns
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Error(err)
	}
}

func testFailedTurn(t *testing.T, _ store.Store, shared store.Shared) {
	t.Helper()
	failed := errors.New("it has failed")
	for range 2 { // it is given back
		if err := shared.Alone(t.Context(), func(context.Context) error { return failed }); !errors.Is(err, failed) {
			t.Errorf("got %v, want what has failed", err)
		}
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := shared.Alone(ctx, func(context.Context) error { return failed }); err != nil && !errors.Is(err, failed) {
		t.Errorf("after the end: %v", err)
	}
}
