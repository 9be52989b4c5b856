package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/webhook"
)

// pollOthers is how often who works asks for what was asked of other processes over the same store.
const pollOthers = time.Second

// pollOf returns how often to ask for that; 0 where nobody else has the store.
func pollOf(d *directory.Service) time.Duration {
	if d.IsShared() {
		return pollOthers
	}
	return 0
}

// work does what one process does at a time of all that have the store, whenever it is this one's turn, until ctx ends.
func (s *service) work(ctx context.Context, d *directory.Service, jobs *job.Service, hooks *webhook.Node) error {
	for {
		err := d.Alone(ctx, func(ctx context.Context) error {
			if d.IsShared() {
				s.log.InfoContext(ctx, "it is the turn of this process to deliver to webhooks and to carry out jobs")
			}
			var group errgroup.Group
			group.Go(func() error {
				s.purge(ctx, d)
				return nil
			})
			group.Go(func() error {
				jobs.Run(ctx)
				return nil
			})
			group.Go(func() error {
				s.retain(ctx, d)
				return nil
			})
			group.Go(func() error { return s.deliver(ctx, hooks) })
			return group.Wait()
		})
		if ctx.Err() != nil {
			return err
		}
		s.log.ErrorContext(ctx, "the work for all processes has ended, and begins again", "error", err)
		wait(ctx, time.Second)
	}
}

// deliver delivers to webhooks until ctx ends.
func (s *service) deliver(ctx context.Context, hooks *webhook.Node) error {
	const later = 5 * time.Second
	for {
		err := hooks.Run(ctx)
		if ctx.Err() != nil {
			return doing("keep where webhooks stand", err)
		}
		s.log.ErrorContext(ctx, "nothing is delivered to webhooks", "error", err)
		wait(ctx, later)
	}
}

// wait waits for a time or the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// announce tells the other processes of this one until ctx ends. Then they send nothing here any more.
func (s *service) announce(ctx context.Context, d *directory.Service, id roster.ID) {
	n := store.Node{ID: id, PID: os.Getpid(), URL: s.spread.String(), Software: software(), Started: s.time()}
	n.Host, _ = os.Hostname()
	d.Announce(ctx, n, func(err error) {
		s.log.ErrorContext(ctx, "other processes were not told of this one", "error", err)
	})
}

// sharedSecret returns 32 bytes that all processes which have the store know for a use, such as "page tokens".
func (a *app) sharedSecret(ctx context.Context, d *directory.Service, use string) ([]byte, error) {
	secret, err := d.Secret(ctx, use, func() ([]byte, error) {
		secret := make([]byte, 32)
		_, err := io.ReadFull(a.random, secret)
		return secret, err
	})
	if err != nil {
		return nil, fmt.Errorf("find the key of %s: %w", use, err)
	}
	return secret, nil
}

// followerOf returns what follows other processes, nil where there can be none.
func followerOf(d *directory.Service) server.Follower {
	if !d.IsShared() {
		return nil
	}
	return d
}
