package sqlite_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
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
	paths, empty := map[store.Store]string{}, filepath.Join(t.TempDir(), "roster.db")
	if err := open(t, empty).Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t,
		func(t *testing.T) store.Store {
			t.Helper()
			path := filepath.Join(t.TempDir(), "a store?.db")
			copyFile(t, path, empty) // making one takes as long as most tests
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

func TestRows(t *testing.T) {
	paths := map[store.Store]string{}
	storetest.RunRows(t, func(t *testing.T) store.Store {
		t.Helper()
		path := filepath.Join(t.TempDir(), "a store?.db")
		s := open(t, path)
		paths[s] = path
		return s
	}, func(t *testing.T, s store.Store) store.Reader {
		t.Helper()
		r, err := sqlite.Read(t.Context(), paths[s])
		if err != nil {
			t.Fatal(err)
		}
		return r
	})
}

// A change of several parts is in the history and in the records as it was made.
func TestLargeChange(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "roster.db"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	org := &roster.Organization{ID: roster.ID{1}, Number: 1, Slug: "one", Name: "One"}
	ops := []roster.Op{{After: org}}
	for n := range 3000 {
		name := fmt.Sprintf("user-%d", n)
		ops = append(ops, roster.Op{After: &roster.User{ID: roster.ID{2, byte(n >> 8), byte(n)}, Name: name, Identifier: name}})
	}
	_, err := s.Update(t.Context(), org.ID, func(roster.State) (roster.Change, error) { return roster.Change{Ops: ops}, nil })
	if err != nil {
		t.Fatal(err)
	}
	changes, err := s.Changes(t.Context(), org.ID, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []roster.Change{{Org: org.ID, Version: 1, Ops: ops}}
	if !reflect.DeepEqual(want, changes) { // cmp.Diff takes long to find no difference
		t.Errorf("history (-want +got):\n%s", cmp.Diff(want, changes))
	}
	loaded := 0
	if _, err := s.Load(t.Context(), org.ID, func(roster.Entity) error { loaded++; return nil }); err != nil || loaded != len(ops) {
		t.Errorf("loaded %d records, %v; want %d", loaded, err, len(ops))
	}
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
