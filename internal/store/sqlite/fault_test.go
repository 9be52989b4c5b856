//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/roster-dev/roster"
)

// faulty is a store on a disk with faults.
type faulty struct {
	*Store

	t      *testing.T
	disk   *disk
	folder string
	users  int // that were acknowledged
}

// openFaulty opens a store with an organization on a disk with faults.
func openFaulty(t *testing.T, faults faults) *faulty {
	t.Helper()
	d, err := theDisk()
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{t: t, disk: d, folder: t.TempDir()}
	f.set(faults)
	f.Store = f.openIn(f.folder)
	t.Cleanup(func() {
		d.faults.Store(nil)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	org := &roster.Organization{ID: roster.ID{1}, Number: 1, Slug: "one", Name: "One"}
	if err := f.commit(roster.Op{After: org}); err != nil {
		t.Fatal(err)
	}
	return f
}

// set changes what goes wrong from now on.
func (f *faulty) set(faults faults) {
	faults.folder = f.folder
	f.disk.faults.Store(&faults)
}

func (f *faulty) openIn(folder string) *Store {
	f.t.Helper()
	s, err := Open(f.t.Context(), filepath.Join(folder, "roster.db"))
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *faulty) commit(op roster.Op) error {
	_, err := f.Update(f.t.Context(), roster.ID{1}, func(roster.State) (roster.Change, error) {
		return roster.Change{Ops: []roster.Op{op}}, nil
	})
	return err
}

// add adds the next user.
func (f *faulty) add() error {
	n := f.users + 1
	err := f.commit(roster.Op{After: &roster.User{
		ID: roster.ID{2, byte(n >> 8), byte(n)}, Number: int64(n), Name: fmt.Sprint("User ", n),
	}})
	if err == nil {
		f.users++
	}
	return err
}

// wantUsers holds a store to having so many users, each by a version.
func (f *faulty) wantUsers(s *Store, what string, least, most int) {
	f.t.Helper()
	loaded := 0
	version, err := s.Load(f.t.Context(), roster.ID{1}, func(e roster.Entity) error {
		if e.Key().Type == roster.TypeUser {
			loaded++
		}
		return nil
	})
	if err != nil || loaded < least || loaded > most || version != roster.Version(loaded+1) {
		f.t.Fatalf("%s: %d users at version %d, %v; want %d to %d", what, loaded, version, err, least, most)
	}
	changes, err := s.Changes(f.t.Context(), roster.ID{1}, 0, 2*most+1)
	if err != nil || len(changes) != loaded+1 {
		f.t.Fatalf("%s: %d changes, %v; want %d", what, len(changes), err, loaded+1)
	}
}

// moveOften has each change moved from the log to the file at once.
func (f *faulty) moveOften() {
	f.t.Helper()
	if _, err := f.writer.conn.ExecContext(f.t.Context(), `PRAGMA wal_autocheckpoint(1)`); err != nil {
		f.t.Fatal(err)
	}
}

// wantLeft holds what a kill would leave of the store at this moment to having all users that were acknowledged, and no
// more than one that was not.
func (f *faulty) wantLeft(what string) {
	f.t.Helper()
	left := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		name := filepath.Join(f.folder, "roster.db"+suffix)
		data, err := os.ReadFile(name)
		if err != nil {
			f.t.Fatal(err)
		}
		left[name] = data
	}
	f.wantIn(left, what+", after a kill", f.users, f.users+1)
}

// wantIn holds files that are left of a store to having so many users.
func (f *faulty) wantIn(files map[string][]byte, what string, least, most int) {
	f.t.Helper()
	folder := f.t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), content, 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	left := f.openIn(folder)
	f.wantUsers(left, what, least, most)
	if err := left.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// TestPowerFails cuts the power of the disk after one call in three while changes are committed and moved from the log to
// the file: what was acknowledged is there, whatever of that which was not synced is lost or torn, and of the change
// under way all or nothing.
func TestPowerFails(t *testing.T) {
	const users = 6
	disk := &cache{durable: map[string][]byte{}, pending: map[string][]extent{}}
	f := openFaulty(t, faults{cache: disk})
	cuts := 0
	for n := range users {
		if n == users/2 {
			f.moveOften()
		}
		var left []map[string][]byte
		disk.noted = func() {
			if rand.IntN(3) == 0 {
				left = append(left, disk.left())
			}
		}
		if err := f.add(); err != nil {
			t.Fatal(err)
		}
		disk.noted = nil
		for i, files := range left {
			f.wantIn(files, fmt.Sprintf("user %d, power cut %d", n, i), f.users-1, f.users)
		}
		f.wantIn(disk.left(), fmt.Sprintf("user %d was acknowledged, and the power cut", n), f.users, f.users)
		cuts += len(left) + 1
	}
	t.Logf("%d power cuts, %d of them after a change was acknowledged", cuts, users)
	if cuts < 2*users {
		t.Errorf("only %d power cuts", cuts)
	}
}

// TestDiskFails has each call that changes a file fail in turn, once or from then on, while a change is committed that
// is then moved from the log to the file. What fails is for another time; what is acknowledged is there after a kill; reads go
// on meanwhile, and writes as soon as the disk does, with no version left out.
func TestDiskFails(t *testing.T) {
	for _, fault := range []struct {
		name  string
		call  ioCall
		code  int32
		stays bool
	}{
		{"a full disk", writes, sqlite3.SQLITE_FULL, true},
		{"a write that fails", writes, sqlite3.SQLITE_IOERR_WRITE, false},
		{"a sync that fails", syncs, sqlite3.SQLITE_IOERR_FSYNC, false},
		{"a disk that does not sync any more", syncs, sqlite3.SQLITE_IOERR_FSYNC, true},
		{"a file that can't be cut off", truncates, sqlite3.SQLITE_IOERR_TRUNCATE, true},
	} {
		t.Run(fault.name, func(t *testing.T) {
			f := openFaulty(t, faults{})
			f.moveOften()
			refused := 0
			for nth := 1; ; nth++ {
				calls := 0
				f.set(faults{fails: func(call ioCall, _ string) int32 {
					if call == fault.call {
						calls++
					}
					if call == fault.call && (calls == nth || calls > nth && fault.stays) {
						return fault.code
					}
					return sqlite3.SQLITE_OK
				}})
				what := fmt.Sprintf("%s %d", fault.call, nth)
				err := f.add()
				if err != nil {
					refused++
					if roster.CodeOf(err) != roster.Unavailable {
						t.Errorf("%s: got %v, want %s", what, err, roster.Unavailable)
					}
				}
				f.wantUsers(f.Store, what, f.users, f.users)
				f.wantLeft(what)
				f.set(faults{})
				if calls < nth {
					break
				}
				if err := f.add(); err != nil {
					t.Fatalf("%s, and then none: %v", what, err)
				}
				f.wantUsers(f.Store, what, f.users, f.users)
			}
			f.wantLeft("in the end")
			t.Logf("%d changes were acknowledged, %d were not", f.users, refused)
			if refused == 0 && fault.call != truncates {
				t.Error("nothing failed")
			}
		})
	}
}

// TestReadsFail has reads of files fail in turn, once or from then on, while the store is asked or written to. What is
// answered is right; what is not is for another time, and is answered as soon as the disk reads again.
func TestReadsFail(t *testing.T) {
	f := openFaulty(t, faults{})
	f.fill(1000)
	for name, ask := range f.questions() {
		for _, stays := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stays=%t", name, stays), func(t *testing.T) {
				refused := 0
				for nth, more := 1, true; more; nth += 1 + nth/2 {
					f.forget()
					calls := 0
					f.set(faults{fails: func(call ioCall, _ string) int32 {
						if call == reads {
							calls++
						}
						if call == reads && (calls == nth || calls > nth && stays) {
							return sqlite3.SQLITE_IOERR_READ
						}
						return sqlite3.SQLITE_OK
					}})
					err := ask()
					f.set(faults{})
					if more = calls >= nth; more {
						refused++
					}
					if (err != nil) != more || more && roster.CodeOf(err) != roster.Unavailable {
						t.Errorf("read %d of %d failed: got %v", nth, calls, err)
					}
					if err := ask(); err != nil {
						t.Fatalf("read %d failed, and then none: %v", nth, err)
					}
				}
				t.Logf("refused %d times", refused)
				if refused == 0 {
					t.Error("nothing was read")
				}
			})
		}
	}
}

