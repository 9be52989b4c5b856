package open_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/store/open"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

func TestStore(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("a:b", 0o700); err != nil {
		t.Fatal(err)
	}
	for dsn, file := range map[string]string{
		"memory:": "", "sqlite:one.db": "one.db", "two.db": "two.db", "./c:d.db": "./c:d.db", "sqlite:a:b/three.db": "a:b/three.db",
		"sqlite:" + filepath.Join(t.TempDir(), "four.db"): "",
	} {
		t.Run(dsn, func(t *testing.T) {
			s, err := open.Store(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			switch s.(type) {
			case *memory.Store:
				if dsn != "memory:" {
					t.Errorf("got a store in memory")
				}
			case *sqlite.Store:
				if dsn == "memory:" {
					t.Errorf("got a store in a file")
				}
			}
			if file == "" {
				return
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("the file of %s: %v", dsn, err)
			}
		})
	}
}

func TestStoreInvalid(t *testing.T) {
	for _, dsn := range []string{
		"", "sqlite:", "memory:x", "mysql://root:secret@db/x", "postgres:x", "://",
		"postgres://me:secret@db:x/y", "postgresql://me:sec%zzret@db/y", "postgres://me:secret@db/y?sslmode=maybe",
		"postgres://db/y?password=secret&pool_max_conns=0",
	} {
		_, err := open.Store(t.Context(), dsn)
		if got := roster.CodeOf(err); got != roster.Invalid {
			t.Errorf("%q: got code %q (%v), want %q", dsn, got, err, roster.Invalid)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows the password: %v", dsn, err)
		}
	}
	_, err := open.Store(t.Context(), "mysql:x")
	for _, form := range []string{"sqlite:FILE", "memory:", "postgres://"} {
		if !strings.Contains(err.Error(), form) {
			t.Errorf("%v does not name %s", err, form)
		}
	}
}

func TestStoreInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s, err := open.Store(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := open.Store(t.Context(), path); !errors.As(err, new(*store.InUseError)) {
		t.Errorf("second time: got %v, want a store in use", err)
	}
}

func TestIsMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("there.db", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]bool{
		"memory:": false, "sqlite:there.db": false, "there.db": false, "sqlite:lost.db": true, "lost.db": true,
		"": false, "sqlite:": false, "postgres://lost.db": false,
	} {
		if got := open.IsMissing(dsn); got != want {
			t.Errorf("%q: got %t, want %t", dsn, got, want)
		}
	}
}
