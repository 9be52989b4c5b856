//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// newDatabase makes a database on a server for tests, and returns the beginning of the URLs of its databases and its
// name.
func newDatabase(t *testing.T) (server, name string) {
	t.Helper()
	dsn := pgtest.Server(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	name = fmt.Sprintf("guide_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := conn.Exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8'`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, database := range []string{name, name + "_restored"} {
			if _, err := conn.Exec(ctx, `DROP DATABASE IF EXISTS `+database+` WITH (FORCE)`); err != nil {
				t.Error(err)
			}
		}
		_ = conn.Close(ctx)
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return "postgres://" + u.User.String() + "@" + u.Host + "/", name
}

// TestDatabasesGuide runs every command of the guide to databases, with a database of its own.
func TestDatabasesGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	server, name := newDatabase(t)
	commands, _ := pageCommands(t, "docs/guides/databases.md")
	for i, line := range commands {
		line = strings.ReplaceAll(line, "postgres://roster@db.example/roster", server+name)
		line = strings.ReplaceAll(line, "postgres://roster@db.example/restored", server+name+"_restored")
		if strings.HasPrefix(line, "createdb ") {
			line = strings.TrimSuffix(line, " restored") + " " + name + "_restored"
		}
		commands[i] = line
	}
	out := p.shell(t, commands)
	for _, want := range []string{
		"engine          SQLite 3.", `"audit_head": "`, "from  0\n", "acme          2        5  ", "file   backup.db\n", "file   second.db\n", "  copied\n",
		"| Ada Moreno | ada@example.com\n",
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
}

// TestCopyKilled kills copies from a file into a database and goes on with them: in the end there is everything, once.
func TestCopyKilled(t *testing.T) {
	t.Parallel()
	p := build(t)
	server, name := newDatabase(t)
	const orgs = 3
	writeUsers(t, filepath.Join(p.dir, "users.jsonl"), 300)
	for n := range orgs {
		slug := fmt.Sprintf("org-%d", n)
		p.run(t, "org", "create", "--slug", slug)
		p.run(t, "import", "jsonl", "users.jsonl", "--org", slug)
	}
	copying := []string{"db", "copy", "--from", "sqlite:roster.db", "--to", server + name, "-o", "jsonl"}
	killed := 0
	for round := 1; ; round++ {
		cmd := p.command(t, copying...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(round)*200*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		if cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("round %d: %v\n%s", round, err, &stderr)
		}
		killed++
	}
	if killed == 0 {
		t.Error("no copy was killed")
	}
	p.run(t, "db", "verify", "--store", server+name)
	want := p.run(t, "db", "verify", "--digest", "-o", "json")
	if got := p.run(t, "db", "verify", "--digest", "-o", "json", "--store", server+name); !bytes.Equal(got, want) {
		t.Errorf("the copy is\n%s\nwant\n%s", got, want)
	}
	back := p.run(t, "db", "copy", "--from", server+name, "--to", "sqlite:back.db", "-o", "csv")
	if got := bytes.Count(back, []byte(",copied\n")); got != orgs+1 { // and the instance
		t.Errorf("%d organizations were copied back, want %d:\n%s", got, orgs+1, back)
	}
	if got := p.run(t, "db", "verify", "--digest", "-o", "json", "--store", "sqlite:back.db"); !bytes.Equal(got, want) {
		t.Errorf("the copy of the copy is\n%s\nwant\n%s", got, want)
	}
}

// newestSchema returns the version of the schema that files of SQLite are made with.
func newestSchema(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "new.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := sqlite.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatInt(info.Schema, 10)
}

// TestDatabaseCommands holds the commands to their exit codes and words.
func TestDatabaseCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, backup := "sqlite:"+filepath.Join(dir, "roster.db"), filepath.Join(dir, "backup.db")
	for _, step := range []struct {
		line string
		code int
		want string
	}{
		{"org create --slug acme --store " + store, 0, ""},
		{"db migrate -o json --store " + store, 0, `"from": ` + newestSchema(t)},
		{"db migrate --store sqlite:" + filepath.Join(dir, "none.db"), 3, "there is no store"},
		{"db status -o json --store " + store, 0, `"organizations": 2`},
		{"db status --organizations -o csv --fields organization,users --store " + store, 0, "acme,0\n"},
		{"db status --servers -o json --store " + store, 0, "[]"},
		{"db status --url http://127.0.0.1:1 --token x", 2, "leave out --url and --token"},
		{"db status --store memory:", 2, "gone with the process"},
		{"db verify --org none --store " + store, 3, `no organization "none"`},
		{"db verify --org acme -o jsonl --store " + store, 0, `"records":4`},
		{"db backup " + backup + " --store " + store, 0, backup},
		{"db backup " + backup + " --store " + store, 5, "--force replaces it"},
		{"db backup " + backup + " --force --store " + store, 0, backup},
		{"db backup " + backup + " --store memory:", 2, "gone with the process"},
		{"db backup x --store postgres://u:sesame@127.0.0.1:1/x", 2, "pg_dump"},
		{"db restore " + backup + " --store postgres://u:sesame@127.0.0.1:1/x", 2, "pg_restore"},
		{"db restore " + backup + " --store " + store, 5, "--force replaces it"},
		{"db restore " + backup + " --force --store " + store, 0, "roster.db"},
		{"db restore " + backup + ".none --store " + store, 3, "there is no file"},
		{"db copy --to " + store, 2, "--from is required"},
		{"db copy --from " + store + " --to memory:", 2, "gone with the process"},
		{"db copy --from sqlite:" + backup + " --to " + store, 0, "there\n"},
		{"user create --org acme --email a@example.com --name A --store " + store, 0, ""},
		{"db copy --from sqlite:" + backup + " --to " + store, 5, "is not the same"},
		{"db distribute --store postgres://u:sesame@127.0.0.1:1/x", 0, "SELECT create_distributed_table('organizations', 'id', "},
		{"db distribute --apply --store postgres://u:sesame@127.0.0.1:1/x", 1, "no PostgreSQL server answers"},
		{"db distribute --store " + store, 2, "only a PostgreSQL database"},
		{"db verify --store postgres://u:sesame@127.0.0.1:1/x", 1, "no PostgreSQL server answers"},
	} {
		r := execute(t, strings.Fields(step.line)...)
		if all := r.stdout + r.stderr; r.code != step.code || !strings.Contains(all, step.want) || strings.Contains(all, "sesame") {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", step.line, r.code, step.code, step.want, all)
		}
	}
}
