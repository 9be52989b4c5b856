package directory

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// follower keeps up with what other processes write to a shared store. It asks now and then which organizations were
// changed, brings those up that are in memory, and tells listeners of the changes of all.
type follower struct {
	*Service

	store store.Shared
	every time.Duration
	// ready is closed once the versions are known up to which there is nothing to tell.
	ready chan struct{}
	// asked has room for one signal: that there is an organization in wanted.
	asked chan struct{}
	// room has a token for each organization that is being brought up.
	room chan struct{}

	// mu guards what follows.
	mu sync.Mutex
	// told are the versions up to which listeners know, of all organizations once ready is closed. Only who has the
	// writer's token of an organization changes its version.
	told   map[roster.ID]roster.Version
	wanted map[roster.ID]struct{} // organizations to look at as soon as possible
	behind map[roster.ID]behind   // those that are being brought up
	stats  Following              // but for what follows from behind
	since  time.Time              // when the store was asked last and has answered
}

// behind is what is known of an organization that is being brought up.
type behind struct {
	to    roster.Version
	since time.Time
}

// How the store is asked: each time for what was changed shortly before, now and then for what may have taken longer to
// be committed, and for everything.
const (
	followEvery = 200 * time.Millisecond
	shortly     = 2 * time.Second
	lately      = time.Minute
	latelyEvery = 5   // times
	allEvery    = 150 // times
	// followTime is how long the store may take to answer.
	followTime = 5 * time.Second
	// followAtOnce is how many organizations are brought up at the same time.
	followAtOnce = 8
)

// Following says how well a service keeps up with what other processes write.
type Following struct {
	// Polls is how often the store was asked what has changed, and Failures how often it did not answer.
	Polls, Failures int64
	// Changes is how many changes of others were followed.
	Changes int64
	// Lag is how many versions the organization that is the furthest behind has still to go, 0 where none is known to
	// be behind, and Behind for how long it was.
	Lag    roster.Version
	Behind time.Duration
	// Quiet is how long ago the store answered last.
	Quiet time.Duration
}

// follow has a service over a shared store keep up with others until it is closed.
func (s *Service) follow(every time.Duration) {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return
	}
	if every == 0 {
		every = followEvery
	}
	s.follower = &follower{
		Service: s, store: shared, every: every,
		ready: make(chan struct{}), asked: make(chan struct{}, 1), room: make(chan struct{}, followAtOnce),
		told: map[roster.ID]roster.Version{}, wanted: map[roster.ID]struct{}{}, behind: map[roster.ID]behind{},
		since: time.Now(),
	}
	s.background.Go(s.follower.run)
}

// Following says how well the service keeps up with other processes, and reports whether there can be any.
func (s *Service) Following() (f Following, ok bool) {
	if s.follower == nil {
		return Following{}, false
	}
	return s.follower.following(time.Now()), true
}

// FollowStats returns what Following does, in a form for who must not know this package: "polls", "failures", "changes"
// and "lag"; and "behind" and "quiet" in seconds.
func (s *Service) FollowStats() (counts map[string]int64, seconds map[string]float64) {
	f, _ := s.Following()
	counts = map[string]int64{
		"polls": f.Polls, "failures": f.Failures, "changes": f.Changes, "lag": int64(f.Lag),
	}
	return counts, map[string]float64{"behind": f.Behind.Seconds(), "quiet": f.Quiet.Seconds()}
}

func (f *follower) following(now time.Time) Following {
	f.mu.Lock()
	defer f.mu.Unlock()
	stats := f.stats
	stats.Quiet = now.Sub(f.since)
	for id, b := range f.behind {
		at := f.told[id]
		if view := f.known(id).view.Load(); view != nil {
			at = view.Version()
		}
		if at < b.to {
			stats.Lag, stats.Behind = max(stats.Lag, b.to-at), max(stats.Behind, now.Sub(b.since))
		}
	}
	return stats
}

