package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What processes ask and say that share the database. The time is that of the server: the clocks of the processes may
// differ. It is the transaction's, since engines that shard refuse a clock that runs on within a statement.
const (
	changedLately = `SELECT id, version FROM organizations
		WHERE touched >= (extract(epoch FROM now()) * 1000)::bigint - $1`
	allVersions = `SELECT id, version FROM organizations`

	readShared = `SELECT secret FROM secrets WHERE name = $1`
	makeShared = `INSERT INTO secrets (name, secret) VALUES ($1, $2)
		ON CONFLICT (name) DO NOTHING`

	noteNode = `INSERT INTO nodes (id, host, pid, url, software, started, working, seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, (extract(epoch FROM now()) * 1000)::bigint)
		ON CONFLICT (id) DO UPDATE SET host = excluded.host, pid = excluded.pid, url = excluded.url,
			software = excluded.software, started = excluded.started, working = excluded.working, seen = excluded.seen`
	forgetNodes = `DELETE FROM nodes WHERE seen < (extract(epoch FROM now()) * 1000)::bigint - 86400000`
	forgetNode  = `DELETE FROM nodes WHERE id = $1`
	readNodes   = `SELECT id, host, pid, url, software, started, working,
		greatest(0, (extract(epoch FROM now()) * 1000)::bigint - seen) FROM nodes ORDER BY started, id`
)

var _ store.Shared = (*Store)(nil)

// Versions implements [store.Shared].
func (s *Store) Versions(ctx context.Context, while time.Duration) (map[roster.ID]roster.Version, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	versions := map[roster.ID]roster.Version{}
	add := func(rows pgx.Rows) error {
		var org roster.ID
		var version roster.Version
		err := rows.Scan(scanID{&org}, &version)
		versions[org] = version
		return err
	}
	var err error
	if while == 0 {
		err = s.query(ctx, add, allVersions)
	} else {
		err = s.query(ctx, add, changedLately, while.Milliseconds())
	}
	if err != nil {
		return nil, readError(ctx, "look for what others have changed", err)
	}
	return versions, nil
}

// Version implements [store.Shared].
func (s *Store) Version(ctx context.Context, org roster.ID) (version roster.Version, err error) {
	err = s.ask(ctx, org, func() error { return s.queryRow(ctx, []any{&version}, versionQuery, uid(org)) })
	return version, err
}

// MadeAt implements [store.Shared].
func (s *Store) MadeAt(ctx context.Context, org roster.ID, version roster.Version) (at roster.Time, err error) {
	err = s.ask(ctx, org, func() error {
		return s.queryRow(ctx, []any{&at}, madeQuery, uid(org), int64(version))
	})
	return at, err
}

// Secret implements [store.Shared].
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	made := make([]byte, 32)
	_, _ = rand.Read(made) // never fails
	err := s.beside(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, makeShared, name, made)
		return err
	})
	var secret []byte
	if err == nil {
		err = s.queryRow(ctx, []any{&secret}, readShared, name)
	}
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the secret %q", name), err)
	}
	return secret, nil
}

// Register implements [store.Nodes].
func (s *Store) Register(ctx context.Context, n store.Node) error {
	return s.writeNodes(ctx, []step{
		{query: noteNode, args: []any{
			uid(n.ID), n.Host, n.PID, n.URL, n.Software, int64(n.Started), n.Working,
		}},
		{query: forgetNodes},
		{query: forgetBuckets},
	})
}

// Unregister implements [store.Nodes].
func (s *Store) Unregister(ctx context.Context, id roster.ID) error {
	return s.writeNodes(ctx, []step{{query: forgetNode, args: []any{uid(id)}}})
}

func (s *Store) writeNodes(ctx context.Context, steps []step) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	for _, one := range steps {
		if err := s.aside(ctx, []step{one}); err != nil {
			return readError(ctx, "note which processes there are", err)
		}
	}
	return nil
}

// Nodes implements [store.Nodes].
func (s *Store) Nodes(ctx context.Context) (nodes []store.Node, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.query(ctx, func(rows pgx.Rows) error {
		n, err := scanNode(rows)
		nodes = append(nodes, n)
		return err
	}, readNodes)
	if err != nil {
		return nil, readError(ctx, "read which processes there are", err)
	}
	return nodes, nil
}

func scanNode(rows pgx.Rows) (n store.Node, err error) {
	var quiet int64
	err = rows.Scan(scanID{&n.ID}, &n.Host, &n.PID, &n.URL, &n.Software, &n.Started, &n.Working, &quiet)
	n.Quiet = time.Duration(quiet) * time.Millisecond
	return n, err
}
