package postgres

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	pgquery "github.com/wasilibs/go-pgquery"
)

// deniedNodes are the parts of statements, by the names that PostgreSQL's parser has for them, that Citus, CockroachDB or
// YugabyteDB refuse, or do not do as PostgreSQL does.
func deniedNodes() []string {
	return []string{
		"CreateTrigStmt", "CreateSeqStmt", "AlterSeqStmt", "ListenStmt", "NotifyStmt", "UnlistenStmt", "LockStmt",
		"DeclareCursorStmt", "FetchStmt", "CreateDomainStmt", "CompositeTypeStmt", "CreateEnumStmt", "CreateFunctionStmt",
		"DoStmt", "RuleStmt", "MergeStmt", "CreateTableAsStmt", "VacuumStmt", "ClusterStmt", "TruncateStmt",
		"CreateExtensionStmt", "CreateTableSpaceStmt", "WindowDef", "over", "GroupingSet", "RangeTableSample", "CallStmt",
	}
}

// deniedValues are what members of the parser's tree must not be.
func deniedValues() map[string][]string {
	return map[string][]string{
		"contype":        {"CONSTR_FOREIGN", "CONSTR_EXCLUSION", "CONSTR_IDENTITY", "CONSTR_GENERATED", "CONSTR_ATTR_DEFERRABLE"},
		"strength":       {"LCS_FORSHARE", "LCS_FORKEYSHARE"},
		"waitPolicy":     {"LockWaitSkip", "LockWaitError"},
		"kind":           {"TRANS_STMT_SAVEPOINT", "TRANS_STMT_PREPARE"},
		"relpersistence": {"t", "u"},
		"accessMethod":   {"gin", "gist", "brin", "hash", "spgist"},
		"recursive":      {"true"},
		"concurrent":     {"true"},
	}
}

// deniedNames are functions, types and columns that must not be named.
func deniedNames() []string {
	return []string{
		"nextval", "currval", "setval", "lastval", "serial", "bigserial", "smallserial", "ctid", "xmin", "xmax", "tableoid",
		"pg_notify", "txid_current", "pg_current_xact_id", "dblink",
	}
}

// denied parses SQL as PostgreSQL does and says what in it others do not do, "" for nothing.
func denied(t *testing.T, sql string) string {
	t.Helper()
	text, err := pgquery.ParseToJSON(sql)
	if err != nil {
		t.Fatalf("parse %s: %v", sql, err)
	}
	var tree any
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	return deniedIn(tree)
}

func deniedIn(tree any) string {
	switch tree := tree.(type) {
	case []any:
		for _, part := range tree {
			if why := deniedIn(part); why != "" {
				return why
			}
		}
	case map[string]any:
		for name, part := range tree {
			if slices.Contains(deniedNodes(), name) {
				return name
			}
			value := strings.ToLower(fmt.Sprint(part))
			if slices.ContainsFunc(deniedValues()[name], func(no string) bool { return strings.ToLower(no) == value }) {
				return name + " " + value
			}
			if name == "sval" && (slices.Contains(deniedNames(), value) || strings.HasPrefix(value, "pg_advisory")) {
				return value
			}
			if why := deniedIn(part); why != "" {
				return why
			}
		}
	}
	return ""
}

// TestDenylist holds all SQL of the store to what other engines do, too. Texts that only begin a statement do not parse:
// TestPartitioned looks at them as they are sent.
func TestDenylist(t *testing.T) {
	for _, bad := range []string{
		"CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()", "select pg_advisory_lock(1)", "SELECT 1 FROM t FOR SHARE",
		"CREATE TABLE t (id bigserial)", "DO $$ BEGIN END $$", "CREATE TABLE t (a int REFERENCES b)", "LISTEN x",
		"CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)", "SELECT 1 FROM t FOR UPDATE SKIP LOCKED", "SAVEPOINT x",
		"CREATE TEMP TABLE t (a int)", "CREATE INDEX ON t USING gin (a)", "CREATE INDEX CONCURRENTLY i ON t (a)",
		"WITH RECURSIVE r AS (SELECT 1) SELECT 1 FROM r", "SELECT row_number() OVER (ORDER BY a) FROM t", "SELECT ctid FROM t",
		"MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE", "SELECT nextval('s')",
	} {
		if denied(t, bad) == "" {
			t.Errorf("%s is not found", bad)
		}
	}
	parsed := 0
	for _, s := range append(embedded(t), migrated(t)...) {
		if _, err := pgquery.ParseToJSON(s.text); err != nil && !strings.HasPrefix(s.at, "migrations/") {
			continue
		}
		parsed++
		if why := denied(t, s.text); why != "" {
			t.Errorf("%s: %s in:\n%s", s.at, why, s.text)
		}
	}
	if parsed < 50 {
		t.Errorf("%d statements were looked at: there are more", parsed)
	}
}

// migrated returns what makes the tables, file by file.
func migrated(t *testing.T) (texts []statement) {
	t.Helper()
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, statement{string(text), name})
	}
	return texts
}
