package roster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRepeatedMember(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	all := strings.Join(many, ",")
	for doc, want := range map[string]string{
		``: "", `null`: "", `[]`: "", `{}`: "", `}{`: "", `]`: "", `{"a`: "", `{"a":1,"a"`: "", `"a\`: "",
		`{"a":1,"b":{"a":1}}`: "", `{"a":"b","b":"a"}`: "", `{"a":["a","a"]}`: "", `{"a":{"b":1},"c":{"b":2}}`: "",
		`{"a":1,"a":2}`: "a", `{"a":1,"\u0061":2}`: "a", `{"é":1,"\u00e9":2}`: "é", `{"\"":1,"\"":2}`: `"`,
		`[{"a":1},{"b":[{"c":1,"d":{},"c":2}]}]`: "[1].b[0].c", `{"a":{"b":1},"b":{},"a":3}`: "a",
		`{` + all + `}`: "", `{` + all + `,"m7":1}`: "m7", `{"a":{` + all + `},"a":1}`: "a",
		strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100):                           "",
		strings.Repeat(`[`, 100) + `{"a":1,"a":2}` + strings.Repeat(`]`, 100):                   strings.Repeat("[0]", 100) + ".a",
		"{\"a\xff\":1,\"a\xfe\":2}":                                                             "a\ufffd",
		"{ \"a\" :\t1 ,\n\"b\" : \"{\\\"a\\\":1,\\\"a\\\":2}\" , \"c\" : \"\\\\\", \"b\" : 1 }": "b",
	} {
		if got := RepeatedMember([]byte(doc)); got != want {
			t.Errorf("%.80s: got %q, want %q", doc, got, want)
		}
	}
}

// TestRepeatedMemberAtAGlance holds what is seen at a glance to what a decoder finds.
func TestRepeatedMemberAtAGlance(t *testing.T) {
	t.Parallel()
	parts := []string{`{`, `}`, `[`, `]`, `,`, `:`, `"a"`, `"b"`, `"\u0061"`, `"é"`, `""`, `"a\"`, `1`, `null`, ` `}
	rapid.Check(t, func(t *rapid.T) {
		var doc string
		if rapid.Bool().Draw(t, "valid") {
			doc = anyJSONText(t, 3)
		} else {
			doc = strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 20).Draw(t, "parts"), "")
		}
		want := ""
		if json.Valid([]byte(doc)) {
			want = repeatedMember(json.NewDecoder(bytes.NewReader([]byte(doc))), "")
		}
		if got := RepeatedMember([]byte(doc)); got != want {
			t.Errorf("%s: got %q, want %q", doc, got, want)
		}
	})
}

// anyJSONText draws a JSON value whose objects may have members twice.
func anyJSONText(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	if depth == 0 || kind == 0 {
		return rapid.SampledFrom([]string{`1`, `null`, `"a"`, `"\\"`, `"é\""`, `true`}).Draw(t, "value")
	}
	var parts []string
	for range rapid.IntRange(0, 4).Draw(t, "parts") {
		part := anyJSONText(t, depth-1)
		if kind > 1 {
			part = rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"\u0061"`, `"é"`}).Draw(t, "name") + ":" + part
		}
		parts = append(parts, part)
	}
	if kind == 1 {
		return "[" + strings.Join(parts, ",") + "]"
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func BenchmarkRepeatedMember(b *testing.B) {
	doc, err := EncodeEntity(&User{
		Email: "ada@example.com", Name: "Ada Moreno", FirstName: "Ada", Role: "support", Groups: []int64{1, 2},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		RepeatedMember(doc)
	}
}
