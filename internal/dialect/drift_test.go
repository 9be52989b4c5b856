package dialect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/dialect"
)

type drifter struct {
	ID    string          `json:"id" format:"uuid" required:"yes" mark:"seed"`
	Count int             `json:"count" required:"yes" mark:"seen"`
	Mood  *string         `json:"mood" enum:"well,ill" required:"yes" mark:"ours"`
	At    string          `json:"at,omitempty" format:"date-time"`
	Tags  []string        `json:"tags,omitempty" enum:"a,b"`
	Sizes map[string]bool `json:"sizes,omitempty"`
	Any   any             `json:"any,omitempty"`
	Inner *struct {
		Name string `json:"name" required:"yes"`
	} `json:"inner,omitempty"`
}

const drifterID = "dfd54e1f-3bce-4322-a935-f98ba97a9201"

func TestDrifts(t *testing.T) {
	t.Parallel()
	whole := `{"id":"` + drifterID + `","count":1,"mood":null`
	for text, want := range map[string][]dialect.Drift{
		`[` + whole + `,"at":"2026-01-05T12:00:00.5+01:00","tags":["a"],"any":{},"inner":{"name":""}}]`: nil,
		`[` + whole + `,"at":"","sizes":{"x":true}}]`:                                                   nil,
		`[]`:   nil,
		`null`: {{"", "array of Drifter", "null", dialect.Seed}},
		`{}`:   {{"", "array of Drifter", "object", dialect.Seed}},
		`[1]`:  {{"[]", "Drifter", "number", dialect.Seed}},
		`[{"id":"` + drifterID + `"}]`: {
			{"[].count", "integer", "no such member", dialect.Seen},
			{"[].mood", "string or null", "no such member", dialect.Ours},
		},
		`[{"id":"x","count":1.5,"mood":"fine"},{"id":null,"count":"1","mood":"well"}]`: {
			{"[].id", "string (uuid)", "string of another form", dialect.Seed},
			{"[].count", "integer", "number", dialect.Seen},
			{"[].mood", "one of well, ill", `"fine"`, dialect.Ours},
			{"[].id", "string (uuid)", "null", dialect.Seed},
			{"[].count", "integer", "string", dialect.Seen},
		},
		`[` + whole + `,"at":"yesterday","tags":["c"],"sizes":{"x":1},"inner":{}}]`: {
			{"[].at", "string (date-time)", "string of another form", dialect.Seed},
			{"[].tags[]", "one of a, b", `"c"`, dialect.Seed},
			{"[].sizes.*", "boolean", "number", dialect.Seed},
			{"[].inner.name", "string", "no such member", dialect.Seed},
		},
		`[` + whole + `,"more":[]},` + whole + `,"more":[]}]`: {{"[].more", "no such member", "array", dialect.Seed}},
	} {
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, dialect.NewShape([]drifter{}, dialect.Seed).Drifts(value)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
