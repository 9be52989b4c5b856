package job_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// BenchmarkBulk measures one change of all users, its preview and its undo, in a file.
func BenchmarkBulk(b *testing.B) {
	for _, users := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			w := newFile(b, users)
			b.Run("preview", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := w.jobs.Preview(b.Context(), w.org, roster.Operator(), patched("de")); err != nil {
						b.Fatal(err)
					}
				}
			})
			n := 0
			change := func(b *testing.B) roster.Job {
				b.Helper()
				n++
				made, err := w.jobs.Update(b.Context(), w.org, roster.Operator(), patched([]string{"de", "fr"}[n%2]), nil)
				return w.updated(b, made, err, users)
			}
			b.Run("change", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					change(b)
				}
			})
			b.Run("undo", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					j := change(b)
					b.StartTimer()
					made, err := w.jobs.Undo(b.Context(), w.org, j.ID, roster.JobTurn{By: roster.Operator()})
					w.updated(b, made, err, users)
				}
			})
		})
	}
}

// updated is ended for a job that updates so many users.
func (w *world) updated(b *testing.B, made roster.Job, err error, users int) roster.Job {
	b.Helper()
	j := w.ended(b, made, err)
	if j.Counts.Updated != users {
		b.Fatalf("the job is %s: %+v, %v", j.State, j.Counts, j.Error)
	}
	return j
}

func patched(language string) roster.BulkUpdate {
	return roster.BulkUpdate{Action: roster.BulkPatch, Patch: []byte(`{"language":"` + language + `"}`)}
}

// newFile returns an organization with users in a file.
func newFile(b *testing.B, users int) *world {
	b.Helper()
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "roster.db"))
	if err != nil {
		b.Fatal(err)
	}
	w := &world{}
	var clock atomic.Int64
	clock.Store(1_700_000_000_000)
	now := func() roster.Time { return roster.Time(clock.Add(1)) }
	newID := func() (roster.ID, error) {
		return roster.ParseID(fmt.Sprintf("0190a000-0000-7000-8000-%012x", w.ids.Add(1)))
	}
	w.directory = directory.New(s, directory.Options{Now: now, NewID: newID, Warm: true})
	b.Cleanup(func() { w.directory.Close(); s.Close() })
	w.jobs = job.New(job.Config{
		Store: w.directory.Jobs(), Directory: w.directory, Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler),
	})
	ctx := context.Background()
	org, err := w.directory.CreateOrg(ctx, roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil {
		b.Fatal(err)
	}
	w.org = org.ID
	w.do(b, roster.Create{Record: &roster.Group{Name: "Group", Permissions: 1}})
	for from := 0; from < users; from += 10_000 {
		var cmds []roster.Command
		for n := from; n < from+10_000; n++ {
			name := fmt.Sprintf("%016x", uint64(n+1)*0x9e3779b97f4a7c15) // a permutation
			u := &roster.User{
				Number: int64(n + 1), Identifier: name, Email: name + "@example.com", Name: "Ada Moreno", AppsAccess: 1,
				FirstName: "Ada", LastName: "Moreno", Phone: "+49 30 1", Description: "Buys and sells", TakesLicence: true,
				Language: "en", Timezone: "Europe/Berlin", Activated: true, LastLoginAt: 1_700_000_000_000,
			}
			if n%3 == 0 {
				u.Groups = []int64{1}
			}
			cmds = append(cmds, roster.Import{Record: u})
		}
		if _, err := w.directory.DoEach(ctx, w.org, roster.Operator(), cmds); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := w.directory.View(ctx, w.org); err != nil {
		b.Fatal(err)
	}
	return w
}
