package native

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const (
	// heartbeat is how long a stream is silent at the most, so that those on the way do not take it for dead.
	heartbeat = 15 * time.Second
	// streamItems is how many changes of a stream are in memory at once at the most.
	streamItems = 100
	// How long a client is asked to wait before it connects again, in milliseconds: after the connection broke, and
	// after the server said that it ends.
	retryBroken = 2000
	retryEnded  = 5000
)

// stream is a feed on its way to one client, who takes it as fast as it likes: what is next is read when there is room.
type stream struct {
	*feed
	requestID string
	out       io.Writer
	// told is the version that the client knows as that of the last event.
	told roster.Version
}

func streamChanges(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	f, since, err := newFeed(r, lastEventID, "since")
	if err != nil {
		return dialect.Response{}, err
	}
	first, err := f.page(ctx, since, streamItems) // so that a failure still has a status
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{
		ContentType: eventStream, Live: true,
		Header: http.Header{"Cache-Control": {"no-store"}, "X-Accel-Buffering": {"no"}},
		Body: func(w io.Writer) error {
			s := &stream{feed: f, requestID: r.ID, out: w, told: since}
			return s.run(ctx, first)
		},
	}, nil
}

// run tells a page and what comes after it until the client or the server has had enough.
func (s *stream) run(ctx context.Context, next page) error {
	if err := s.write([]byte(fmt.Sprintf("retry: %d\n\n", retryBroken))); err != nil {
		return err
	}
	silence := heartbeat
	for {
		if len(next.items) > 0 {
			silence = heartbeat
		}
		if err := s.tell(next.items); err != nil {
			return err
		}
		if s.history.Ending() {
			return s.write(fmt.Appendf(s.mark(next.version), "retry: %d\n\n", retryEnded))
		}
		var err error
		if !next.more {
			_, silence, err = s.history.Wait(ctx, next.version, silence)
		}
		if err == nil && silence <= 0 {
			silence = heartbeat
			if err := s.write(append(s.mark(next.version), ": still here\n\n"...)); err != nil {
				return err
			}
		}
		if err == nil {
			next, err = s.page(ctx, next.version, streamItems)
		}
		if err != nil {
			return s.fail(ctx, err)
		}
	}
}

func (s *stream) write(b []byte) error {
	_, err := s.out.Write(b)
	return err
}

// tell sends an event for each item.
func (s *stream) tell(items []item) error {
	var b bytes.Buffer
	for _, item := range items {
		fmt.Fprintf(&b, "id: %d\ndata: %s\n\n", item.version, item.doc)
		s.told = item.version
	}
	if b.Len() == 0 {
		return nil
	}
	return s.write(b.Bytes())
}

// mark returns an event without data, which nobody hears of but who remembers the last event's id, where nothing has
// passed since that event up to a version.
func (s *stream) mark(version roster.Version) []byte {
	if version == s.told {
		return nil
	}
	s.told = version
	return fmt.Appendf(nil, "id: %d\n\n", version)
}

// fail ends the stream with the problem as its last event. Only what is our own fault is an error of the stream, too.
func (s *stream) fail(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	e := roster.AsError(err)
	response := fail(dialect.Failure{Error: e, Status: dialect.DefaultStatus(e.Code), RequestID: s.requestID})
	var b bytes.Buffer
	b.WriteString("event: problem\ndata: ")
	if err := response.Body(&b); err != nil {
		return err
	}
	b.WriteString("\n\n")
	if failed := s.write(b.Bytes()); failed != nil || e.Code != roster.Internal {
		return failed
	}
	return err
}
