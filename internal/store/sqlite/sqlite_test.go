package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/sqlite"
	"github.com/roster-dev/roster/internal/store/storetest"
)

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	paths := map[store.Store]string{}
	storetest.Run(t,
		func(t *testing.T) store.Store {
			t.Helper()
			path := filepath.Join(t.TempDir(), "a store?.db")
			s := open(t, path)
			paths[s] = path
			return s
		},
		func(t *testing.T, closed store.Store) store.Store {
			t.Helper()
			s := open(t, paths[closed])
			paths[s] = paths[closed]
			return s
		})
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store {
		b.Helper()
		s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "roster.db"))
		if err != nil {
			b.Fatal(err)
		}
		return s
	})
}
