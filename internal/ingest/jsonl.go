package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// JSONL reads JSON Lines: one JSON object on each line, in the canonical form with a further member "type": role,
// group, space or user, which is the default. Blank lines are skipped, and so is a byte order mark at the beginning.
// Of a built-in role only the name is imported: every organization has its own, and that it exists is no conflict.
//
// A line that can't be imported yields a Record with Err, and the next line is read. Only an error of r ends the
// iteration early: it is yielded last, with a Record that says where. The input is read once.
func JSONL(r io.Reader, on roster.OnConflict) iter.Seq2[Record, error] {
	return Input{OnConflict: on}.JSONL(r)
}

// JSONL reads JSON Lines as [JSONL] does.
func (in Input) JSONL(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := newLineReader(r)
		for {
			line, long, err := lines.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Record{Line: lines.number}, fmt.Errorf("read line %d: %w", lines.number, err))
				return
			}
			skip := lines.number <= in.After || !long && len(bytes.TrimSpace(line)) == 0
			if !skip && !yield(in.line(lines.number, line, long), nil) {
				return
			}
		}
	}
}

// line returns the record of a line, of which there is only the beginning where it is too long.
func (in Input) line(number int, line []byte, long bool) Record {
	record := Record{Line: number, Size: len(line)}
	if in.KeepText {
		record.Text = string(line)
	}
	if long {
		record.Err = tooLong()
	} else {
		record.Import, record.Err = parseLine(line, in.OnConflict)
	}
	return record
}

// parseLine may overwrite the line.
func parseLine(line []byte, on roster.OnConflict) (roster.Import, error) {
	if !utf8.Valid(line) {
		return roster.Import{}, invalidUTF8()
	}
	t, doc, err := splitType(line)
	if err != nil {
		return roster.Import{}, err
	}
	if !slices.Contains(Types(), t) {
		return roster.Import{}, roster.FieldErrorf("type", "must be one of %s, not %.60q", names(Types()), string(t))
	}
	return command(t, doc, on)
}

// splitType takes the member type out of a record. Where it comes first, as in an export, it is overwritten with
// spaces, which is cheap and keeps the positions that syntax errors are reported at.
func splitType(line []byte) (roster.Type, []byte, error) {
	if !bytes.Contains(line, []byte(`"type"`)) {
		return roster.TypeUser, line, nil
	}
	if t, ok := blankType(line); ok {
		return t, line, nil
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(line, &members) // ParseEntity says what is wrong
	if members["type"] == nil {
		return roster.TypeUser, line, nil
	}
	if at := roster.RepeatedMember(line); at != "" { // while it can be seen
		return "", nil, roster.FieldErrorf(at, "is given twice")
	}
	var name *string
	if json.Unmarshal(members["type"], &name) != nil {
		return "", nil, roster.FieldErrorf("type", "must be a string")
	}
	delete(members, "type")
	doc, err := json.Marshal(members)
	if name == nil {
		return roster.TypeUser, doc, err
	}
	return roster.Type(*name), doc, err
}

func blankType(line []byte) (roster.Type, bool) {
	const prefix = `{"type":"`
	if !bytes.HasPrefix(line, []byte(prefix)) {
		return "", false
	}
	rest := line[len(prefix):]
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 || end+1 == len(rest) {
		return "", false
	}
	t := roster.Type(rest[:end])
	switch rest[end+1] {
	case ',':
		end++
		if next := bytes.TrimLeft(rest[end+1:], " \t\r"); len(next) == 0 || next[0] != '"' {
			return "", false // a comma at the end is an error that must not be lost
		}
	case '}':
	default:
		return "", false
	}
	for i := 1; i < len(prefix)+end+1; i++ {
		line[i] = ' '
	}
	return t, true
}

func namePatch(r *roster.Role) []byte {
	patch := map[string]string{"handle": r.Handle}
	if r.Name != "" {
		patch["name"] = r.Name
	}
	doc, err := json.Marshal(patch)
	if err != nil {
		panic(fmt.Errorf("encode two texts: %w", err))
	}
	return doc
}
