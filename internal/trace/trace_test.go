package trace_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/trace"
)

// untraced does everything that can be done with a tracer, without one.
func untraced(ctx context.Context, header http.Header, err error) {
	ctx, request := trace.Receive(ctx, nil, "request", header)
	ctx, commit := trace.Begin(ctx, nil, "commit")
	commit.Name("another")
	commit.Text("key", "value")
	commit.Int("key", 1)
	commit.Org(roster.InstanceID())
	trace.Remember(ctx, nil, roster.InstanceID(), 1)
	_, sent := trace.Send(trace.After(ctx, nil, roster.InstanceID(), 1), nil, "send", header)
	sent.End(err)
	commit.End(err)
	request.End(nil)
	if request.IsOn() || request.TraceID() != "" {
		panic("somebody records it")
	}
}

// Who is not traced pays nothing.
func TestNothingCostsNothing(t *testing.T) {
	header, err := http.Header{}, errors.New("it has failed")
	if got := testing.AllocsPerRun(100, func() { untraced(t.Context(), header, err) }); got != 0 {
		t.Errorf("without a tracer it allocates %v times", got)
	}
	if len(header) > 0 {
		t.Errorf("without a tracer it sets the headers %v", header)
	}
}

func BenchmarkNothing(b *testing.B) {
	header, err := http.Header{}, errors.New("it has failed")
	b.ReportAllocs()
	for b.Loop() {
		untraced(b.Context(), header, err)
	}
}
