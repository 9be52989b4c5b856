package storetest

import (
	"fmt"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Benchmark measures what a store does most: small and large updates, and loading.
func Benchmark(b *testing.B, open func(*testing.B) store.Store) {
	b.Helper()
	for _, size := range []int{1, 64, 1000, 8000} {
		b.Run(fmt.Sprintf("create/users=%d", size), func(b *testing.B) {
			s := withOrg(b, open)
			made := 0
			for b.Loop() {
				addUsers(b, s, made, size)
				made += size
			}
			b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "users/s")
		})
	}
	b.Run("load/users=20000", func(b *testing.B) {
		const users = 20_000
		s, loaded := withOrg(b, open), 0
		addUsers(b, s, 0, users)
		for b.Loop() {
			if _, err := s.Load(b.Context(), id(1), func(roster.Entity) error { loaded++; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(loaded)/b.Elapsed().Seconds(), "users/s")
	})
}

func withOrg(b *testing.B, open func(*testing.B) store.Store) store.Store {
	b.Helper()
	s := open(b)
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	if _, err := commit(b.Context(), s, id(1), creations(org(1))...); err != nil {
		b.Fatal(err)
	}
	return s
}

// addUsers creates users in one change, the first of them numbered after what is there.
func addUsers(b *testing.B, s store.Store, after, users int) {
	b.Helper()
	ops := make([]roster.Op, users)
	for i := range ops {
		u := user(after + i + 1)
		u.FirstName, u.LastName, u.Role, u.Phone = "First", "Last", roster.RoleReadOnly, "+44 20 7946 0000"
		u.LastLoginAt, u.CreatedBy, u.UpdatedBy = u.CreatedAt, id(1), id(1)
		ops[i].After = u
	}
	if _, err := commit(b.Context(), s, id(1), ops...); err != nil {
		b.Fatal(err)
	}
}
