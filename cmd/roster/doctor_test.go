package main

import (
	"database/sql"
	"strings"
	"testing"
)

// What somebody has done to the file without roster is found.
func TestDoctorFindsDamage(t *testing.T) {
	t.Parallel()
	well := storeWith(t, "Ann", "Bob")
	if got := execute(t, "doctor", "--store", "sqlite:"+well); got.code != 0 || got.stderr != "" {
		t.Fatalf("of what is well: got %d: %s", got.code, got.stderr)
	}
	for damage, want := range map[string]string{
		`DELETE FROM changes WHERE version = 2`: "the history lacks the versions from 2 to 2",
		`DELETE FROM changes WHERE version = 3`: "the history ends at version 2, the organization is at 3",
		`UPDATE entities SET doc = replace(doc, 'Ann', 'Eve') WHERE type = 'user'`: "the records of type user that the " +
			"history has are not those that the store has",
		`DELETE FROM entities WHERE type = 'user' AND number = 1`: "the history has 2 records of type user, the store has 1",
	} {
		path := copyOf(t, well)
		spoil(t, path, damage)
		got := execute(t, "doctor", "--store", "sqlite:"+path, "-o", "jsonl")
		if got.code != 1 || !strings.HasPrefix(got.stderr, "organization acme: "+want+"\n") {
			t.Errorf("%s: got %d, want 1 and %q: %s", damage, got.code, want, got.stderr)
		}
		if !strings.Contains(got.stdout, `"problems":["`+want+`"]`) {
			t.Errorf("%s: %s does not tell %q", damage, got.stdout, want)
		}
	}
}

func spoil(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: changed %d rows, %v", statement, n, err)
	}
}
