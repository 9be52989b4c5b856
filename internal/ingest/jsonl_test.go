package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

// outline says of each record where it is and what it imports, or why it can't be imported.
func outline(t *testing.T, records iter.Seq2[ingest.Record, error]) []string {
	t.Helper()
	var lines []string
	for r, err := range records {
		switch {
		case err != nil:
			lines = append(lines, fmt.Sprintf("end: %v", err))
		case r.Err != nil:
			lines = append(lines, fmt.Sprintf("%d: %s: %v", r.Line, roster.CodeOf(r.Err), r.Err))
		default:
			lines = append(lines, fmt.Sprintf("%d: %s %+v", r.Line, r.Import.Record.Key().Type, r.Import.Record.Keys()))
		}
	}
	return lines
}

func TestJSONL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"byte order mark and blank lines", "\uFEFF\n  \r\n{\"number\":1}\r\n\n", []string{"3: user {Number:1 Email: Identifier: Owner:false}"}},
		{"no end of line", `{"email":"A@x.org"}`, []string{"1: user {Number:0 Email:a@x.org Identifier: Owner:false}"}},
		{"types", `{"type":"group","number":2}
{"number":3,"type":"space"}
{"type":null,"number":4}
{ "type" : "user" , "number" : 5 , "avatar" : { "type" : "gravatar" } }
{"type":"role","handle":"buyer"}
{"avatar":{"type":"initials"},"number":6}
{"type":"user"}`, []string{
			"1: group {Number:2 Email: Identifier: Owner:false}",
			"2: space {Number:3 Email: Identifier: Owner:false}",
			"3: user {Number:4 Email: Identifier: Owner:false}",
			"4: user {Number:5 Email: Identifier: Owner:false}",
			"5: role {Number:0 Email: Identifier:buyer Owner:false}",
			"6: user {Number:6 Email: Identifier: Owner:false}",
			"7: user {Number:0 Email: Identifier: Owner:false}",
		}},
		{"built-in role without what is its own", `{"type":"role","handle":"admin","number":9,"name":"Boss"}`, []string{
			"1: role {Number:0 Email: Identifier:admin Owner:false}",
		}},
		{"rejected lines", `{"number":"x"}
[1]
{"type":"token"}
{"type":7}
{"type":"user","nick":"x","spaces":[{"number":1,"role":2}]}
{"type":"user","type":"group"}
{"type":"user",}
{"number":1,"type":"group","number":2}
{"type":"user","slack":{"settings":{"a":1,"a":2}}}
{"number":1} {"number":2}
` + "{\"name\":\"\xff\"}" + `
{"number":7}`, []string{
			`1: invalid: number: must be an integer`,
			`2: invalid: must be a JSON object`,
			`3: invalid: type: must be one of role, group, space, user, not "token"`,
			`4: invalid: type: must be a string`,
			`5: invalid: nick: is not a known member; known are `,
			`6: invalid: type: is not a known member; known are `,
			`7: invalid: is not valid JSON: invalid character '}' looking for beginning of object key string at byte 16`,
			`8: invalid: number: is given twice`,
			`9: invalid: slack.settings.a: is given twice`,
			`10: invalid: is not valid JSON: invalid character '{' after top-level value at byte 14`,
			`11: invalid: must be valid UTF-8`,
			`12: user {Number:7 Email: Identifier: Owner:false}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := outline(t, ingest.JSONL(strings.NewReader(tt.in), roster.OnConflictFail))
			for i := range got {
				if begin, _, ok := strings.Cut(got[i], "known are "); ok {
					got[i] = begin + "known are "
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("records of %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestJSONLNamesEveryMemberAtFault(t *testing.T) {
	t.Parallel()
	in := `{"number":"x","spaces":[{"number":1,"role":2}]}`
	for r := range ingest.JSONL(strings.NewReader(in), "") {
		want := []roster.Detail{
			{Field: "number", Message: "must be an integer"},
			{Field: "spaces[0].role", Message: "must be a string"},
		}
		if diff := cmp.Diff(want, roster.AsError(r.Err).Details); diff != "" {
			t.Errorf("details (-want +got):\n%s", diff)
		}
	}
}

func TestJSONLLongLines(t *testing.T) {
	t.Parallel()
	line := func(size int) string {
		const begin, end = `{"number":1,"description":"`, `"}`
		return begin + strings.Repeat("x", size-len(begin)-len(end)) + end
	}
	in := line(ingest.MaxRecord) + "\n" + line(ingest.MaxRecord+1) + "\n" + line(3*ingest.MaxRecord) + "\r\n{\"number\":2}\n" +
		line(ingest.MaxRecord+1)
	want := []string{
		"1: user {Number:1 Email: Identifier: Owner:false}",
		"2: too_large: is longer than 1048576 bytes",
		"3: too_large: is longer than 1048576 bytes",
		"4: user {Number:2 Email: Identifier: Owner:false}",
		"5: too_large: is longer than 1048576 bytes",
	}
	got := outline(t, ingest.JSONL(iotest.HalfReader(strings.NewReader(in)), ""))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestJSONLBrokenInput(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	in := io.MultiReader(strings.NewReader("{\"number\":1}\n{\"num"), iotest.ErrReader(broken))
	want := []string{"1: user {Number:1 Email: Identifier: Owner:false}", "end: read line 2: the disk is gone"}
	if diff := cmp.Diff(want, outline(t, ingest.JSONL(in, ""))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	want = []string{"end: read line 1: the disk is gone"}
	if diff := cmp.Diff(want, outline(t, ingest.JSONL(iotest.ErrReader(broken), ""))); diff != "" {
		t.Errorf("records of a reader that fails at once (-want +got):\n%s", diff)
	}
}

func TestPatchIsWhatTheLineSays(t *testing.T) {
	t.Parallel()
	in := []byte("{\"type\":\"user\",\"number\":1,\"phone\":null}\n{\"type\":\"user\",\"number\":2}\n")
	var patches []string
	for r := range ingest.JSONL(bytes.NewReader(in), roster.OnConflictUpdate) {
		patches = append(patches, strings.ReplaceAll(string(r.Import.Patch), " ", ""))
	}
	want := []string{`{"number":1,"phone":null}`, `{"number":2}`}
	if diff := cmp.Diff(want, patches); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
}
