package postgres

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster/internal/store"
)

var _ store.Pooled = (*Store)(nil)

// Pools implements [store.Pooled].
func (s *Store) Pools() []store.Pool {
	return []store.Pool{poolOf("write", s.writers), poolOf("read", s.readers), poolOf("side", s.side)}
}

func poolOf(name string, p *pgxpool.Pool) store.Pool {
	stat := p.Stat()
	return store.Pool{
		Name: name, Most: int(stat.MaxConns()), Used: int(stat.AcquiredConns()), Idle: int(stat.IdleConns()),
		Waits: stat.EmptyAcquireCount(), Waited: stat.EmptyAcquireWaitTime(),
	}
}
