package store

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Rows yields the rows of a table, by its Split columns in the order of their bytes and then by its Key, until an
// error, which comes last. It holds a page of them in memory, of a few MiB where rows are not larger themselves.
func Rows(ctx context.Context, s Snapshot, t *Table) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		groups := []Row{nil}
		if len(t.Split) > 0 {
			var err error
			if groups, err = s.Groups(ctx, *t); err != nil {
				yield(nil, err)
				return
			}
			slices.SortFunc(groups, compareRows)
		}
		for _, group := range groups {
			for row, err := range pages(ctx, s, t, group, nil) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// pages yields the rows of a group after a key.
func pages(ctx context.Context, s Snapshot, t *Table, group, after Row) iter.Seq2[Row, error] {
	const enough, most = 4 << 20, 2000
	keys := len(t.Split) + len(t.Key)
	return func(yield func(Row, error) bool) {
		for limit := 4; ; { // changes of large imports take MiB each
			page, err := s.Page(ctx, *t, group, after, limit)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			size := 0
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
				size += sizeOf(row)
			}
			if len(page) < limit || len(t.Key) == 0 {
				return
			}
			after = page[len(page)-1][len(t.Split):keys]
			limit = max(1, min(most, 2*limit, limit*enough/(size+1)))
		}
	}
}

// sizeOf returns about how much memory a row takes.
func sizeOf(row Row) (size int) {
	for _, cell := range row {
		switch cell := cell.(type) {
		case string:
			size += len(cell)
		case []byte:
			size += len(cell)
		}
		size += 16
	}
	return size
}

// compareRows orders rows by their cells, which are of the same kinds and not NULL.
func compareRows(a, b Row) int {
	for i := range a {
		order := 0
		switch a := a[i].(type) {
		case roster.ID:
			order = a.Compare(b[i].(roster.ID)) //nolint:forcetypeassert // of the same kind
		case int64:
			order = cmp.Compare(a, b[i].(int64)) //nolint:forcetypeassert // of the same kind
		case string:
			order = strings.Compare(a, b[i].(string)) //nolint:forcetypeassert // of the same kind
		case []byte:
			order = bytes.Compare(a, b[i].([]byte)) //nolint:forcetypeassert // of the same kind
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// All yields the rows of all tables in their order, until an error, which comes last.
func All(ctx context.Context, s Snapshot) iter.Seq2[TableRow, error] {
	return func(yield func(TableRow, error) bool) {
		for _, t := range Tables() {
			for row, err := range Rows(ctx, s, &t) {
				if !yield(TableRow{&t, row}, err) || err != nil {
					return
				}
			}
		}
	}
}

// Cells is a row by the names of its columns. A cell that is NULL, or not there, is the zero value.
type Cells struct {
	table *Table
	row   Row
}

// CellsOf returns the cells of a row of a table.
func CellsOf(t *Table, row Row) Cells { return Cells{t, row} }

func (c Cells) cell(name string) any {
	at := 0
	for _, columns := range [][]Column{c.table.Split, c.table.Key, c.table.Rest} {
		for _, column := range columns {
			if column.Name == name {
				return c.row[at]
			}
			at++
		}
	}
	return nil
}

// Number returns a number.
func (c Cells) Number(name string) int64 { n, _ := c.cell(name).(int64); return n }

// Text returns a text.
func (c Cells) Text(name string) string { s, _ := c.cell(name).(string); return s }

// Bytes returns bytes, which are shared.
func (c Cells) Bytes(name string) []byte { b, _ := c.cell(name).([]byte); return b }

// ID returns an id.
func (c Cells) ID(name string) roster.ID { id, _ := c.cell(name).(roster.ID); return id }
