package main

import (
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store"
)

// keepTimes has the times of the store counted where somebody may ask for them.
func (f *serveFlags) keepTimes(o *directory.Options) {
	if f.metricsAddr == "" {
		return
	}
	f.times = server.NewStoreTimes(directory.Operations()...)
	o.Times = f.times.Observe
}

// poolsOf returns what tells how the connections of a store are used, nil where it has none.
func poolsOf(s store.Store) func() []server.Pool {
	pooled, ok := s.(store.Pooled)
	if !ok {
		return nil
	}
	return func() (all []server.Pool) {
		for _, p := range pooled.Pools() {
			all = append(all, server.Pool(p))
		}
		return all
	}
}
