package ingest

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// CSV reads users from comma-separated values (RFC 4180): a row of column names, see [Columns], in any order, then
// one row for each user. An empty cell is an absent member, so an update leaves that member as it is. The apostrophe
// that [WriteCSV] puts before a cell that a spreadsheet would take for a formula is taken off again. Blank lines are
// skipped, and so is a byte order mark at the beginning.
//
// A row that can't be imported yields a Record with Err, and the next row is read. The iteration ends early, with an
// error that is yielded last, where r fails, where the first row is not one of known columns, each once
// ([roster.Invalid]), and where a row does not end within [MaxRecord] bytes ([roster.TooLarge]): where the next one
// begins can't be known then. The input is read once.
func CSV(r io.Reader, on roster.OnConflict) iter.Seq2[Record, error] {
	return Input{OnConflict: on}.CSV(r)
}

// CSV reads comma-separated values as [CSV] does.
func (in Input) CSV(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		rows := newRowReader(r)
		columns, err := rows.header()
		if err != nil {
			yield(Record{Line: rows.line}, err)
			return
		}
		for {
			row, err := rows.next()
			if errors.Is(err, io.EOF) {
				return
			}
			wrong := malformed(err)
			switch {
			case err != nil && wrong == nil:
				yield(Record{Line: rows.line, Size: rows.size},
					fmt.Errorf("read the row after line %d: %w", rows.line, err))
				return
			case rows.line <= in.After:
			case !yield(in.row(rows, columns, row, wrong), nil):
				return
			}
		}
	}
}

// row returns the record of the row that was read last, or why it is none.
func (in Input) row(rows *rowReader, columns []column, row []string, wrong error) Record {
	record := Record{Line: rows.line, Size: rows.size, Err: wrong}
	if wrong != nil {
		return record
	}
	record.Import, record.Err = parseRow(columns, row, in.OnConflict)
	if in.KeepText {
		record.Text = rowText(row)
	}
	return record
}

// rowText returns a row as CSV, without its end.
func rowText(row []string) string {
	var text strings.Builder
	out := csv.NewWriter(&text)
	_ = out.Write(row) // a builder does not fail
	out.Flush()
	return strings.TrimSuffix(text.String(), "\n")
}

// malformed returns why a row is rejected that does not follow RFC 4180, or nil for any other error.
func malformed(err error) error {
	syntax, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return nil
	}
	return roster.Errorf(roster.Invalid, "is not a row of CSV: column %d: %s", syntax.Column, syntax.Err.Error())
}

// rowReader reads the rows of a CSV input, each of at most MaxRecord bytes.
type rowReader struct {
	csv *csv.Reader
	in  *bounded
	// line is where the last row that could be read begins, and size the length of the last one in bytes.
	line, size int
}

func newRowReader(r io.Reader) *rowReader {
	in := &bounded{in: withoutMark(r)}
	rows := &rowReader{csv: csv.NewReader(in), in: in, line: 1}
	rows.csv.FieldsPerRecord = -1
	rows.csv.ReuseRecord = true
	return rows
}

// next returns the next row, valid until the call after.
func (r *rowReader) next() ([]string, error) {
	begin := r.csv.InputOffset()
	r.in.left = MaxRecord
	row, err := r.csv.Read()
	r.size = int(r.csv.InputOffset() - begin)
	if syntax, ok := errors.AsType[*csv.ParseError](err); ok {
		r.line = syntax.StartLine
	} else if err == nil {
		r.line, _ = r.csv.FieldPos(0)
	}
	return row, err
}

func (r *rowReader) header() ([]column, error) {
	row, err := r.next()
	if errors.Is(err, io.EOF) {
		return nil, roster.Errorf(roster.Invalid, "the first line must name the columns, but there is none")
	}
	if wrong := malformed(err); wrong != nil {
		err = wrong
	}
	if err != nil {
		return nil, fmt.Errorf("read the row of column names: %w", err)
	}
	known := columns()
	chosen := make([]column, 0, len(row))
	for _, name := range row {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(known, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, roster.FieldErrorf(
				name, "is not a column; columns, separated by commas, are %s", names(Columns()))
		}
		if slices.ContainsFunc(chosen, func(c column) bool { return c.name == name }) {
			return nil, roster.FieldErrorf(name, "is a column twice")
		}
		chosen = append(chosen, known[i])
	}
	return chosen, nil
}

// bounded is a reader that fails when more than left bytes are read before left is set again.
type bounded struct {
	in   io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the row %w; is a closing quote missing?", tooLong())
	}
	n, err := b.in.Read(p)
	b.left -= n
	return n, err
}

func parseRow(columns []column, row []string, on roster.OnConflict) (roster.Import, error) {
	if len(row) != len(columns) {
		return roster.Import{}, roster.Errorf(
			roster.Invalid, "has %d cells, but there are %d columns", len(row), len(columns))
	}
	doc, err := rowDocument(columns, row)
	if err != nil {
		return roster.Import{}, err
	}
	return command(roster.TypeUser, doc, on)
}

// rowDocument returns the JSON document of a row.
func rowDocument(columns []column, row []string) ([]byte, error) {
	doc := map[string]any{}
	var faults []roster.Detail
	for i, c := range columns {
		cell := unguard(row[i])
		if cell == "" {
			continue
		}
		if !utf8.ValidString(cell) {
			faults = append(faults, roster.Detail{Field: c.name, Message: "must be valid UTF-8"})
			continue
		}
		value, wrong := c.form.parse(cell)
		if wrong != "" {
			faults = append(faults, roster.Detail{Field: c.name, Message: wrong})
			continue
		}
		set(doc, c.name, value)
	}
	if len(faults) > 0 {
		return nil, &roster.Error{
			Code: roster.Invalid, Field: faults[0].Field, Message: faults[0].Message, Details: faults,
		}
	}
	return json.Marshal(doc)
}

// set puts a value at a member's name, in an object of its own where the name is dotted.
func set(doc map[string]any, name string, value json.RawMessage) {
	outer, inner, nested := strings.Cut(name, ".")
	if !nested {
		doc[name] = value
		return
	}
	object, ok := doc[outer].(map[string]any)
	if !ok {
		object = map[string]any{}
		doc[outer] = object
	}
	set(object, inner, value)
}

// WriteCSV writes the users of an organization by number, with every column that [CSV] reads but for those that are
// computed, lines ending in a line feed. A cell that begins with = + - @, a tab or a carriage return gets a leading
// apostrophe, because spreadsheets would take it for a formula. Importing what was written makes the same users.
func WriteCSV(w io.Writer, v View) error {
	page, err := v.Users(roster.Query{})
	if err != nil {
		return fmt.Errorf("export CSV: %w", err)
	}
	return writeRows(w, slices.DeleteFunc(columns(), func(c column) bool { return c.computed }), page.Users)
}

func writeRows(w io.Writer, columns []column, users iter.Seq[*roster.User]) error {
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return fmt.Errorf("export CSV: %w", err)
	}
	for u := range users {
		for i, c := range columns {
			row[i] = Guard(c.cell(u))
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("export CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("export CSV: %w", err)
	}
	return nil
}

// Guard puts an apostrophe before what begins a formula, and before what it made earlier, so that unguard is its
// inverse.
func Guard(cell string) string {
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

func unguard(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && formula(rest) {
		return rest
	}
	return cell
}

// formula reports whether a spreadsheet would take a cell for a formula, were it not for apostrophes at its beginning.
func formula(cell string) bool {
	bare := strings.TrimLeft(cell, "'")
	return bare != "" && strings.ContainsRune("=+-@\t\r", rune(bare[0]))
}
