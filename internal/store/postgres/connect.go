package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
)

// oldest is the first version of PostgreSQL that is known to do.
const oldest = 15

// writersUsual is how many connections write at the same time: commits of several organizations share what the disk
// takes for one.
const writersUsual = 16

// parse reads a URL. No error of its tells a part of it that may be a password.
func parse(text string) (*pgxpool.Config, error) {
	const form = "postgres://USER:PASSWORD@HOST:PORT/DATABASE"
	parts, err := url.Parse(text)
	if err != nil || parts.Scheme != "postgres" && parts.Scheme != "postgresql" {
		// The words of err are parts of the text.
		return nil, roster.Errorf(roster.Invalid,
			"the URL of a PostgreSQL database must be %s, with %%XX for what is special in a password", form)
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, roster.Errorf(roster.Invalid, "the URL of the database: %s", complaint(*parts))
	}
	if !parts.Query().Has("pool_max_conns") {
		config.MaxConns = writersUsual
	}
	c := config.ConnConfig
	c.ConnectTimeout = max(c.ConnectTimeout, connectTimeout)
	for name, value := range map[string]string{
		"application_name":                    "roster",
		"statement_timeout":                   milli(statementTimeout),
		"idle_in_transaction_session_timeout": milli(idleInTransaction),
	} {
		if _, given := c.RuntimeParams[name]; !given {
			c.RuntimeParams[name] = value
		}
	}
	// A server that is gone without a word must not be waited for.
	dialer := net.Dialer{Timeout: connectTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}
	c.DialFunc = dialer.DialContext
	return config, nil
}

func milli(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// complaint returns what is wrong with a URL that has no secrets any more.
func complaint(u url.URL) string {
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	for _, secret := range []string{"password", "sslpassword"} {
		if query.Has(secret) {
			query.Set(secret, "x")
		}
	}
	u.RawQuery = query.Encode()
	if _, err := pgxpool.ParseConfig(u.String()); err != nil {
		return err.Error()
	}
	return "it can't be read"
}

// check connects once, and says what is wrong with the database where it can't be used.
func check(ctx context.Context, config *pgx.ConnConfig, db *sql.DB) error {
	if err := db.PingContext(ctx); err != nil {
		return unreachable(ctx, config, err)
	}
	var encoding, readOnly, version string
	const query = `SELECT current_setting('server_encoding'), current_setting('transaction_read_only'),
		current_setting('server_version_num')`
	if err := db.QueryRowContext(ctx, query).Scan(&encoding, &readOnly, &version); err != nil {
		return readError(ctx, "ask the database what it is", err)
	}
	return suits(encoding, readOnly, version)
}

// suits fails where a database of such settings can't be used.
func suits(encoding, readOnly, version string) error {
	number, err := strconv.Atoi(version)
	if err != nil {
		return fmt.Errorf("read the version of the server: %w", err)
	}
	if major := number / 10_000; major < oldest {
		return roster.Errorf(roster.Invalid,
			"the server is PostgreSQL %d, and roster needs %d or a later version", major, oldest)
	}
	if readOnly != "off" {
		return roster.Errorf(roster.Unavailable, "the server is a replica, or does not let anybody write: "+
			"name the primary, or all servers with ?target_session_attrs=read-write")
	}
	if encoding != "UTF8" {
		return roster.Errorf(roster.Invalid,
			"the encoding of the database is %s: make one with CREATE DATABASE ... ENCODING 'UTF8'", encoding)
	}
	return nil
}

// unreachable says why there is no connection, and what to do.
func unreachable(ctx context.Context, config *pgx.ConnConfig, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e, _ := errors.AsType[*pgconn.PgError](err)
	switch {
	case e == nil:
		return &roster.Error{Code: roster.Unavailable, Message: "no PostgreSQL server answers at " +
			net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), Err: withoutSecrets(err)}
	case e.Code == "28P01" || e.Code == "28000":
		const text = "the server refuses user %q: the password is wrong, or pg_hba.conf does not let the user in"
		return &roster.Error{Code: roster.Invalid, Message: fmt.Sprintf(text, config.User), Err: e}
	case e.Code == "3D000":
		return &roster.Error{Code: roster.Invalid, Message: fmt.Sprintf(
			"there is no database %q: make it with `createdb %s`", config.Database, config.Database), Err: e}
	default:
		return &roster.Error{Code: roster.Unavailable, Message: "the server lets nobody in: " + e.Message, Err: e}
	}
}

// withoutSecrets returns the error that a connection failed with without the settings that it holds, in one line: each
// attempt, with and without TLS, has one of its own.
func withoutSecrets(err error) error {
	text := err.Error()
	if at := strings.LastIndex(text, "`:"); at >= 0 {
		text = text[at+len("`:"):]
	}
	var attempts []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(attempts, line) {
			attempts = append(attempts, line)
		}
	}
	return errors.New(strings.Join(attempts, "; "))
}
