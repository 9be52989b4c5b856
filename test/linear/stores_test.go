package linear

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// stores returns what makes an empty store for a round, and names it, by the kind of store.
func stores() map[string]func(t *testing.T, round int) (dsn string) {
	return map[string]func(*testing.T, int) string{
		"memory": func(*testing.T, int) string { return "memory:" },
		"sqlite": func(t *testing.T, _ int) string {
			t.Helper()
			return "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
		},
		// Every other round at the level where the database refuses what it can't put in an order.
		"postgres": func(t *testing.T, round int) string {
			t.Helper()
			dsn := pgtest.Schema(t, pgtest.Server(t))
			if round%2 == 1 {
				dsn = pgtest.With(t, dsn, "default_transaction_isolation", "serializable")
			}
			return dsn
		},
	}
}
