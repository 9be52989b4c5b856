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
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster/internal/ingest"
)

// format is a form of output: a value of the flag --output.
type format string

func (f *format) String() string { return string(*f) }

func (f *format) Type() string { return "table|json|jsonl|csv" }

func (f *format) Set(s string) error {
	switch s {
	case "table", "json", "jsonl", "csv":
		*f = format(s)
		return nil
	}
	return errors.New("must be table, json, jsonl or csv")
}

// outputFlag adds the flag --output, -o to a command.
func outputFlag(cmd *cobra.Command) *format {
	f := format("table")
	cmd.Flags().VarP(&f, "output", "o", "form of the output")
	env(cmd.Flags(), "output")
	return &f
}

// row is a record as it is shown: the document of json and jsonl, and the cells of table and csv.
type row struct {
	doc   any
	cells []string
}

// list writes rows under columns as they come. Only the table holds them back, to align them.
func (f format) list(w io.Writer, columns []string, rows iter.Seq[row]) error {
	out := bufio.NewWriter(w)
	var err error
	switch f {
	case "json":
		err = listJSON(out, rows)
	case "jsonl":
		err = listJSONL(out, rows)
	case "csv":
		err = listCSV(out, columns, rows)
	default:
		err = listTable(out, columns, rows)
	}
	return errors.Join(err, out.Flush())
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
	switch f {
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
	if f == "table" {
		for i := range cells {
			cells[i] = dash(cells[i])
		}
	}
	return cells
}
