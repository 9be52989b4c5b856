package postgres

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// TestDistribution holds what is said of tables to the catalogue: every one has its place, and every unique key has what
// it is spread by.
func TestDistribution(t *testing.T) {
	s := openNew(t, options{})
	var tables []string
	err := s.query(t.Context(), func(rows pgx.Rows) error {
		var table string
		var keys, with int
		err := rows.Scan(&table, &keys)
		tables = append(tables, table)
		column, known := shardedBy(table)
		if !known {
			t.Errorf("nothing is said of the table %s", table)
		}
		if column == "" {
			return err
		}
		const query = `SELECT count(*) FROM pg_index AS x JOIN pg_attribute AS a ON a.attrelid = x.indrelid
			WHERE x.indrelid = $1::text::regclass AND x.indisunique AND a.attname = $2 AND a.attnum = ANY(x.indkey)`
		if err := s.queryRow(t.Context(), []any{&with}, query, table, column); err != nil || with != keys {
			t.Errorf("%d of the %d unique keys of %s have %s, %v", with, keys, table, column, err)
		}
		return err
	}, `SELECT c.relname, (SELECT count(*) FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisunique) FROM pg_class AS c
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname`)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range distribution() {
		if !slices.Contains(tables, p.Table) {
			t.Errorf("there is no table %s", p.Table)
		}
	}
}

// TestDistribute calls functions of the names of those of Citus, which only note how they were called.
func TestDistribute(t *testing.T) {
	dsn := pgtest.Schema(t, pgtest.Server(t))
	s := openAt(t, dsn, options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Distribute(t.Context(), dsn); roster.CodeOf(err) != roster.Conflict {
		t.Errorf("without Citus: got %v, want a conflict", err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `CREATE TABLE citus_tables (n serial, table_name text, by text, colocated text);
		CREATE FUNCTION create_distributed_table(name text, by text, colocate_with text) RETURNS void LANGUAGE sql AS
		'INSERT INTO citus_tables (table_name, by, colocated) VALUES (name, by, colocate_with)'`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `SELECT create_distributed_table('changes', 'org_id', 'organizations')`); err != nil {
		t.Fatal(err)
	}
	put, err := Distribute(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, p := range distribution() {
		if p.Column != "" && p.Table != "changes" {
			want = append(want, p.Table+" "+p.Column+" "+p.With)
		}
	}
	rows, err := conn.Query(t.Context(), `SELECT table_name || ' ' || by || ' ' || colocated FROM citus_tables
		WHERE table_name <> 'changes' ORDER BY n`)
	if err == nil {
		got, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(put) != len(want) {
		t.Errorf("%d tables were distributed, %v (-want +got):\n%s", len(put), err, diff)
	}
	if again, err := Distribute(t.Context(), dsn); err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	if got := (store.Placement{Table: "t"}).Statement(); got != "" {
		t.Errorf("a local table: %s", got)
	}
}
