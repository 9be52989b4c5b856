package directory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/postgres"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// BenchmarkCreate measures creations of single users, each durable when it returns, by clients that each wait for one
// before they ask for the next. For one client it reports the median latency as a multiple of the time that the disk
// takes to make a page durable, too, measured in between.
func BenchmarkCreate(b *testing.B) {
	for _, clients := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { benchmarkCreate(b, openFile(b), clients) })
	}
}

// openFile opens a store in a new file, and closes it.
func openFile(b *testing.B) store.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "roster.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func benchmarkCreate(b *testing.B, s store.Store, clients int) {
	b.Helper()
	service := newService(s)
	org, err := service.CreateOrg(b.Context(), roster.Operator(), roster.Organization{Slug: "one", Name: "One"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := service.View(b.Context(), org.ID); err != nil {
		b.Fatal(err)
	}
	var begun atomic.Int64
	took := make([]time.Duration, b.N)
	disk := newDisk(b)
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for n := begun.Add(1); n <= int64(b.N); n = begun.Add(1) {
				if clients == 1 {
					b.StopTimer()
					disk.sync(b)
					b.StartTimer()
				}
				start := time.Now()
				_, err := service.Do(b.Context(), org.ID, roster.Operator(), createUser(fmt.Sprintf("user-%d", n)))
				if err != nil {
					b.Error(err)
					return
				}
				took[n-1] = time.Since(start)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "users/s")
	b.ReportMetric(float64(median(took).Microseconds()), "p50-µs") // which sorts
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	if clients == 1 {
		b.ReportMetric(float64(median(took))/float64(median(disk.took)), "p50/fsync")
	}
	changes, err := service.Changes(b.Context(), org.ID, 0, b.N+2)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/float64(len(changes)-1), "users/commit")
}

// disk measures how long the disk takes.
type disk struct {
	file *os.File
	took []time.Duration
}

func newDisk(b *testing.B) *disk {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "pages"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	return &disk{file: f}
}

// sync writes the file's one page again, so that nothing but data is to be made durable.
func (d *disk) sync(b *testing.B) {
	b.Helper()
	start := time.Now()
	_, err := d.file.WriteAt(make([]byte, 4096), 0)
	if err = errors.Join(err, d.file.Sync()); err != nil {
		b.Error(err)
	}
	d.took = append(d.took, time.Since(start))
}

func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// BenchmarkImport measures an import of users that do not exist, without a view; the unit is a user. Addresses come in no
// order, as they do in life.
func BenchmarkImport(b *testing.B) {
	for _, batch := range []int{1000, 8000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) { benchmarkImport(b, openFile(b), batch) })
	}
}

func benchmarkImport(b *testing.B, s store.Store, batch int) {
	b.Helper()
	service := newService(s)
	org, err := service.CreateOrg(b.Context(), roster.Operator(), roster.Organization{Slug: "one", Name: "One"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		cmds := imported(done, min(done+batch, b.N))
		if _, err := service.DoEach(b.Context(), org.ID, roster.Operator(), cmds); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPostgres is BenchmarkCreate and BenchmarkImport over a PostgreSQL server of its own on this machine, which is
// as durable as in production.
func BenchmarkPostgres(b *testing.B) {
	server, err := pgtest.Start(true)
	if err != nil {
		b.Fatal(err)
	}
	defer server.Stop()
	open := func(b *testing.B) store.Store {
		b.Helper()
		s, err := postgres.Open(b.Context(), pgtest.Schema(b, server.URL))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		return s
	}
	for _, clients := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("create/clients=%d", clients), func(b *testing.B) { benchmarkCreate(b, open(b), clients) })
	}
	for _, batch := range []int{1000, 8000} {
		b.Run(fmt.Sprintf("import/batch=%d", batch), func(b *testing.B) { benchmarkImport(b, open(b), batch) })
	}
}

// imported returns imports of users from..to-1.
func imported(from, to int) []roster.Command {
	cmds := make([]roster.Command, 0, to-from)
	for n := from; n < to; n++ {
		name := fmt.Sprintf("%016x", uint64(n+1)*0x9e3779b97f4a7c15) // a permutation
		u := &roster.User{
			ID: id(1_000_000 + n), Number: int64(n + 1), Identifier: name, Email: name + "@example.com", Name: "Ada Moreno",
			FirstName: "Ada", LastName: "Moreno", Description: "Buys and sells", UserType: roster.SaasUser, CreatedAt: now,
			UpdatedAt: now,
		}
		cmds = append(cmds, roster.Import{Record: u})
	}
	return cmds
}
