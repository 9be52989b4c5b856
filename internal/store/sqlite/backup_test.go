package sqlite_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// addUser makes the n-th user besides those of fill, in a change with an entry of the audit.
func addUser(t *testing.T, s store.Store, n int) error {
	t.Helper()
	u := &roster.User{ID: roster.ID{9, byte(n >> 8), byte(n)}, Number: int64(100 + n), Name: fmt.Sprintf("User %d", n)}
	_, err := s.Update(t.Context(), orgID, func(roster.State) (roster.Change, error) {
		return roster.Change{At: roster.Time(n), Ops: []roster.Op{{After: u}}, Entries: []roster.Entry{{Name: "CI", To: 1}}}, nil
	})
	return err
}

// wantSound holds a file to being a store whose history and audit end with its version, which it returns.
func wantSound(t *testing.T, path string) roster.Version {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	version, err := s.Load(t.Context(), orgID, func(roster.Entity) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.Log(t.Context(), orgID)
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(log)
	if err != nil || report.Fault != nil || report.Entries != int64(version) {
		t.Errorf("%s at version %d: audit %+v, %v", path, version, report, err)
	}
	return version
}

// wantFiles holds a folder to having just some files.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestBackup backs a store up again and again while it is written to: each copy is the store as it was at some version.
func TestBackup(t *testing.T) {
	path, to := filepath.Join(t.TempDir(), "roster.db"), filepath.Join(t.TempDir(), "backup.db")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			default:
				if err := addUser(t, s, n); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	last := roster.Version(0)
	for range 3 {
		if err := sqlite.Backup(t.Context(), path, to, store.Copying{Replace: true}); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, filepath.Dir(to), "backup.db")
		checked := filepath.Join(t.TempDir(), "backup.db")
		copyFile(t, checked, to)
		version := wantSound(t, checked)
		if version < last {
			t.Errorf("a backup has version %d, the one before %d", version, last)
		}
		last = version
	}
	close(stop)
	if made := <-stopped; last > roster.Version(made)+1 {
		t.Errorf("the last backup has version %d, the store %d", last, made+1)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the permissions are %v, %v, want %v", info.Mode().Perm(), err, fs.FileMode(0o600))
	}
}

func TestBackupRefused(t *testing.T) {
	dir := t.TempDir()
	path, to, letter := filepath.Join(dir, "roster.db"), filepath.Join(dir, "backup.db"), filepath.Join(dir, "letter")
	s := open(t, path)
	defer s.Close()
	fill(t, s)
	for name, text := range map[string]string{to: "there", letter: strings.Repeat("This is not a database. ", 100)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	force := store.Copying{Replace: true}
	for name, step := range map[string]struct {
		from, to string
		c        store.Copying
		want     roster.Code
	}{
		"a file that is there": {path, to, store.Copying{}, roster.Conflict},
		"no store":             {filepath.Join(dir, "none.db"), to, force, roster.NotFound},
		"another file":         {letter, to, force, roster.Invalid},
		"itself":               {path, path, force, roster.Invalid},
		"a folder":             {path, dir, force, roster.Invalid},
		"a store in use":       {to, path, force, roster.Conflict},
	} {
		err := sqlite.Backup(t.Context(), step.from, step.to, step.c)
		if got := roster.CodeOf(err); got != step.want {
			t.Errorf("%s: got %v with code %q, want %q", name, err, got, step.want)
		}
		if want := name == "a file that is there"; errors.Is(err, fs.ErrExist) != want {
			t.Errorf("%s: %v is about a file that is there: want %t", name, err, want)
		}
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "there" {
		t.Errorf("the file that was there is %q, %v", got, err)
	}
	wantFiles(t, dir, "backup.db", "letter", "roster.db", "roster.db-shm", "roster.db-wal", "roster.db.lock")
}

// A backup of a damaged store is refused, and nothing is left of it.
func TestBackupOfDamage(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "roster.db"), filepath.Join(dir, "backup.db")
	s := open(t, path)
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 3 * 4096; at+4096 <= len(data); at += 4096 { // pages of tables and indexes
		copy(data[at:], "damage damage damage damage")
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Backup(t.Context(), path, to, store.Copying{}); err == nil {
		t.Error("a damaged store was backed up")
	}
	wantFiles(t, dir, "roster.db", "roster.db.lock")
}

// TestRestore puts a backup where there is nothing, where a store was killed, and where a file is damaged.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "roster.db"), filepath.Join(t.TempDir(), "backup.db")
	s := open(t, path)
	fill(t, s)
	if err := sqlite.Backup(t.Context(), path, backup, store.Copying{}); err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		if err := addUser(t, s, n); err != nil {
			t.Fatal(err)
		}
	}
	force := store.Copying{Replace: true}
	err := sqlite.Restore(t.Context(), backup, path, force)
	if _, ok := errors.AsType[*store.InUseError](err); !ok {
		t.Errorf("over a store in use: got %v", err)
	}
	killed := filepath.Join(t.TempDir(), "roster.db")
	copyFile(t, killed, path)
	copyFile(t, killed+"-wal", path+"-wal")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Restore(t.Context(), backup, path, store.Copying{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a store: got %v, want a file that is there", err)
	}
	if got := wantSound(t, path); got != 6 {
		t.Errorf("the store is at version %d, want 6: it was not to be replaced", got)
	}
	damaged := filepath.Join(t.TempDir(), "roster.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("damage", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"where there is nothing": filepath.Join(t.TempDir(), "roster.db"), "over a store": path,
		"over one that was killed": killed, "over a damaged one": damaged,
	} {
		if err := sqlite.Restore(t.Context(), backup, to, force); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantFiles(t, filepath.Dir(to), "roster.db", "roster.db.lock")
		if got := wantSound(t, to); got != 1 {
			t.Errorf("%s: version %d, want 1", name, got)
		}
	}
}

func TestRestoreOfNewer(t *testing.T) {
	path, backup := filepath.Join(t.TempDir(), "roster.db"), filepath.Join(t.TempDir(), "backup.db")
	s := open(t, backup)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const newer = `INSERT INTO schema_versions (version_id, is_applied) VALUES (99, 1)`
	if _, err := raw(t, backup).ExecContext(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Restore(t.Context(), backup, path, store.Copying{}); roster.CodeOf(err) != roster.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
	wantFiles(t, filepath.Dir(path), "roster.db.lock")
}
