package sqlite

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openHere(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "roster.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSettings holds the writer to what makes an acknowledged change survive a power cut.
func TestSettings(t *testing.T) {
	s := openHere(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000",
	} {
		var got string
		if err := s.writer.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", pragma, got, err, want)
		}
	}
	if _, err := s.readers.ExecContext(t.Context(), `DELETE FROM entities`); err == nil {
		t.Error("a reader can write")
	}
}

// TestRoom holds that the writer has more room for a large change, and gives it back.
func TestRoom(t *testing.T) {
	s := openHere(t)
	for _, ops := range []int{1, bulkOps, bulkOps - 1} {
		if err := s.writer.makeRoom(t.Context(), ops); err != nil {
			t.Fatal(err)
		}
		want := roomFor(ops)
		for pragma, want := range map[string]int{"cache_size": -want.cache, "wal_autocheckpoint": want.log} {
			var got int
			if err := s.writer.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%d ops: %s: got %d, %v, want %d", ops, pragma, got, err, want)
			}
		}
	}
	if roomFor(bulkOps-1) == roomFor(bulkOps) {
		t.Errorf("%d ops have no more room than one less", bulkOps)
	}
}

// TestPlans holds that no statement reads a whole table.
func TestPlans(t *testing.T) {
	s := openHere(t)
	queries := []string{
		hashQuery, numberedQuery, changesQuery, recordQuery, usesQuery, hooksQuery, standingsQuery, deliveriesQuery,
	}
	for _, st := range slices.Concat(s.writer.statements(), s.writer.collectionStatements()) {
		if verb, _, _ := strings.Cut(st.query, " "); verb != "BEGIN" && verb != "COMMIT" && verb != "ROLLBACK" {
			queries = append(queries, st.query)
		}
	}
	for _, query := range queries {
		for _, step := range plan(t, s, query) {
			scans := strings.HasPrefix(step, "SCAN") && !strings.HasSuffix(step, "VALUES CLAUSE")
			if scans || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\nneeds: %s", query, step)
			}
		}
	}
}

func plan(t *testing.T, s *Store, query string) (steps []string) {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	rows, err := s.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
