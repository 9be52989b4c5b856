package postgres

import (
	"context"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
	"github.com/roster-dev/roster/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestStore(t *testing.T) {
	t.Parallel()
	runSuite(t, options{})
}

// runSuite holds stores with some options to the contract.
func runSuite(t *testing.T, o options) {
	t.Helper()
	urls, free := map[store.Store]string{}, []string(nil)
	server := pgtest.Server(t)
	top := t
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	storetest.Run(t,
		func(t *testing.T) store.Store {
			t.Helper()
			var dsn string
			if n := len(free); n > 0 {
				dsn, free = free[n-1], free[:n-1]
			} else {
				dsn = pgtest.Schema(top, server)
			}
			t.Cleanup(func() { // after the suite has closed the store
				empty(t, conn, dsn)
				free = append(free, dsn)
			})
			s := openAt(t, dsn, o)
			urls[s] = dsn
			return s
		},
		func(t *testing.T, closed store.Store) store.Store {
			t.Helper()
			s := openAt(t, urls[closed], o)
			urls[s] = urls[closed]
			return s
		})
}

func TestRows(t *testing.T) {
	t.Parallel()
	runRows(t, options{})
}

// runRows holds stores with some options to what is said of those that are read and filled row by row.
func runRows(t *testing.T, o options) {
	t.Helper()
	server := pgtest.Server(t)
	urls := map[store.Store]string{}
	storetest.RunRows(t, func(t *testing.T) store.Store {
		t.Helper()
		dsn := pgtest.Schema(t, server)
		s := openAt(t, dsn, o)
		urls[s] = dsn
		return s
	}, func(t *testing.T, s store.Store) store.Reader {
		t.Helper()
		r, err := read(t.Context(), urls[s], o)
		if err != nil {
			t.Fatal(err)
		}
		return r
	})
}

func openAt(tb testing.TB, dsn string, o options) *Store {
	tb.Helper()
	s, err := open(tb.Context(), dsn, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// openNew opens a store in a new schema, and closes it.
func openNew(tb testing.TB, o options) *Store {
	tb.Helper()
	s := openAt(tb, pgtest.Schema(tb, pgtest.Server(tb)), o)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// tables are all tables but those of the schema itself.
func tables() []string {
	return []string{
		"entities", "changes", "organization_names", "token_routes", "token_uses", "audit_entries", "answers",
		"webhook_standings", "webhook_deliveries", "jobs", "job_pieces", "organizations",
	}
}

// empty empties a database: making a new one takes much longer.
func empty(t *testing.T, conn *pgx.Conn, dsn string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	var b pgx.Batch
	for _, table := range tables() {
		b.Queue(`DELETE FROM ` + u.Query().Get("search_path") + `.` + table)
	}
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store {
		b.Helper()
		return openAt(b, pgtest.Schema(b, pgtest.Server(b)), options{})
	})
}

// TestCompression holds large changes to being compressed with what is fast, where the server has it and nobody has chosen.
func TestCompression(t *testing.T) {
	s := openNew(t, options{})
	mustCommit(t, s, roster.ID{1}, roster.Op{After: named(1, 1, "acme")})
	many := make([]roster.Op, largeOps)
	for i := range many {
		n := i + 1
		many[i].After = &roster.User{ID: roster.ID{2, byte(n >> 8), byte(n)}, Number: int64(n), Name: "Ada Moreno"}
	}
	mustCommit(t, s, roster.ID{1}, many...)
	var want, got string
	const chosen = `SELECT CASE WHEN source = 'default' AND 'lz4' = ANY(enumvals) THEN 'lz4' ELSE setting END FROM pg_settings
		WHERE name = 'default_toast_compression'`
	if err := s.queryRow(t.Context(), []any{&want}, chosen); err != nil {
		t.Fatal(err)
	}
	const method = `SELECT pg_column_compression(ops) FROM changes WHERE org_id = $1 AND version = 2`
	if err := s.queryRow(t.Context(), []any{&got}, method, uid(roster.ID{1})); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}
