package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// partitions is how many parts tables have in these tests.
const partitions = 3

// partitioned returns the migrations with every table cut in parts by its first column, as an engine that shards would.
// PostgreSQL refuses a unique key there that lacks the column.
func partitioned(t *testing.T) fs.FS {
	t.Helper()
	table := regexp.MustCompile(`(?s)CREATE TABLE (\w+) \(\n\t(\w+).*?\n\);`)
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: table.ReplaceAllFunc(text, func(made []byte) []byte {
			parts := table.FindSubmatch(made)
			return fmt.Appendf(nil, "%s PARTITION BY HASH (%s);\n%s", made[:len(made)-1], parts[2], cut(string(parts[1])))
		})}
	}
	return files
}

// cut returns the statements that make the parts of a table.
func cut(table string) (text string) {
	for i := range partitions {
		text += fmt.Sprintf("CREATE TABLE %s_part%d PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d);\n",
			table, i, table, partitions, i)
	}
	return text
}

// TestPartitioned holds the store to its contract on tables that are cut by the organization, and then every statement
// that it has sent to reading one part only, whatever the parameters; but for those about all organizations.
func TestPartitioned(t *testing.T) {
	t.Parallel()
	var sent statements
	o := options{migrations: partitioned(t), prepare: func(c *pgxpool.Config) { c.ConnConfig.Tracer = &sent }}
	t.Run("Store", func(t *testing.T) { runSuite(t, o) })
	t.Run("Rows", func(t *testing.T) { runRows(t, o) })
	t.Run("Names", func(t *testing.T) { testNames(t, openNew(t, o)) })
	sent.add(readAttempt) // sent where something goes wrong
	wantAllSent(t, sent.all())
	for _, query := range sent.all() {
		if why := denied(t, query); why != "" {
			t.Errorf("%s in:\n%s", why, query)
		}
	}
	s := openNew(t, options{migrations: o.migrations})
	conn, err := s.readers.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET plan_cache_mode = force_generic_plan`); err != nil {
		t.Fatal(err)
	}
	everywhere := []string{
		orgsQuery, userOrgsQuery, hooksQuery, openJobsQuery, oldAnswers, changedLately, allVersions, readNodes, forgetNodes,
		forgetBuckets, allOrgs,
	}
	for i, query := range sent.all() {
		parts := partsRead(t, conn.Conn(), "statement_"+strconv.Itoa(i), query)
		if all := slices.Contains(everywhere, query); all != (len(parts) > 1) {
			t.Errorf("reads parts %v:\n%s", parts, query)
		}
	}
}

// TestPartitionsSeen holds the check of plans to seeing a statement that reads several parts.
func TestPartitionsSeen(t *testing.T) {
	s := openNew(t, options{migrations: partitioned(t)})
	conn, err := s.readers.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for query, want := range map[string]int{
		`UPDATE entities SET owner = FALSE WHERE type = $1`:            partitions,
		`SELECT 1 FROM changes WHERE org_id = $1 OR version = $2`:      partitions,
		`DELETE FROM organization_names WHERE org_id = $1`:             partitions,
		`DELETE FROM organization_names WHERE name = $1`:               1,
		`UPDATE organizations SET version = version + 1 WHERE id = $1`: 1,
	} {
		if got := partsRead(t, conn.Conn(), "seen_"+strconv.Itoa(len(query)), query); len(got) != want {
			t.Errorf("got parts %v, want %d:\n%s", got, want, query)
		}
	}
}

// statements are what was sent to the database: those about the store's tables, each once.
type statements struct {
	mu   sync.Mutex
	seen map[string]bool // guarded by mu
}

var _ pgx.BatchTracer = (*statements)(nil)

func (s *statements) add(query string) {
	verb, _, _ := strings.Cut(query, " ")
	if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) ||
		regexp.MustCompile(`\b(schema_versions|leases|pg_\w+|current_setting)\b`).MatchString(query) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[query] = true
}

func (s *statements) all() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for query := range s.seen {
		list = append(list, query)
	}
	slices.Sort(list)
	return list
}

// TraceQueryStart implements [pgx.QueryTracer].
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.add(data.SQL)
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements [pgx.BatchTracer].
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		s.add(q.SQL)
	}
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (*statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// statement is a statement, or the beginning of one, and where it stands.
type statement struct{ text, at string }

// embedded returns the texts in the sources that are statements about what the store keeps, or begin one.
func embedded(t *testing.T) (texts []statement) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	places := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(places, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err == nil && regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|SET|BEGIN)\s`).MatchString(text) {
				texts = append(texts, statement{text, places.Position(lit.Pos()).String()})
			}
			return true
		})
	}
	if len(texts) < 50 {
		t.Fatalf("found %d statements in the sources: there are more", len(texts))
	}
	return texts
}

