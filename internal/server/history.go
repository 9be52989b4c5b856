package server

import (
	"context"
	"slices"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// History tells what changes organizations. It is safe for concurrent use.
type History interface {
	// Changes returns the changes of an organization after a version, as [dialect.History] does.
	Changes(ctx context.Context, org roster.ID, after roster.Version, limit int) ([]roster.Change, error)
	// WaitFor returns once an organization is at least at a version. It ends with ctx.
	WaitFor(ctx context.Context, org roster.ID, version roster.Version) error
}

// Changing is what knows of every change and has views of a concrete type.
type Changing[V dialect.View] interface {
	Changes(ctx context.Context, org roster.ID, after roster.Version, limit int) ([]roster.Change, error)
	Wait(ctx context.Context, org roster.ID, version roster.Version) (V, error)
}

// Histories makes a [History] of what has views of a concrete type.
func Histories[V dialect.View](c Changing[V]) History { return histories[V]{c} }

type histories[V dialect.View] struct{ Changing[V] }

func (h histories[V]) WaitFor(ctx context.Context, org roster.ID, version roster.Version) error {
	_, err := h.Wait(ctx, org, version)
	return err
}

// history is what an endpoint can follow: the principal's own organization, for as long as the principal may.
type history struct {
	*exchange
	by roster.Principal
}

// Changes implements [dialect.History].
func (h history) Changes(ctx context.Context, after roster.Version, limit int) ([]roster.Change, error) {
	if h.History == nil {
		return nil, roster.Errorf(roster.Unavailable, "this server does not tell of changes")
	}
	return h.History.Changes(ctx, h.by.Org, after, limit)
}

// Wait implements [dialect.History].
func (h history) Wait(
	ctx context.Context, after roster.Version, most time.Duration,
) (present roster.Version, left time.Duration, err error) {
	start := h.Now()
	left, err = h.wait(ctx, after, most)
	h.record.waited += h.Now().Sub(start)
	if err != nil {
		return 0, 0, err
	}
	present, err = h.recheck(ctx)
	return present, left, err
}

func (h history) wait(
	ctx context.Context, after roster.Version, most time.Duration,
) (left time.Duration, err error) {
	if h.History == nil {
		return 0, roster.Errorf(roster.Unavailable, "this server does not tell of changes")
	}
	waiting, stop := context.WithTimeout(ctx, most)
	watched := make(chan struct{})
	defer func() {
		stop()
		<-watched
	}()
	go func() {
		defer close(watched)
		select {
		case <-h.draining:
			stop()
		case <-waiting.Done():
		}
	}()
	err = h.History.WaitFor(waiting, h.by.Org, after+1)
	if waiting.Err() != nil {
		err = ctx.Err() // nothing has happened in time
	}
	deadline, _ := waiting.Deadline()
	return max(0, time.Until(deadline)), err
}

// recheck fails where the request would be refused by now, and returns the present version.
func (h history) recheck(ctx context.Context) (roster.Version, error) {
	principal, err := h.authenticate(ctx)
	if err != nil {
		return 0, err
	}
	view, err := h.Directory.View(ctx, principal.Org)
	if err != nil {
		return 0, err
	}
	if err := present(principal, view); err != nil {
		return 0, err
	}
	if principal, view, err = h.enter(ctx, principal, view); err != nil {
		return 0, err
	}
	if principal.Org != h.by.Org || !slices.Equal(principal.Permissions, h.by.Permissions) {
		return 0, roster.Errorf(roster.Unauthenticated, "the token has changed meanwhile")
	}
	return view.Version(), nil
}

// Ending implements [dialect.History].
func (h history) Ending() bool {
	select {
	case <-h.draining:
		return true
	default:
		return false
	}
}
