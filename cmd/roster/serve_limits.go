package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/store"
)

// limitsFlag says whether rate limits are shared with the other servers over a store.
type limitsFlag bool

var _ pflag.Value = (*limitsFlag)(nil)

// String implements [pflag.Value].
func (f *limitsFlag) String() string {
	if *f {
		return "shared"
	}
	return "" // which the help says in words
}

// Set implements [pflag.Value].
func (f *limitsFlag) Set(text string) error {
	switch text {
	case "node", "shared":
		*f = text == "shared"
		return nil
	default:
		return roster.Errorf(roster.Invalid, "must be node or shared")
	}
}

// Type implements [pflag.Value].
func (f *limitsFlag) Type() string { return "node|shared" }

// shareLimits has requests counted in a store, where that is wanted, and fails with [roster.Invalid] where others can't
// have the store.
func (s *service) shareLimits(kept store.Store) error {
	if !s.limits {
		return nil
	}
	buckets, ok := kept.(store.Buckets)
	if !ok {
		return roster.FieldErrorf("--limits", "shared needs a store that several servers can have, which is a "+
			"PostgreSQL database; any other has one server, which counts all")
	}
	draw := func(ctx context.Context, b auth.Bucket, want int64) (int64, time.Duration, error) {
		return buckets.Draw(ctx, store.Bucket(b), want)
	}
	s.limiter = auth.NewSharedLimiter(s.now, maxTokens, draw)
	return nil
}
