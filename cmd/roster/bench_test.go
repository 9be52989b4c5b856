package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkImport imports users from JSON Lines into an empty organization in a SQLite file.
func BenchmarkImport(b *testing.B) {
	const users = 20_000
	var in strings.Builder
	for i := range users {
		fmt.Fprintf(&in, "{\"email\":\"user%d@example.com\",\"first_name\":\"First%d\",\"last_name\":\"Last\",\"role\":\"support\"}\n", i, i)
	}
	for b.Loop() {
		dsn := "sqlite:" + filepath.Join(b.TempDir(), "roster.db")
		for _, args := range [][]string{
			{"org", "create", "--slug", "acme", "--store", dsn},
			{"import", "jsonl", "--org", "acme", "--store", dsn, "-"},
		} {
			err := run(b.Context(), args, func(string) string { return "" }, streams{strings.NewReader(in.String()), io.Discard, io.Discard})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*users), "us/user")
}
