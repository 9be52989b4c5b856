//go:build linux

// Package failover runs servers over a database that fails, while clients read and write: connections that are lost at the
// worst moment, the loss of the server that all writes go to, and servers that are killed themselves. Whatever was acknowledged must be there, once, at
// the version that was told; the history must have no gap; what the servers show in the end must be what the database has.
package failover

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

var (
	failovers = flag.Int("failovers", 1, "how many times TestFailover kills the leader")
	cuts      = flag.Int("cuts", 60, "how many connections TestCuts loses at the least")
	kills     = flag.Int("kills", 4, "how many times TestNodesKilled kills a server")
)

// nodes is how many servers there are.
const nodes = 2

// TestFailover kills the leader of three PostgreSQL servers, which replicate synchronously under Patroni, with SIGKILL.
func TestFailover(t *testing.T) {
	t.Parallel()
	cluster := pgtest.StartReplicated(t)
	w := newWorld(t, cluster.URL, cluster.URL)
	w.start(t)
	const before, after = 400, 400
	w.waitFor(t, before)
	for n := range *failovers {
		if n > 0 {
			cluster.Rejoin(t)
		}
		cluster.KillLeader(t)
		w.waitFor(t, after)
	}
	w.finish(t)
	if len(w.refused) == 0 || len(w.stalls) == 0 {
		t.Error("every write was acknowledged at once: the leader was not missed")
	}
}

// TestCuts loses connections between the servers and the database: when COMMIT was not yet sent, when it was, and when it was
// answered; in the middle of rows; and now and then all at once.
func TestCuts(t *testing.T) {
	t.Parallel()
	database := pgtest.Schema(t, pgtest.Server(t))
	proxy := pgtest.NewProxy(t, database)
	w := newWorld(t, proxy.URL, database)
	chance := func(one int) bool { return rand.IntN(one) == 0 }
	proxy.Set(pgtest.Faults{
		Commit: func() pgtest.Cut {
			if chance(8) {
				return pgtest.Cut(1 + rand.IntN(int(pgtest.CutAnswer)))
			}
			return pgtest.NoCut
		},
		Row: func() bool { return chance(2000) },
	})
	w.start(t)
	for proxy.Cuts() < *cuts {
		w.waitFor(t, 100)
		proxy.CutAll()
	}
	proxy.Set(pgtest.Faults{})
	w.waitFor(t, 1)
	w.finish(t)
	t.Logf("%d connections were cut", proxy.Cuts())
}

// TestNodesKilled kills one of the servers with SIGKILL, and starts it again, while the other one goes on.
func TestNodesKilled(t *testing.T) {
	t.Parallel()
	database := pgtest.Schema(t, pgtest.Server(t))
	w := newWorld(t, database, database)
	w.start(t)
	for n := range *kills {
		w.waitFor(t, 100)
		w.killNode(t, n%nodes)
	}
	w.waitFor(t, 100)
	w.finish(t)
	if w.unanswered == 0 {
		t.Error("every request was answered: the servers were not missed")
	}
	t.Logf("%d servers were killed", *kills)
}
