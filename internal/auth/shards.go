package auth

import (
	"hash/maphash"
	"sync"
)

// shardCount is a power of two: enough that the cores of a large machine rarely meet in one shard.
const shardCount = 64

// shards is a map in parts, each behind a mutex of its own, that never holds more than about capacity entries.
type shards[K comparable, V any] struct {
	seed     maphash.Seed
	capacity int // of one shard
	parts    [shardCount]shard[K, V]
}

type shard[K comparable, V any] struct {
	// mu guards entries.
	mu      sync.Mutex
	entries map[K]V
}

func newShards[K comparable, V any](capacity int) *shards[K, V] {
	s := &shards[K, V]{seed: maphash.MakeSeed(), capacity: max(1, (capacity+shardCount-1)/shardCount)}
	for i := range s.parts {
		s.parts[i].entries = map[K]V{}
	}
	return s
}

// of returns the shard that key belongs to.
func (s *shards[K, V]) of(key K) *shard[K, V] {
	return &s.parts[maphash.Comparable(s.seed, key)%shardCount]
}

// put sets an entry of sh, whose mutex is held. Where sh is full it forgets another one first: of a few chosen at
// random, the one with the least worth. Looking at a few keeps the cost of a full shard constant.
func (s *shards[K, V]) put(sh *shard[K, V], key K, value V, worth func(V) int64) {
	if _, known := sh.entries[key]; !known && len(sh.entries) >= s.capacity {
		delete(sh.entries, leastWorth(sh.entries, worth))
	}
	sh.entries[key] = value
}

func leastWorth[K comparable, V any](entries map[K]V, worth func(V) int64) K {
	const sample = 8
	var least K
	var lowest int64
	seen := 0
	for k, v := range entries { // in random order
		if w := worth(v); seen == 0 || w < lowest {
			least, lowest = k, w
		}
		if seen++; seen == sample {
			break
		}
	}
	return least
}

// len counts the entries.
func (s *shards[K, V]) len() int {
	n := 0
	for i := range s.parts {
		sh := &s.parts[i]
		sh.mu.Lock()
		n += len(sh.entries)
		sh.mu.Unlock()
	}
	return n
}
