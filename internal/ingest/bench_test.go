package ingest_test

import (
	"bytes"
	"io"
	"iter"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

// The unit of these benchmarks is a user, so that ns/op is what one costs.

func BenchmarkReadJSONL(b *testing.B) { benchmarkRead(b, ingest.WriteJSONL, ingest.JSONL) }

func BenchmarkReadCSV(b *testing.B) { benchmarkRead(b, ingest.WriteCSV, ingest.CSV) }

func BenchmarkWriteJSONL(b *testing.B) { benchmarkWrite(b, ingest.WriteJSONL) }

func BenchmarkWriteCSV(b *testing.B) { benchmarkWrite(b, ingest.WriteCSV) }

func benchmarkRead(
	b *testing.B, write func(io.Writer, ingest.View) error,
	read func(io.Reader, roster.OnConflict) iter.Seq2[ingest.Record, error],
) {
	b.Helper()
	var in bytes.Buffer
	if err := write(&in, repeated(b.N)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(in.Len() / b.N))
	b.ReportAllocs()
	b.ResetTimer()
	records := 0
	for record, err := range read(&in, roster.OnConflictFail) {
		if err != nil || record.Err != nil {
			b.Fatal(err, record.Err)
		}
		records++
	}
	if records != b.N {
		b.Fatalf("read %d records of %d", records, b.N)
	}
}

func benchmarkWrite(b *testing.B, write func(io.Writer, ingest.View) error) {
	b.Helper()
	b.ReportAllocs()
	if err := write(io.Discard, repeated(b.N)); err != nil {
		b.Fatal(err)
	}
}

// repeated is a view with so many users, all alike.
type repeated int

func (repeated) Roles() []*roster.Role   { return nil }
func (repeated) Groups() []*roster.Group { return nil }
func (repeated) Spaces() []*roster.Space { return nil }

func (n repeated) Users(roster.Query) (roster.Page, error) {
	u := &roster.User{
		ID: roster.ID{1: 1}, Number: 7, Identifier: "ada", Email: "ada@example.com", Name: "Ada Moreno", FirstName: "Ada",
		LastName: "Moreno", Phone: "+49 30 1", UserType: roster.SaasAdmin, Role: "admin", AppsAccess: 1, TakesLicence: true,
		Groups: []int64{1, 2}, CreatedAt: 1704161045000, UpdatedAt: 1704161045000,
	}
	return roster.Page{Total: int(n), Users: func(yield func(*roster.User) bool) {
		for range int(n) {
			if !yield(u) {
				return
			}
		}
	}}, nil
}