// fill adds users in one change.
func (f *faulty) fill(users int) {
	f.t.Helper()
	ops := make([]roster.Op, users)
	for i := range ops {
		ops[i].After = &roster.User{ID: roster.ID{2, 1, byte(i >> 8), byte(i)}, Number: int64(i + 1), Name: fmt.Sprint("User ", i)}
	}
	_, err := f.Update(f.t.Context(), roster.ID{1}, func(roster.State) (roster.Change, error) {
		return roster.Change{Ops: ops}, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.users = users
}

// forget has the store read everything anew.
func (f *faulty) forget() {
	f.t.Helper()
	f.readers.SetMaxIdleConns(0)
	f.readers.SetMaxIdleConns(4)
	clear(f.writer.stands)
	clear(f.writer.collections)
	if _, err := f.writer.conn.ExecContext(f.t.Context(), `PRAGMA shrink_memory`); err != nil {
		f.t.Fatal(err)
	}
}

// questions are what reads files. They fail with what the store says, or where it says what is not so.
func (f *faulty) questions() map[string]func() error {
	ctx, org := f.t.Context(), roster.ID{1}
	found := func(what string, got, want int, err error) error {
		if err == nil && got != want {
			return fmt.Errorf("%d %s, want %d", got, what, want)
		}
		return err
	}
	return map[string]func() error{
		"load": func() error {
			n := 0
			_, err := f.Load(ctx, org, func(roster.Entity) error { n++; return nil })
			return found("records", n, f.users+1, err)
		},
		"load in batches": func() error {
			n := 0
			_, err := f.LoadBatches(ctx, org, func(batch iter.Seq[roster.Entity]) func() error {
				size := 0
				for range batch {
					size++
				}
				return func() error { n += size; return nil }
			})
			return found("records", n, f.users+1, err)
		},
		"changes": func() error {
			changes, err := f.Changes(ctx, org, 0, 10_000)
			ops := 0
			for _, c := range changes {
				ops += len(c.Ops)
			}
			return found("ops", ops, f.users+1, err)
		},
		"record": func() error {
			e, err := f.Record(ctx, org, roster.TypeUser, roster.ID{2, 1})
			if err == nil && e == nil {
				err = errors.New("no record")
			}
			return err
		},
		"organizations": func() error {
			n := 0
			err := f.Orgs(ctx, func(*roster.Organization) error { n++; return nil })
			return found("organizations", n, 1, err)
		},
		"log": func() error {
			log, err := f.Log(ctx, org)
			if err != nil {
				return err
			}
			versions := 0
			for _, err := range log.Changes {
				if err != nil {
					return err
				}
				versions++
			}
			return found("versions", versions, int(log.Version), nil)
		},
		"user": func() error {
			orgs, err := f.UserOrgs(ctx, roster.ID{2, 1})
			return found("organizations", len(orgs), 1, err)
		},
		"traces": func() error {
			traces, err := f.Traces(ctx, org, roster.ID{2, 1})
			if err != nil {
				return err
			}
			return found("versions", len(traces.Versions), 1, nil)
		},
		"update": func() error { return f.add() },
	}
}