// wantAllSent holds the suite to having sent every statement that there is.
func wantAllSent(t *testing.T, sent []string) {
	t.Helper()
	for _, known := range embedded(t) {
		text := known.text
		if regexp.MustCompile(`leases|schema_versions|citus_tables|current_setting|clock_timestamp|version\(\)|pg_`).MatchString(text) ||
			strings.HasPrefix(text, "SET") || strings.HasPrefix(text, "BEGIN") {
			continue
		}
		if !slices.ContainsFunc(sent, func(query string) bool { return strings.HasPrefix(query, text) }) {
			t.Errorf("the suite does not send:\n%s", text)
		}
	}
}

// partsRead returns the numbers of the parts that a statement reads, by its plan for any parameters.
func partsRead(t *testing.T, conn *pgx.Conn, name, query string) (parts []string) {
	t.Helper()
	prepared, err := conn.Prepare(t.Context(), name, query)
	if err != nil {
		t.Fatalf("%v:\n%s", err, query)
	}
	var args []string
	for _, oid := range prepared.ParamOIDs {
		typ, ok := conn.TypeMap().TypeForOID(oid)
		if !ok {
			t.Fatalf("type %d:\n%s", oid, query)
		}
		value := map[string]string{
			"uuid": "'0198c0de-0000-7000-8000-000000000001'", "int8": "1", "text": "'a'", "bytea": `'\x61'`, "bool": "TRUE",
			"_uuid": "'{}'", "_int8": "'{}'", "_text": "'{}'", "_bytea": "'{}'", "int4": "1",
		}[typ.Name]
		if value == "" {
			t.Fatalf("no value of type %s:\n%s", typ.Name, query)
		}
		args = append(args, value)
	}
	execute := `EXPLAIN (FORMAT JSON) EXECUTE ` + name
	if len(args) > 0 {
		execute += `(` + strings.Join(args, ", ") + `)`
	}
	var doc []byte
	if err := conn.QueryRow(t.Context(), execute, pgx.QueryExecModeSimpleProtocol).Scan(&doc); err != nil {
		t.Fatalf("%v:\n%s", err, query)
	}
	var plan any
	if err := json.Unmarshal(doc, &plan); err != nil {
		t.Fatal(err)
	}
	scans(plan, func(table string) {
		if _, part, cut := strings.Cut(table, "_part"); cut && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	})
	return parts
}

// scans calls fn with every table that a plan reads.
func scans(node any, fn func(table string)) {
	switch node := node.(type) {
	case []any:
		for _, n := range node {
			scans(n, fn)
		}
	case map[string]any:
		kind, _ := node["Node Type"].(string)
		if table, ok := node["Relation Name"].(string); ok && strings.HasSuffix(kind, "Scan") {
			fn(table)
		}
		for _, n := range node {
			scans(n, fn)
		}
	}
}

// TestKeys holds every unique key to beginning with the organization, or with what a route is looked up by.
func TestKeys(t *testing.T) {
	s := openNew(t, options{})
	first := map[string]string{
		"organizations": "id", "organization_names": "name", "token_routes": "hash",
		"leases": "name", "schema_versions": "id", "nodes": "id", "secrets": "name", // of the whole database, in no shard
	}
	keys := 0
	err := s.query(t.Context(), func(rows pgx.Rows) error {
		var table, key, column string
		err := rows.Scan(&table, &key, &column)
		keys++
		want := first[table]
		if want == "" {
			want = "org_id"
		}
		if column != want {
			t.Errorf("%s of %s begins with %s, not %s", key, table, column, want)
		}
		return err
	}, `SELECT t.relname, i.relname, a.attname FROM pg_index AS x
		JOIN pg_class AS t ON t.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
		JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
		WHERE x.indisunique AND t.relnamespace = current_schema()::regnamespace`)
	if err != nil || keys < len(tables()) {
		t.Errorf("%d keys, %v", keys, err)
	}
}