func (f *follower) run() {
	var working sync.WaitGroup
	defer working.Wait()
	ctx := untilClosing{f.Service}
	ticks := time.NewTicker(f.every)
	defer ticks.Stop()
	complete := false // whether all organizations were looked at since the store failed to answer
	for n := 0; ; n++ {
		while := shortly
		switch {
		case !complete || n%allEvery == 0:
			while = 0
		case n%latelyEvery == 0:
			while = lately
		}
		complete = f.poll(ctx, &working, while) && (complete || while == 0)
		for waiting := true; waiting; {
			select {
			case <-f.closing:
				return
			case <-f.asked:
				f.lookAtWanted(ctx, &working)
			case <-ticks.C:
				waiting = false
			}
		}
	}
}

// poll asks which organizations were changed in the last while, of all where that is 0, and has those followed that are
// behind. It reports whether the store has answered.
func (f *follower) poll(ctx context.Context, working *sync.WaitGroup, while time.Duration) bool {
	asked := time.Now()
	bounded, cancel := context.WithTimeout(ctx, followTime)
	versions, err := f.store.Versions(bounded, while)
	cancel()
	f.mu.Lock()
	f.stats.Polls++
	if err != nil {
		f.stats.Failures++
		f.mu.Unlock()
		return false
	}
	f.since = asked
	first := !f.isReady()
	if first {
		f.told = maps.Clone(versions)
		close(f.ready)
	}
	var gone []roster.ID
	if while == 0 {
		for id := range f.told {
			if _, there := versions[id]; !there {
				gone = append(gone, id)
			}
		}
	}
	f.mu.Unlock()
	for id, version := range versions {
		f.heed(ctx, working, id, version, while == 0)
	}
	for _, id := range gone {
		f.begin(ctx, working, id, 0)
	}
	return true
}

func (f *follower) isReady() bool {
	select {
	case <-f.ready:
		return true
	default:
		return false
	}
}

// await waits until it is known which changes are not news.
func (f *follower) await() {
	select {
	case <-f.ready:
	case <-f.closing:
	}
}

// heed has an organization followed that was seen at a version, unless that is known already, or nobody has to know. A
// view that is ahead was written to since, or, as sure is for, shows what was lost.
func (f *follower) heed(ctx context.Context, working *sync.WaitGroup, id roster.ID, version roster.Version, sure bool) {
	f.Service.mu.RLock()
	org, heard := f.orgs[id], len(f.listeners) > 0
	f.Service.mu.RUnlock()
	f.mu.Lock()
	told := f.told[id]
	if told < version && org == nil && !heard {
		f.told[id] = version
		told = version
	}
	f.mu.Unlock()
	at := told
	if org != nil {
		if view := org.view.Load(); view != nil {
			at = view.Version()
		}
	}
	if at < version || told < version || sure && at > version {
		f.begin(ctx, working, id, version)
	}
}

// begin has an organization brought up in the background, unless it is being already. Seen at a version, it may have
// moved on since, also by what this process writes.
func (f *follower) begin(ctx context.Context, working *sync.WaitGroup, id roster.ID, version roster.Version) {
	f.mu.Lock()
	b, busy := f.behind[id]
	if !busy {
		b.since = time.Now()
	}
	b.to = max(b.to, version)
	f.behind[id] = b
	f.mu.Unlock()
	if busy {
		return
	}
	working.Go(func() {
		f.room <- struct{}{}
		defer func() { <-f.room }()
		defer func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.behind, id)
		}()
		org := f.organization(id)
		select {
		case <-org.writer:
			defer org.release()
		case <-ctx.Done():
			return
		}
		_ = f.bringUp(ctx, org) // the next poll comes back to it
	})
}

// want has an organization looked at soon.
func (f *follower) want(id roster.ID) {
	f.mu.Lock()
	f.wanted[id] = struct{}{}
	f.mu.Unlock()
	select {
	case f.asked <- struct{}{}:
	default:
	}
}

func (f *follower) lookAtWanted(ctx context.Context, working *sync.WaitGroup) {
	f.mu.Lock()
	wanted := f.wanted
	f.wanted = map[roster.ID]struct{}{}
	f.mu.Unlock()
	for id := range wanted {
		f.begin(ctx, working, id, 0)
	}
}
