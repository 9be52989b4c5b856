package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// calls returns a call of every method but Close, by its name.
func calls(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Orgs": func(ctx context.Context) error { return s.Orgs(ctx, func(*roster.Organization) error { return nil }) },
		"Load": func(ctx context.Context) error { _, err := load(ctx, s, id(1)); return err },
		"Changes": func(ctx context.Context) error {
			_, err := s.Changes(ctx, id(1), 0, 10)
			return err
		},
		"Update": func(ctx context.Context) error {
			_, err := commit(ctx, s, id(1), creations(user(9))...)
			return err
		},
		"UserOrgs":  func(ctx context.Context) error { _, err := s.UserOrgs(ctx, user(1).ID); return err },
		"TokenUses": func(ctx context.Context) error { _, err := s.TokenUses(ctx, id(1)); return err },
		"TouchTokens": func(ctx context.Context) error {
			return s.TouchTokens(ctx, []roster.TokenUse{use(1, 1, 5)})
		},
		"Entries": func(ctx context.Context) error {
			q := roster.EntryQuery{Limit: 1}
			return s.Entries(ctx, id(1), q, func(roster.Entry, []roster.Op) error { return nil })
		},
		"CountEntries": func(ctx context.Context) error {
			_, err := s.CountEntries(ctx, id(1), roster.EntryQuery{})
			return err
		},
		"Log": func(ctx context.Context) error { _, err := s.Log(ctx, id(1)); return err },
		"Answer": func(ctx context.Context) error {
			_, err := s.Answer(ctx, id(1), roster.Digest{})
			return err
		},
		"Jobs": func(ctx context.Context) error {
			return s.Jobs(ctx, id(1), func(roster.Job) error { return nil })
		},
		"Job":       func(ctx context.Context) error { _, err := s.Job(ctx, id(1), job(1).ID); return err },
		"EndedJobs": func(ctx context.Context) error { _, err := s.EndedJobs(ctx, id(1), 0); return err },
		"OpenJobs": func(ctx context.Context) error {
			return s.OpenJobs(ctx, 5, func(roster.ID, roster.Job) error { return nil })
		},
		"PutJob":      func(ctx context.Context) error { return s.PutJob(ctx, id(1), roster.JobStep{Job: job(1)}) },
		"PutJobInput": func(ctx context.Context) error { return s.PutJobInput(ctx, id(1), job(1).ID, 0, nil) },
		"JobPiece": func(ctx context.Context) error {
			_, err := s.JobPiece(ctx, id(1), job(1).ID, roster.JobInput, 0)
			return err
		},
		"DropJobPieces": func(ctx context.Context) error {
			_, err := s.DropJobPieces(ctx, id(1), job(1).ID, roster.JobInput, 1)
			return err
		},
		"DropJob":       func(ctx context.Context) error { return s.DropJob(ctx, id(1), job(1).ID) },
		"Since":         func(ctx context.Context) error { _, err := s.Since(ctx, id(1)); return err },
		"VersionAt":     func(ctx context.Context) error { _, err := s.VersionAt(ctx, id(1), 5); return err },
		"Trim":          func(ctx context.Context) error { _, err := s.Trim(ctx, id(1), 1); return err },
		"History":       func(ctx context.Context) error { _, err := s.History(ctx, id(1)); return err },
		"Traces":        func(ctx context.Context) error { _, err := s.Traces(ctx, id(1), id(2)); return err },
		"Scrub":         func(ctx context.Context) error { return s.Scrub(ctx) },
		"ForgetAnswers": func(ctx context.Context) error { return s.ForgetAnswers(ctx, 5) },
		"Record": func(ctx context.Context) error {
			_, err := s.Record(ctx, id(1), roster.TypeUser, id(1))
			return err
		},
		"Hooks": func(ctx context.Context) error {
			return s.Hooks(ctx, func(roster.Hook) error { return nil })
		},
		"Standings":    func(ctx context.Context) error { _, err := s.Standings(ctx, id(1)); return err },
		"KeepProgress": func(ctx context.Context) error { return s.KeepProgress(ctx, nil) },
		"Deliveries": func(ctx context.Context) error {
			_, err := s.Deliveries(ctx, id(1), id(1))
			return err
		},
		"TokenOrg": func(ctx context.Context) error { _, err := s.TokenOrg(ctx, token(1).Hash); return err },
	}
}

func testContext(t *testing.T, open Open) {
	t.Helper()
	t.Run("cancelled before", func(t *testing.T) {
		s := open(t)
		mustCommit(t, s, id(1), creations(org(1), token(1))...)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range calls(s) {
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
			}
		}
		wantContent(t, s, id(1), 1, org(1), token(1))
	})
	t.Run("cancelled during an update", func(t *testing.T) {
		s := open(t)
		mustCommit(t, s, id(1), creations(org(1))...)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Update(ctx, id(1), func(roster.State) (roster.Change, error) {
			cancel()
			return roster.Change{Ops: creations(user(1))}, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		wantContent(t, s, id(1), 1, org(1))
		mustCommit(t, s, id(1), creations(user(1))...)
	})
	t.Run("cancelled while waiting for another update", func(t *testing.T) { testCancelWaiting(t, open(t)) })
	t.Run("cancelled during a load", func(t *testing.T) {
		s := open(t)
		records := []roster.Entity{org(1)}
		for n := range 3000 {
			records = append(records, user(n+1))
		}
		mustCommit(t, s, id(1), creations(records...)...)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Load(ctx, id(1), func(roster.Entity) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

func testCancelWaiting(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	ctx, cancel := context.WithCancel(t.Context())
	var group errgroup.Group
	_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
		group.Go(func() error {
			_, err := commit(ctx, s, id(1), creations(user(2))...)
			return err
		})
		cancel()
		return roster.Change{Ops: creations(user(1))}, nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	wantContent(t, s, id(1), 2, org(1), user(1))
}

func testClose(t *testing.T, open Open) {
	t.Helper()
	t.Run("every method fails", func(t *testing.T) {
		s := open(t)
		mustCommit(t, s, id(1), creations(org(1))...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		methods := calls(s)
		methods["Close"] = func(context.Context) error { return s.Close() }
		for name, call := range methods {
			if err := call(t.Context()); !errors.Is(err, store.ErrClosed) {
				t.Errorf("%s: got %v, want %v", name, err, store.ErrClosed)
			}
		}
	})
	t.Run("waits for what is under way", func(t *testing.T) { testCloseWaits(t, open(t)) })
}

// testCloseWaits closes the store while an update runs: from then on nothing is let in, but the update still commits,
// and Close returns after it.
func testCloseWaits(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	var group errgroup.Group
	var closed atomic.Bool
	_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
		group.Go(func() error {
			err := s.Close()
			closed.Store(true)
			return err
		})
		refused := make(chan error)
		go func() { refused <- untilRefused(t.Context(), s) }()
		if err := <-refused; err != nil {
			return roster.Change{}, err
		}
		if closed.Load() {
			t.Error("Close returned while an update was under way")
		}
		return roster.Change{Ops: creations(user(1))}, nil
	})
	if err != nil {
		t.Errorf("update: %v", err)
	}
	if err := group.Wait(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// untilRefused calls the store until it is closed.
func untilRefused(ctx context.Context, s store.Store) error {
	for {
		_, err := s.Changes(ctx, id(1), 0, 1)
		if errors.Is(err, store.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
