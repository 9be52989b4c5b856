// Package trace is the seam between what takes time and who records it: a request, a commit or a delivery begins a
// [Span] with a [Tracer], and a span is within the one that its context is in. It knows neither who records spans nor
// how they are sent. Without a tracer everything here does nothing and allocates nothing.
package trace

import (
	"context"

	"github.com/roster-dev/roster"
)

// Tracer records spans. It is safe for concurrent use. A nil Tracer is given to the functions of this package, whose
// words say what the methods do.
type Tracer interface {
	Begin(ctx context.Context, name string) (context.Context, Recorder)
	Receive(ctx context.Context, name string, from Header) (context.Context, Recorder)
	Send(ctx context.Context, name string, to Header) (context.Context, Recorder)
	Remember(ctx context.Context, org roster.ID, version roster.Version)
	After(ctx context.Context, org roster.ID, version roster.Version) context.Context
}

// Recorder is a span as a [Tracer] records it: see [Span]. One goroutine at a time uses it.
type Recorder interface {
	Name(name string)
	Text(key, value string)
	Int(key string, value int64)
	TraceID() string
	End(err error)
}

// Header has the headers of a request, as net/http's does.
type Header interface {
	Get(name string) string
	Set(name, value string)
}

// Begin begins a span within the one that ctx is in, or one of a trace of its own, and returns a context that is in it.
func Begin(ctx context.Context, t Tracer, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, r := t.Begin(ctx, name)
	return ctx, Span{r}
}

// Receive begins the span of a request that somebody has sent, within the span that its headers name.
func Receive(ctx context.Context, t Tracer, name string, from Header) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, r := t.Receive(ctx, name, from)
	return ctx, Span{r}
}

// Send begins the span of a request to somebody else, and has its headers name it.
func Send(ctx context.Context, t Tracer, name string, to Header) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, r := t.Send(ctx, name, to)
	return ctx, Span{r}
}

// Remember notes within which span a version was made, for a while.
func Remember(ctx context.Context, t Tracer, org roster.ID, version roster.Version) {
	if t != nil {
		t.Remember(ctx, org, version)
	}
}

// After returns a context in the span within which a version was made, or ctx where that is not known.
func After(ctx context.Context, t Tracer, org roster.ID, version roster.Version) context.Context {
	if t == nil {
		return ctx
	}
	return t.After(ctx, org, version)
}

// Span is a part of the time that something took. The zero Span records nothing. One goroutine at a time uses it.
type Span struct{ recorder Recorder }

// IsOn reports whether the span is recorded by anybody.
func (s Span) IsOn() bool { return s.recorder != nil }

// Name gives the span another name.
func (s Span) Name(name string) {
	if s.recorder != nil {
		s.recorder.Name(name)
	}
}

// Text notes something about the span.
func (s Span) Text(key, value string) {
	if s.recorder != nil {
		s.recorder.Text(key, value)
	}
}

// Int notes a number about the span.
func (s Span) Int(key string, value int64) {
	if s.recorder != nil {
		s.recorder.Int(key, value)
	}
}

// Org notes which organization the span is about.
func (s Span) Org(id roster.ID) {
	if s.recorder != nil && !id.IsZero() {
		s.recorder.Text("roster.organization", id.String())
	}
}

// TraceID returns the id of the trace that the span belongs to, as W3C Trace Context writes it; "" for none.
func (s Span) TraceID() string {
	if s.recorder == nil {
		return ""
	}
	return s.recorder.TraceID()
}

// End ends the span, which failed where err is not nil.
func (s Span) End(err error) {
	if s.recorder != nil {
		s.recorder.End(err)
	}
}
