package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/server"
)

// readSoFar notes up to which version anybody has read the changes.
type readSoFar struct {
	server.History
	version atomic.Int64
}

func (r *readSoFar) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	changes, err := r.History.Changes(ctx, org, after, limit)
	for _, change := range changes {
		r.version.Store(max(r.version.Load(), int64(change.Version)))
	}
	return changes, err
}

// A client of the feed that is slow holds up nobody: writes go on, and of what comes next nothing is read before it has
// taken what it was sent. One that takes nothing for half a minute is cut off, and goes on from its last event without
// losing one.
func TestSlowConsumerOfTheFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, native.New())
		read := &readSoFar{History: f.History}
		f.History = read
		secret := f.token(t, "follower")
		begin := f.version(t)
		path := fmt.Sprintf("/api/v1/changes/stream?diff=true&since=%d", begin)
		r := f.ask(t, path, secret)
		line(t, r.body, "retry: 2000")
		start := time.Now()
		const changes = 400
		for n := range changes {
			f.do(t, roster.Create{Record: &roster.User{
				Name: "x", Email: fmt.Sprintf("x%d@example.com", n), Description: strings.Repeat("d", 256),
			}})
		}
		synctest.Wait()
		if took := time.Since(start); took != 0 {
			t.Errorf("the writes waited for %s", took)
		}
		told := begin
		for range 5 {
			told = nextEvent(t, r, told)
		}
		synctest.Wait()
		if ahead := roster.Version(read.version.Load()); ahead > told+200 {
			t.Errorf("the client has taken version %d, and the server has read up to %d", told, ahead)
		}
		<-time.After(31 * time.Second)
		synctest.Wait()
		if _, err := io.Copy(io.Discard, r.body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after 31 seconds: %v, want %v", err, io.ErrUnexpectedEOF)
		}
		again := f.ask(t, path, secret, header("Last-Event-ID", fmt.Sprint(told)))
		line(t, again.body, "retry: 2000")
		for told < begin+changes {
			told = nextEvent(t, again, told)
		}
		for _, c := range []arrival{r, again} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		f.finish(t)
	})
}

// nextEvent takes the next event of a stream, which must be that of the version after told, and returns its version.
func nextEvent(t *testing.T, r arrival, told roster.Version) roster.Version {
	t.Helper()
	line(t, r.body, "")
	line(t, r.body, fmt.Sprintf("id: %d", told+1))
	data, err := r.body.ReadString('\n')
	if err != nil || !strings.HasPrefix(data, fmt.Sprintf(`data: {"version":%d,`, told+1)) {
		t.Fatalf("the next event is %q, %v, want that of version %d", data, err, told+1)
	}
	return told + 1
}
