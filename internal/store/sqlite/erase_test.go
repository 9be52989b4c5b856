package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

var errStop = errors.New("stop")

// person returns a user whose texts all have a number in them that nobody else has.
func person(n int, padding string) *roster.User {
	var id roster.ID
	copy(id[:], fmt.Sprintf("%016d", n))
	return &roster.User{
		ID: id, Number: int64(n), Identifier: fmt.Sprintf("who%05dwho", n), Name: fmt.Sprintf("Nam%05dnam", n),
		Email: fmt.Sprintf("mail%05d@example.com", n), Description: padding,
	}
}

func update(t *testing.T, s store.Store, change roster.Change) {
	t.Helper()
	if len(change.Ops) > 0 {
		change.Entries = []roster.Entry{{Name: "CI", To: len(change.Ops), Salt: [16]byte{1}}}
	}
	_, err := s.Update(t.Context(), orgID, func(roster.State) (roster.Change, error) { return change, nil })
	if err != nil {
		t.Fatal(err)
	}
}

// crowd fills a file in a way that moves rows about: documents of all sizes that grow and shrink, and many changes.
func crowd(t *testing.T, s store.Store) map[int]*roster.User {
	t.Helper()
	const users, rounds = 800, 5
	dice := rand.New(rand.NewPCG(1, 2))
	now := map[int]*roster.User{}
	ops := []roster.Op{{After: &roster.Organization{ID: orgID, Number: 1, Slug: "acme", Name: "Acme"}}}
	for n := range users {
		now[n+1] = person(n+1, strings.Repeat("x", dice.IntN(200)))
		ops = append(ops, roster.Op{After: now[n+1]})
	}
	update(t, s, roster.Change{Ops: ops})
	for range rounds * users / 20 {
		ops = nil
		for range 1 + dice.IntN(39) {
			n := 1 + dice.IntN(users)
			after := person(n, strings.Repeat("y", dice.IntN(3000)))
			if now[n].Description != after.Description && !touches(ops, after.ID) {
				ops, now[n] = append(ops, roster.Op{Before: now[n], After: after}), after
			}
		}
		update(t, s, roster.Change{Ops: ops})
	}
	return now
}

func touches(ops []roster.Op, id roster.ID) bool {
	for _, op := range ops {
		if op.Key().ID == id {
			return true
		}
	}
	return false
}

// wantGone fails where the files have anything of a person.
func wantGone(t *testing.T, path string, users ...int) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, n := range users {
			for _, text := range []string{"who%05dwho", "Nam%05dnam", "nam%05dnam", "mail%05d@"} {
				text = fmt.Sprintf(text, n)
				if at := bytes.Index(data, []byte(text)); at >= 0 {
					t.Errorf("%s of user %d is in page %d of FILE%s", text, n, at/4096+1, suffix)
				}
			}
		}
	}
}

// TestErasedIsNotInTheFile looks for what was erased in the bytes of the files while the store is open.
func TestErasedIsNotInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	now := crowd(t, s)
	failed := putImport(t, s, now)
	var gone []int
	for n := 7; n < len(now); n += 50 {
		gone = append(gone, n)
		traces, err := s.Traces(t.Context(), orgID, now[n].ID)
		if err != nil {
			t.Fatal(err)
		}
		update(t, s, roster.Change{
			Ops: []roster.Op{{Before: now[n]}}, Erasures: []roster.Erasure{{User: now[n].ID, Traces: traces}},
		})
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantGone(t, path, gone...)
	if _, err := s.JobPiece(t.Context(), orgID, failed, roster.JobInput, 0); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("the input of the import: got %v, want %s", err, roster.NotFound)
	}
	rejects, err := s.JobPiece(t.Context(), orgID, failed, roster.JobRejects, 0)
	if err != nil || bytes.Count(rejects, []byte(`"erased"`)) != len(gone) || !bytes.Contains(rejects, []byte("who00008who")) {
		t.Errorf("the rejects: %v, %d of them erased, want %d", err, bytes.Count(rejects, []byte(`"erased"`)), len(gone))
	}
}

// putImport puts an import that has failed, and has refused all users.
func putImport(t *testing.T, s store.Store, users map[int]*roster.User) roster.ID {
	t.Helper()
	var input, rejects []byte
	for n := range len(users) {
		u := users[n+1]
		text := fmt.Sprintf("%s,%s,%s", u.Identifier, u.Name, u.Email)
		input = append(append(input, text...), '\n')
		rejects = append(rejects, fmt.Sprintf(`{"line":%d,"code":"conflict","message":"no","text":%q}`+"\n", n+1, text)...)
	}
	j := roster.Job{
		ID: tokenID, Type: roster.JobImport, State: roster.JobReceiving, Revision: 1,
		Import: &roster.ImportJob{Format: roster.CSV, Chunks: 1},
	}
	err := s.PutJob(t.Context(), orgID, roster.JobStep{Job: j})
	if err == nil {
		err = s.PutJobInput(t.Context(), orgID, j.ID, 0, input)
	}
	if err == nil {
		j.Revision, j.State, j.EndedAt, j.RejectChunks = 2, roster.JobFailed, 1, 1
		err = s.PutJob(t.Context(), orgID, roster.JobStep{Job: j, Rejects: [][]byte{rejects}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return j.ID
}

// TestScrubWaits holds that what was erased is scrubbed in the end where somebody reads meanwhile, or the process is
// killed.
func TestScrubWaits(t *testing.T) {
	path, left := filepath.Join(t.TempDir(), "roster.db"), filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path)
	defer s.Close()
	update(t, s, roster.Change{Ops: []roster.Op{
		{After: &roster.Organization{ID: orgID, Number: 1, Slug: "acme", Name: "Acme"}}, {After: person(1, "")},
	}})
	_, err := s.Load(t.Context(), orgID, func(roster.Entity) error {
		update(t, s, roster.Change{
			Ops: []roster.Op{{Before: person(1, "")}}, Erasures: []roster.Erasure{{User: person(1, "").ID}},
		})
		if err := s.Scrub(t.Context()); roster.CodeOf(err) != roster.Unavailable {
			t.Errorf("while somebody reads: got %v, want %s", err, roster.Unavailable)
		}
		for _, suffix := range []string{"", "-wal", ".lock"} {
			copyFile(t, left+suffix, path+suffix)
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	again := open(t, left)
	defer again.Close()
	for _, s := range []*sqlite.Store{s, again} {
		if err := s.Scrub(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wantGone(t, path, 1)
	wantGone(t, left, 1)
}
