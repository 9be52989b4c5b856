package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
)

// How much garbage there may be before it is collected, in percent of the memory in use. Views are large, live long
// and have next to no pointers, and requests leave little behind: the usual 100 would take twice the memory of the
// views for collecting less often what costs little to collect. Where much is in use, so many bytes are enough.
const (
	mostGarbage, leastGarbage = 50, 10
	enoughGarbage             = 64 << 20
)

// fitMemory fits, until the function that it returns is called, the collector and the cache to what is in memory: the
// collector where collects is set, the cache where nobody has chosen its size or that of the memory.
func (s *service) fitMemory(ctx context.Context, d *directory.Service, collects bool) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		const often = time.Second
		tick := time.NewTicker(often)
		defer tick.Stop()
		for percent := mostGarbage; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			live := liveBytes()
			if !s.cache.given && s.memory == 0 {
				kept, _, _ := d.Forms()
				d.ResizeForms(formBytes(live-kept, s.cache.bytes()-s.answerBytes()))
			}
			if fit := garbagePercent(live); collects && fit != percent {
				percent = fit
				debug.SetGCPercent(percent)
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// liveBytes returns what was in use when garbage was last collected.
func liveBytes() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64()) //nolint:gosec // no machine has so much
}

// garbagePercent returns how much garbage there may be, in percent of the memory in use.
func garbagePercent(live int64) int {
	return int(min(max(100*enoughGarbage/max(live, 1), leastGarbage), mostGarbage))
}

// formBytes returns how much memory users may take up as answers show them, beside so much of everything else: enough
// for all users in one form of the vendors' that show few members, and never less than least.
func formBytes(others, least int64) int64 { return max(others/4*3, least) }

// cacheSize is a flag with a number of MiB that fits itself to what is in memory where it is not given.
type cacheSize struct {
	given bool
	mib   int64
}

// bytes returns the size, the least where it is not given.
func (c cacheSize) bytes() int64 {
	const least = 64
	if !c.given {
		return least << 20
	}
	return c.mib << 20
}

// Set implements [github.com/spf13/pflag.Value].
func (c *cacheSize) Set(text string) error {
	const most = 1 << 30
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > most {
		return roster.Errorf(roster.Invalid, "must be a number of MiB from 0, not %q", text)
	}
	*c = cacheSize{true, n}
	return nil
}

// String implements [github.com/spf13/pflag.Value].
func (c *cacheSize) String() string {
	if !c.given {
		return ""
	}
	return strconv.FormatInt(c.mib, 10)
}

// Type implements [github.com/spf13/pflag.Value].
func (c *cacheSize) Type() string { return "int" }
