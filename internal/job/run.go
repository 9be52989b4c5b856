package job

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/roster-dev/roster"
)

// Run carries out the jobs of all organizations until ctx ends, first those that an earlier run has left. Of each
// organization one job at a time is under way, the oldest first, and the organizations take turns. It removes the jobs
// that ended more than [roster.JobKept] ago, too. When ctx ends it waits for the commits that are under way; what is
// left is done by the next run.
func (s *Service) Run(ctx context.Context) {
	r := &runner{Service: s, busy: map[roster.ID]bool{}, served: map[roster.ID]int{}}
	defer r.working.Wait()
	ticker := time.NewTicker(s.Poll)
	defer ticker.Stop()
	for {
		r.start(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-ticker.C:
		}
	}
}

// runner is one run of a service.
type runner struct {
	*Service

	working sync.WaitGroup
	mu      sync.Mutex
	busy    map[roster.ID]bool // organizations of which a job is under way; guarded by mu
	served  map[roster.ID]int  // when a job of an organization was last begun
	turns   int
}

// start begins with the jobs that there is room for.
func (r *runner) start(ctx context.Context) {
	oldest, err := r.waiting(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "the jobs can't be read", "error", err)
		}
		return
	}
	orgs := make([]roster.ID, 0, len(oldest))
	for org := range oldest {
		orgs = append(orgs, org)
	}
	slices.SortFunc(orgs, func(a, b roster.ID) int {
		return cmp.Or(cmp.Compare(r.served[a], r.served[b]), oldest[a].Compare(oldest[b]))
	})
	maps.DeleteFunc(r.served, func(org roster.ID, _ int) bool { _, waits := oldest[org]; return !waits })
	for _, org := range orgs {
		r.begin(ctx, org, oldest[org])
	}
}

// begin carries out a job in the background, unless another one of its organization is or there are too many.
func (r *runner) begin(ctx context.Context, org, id roster.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[org] || len(r.busy) >= maxOpen {
		return
	}
	r.busy[org] = true
	r.turns++
	r.served[org] = r.turns
	r.working.Go(func() {
		r.counts.running.Add(1)
		r.work(ctx, org, id)
		r.counts.running.Add(-1)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.busy, org)
		r.awake()
	})
}

// waiting returns the oldest job that has not ended of each organization that is there, and removes those that nobody
// needs.
func (s *Service) waiting(ctx context.Context) (map[roster.ID]roster.ID, error) {
	const abandoned = 60 * 60 * 1000 // ms after which nobody sends the rest of an input that is not arriving here
	type place struct{ org, id roster.ID }
	oldest, now := map[roster.ID]roster.ID{}, s.Now()
	var gone []place
	err := s.Store.OpenJobs(ctx, now-roster.JobKept, func(org roster.ID, j roster.Job) error {
		_, known := oldest[org]
		_, arrives := s.arriving.Load(j.ID)
		switch {
		case arrives:
		case j.IsActive() && !known:
			oldest[org] = j.ID
		case j.EndedAt != 0, j.State == roster.JobReceiving && j.CreatedAt+abandoned < now:
			gone = append(gone, place{org, j.ID})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range gone {
		if err := s.drop(ctx, p.org, p.id); err != nil {
			return nil, err
		}
	}
	maps.DeleteFunc(oldest, func(org, _ roster.ID) bool { return s.rests(ctx, org) })
	return oldest, nil
}

// rests reports whether an organization was deleted: its jobs go on where they are once it is restored.
func (s *Service) rests(ctx context.Context, org roster.ID) bool {
	e, err := s.Directory.Record(ctx, org, roster.TypeOrganization, org)
	o, ok := e.(*roster.Organization)
	return err == nil && ok && o.IsDeleted()
}

// RunAll carries out all jobs that there are, one after the other, and returns when all have ended, or ctx has.
func (s *Service) RunAll(ctx context.Context) error {
	for {
		oldest, err := s.waiting(ctx)
		if err != nil || len(oldest) == 0 {
			return err
		}
		for org, id := range oldest {
			s.work(ctx, org, id)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}
