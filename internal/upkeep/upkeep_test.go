package upkeep

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// orgID is the organization of these tests.
func orgID() roster.ID { return roster.ID{1} }

func userOf(n int, name string) *roster.User {
	return &roster.User{
		ID: roster.ID{2, byte(n >> 8), byte(n)}, Number: int64(n), Name: name, Email: fmt.Sprintf("u%d@example.com", n),
	}
}

// filled makes a store with an organization of a few versions, and returns the path of its file.
func filled(t *testing.T, users int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roster.db")
	s, err := open.Store(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	first := []roster.Op{{After: &roster.Organization{ID: orgID(), Number: 1, Slug: "acme", Name: "Acme"}}}
	var second, third []roster.Op
	for n := 1; n <= users; n++ {
		first = append(first, roster.Op{After: userOf(n, "Ann")})
		second = append(second, roster.Op{Before: userOf(n, "Ann"), After: userOf(n, "Bea")})
	}
	third = append(third, roster.Op{Before: userOf(1, "Bea")})
	for i, ops := range [][]roster.Op{first, second, third} {
		_, err := s.Update(t.Context(), orgID(), func(roster.State) (roster.Change, error) {
			return roster.Change{
				At: roster.Time(1000 + i), Ops: ops,
				Entries: []roster.Entry{{Name: "CI", To: len(ops), Salt: [16]byte{byte(i + 1)}}},
			}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// verified verifies the organization in a file with so many states at a time.
func verified(t *testing.T, path string, most int) Report {
	t.Helper()
	r, err := open.Reader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := r.Snapshot(t.Context(), orgID())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	report, err := verify(t.Context(), s, orgID(), most, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestVerify(t *testing.T) {
	const users = 60
	path := filled(t, users)
	for _, most := range []int{1000, users, 7, 1} { // of few, the records are gone through in parts
		report := verified(t, path, most)
		if diff := cmp.Diff(Report{Version: 3, Records: users, Entries: 3, Head: report.Head}, report); diff != "" {
			t.Errorf("%d states at a time (-want +got):\n%s", most, diff)
		}
	}
}

// TestFaults alters what is kept in one place after the other.
func TestFaults(t *testing.T) {
	const user2, hex2 = "user 02000200-0000-0000-0000-000000000000", "x'02000200000000000000000000000000'"
	sound := filled(t, 3)
	for name, tc := range map[string]struct{ alter, want string }{
		"a version is missing": {
			`DELETE FROM changes WHERE version = 2`, "the history lacks version 2",
		},
		"the last version is missing": {
			`DELETE FROM changes WHERE version = 3`, "the history ends at version 2, the organization is at 3",
		},
		"there is a version too many": {
			`UPDATE organizations SET version = 2`, "the history ends at version 3, the organization is at 2",
		},
		"a record is missing": {
			`DELETE FROM entities WHERE id = ` + hex2, user2 + " is not there, which version 2 has left behind",
		},
		"a record is another one": {
			`UPDATE entities SET doc = replace(doc, 'Bea', 'Eve') WHERE id = ` + hex2,
			user2 + " is not what version 2 has left behind",
		},
		"a record was never made": {
			`UPDATE entities SET id = x'02000900000000000000000000000000' WHERE id = ` + hex2,
			"user 02000900-0000-0000-0000-000000000000 is there, which no version has left behind",
		},
		"a change left another record": {
			`UPDATE changes SET ops = replace(ops, 'Ann', 'Eve') WHERE version = 1`,
			"version 2 replaces another user",
		},
		"a change makes a record twice": {
			`UPDATE changes SET ops = (SELECT ops FROM changes WHERE version = 1) WHERE version = 2`,
			", which version 1 has left behind",
		},
		"a change is about nothing": {
			`UPDATE changes SET ops = '[]' WHERE version = 1`, "which no version before has left behind",
		},
		"a change can't be read": {
			`UPDATE changes SET ops = '[{' WHERE version = 2`, "the ops of version 2 can't be read",
		},
		"the audit is altered": {
			`UPDATE audit_entries SET name = 'nobody' WHERE seq = 2`, "entry 2 of the audit was altered",
		},
		"the audit lacks an entry": {
			`DELETE FROM audit_entries WHERE seq = 3`, "entry 3 of the audit was dropped",
		},
		"a key is another one": {
			`UPDATE entities SET email = 'eve@example.com' WHERE id = ` + hex2,
			"what " + user2 + " is looked up by is not what its document says",
		},
		"a slug is another one": {
			`UPDATE organizations SET slug = 'apex'`, "the columns of the organization are not what its document says",
		},
		"a record is in another place": {
			`UPDATE entities SET org_id = x'09' WHERE id = ` + hex2, user2 + " is kept as another record",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "roster.db")
			data, err := os.ReadFile(sound)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			alter(t, path, tc.alter)
			for _, most := range []int{1000, 1} {
				if got := verified(t, path, most).Fault; !strings.Contains(got, tc.want) {
					t.Errorf("with %d states at a time: got %q, want %q", most, got, tc.want)
				}
			}
		})
	}
}

// Documents that say the same in other words, as those of an earlier version of roster may, are the same.
func TestOtherWords(t *testing.T) {
	path := filled(t, 3)
	alter(t, path, `UPDATE entities SET doc = replace(doc, '"name":"Bea"', '"name": "Bea" ')`)
	if got := verified(t, path, 1000).Fault; got != "" {
		t.Errorf("got %q, want no fault", got)
	}
}

func TestCopy(t *testing.T) {
	from, to := filled(t, 30), filepath.Join(t.TempDir(), "copy.db")
	read := func(path string) store.Reader {
		r, err := open.Reader(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	source := read(from)
	s, err := open.Store(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	target := Target{s.(store.Filler), read(to)}
	var sums [2]store.Sum
	for i := range sums {
		rows := int64(0)
		got, err := Copy(t.Context(), source, target, orgID(), func() { rows++ })
		if err != nil || got.WasThere != (i == 1) || got.Version != 3 || rows != 2*got.Rows {
			t.Errorf("copy %d: got %+v after %d rows, %v", i, got, rows, err)
		}
		sums[i] = got.Sum
	}
	if sums[0].Digest != sums[1].Digest || sums[0].Digest.IsZero() {
		t.Errorf("the sums are %+v", sums)
	}
	if got := verified(t, to, 1000); got.Fault != "" || got.Version != 3 {
		t.Errorf("the copy: %+v", got)
	}
	_, err = s.Update(t.Context(), orgID(), func(roster.State) (roster.Change, error) {
		return roster.Change{Ops: []roster.Op{{After: userOf(99, "Zoe")}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Copy(t.Context(), source, target, orgID(), func() {})
	if roster.CodeOf(err) != roster.Conflict || !strings.Contains(err.Error(), "its organizations differ") {
		t.Errorf("over another one: got %v, want a conflict", err)
	}
	if _, err := Copy(context.WithoutCancel(t.Context()), source, target, roster.ID{9}, func() {}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("of none: got %v", err)
	}
}

// alter changes a file as any other program would.
func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	done, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
}
