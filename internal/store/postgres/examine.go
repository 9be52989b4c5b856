package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

var _ store.Examiner = (*Store)(nil)

// Examine implements [store.Examiner].
func (s *Store) Examine(ctx context.Context) []store.Finding {
	return []store.Finding{
		s.engine(ctx), s.durability(ctx), s.tryWrite(ctx), s.clock(ctx), s.connections(ctx), s.servers(ctx),
	}
}

// asked returns a finding about what could not be asked.
func asked(check string, err error) store.Finding {
	return store.Finding{
		Check: check, Severity: store.Fail, Found: "it can't be asked: " + err.Error(),
		Advice: "look at the log of the database",
	}
}

// servers names the processes that have the database, as they say.
func (s *Store) servers(ctx context.Context) store.Finding {
	nodes, err := s.Nodes(ctx)
	if err != nil {
		return asked("servers", err)
	}
	f := store.Finding{Check: "servers", Severity: store.OK, Found: fmt.Sprintf("%d have the database", len(nodes))}
	for _, n := range nodes {
		const form = "; pid %d on %s, %s, heard of %s ago"
		f.Found += fmt.Sprintf(form, n.PID, n.Host, n.Software, n.Quiet.Round(time.Second))
		if n.URL != "" {
			f.Found += ", which has its part of the organizations and is reached at " + n.URL
		}
		if n.Working {
			f.Found += ", which delivers to webhooks and carries out jobs"
		}
		if n.Quiet > silent {
			f.Severity = store.Warn
			f.Advice = "look whether those that have not been heard of for long still run, and reach the database"
		}
	}
	return f
}

// silent is for how long nothing may be heard of a server that says every few seconds that it is there.
const silent = time.Minute

func (s *Store) engine(ctx context.Context) store.Finding {
	var version string
	var bytes int64
	err := s.readers.QueryRow(ctx, `SELECT current_setting('server_version'), pg_database_size(current_database())`).
		Scan(&version, &bytes)
	if err != nil {
		return asked("store", err)
	}
	return store.Finding{
		Check: "store", Severity: store.OK, Found: fmt.Sprintf("PostgreSQL %s, %s, %d MiB", version, s.name, bytes>>20),
	}
}

// durability looks at what decides whether a commit survives a power cut, and the loss of the server.
func (s *Store) durability(ctx context.Context) store.Finding {
	const query = `SELECT current_setting('fsync'), current_setting('full_page_writes'),
		current_setting('synchronous_commit'), current_setting('synchronous_standby_names')`
	var fsync, pages, commit, standbys string
	if err := s.writers.QueryRow(ctx, query).Scan(&fsync, &pages, &commit, &standbys); err != nil {
		return asked("durability", err)
	}
	const form = "fsync=%s, full_page_writes=%s, synchronous_commit=%s, synchronous_standby_names=%q"
	f := store.Finding{
		Check: "durability", Severity: store.OK, Found: fmt.Sprintf(form, fsync, pages, commit, standbys),
	}
	switch {
	case fsync != "on" || pages != "on" || commit == "off":
		f.Severity = store.Warn
		f.Advice = "acknowledged changes may be lost with the power: set fsync, full_page_writes and " +
			"synchronous_commit to on, unless that does not matter"
	case standbys == "":
		f.Found += ": acknowledged changes survive a power cut, but not the loss of the server's disk"
	default:
		f.Found += ": acknowledged changes survive the loss of the server"
	}
	return f
}

// tryWrite commits something that nobody looks at.
func (s *Store) tryWrite(ctx context.Context) store.Finding {
	began := time.Now()
	_, err := s.writers.Exec(ctx, `UPDATE leases SET beat = beat WHERE name = 'roster'`)
	return store.FoundWrite(time.Since(began), err)
}

// How far the clocks of a node and of its database may be apart.
const (
	clocksDiffer   = time.Second
	clocksDisagree = time.Minute
)

// clock compares the clock of this machine with that of the database.
func (s *Store) clock(ctx context.Context) store.Finding {
	var there time.Time
	began := time.Now()
	if err := s.readers.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&there); err != nil {
		return asked("clock", err)
	}
	trip := time.Since(began)
	return foundSkew(there.Sub(began.Add(trip/2)), trip/2)
}

// foundSkew says what it means that the clock of the database is ahead by so much, which may be wrong by so much.
func foundSkew(ahead, wrong time.Duration) store.Finding {
	words := "ahead of"
	if ahead < 0 {
		ahead, words = -ahead, "behind"
	}
	f := store.Finding{Check: "clock", Severity: store.OK, Found: fmt.Sprintf(
		"the database is %s %s this machine, give or take %s",
		ahead.Round(time.Microsecond), words, wrong.Round(time.Microsecond))}
	const advice = "have both synchronized (chrony, systemd-timesyncd): changes carry the time of who makes them"
	switch {
	case ahead-wrong > clocksDisagree:
		f.Severity, f.Advice = store.Fail, advice
	case ahead-wrong > clocksDiffer:
		f.Severity, f.Advice = store.Warn, advice
	}
	return f
}

// connections compares what the pools of a node may use with what the server has.
func (s *Store) connections(ctx context.Context) store.Finding {
	const query = `SELECT
		current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())`
	var most, used int
	if err := s.readers.QueryRow(ctx, query).Scan(&most, &used); err != nil {
		return asked("connections", err)
	}
	needs := 0
	var pools []string
	for _, p := range s.Pools() {
		needs += p.Most
		pools = append(pools, fmt.Sprintf("%d to %s", p.Most, p.Name))
	}
	return foundConnections(needs, most, used, strings.Join(pools, ", "))
}

func foundConnections(needs, most, used int, pools string) store.Finding {
	f := store.Finding{Check: "connections", Severity: store.OK, Found: fmt.Sprintf(
		"a node uses up to %d (%s), the server has %d, of which %d are used now", needs, pools, most, used)}
	if needs > most {
		f.Severity = store.Warn
		f.Advice = "raise max_connections of the server, or give the URL a lower pool_max_conns"
	}
	return f
}
