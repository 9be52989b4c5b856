package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// distribution says where each table is on a Citus cluster, in the order in which it is put there: those with the
// organizations first, so that all of an organization is on one node.
func distribution() []store.Placement {
	byOrg := func(table string) store.Placement {
		const why = "all of an organization is on one node"
		return store.Placement{Table: table, Column: "org_id", With: "organizations", Why: why}
	}
	route := func(table, column string) store.Placement {
		const why = "it leads to an organization from what is looked up"
		return store.Placement{Table: table, Column: column, With: "none", Why: why}
	}
	local := func(table, why string) store.Placement { return store.Placement{Table: table, Why: why} }
	return []store.Placement{
		{Table: "organizations", Column: "id", With: "none", Why: "the organizations are what is spread over nodes"},
		byOrg("entities"), byOrg("changes"), byOrg("audit_entries"), byOrg("answers"), byOrg("token_uses"),
		byOrg("webhook_standings"), byOrg("webhook_deliveries"), byOrg("jobs"), byOrg("job_pieces"),
		byOrg("buckets"),
		route("organization_names", "name"), route("token_routes", "hash"),
		local("leases", "it has one row, about the whole database"),
		local("nodes", "it has a row for each process that has the database"),
		local("secrets", "it has a few rows, about the whole database"),
		local("schema_versions", "it has a few rows, about the whole database"),
	}
}

// What is asked of Citus.
const (
	hasCitus = `SELECT to_regproc('create_distributed_table') IS NOT NULL
		AND to_regclass('citus_tables') IS NOT NULL`
	isDistributed = `SELECT EXISTS (SELECT 1 FROM citus_tables WHERE table_name::text = $1)`
)

// Distribution returns where each table is to be on a Citus cluster.
func Distribution() []store.Placement { return distribution() }

// Distribute puts the tables of a database where they are to be, but for those that are there, and returns which it put
// there. It fails with [roster.Conflict] where the database has no extension citus, or its schema is not that of this
// program. Tables that have rows take as long as they take.
func Distribute(ctx context.Context, url string) (put []store.Placement, err error) {
	r, err := Read(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, readError(ctx, "distribute the tables", err)
	}
	defer conn.Release()
	var there bool
	if err := conn.QueryRow(ctx, hasCitus).Scan(&there); err != nil {
		return nil, readError(ctx, "look for Citus", err)
	}
	if !there {
		return nil, roster.Errorf(roster.Conflict, "the database %s has no extension citus: install it on every node, "+
			"and `CREATE EXTENSION citus` in the database", r.name)
	}
	if _, err := conn.Exec(ctx, `SET statement_timeout = 0`); err != nil {
		return nil, readError(ctx, "distribute the tables", err)
	}
	for _, p := range distribution() {
		done, err := place(ctx, conn.Conn(), p)
		if err != nil {
			return put, readError(ctx, fmt.Sprintf("distribute %s", p.Table), err)
		}
		if done {
			put = append(put, p)
		}
	}
	return put, nil
}

// place puts a table where it is to be, and reports whether it was not there.
func place(ctx context.Context, conn *pgx.Conn, p store.Placement) (done bool, err error) {
	if p.Column == "" {
		return false, nil
	}
	var there bool
	if err := conn.QueryRow(ctx, isDistributed, p.Table).Scan(&there); err != nil || there {
		return false, err
	}
	_, err = conn.Exec(ctx, p.Statement())
	return err == nil, err
}

// shardedBy returns the column that a table is spread by, "" where it is not spread.
func shardedBy(table string) (column string, known bool) {
	all := distribution()
	i := slices.IndexFunc(all, func(p store.Placement) bool { return p.Table == table })
	if i < 0 {
		return "", false
	}
	return all[i].Column, true
}
