package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/job"
)

// slowly is a directory whose previews end when they are let go.
type slowly struct {
	job.Directory

	begun   atomic.Int32
	entered chan struct{}
	let     chan struct{}
}

func (s *slowly) Preview(
	ctx context.Context, _ roster.ID, _ roster.Principal, _ func(roster.Users) ([]roster.Command, error),
) (roster.Version, []roster.Outcome, error) {
	s.begun.Add(1)
	s.entered <- struct{}{}
	select {
	case <-s.let:
		return 7, nil, nil
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
}

// TestFewPreviewsAtOnce holds that whoever asks for a preview while two are being made, or one of the same organization,
// waits as long as they want to.
func TestFewPreviewsAtOnce(t *testing.T) {
	t.Parallel()
	d := &slowly{entered: make(chan struct{}, 9), let: make(chan struct{})}
	jobs := job.New(job.Config{
		Directory: d, Now: func() roster.Time { return 1 }, Log: slog.New(slog.DiscardHandler),
	})
	preview := func(ctx context.Context, org byte) error {
		p, err := jobs.Preview(ctx, roster.ID{org}, roster.Operator(), roster.BulkUpdate{})
		if err == nil && p.Version != 7 {
			t.Errorf("previewed version %d, want 7", p.Version)
		}
		return err
	}
	var made sync.WaitGroup
	gone, leave := context.WithCancel(t.Context())
	leave()
	wait := func(org byte, begun int32) {
		t.Helper()
		if err := preview(gone, org); !errors.Is(err, context.Canceled) {
			t.Errorf("who has left got %v, want %v", err, context.Canceled)
		}
		if n := d.begun.Load(); n != begun {
			t.Errorf("%d previews were made at once, want %d", n, begun)
		}
	}
	ask := func(org byte) {
		made.Go(func() {
			if err := preview(t.Context(), org); err != nil {
				t.Error(err)
			}
		})
	}
	ask(1)
	<-d.entered
	ask(1)
	wait(1, 1)
	ask(2)
	<-d.entered
	ask(3)
	ask(2)
	wait(3, 2)
	close(d.let)
	made.Wait()
	if n := d.begun.Load(); n != 5 {
		t.Errorf("%d previews were made, want 5", n)
	}
}
