package demo

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/roster-dev/roster"
)

// dice is a source of repeatable choices. Only whole numbers are drawn, so that every machine draws the same.
type dice struct {
	source *rand.PCG
	*rand.Rand
}

// Streams of choices that are not a user's; a user's stream is its number.
const (
	streamRoles uint64 = 1<<63 + iota
	streamGroups
	streamSpaces
	streamKeys
)

func newDice() *dice {
	source := rand.NewPCG(0, 0)
	return &dice{source: source, Rand: rand.New(source)} //nolint:gosec // demo data must be repeatable, not secret
}

// reset starts the choices of a stream anew.
func (d *dice) reset(seed, stream uint64) {
	d.source.Seed(scatter(seed), scatter(scatter(seed)^stream))
}

// scatter is the finalizer of SplitMix64: neighbouring seeds and streams must not begin alike.
func scatter(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// percent is true in that many of 100 cases.
func (d *dice) percent(n int) bool { return d.IntN(100) < n }

// within returns a duration from 0 to below limit, in milliseconds; 0 where limit is not positive.
func (d *dice) within(limit time.Duration) time.Duration {
	ms := limit.Milliseconds()
	if ms <= 0 {
		return 0
	}
	return time.Duration(d.Int64N(ms)) * time.Millisecond
}

// soon is like within, and prefers what is short.
func (d *dice) soon(limit time.Duration) time.Duration { return min(d.within(limit), d.within(limit)) }

// id returns a UUID version 7 made at t.
func (d *dice) id(t roster.Time) roster.ID {
	var id roster.ID
	binary.BigEndian.PutUint64(id[:8], uint64(t)<<16|d.Uint64()&0xffff) //nolint:gosec // times are after 1970
	binary.BigEndian.PutUint64(id[8:], d.Uint64())
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// pick returns one of list.
func pick[T any](d *dice, list []T) T { return list[d.IntN(len(list))] }

// since returns the time between two instants.
func since(from, to roster.Time) time.Duration { return time.Duration(to-from) * time.Millisecond }
