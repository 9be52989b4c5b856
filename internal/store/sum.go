package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"iter"
	"slices"

	"github.com/roster-dev/roster"
)

// Sum is what tells two copies of an organization apart.
type Sum struct {
	// Digest is over the sums of all tables.
	Digest roster.Digest
	Rows   int64
	Tables []TableSum
}

// TableSum is what tells the rows of an organization in one table apart.
type TableSum struct {
	Table  string
	Rows   int64
	Digest roster.Digest
}

// Digest reads all of an organization. seen is called for every row.
func Digest(ctx context.Context, s Snapshot, seen func()) (Sum, error) {
	var sums Summing
	for _, err := range sums.Watch(All(ctx, s)) {
		if err != nil {
			return Sum{}, err
		}
		seen()
	}
	return sums.Sum(), nil
}

// Summing adds up the rows of an organization as they pass. The zero value is ready.
type Summing struct {
	tables []TableSum
	hash   hash.Hash // over the rows of the last of tables
	buf    []byte
}

// Watch yields what rows does, and adds it up; from the start whenever it is ranged over anew.
func (s *Summing) Watch(rows iter.Seq2[TableRow, error]) iter.Seq2[TableRow, error] {
	return func(yield func(TableRow, error) bool) {
		*s = Summing{}
		for row, err := range rows {
			if err == nil {
				s.add(row)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func (s *Summing) add(row TableRow) {
	if n := len(s.tables); n == 0 || s.tables[n-1].Table != row.Table.Name {
		s.finish()
		s.tables, s.hash = append(s.tables, TableSum{Table: row.Table.Name}), sha256.New()
	}
	s.tables[len(s.tables)-1].Rows++
	s.buf = s.buf[:0]
	for _, cell := range row.Row {
		s.buf = appendCell(s.buf, cell)
	}
	_, _ = s.hash.Write(s.buf) // a hash does not fail
}

// finish ends the last table.
func (s *Summing) finish() {
	if n := len(s.tables); n > 0 {
		s.hash.Sum(s.tables[n-1].Digest[:0])
	}
}

// Sum returns the sum of what has passed. Nothing may pass afterwards.
func (s *Summing) Sum() (sum Sum) {
	s.finish()
	all := sha256.New()
	for _, t := range s.tables {
		sum.Rows += t.Rows
		_, _ = fmt.Fprintf(all, "%s %d %s\n", t.Table, t.Rows, t.Digest) // a hash does not fail
	}
	sum.Tables = s.tables
	all.Sum(sum.Digest[:0])
	return sum
}

// Differs returns the first table in which two sums differ, "" where they are the same.
func (s Sum) Differs(other Sum) string {
	for _, t := range Tables() {
		if s.table(t.Name) != other.table(t.Name) {
			return t.Name
		}
	}
	return ""
}

func (s Sum) table(name string) TableSum {
	i := slices.IndexFunc(s.Tables, func(t TableSum) bool { return t.Table == name })
	if i < 0 {
		return TableSum{}
	}
	return s.Tables[i]
}

// appendCell appends a cell so that no row is taken for another one: each has its kind and, unless all of the kind are
// of one length, its length before it.
func appendCell(b []byte, cell any) []byte {
	switch cell := cell.(type) {
	case roster.ID:
		return append(append(b, byte(ID)), cell[:]...)
	case int64:
		return binary.BigEndian.AppendUint64(append(b, byte(Number)), uint64(cell)) //nolint:gosec // the same bits
	case string:
		return append(binary.AppendUvarint(append(b, byte(Text)), uint64(len(cell))), cell...)
	case []byte:
		return append(binary.AppendUvarint(append(b, byte(Bytes)), uint64(len(cell))), cell...)
	default:
		return append(b, 0)
	}
}
