package main

import (
	"context"

	"github.com/roster-dev/roster/internal/otel"
)

// startTracing has spans sent to where the flags or the environment say, if anywhere, until stop is called, which sends
// what is left.
func (s *service) startTracing(ctx context.Context) (stop func(), err error) {
	endpoint, err := otel.Endpoint(s.serveFlags.trace, s.getenv)
	if err != nil || endpoint == "" {
		return func() {}, err
	}
	tracer, err := otel.New(ctx, endpoint, software(), s.log)
	if err != nil {
		return nil, err
	}
	s.tracer = tracer
	s.log.InfoContext(ctx, "tracing", "to", endpoint)
	return func() {
		if err := tracer.Close(ctx); err != nil {
			s.log.WarnContext(ctx, "the last traces were not sent", "error", err)
		}
	}, nil
}
