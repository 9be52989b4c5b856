package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What was trimmed can't be shown, what was not can, and the audit is whole.
func TestHistoryTrim(t *testing.T) {
	t.Parallel()
	at := []string{"--org", "acme", "--store", "sqlite:" + filepath.Join(t.TempDir(), "roster.db")}
	for _, step := range []struct {
		line string
		code int
		want string
	}{
		{"user|create|--email|ada@example.com|--name|Ada", 0, "Ada"},
		{"user|update|1|--name|Eve", 0, "Eve"},
		{"user|list|--as-of|2|-o|csv", 0, "Ada"},
		{"history|trim", 2, "--before"},
		{"history|trim|--before|9", 2, "must be from 1 to 3"},
		{"history|trim|--before|3|-o|csv", 0, "3,"},
		{"history|trim|--before|2|-o|csv", 0, "3,"},
		{"user|list|--as-of|2", 1, "the oldest version is 3"},
		{"user|list|--as-of|3|-o|csv", 0, "Eve"},
		{"changes|tail|--since|0", 1, "not kept any more"},
		{"changes|tail|--since|3", 0, ""},
		{"audit|verify|-o|csv", 0, ",true"},
		{"audit|list", 0, "update user"},
		{"doctor", 0, ""},
	} {
		if step.line == "user|create|--email|ada@example.com|--name|Ada" {
			if r := execute(t, "org", "create", "--slug", "acme", "--store", at[3]); r.code != 0 {
				t.Fatal(r.stderr)
			}
		}
		flags := at
		if step.line == "doctor" {
			flags = at[2:]
		}
		r := execute(t, append(strings.Split(step.line, "|"), flags...)...)
		if r.code != step.code || !strings.Contains(r.stdout+r.stderr, step.want) {
			t.Errorf("%s: exit code %d, want %d with %q in:\n%s%s", step.line, r.code, step.code, step.want, r.stdout, r.stderr)
		}
	}
}
