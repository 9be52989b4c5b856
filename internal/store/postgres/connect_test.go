package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// TestOpenRefused holds errors about databases that can't be used to saying why, and to showing no password.
func TestOpenRefused(t *testing.T) {
	server := pgtest.Server(t)
	for name, test := range map[string]struct {
		url  string
		code roster.Code
		says string
	}{
		"no server": {"postgres://me:secret@127.0.0.1:1/db?sslmode=disable", roster.Unavailable, "no PostgreSQL server answers at 127.0.0.1:1"},
		"no server, with TLS or without": {
			"postgres://me:secret@127.0.0.1:1/db", roster.Unavailable,
			"no PostgreSQL server answers at 127.0.0.1:1: 127.0.0.1:1 (127.0.0.1): dial error: ",
		},
		"no database": {strings.Replace(server, "/postgres?", "/nowhere?", 1), roster.Invalid, `there is no database "nowhere"`},
		"a replica":   {pgtest.With(t, server, "default_transaction_read_only", "on"), roster.Unavailable, "target_session_attrs=read-write"},
		"a parameter": {"postgres://me:secret@db/x?pool_max_conns=none&password=secret", roster.Invalid, "pool_max_conns"},
		"no URL":      {"host=db password=secret", roster.Invalid, "postgres://USER:PASSWORD@HOST"},
		"no port":     {"postgres://me:sec/ret@db:1/x", roster.Invalid, "%XX"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), test.url)
			if err == nil {
				t.Fatal(s.Close())
			}
			if roster.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %s: %v; want %s: %s", roster.CodeOf(err), err, test.code, test.says)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec/") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://me:secret@db/x")
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]struct {
		code roster.Code
		says string
	}{
		"28P01": {roster.Invalid, `refuses user "me": the password is wrong`},
		"53300": {roster.Unavailable, "the server lets nobody in: too many clients"},
	} {
		err := unreachable(t.Context(), config, &pgconn.PgError{Code: code, Message: "too many clients"})
		if roster.CodeOf(err) != want.code || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%s: got %v, want %s: %s", code, err, want.code, want.says)
		}
	}
}

func TestSuits(t *testing.T) {
	if err := suits("UTF8", "off", "150018"); err != nil {
		t.Error(err)
	}
	for says, settings := range map[string][3]string{
		"PostgreSQL 14": {"UTF8", "off", "140011"}, "SQL_ASCII": {"SQL_ASCII", "off", "180000"}, "replica": {"UTF8", "on", "150000"},
	} {
		if err := suits(settings[0], settings[1], settings[2]); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: got %v, want something about %s", settings, err, says)
		}
	}
}

// TestNewerSchema refuses a database that a newer roster wrote, and leaves it to that.
func TestNewerSchema(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	s := openAt(t, url, options{})
	if _, err := s.writers.Exec(t.Context(), `INSERT INTO schema_versions (version_id, is_applied) VALUES (99, TRUE)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is not left in use either
		_, err := Open(t.Context(), url)
		if roster.CodeOf(err) != roster.Conflict {
			t.Errorf("got %v, want %s", err, roster.Conflict)
		}
	}
}

func TestRetryable(t *testing.T) {
	for code, want := range map[string]bool{
		"40001": true, "40P01": true, "25006": true, "57P01": true, "08006": true, "53300": true, "23505": false, "42601": false,
	} {
		if got := isWorthRetrying(&pgconn.PgError{Code: code}); got != want {
			t.Errorf("%s: got %t, want %t", code, got, want)
		}
	}
	if isWorthRetrying(errors.New("anything")) {
		t.Error("anything else is worth retrying")
	}
	for code, want := range map[string]bool{"40001": true, "40003": false} {
		if got := isRefused(&pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: "ERROR", Code: code}); got != want {
			t.Errorf("%s in the place of COMMIT: refused %t, want %t", code, got, want)
		}
	}
	if isRefused(&pgconn.PgError{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01"}) {
		t.Error("a session that was ended has refused to commit")
	}
}
