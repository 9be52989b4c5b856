package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/ingest"
)

// format is how output is shown. It is the value of the flag --output.
type format struct {
	// form is table, json, jsonl or csv.
	form string
	// fields are the members to show; none means all, or those that a table has room for.
	fields []string
}

func (f *format) String() string { return f.form }

func (f *format) Type() string { return "table|json|jsonl|csv" }

func (f *format) Set(s string) error {
	switch s {
	case "table", "json", "jsonl", "csv":
		f.form = s
		return nil
	}
	return errors.New("must be table, json, jsonl or csv")
}

// outputFlag adds the flag --output, -o to a command.
func outputFlag(cmd *cobra.Command) *format {
	f := format{form: "table"}
	cmd.Flags().VarP(&f, "output", "o", "form of the output")
	env(cmd.Flags(), "output")
	return &f
}

// shownFlags adds the flags of a command that only shows something: --output and --fields.
func shownFlags(cmd *cobra.Command) *format {
	f := outputFlag(cmd)
	cmd.Flags().StringSliceVar(&f.fields, "fields", nil,
		"members to show, with commas between, of those that -o json shows; parts of a member after a dot")
	return f
}

// row is a record as it is shown: the document of json and jsonl, and the cells of table and csv.
type row struct {
	doc   any
	cells []string
}

// list writes rows under columns as they come. Only the table holds them back, to align them.
func (f format) list(w io.Writer, columns []string, rows iter.Seq[row]) error {
	out := bufio.NewWriter(w)
	var err, failed error
	if len(f.fields) > 0 {
		columns, rows = f.fields, f.chosen(rows, &failed)
	}
	switch f.form {
	case "json":
		err = listJSON(out, rows)
	case "jsonl":
		err = listJSONL(out, rows)
	case "csv":
		err = listCSV(out, columns, rows)
	default:
		err = listTable(out, columns, rows)
	}
	return errors.Join(failed, err, out.Flush())
}

// chosen yields rows with the members that were asked for. It ends with the first error.
func (f format) chosen(rows iter.Seq[row], failed *error) iter.Seq[row] {
	return func(yield func(row) bool) {
		for r := range rows {
			if r, *failed = f.choose(r); *failed != nil || !yield(r) {
				return
			}
		}
	}
}

// choose leaves of a row the members that were asked for.
func (f format) choose(r row) (row, error) {
	whole, err := marshal(r.doc, "", "")
	if err != nil {
		return row{}, err
	}
	c := chosen{}
	if c.doc, err = native.Choose(reflect.TypeOf(r.doc), whole, f.fields); err != nil {
		return row{}, roster.FieldErrorf("--fields", "%s", roster.AsError(err).Message)
	}
	if err := json.Unmarshal(c.doc, &c.members); err != nil {
		return row{}, err
	}
	return c.row(f, f.fields), nil
}

func listJSON(w io.Writer, rows iter.Seq[row]) error {
	separator := "[\n  "
	for r := range rows {
		doc, err := marshal(r.doc, "  ", "  ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", separator, doc); err != nil {
			return err
		}
		separator = ",\n  "
	}
	end := "\n]\n"
	if separator[0] == '[' {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// marshal returns a document as JSON, indented as by [json.MarshalIndent]. Texts have < > & as they are: nobody puts
// this into HTML.
func marshal(doc any, prefix, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, indent)
	err := enc.Encode(doc)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func listJSONL(w io.Writer, rows iter.Seq[row]) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for r := range rows {
		if err := enc.Encode(r.doc); err != nil {
			return err
		}
	}
	return nil
}

func listCSV(w io.Writer, columns []string, rows iter.Seq[row]) error {
	out := csv.NewWriter(w)
	err := out.Write(columns)
	for r := range rows {
		for i := range r.cells {
			r.cells[i] = ingest.Guard(r.cells[i])
		}
		err = errors.Join(err, out.Write(r.cells))
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

func listTable(w io.Writer, columns []string, rows iter.Seq[row]) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(out, strings.ToUpper(strings.Join(columns, "\t")))
	for r := range rows {
		_, failed := fmt.Fprintln(out, strings.Join(r.cells, "\t"))
		err = errors.Join(err, failed)
	}
	return errors.Join(err, out.Flush())
}

// one writes a single record. In a table each member has a line of its own.
func (f format) one(w io.Writer, columns []string, r row) error {
	if len(f.fields) > 0 {
		chosen, err := f.choose(r)
		if err != nil {
			return err
		}
		columns, r, f.fields = f.fields, chosen, nil
	}
	switch f.form {
	case "json":
		doc, err := marshal(r.doc, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", doc)
		return err
	case "table":
		return memberTable(w, r.doc)
	default:
		return f.list(w, columns, func(yield func(row) bool) { yield(r) })
	}
}

func memberTable(w io.Writer, record any) error {
	doc, err := marshal(record, "", "")
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	dec := json.NewDecoder(bytes.NewReader(doc))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%v\t%s\n", name, plain(value))
	}
	return out.Flush()
}

// plain returns a text without its quotes, on one line, and any other JSON as it is.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\\n")
}

// dash stands for what is not there, in a cell of a table.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func dashes(f format, cells ...string) []string {
	if f.form == "table" {
		for i := range cells {
			cells[i] = dash(cells[i])
		}
	}
	return cells
}
