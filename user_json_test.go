package roster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// oddTexts are what a JSON writer gets wrong first.
func oddTexts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "plain", `"`, `\`, "<a>&amp;", "\x00\x01\b\f\n\r\t\x1f\x7f", "\u2028\u2029", "é日本\U0001F600", "\xff", "a\xc3",
		"\xed\xa0\x80", "\ufffd", "\u00ff<", strings.Repeat("x", 300),
	}))
}

// drawing makes up users: any that there can be, or only those in the form in which they are kept.
type drawing struct {
	*rapid.T
	kept bool
}

func (d drawing) object() Object {
	docs := []Object{"", "{}", `{"a":[1,-2.5e+3,0.1E-7,true,false,null,"\u003c\"é",{}],"b":{"c":[]}}`}
	if !d.kept {
		docs = append(docs, `{ "a" : 1 }`, `{"a":"<>&"}`, "{\"a\":\"\u2028\"}", `[1]`, `null`, "{\"a\":\"\xff\"}", `{`)
	}
	return rapid.SampledFrom(docs).Draw(d.T, "object")
}

func (d drawing) integer() int64 {
	if d.kept {
		return rapid.Int64Range(-MaxNumber, MaxNumber).Draw(d.T, "integer")
	}
	return rapid.Int64().Draw(d.T, "integer")
}

func (d drawing) time() Time {
	if d.kept {
		return Time(rapid.Int64Range(-62167219200000, 253402300799999).Draw(d.T, "time"))
	}
	return Time(rapid.Int64Range(-1e15, 1e15).Draw(d.T, "time"))
}

func (d drawing) enum(names []string) uint8 {
	n := len(names) - 1
	if !d.kept {
		n += 2
	}
	return uint8(rapid.IntRange(0, n).Draw(d.T, "enumeration"))
}

// fill fills the members of a struct, most of the time.
func (d drawing) fill(s reflect.Value) {
	for _, member := range s.Fields() {
		if rapid.IntRange(0, 2).Draw(d.T, "absent") > 0 {
			d.value(member)
		}
	}
}

func (d drawing) value(f reflect.Value) {
	switch p := f.Addr().Interface().(type) {
	case *string:
		*p = oddTexts().Draw(d.T, "text")
	case *int64:
		*p = d.integer()
	case *bool:
		*p = true
	case *Time:
		*p = d.time()
	case *ID:
		copy(p[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(d.T, "id"))
	case *Object:
		*p = d.object()
	case *Kind:
		*p = Kind(d.enum(kindNames))
	case *Status:
		*p = Status(d.enum(statusNames))
	case *UserType:
		*p = UserType(d.enum(userTypeNames))
	case *[]int64, *[]string, *[]SpaceAccess:
		n := rapid.IntRange(0, 5).Draw(d.T, "elements")
		f.Set(reflect.MakeSlice(f.Type(), n, n))
		for i := range n {
			d.value(f.Index(i))
		}
	default:
		d.fill(f)
	}
}

func (d drawing) user() *User {
	u := &User{}
	d.fill(reflect.ValueOf(u).Elem())
	return u
}

func TestUsersAreWrittenAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := drawing{t, false}.user()
		want, wantErr := json.Marshal(u)
		got, err := EncodeEntity(u)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("got\n%s, %v, want\n%s, %v", got, err, want, wantErr)
		}
	})
}

// Users in the form in which they are kept never need encoding/json.
func TestUsersInFormAreWrittenAndReadInOnePass(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := writer{}
		if userMembers.write(&w, drawing{t, true}.user()); w.odd {
			t.Fatalf("%s is not written", w.b)
		}
		if !newReader(w.b).readUser(new(User)) {
			t.Fatalf("%s is not read", w.b)
		}
	})
}

// What is read without reflection is what encoding/json and the parser of input make of the same text.
func checkReading(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, doc []byte,
) {
	t.Helper()
	fast, want := new(User), new(User)
	if newReader(doc).readUser(fast) {
		if err := json.Unmarshal(doc, want); err != nil {
			t.Fatalf("%s is read, but: %v", doc, err)
		}
		if diff := cmp.Diff(want, fast); diff != "" {
			t.Fatalf("%s (-encoding/json +got):\n%s", doc, diff)
		}
	}
	parsed, ok := readInput(doc)
	if !ok {
		return
	}
	slow, err := parseEntity(TypeUser, doc)
	if err != nil {
		t.Fatalf("%s is read as input, but: %v", doc, err)
	}
	if diff := cmp.Diff(slow, Entity(parsed)); diff != "" {
		t.Fatalf("%s (-parser +got):\n%s", doc, diff)
	}
}

func TestUsersAreReadAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc, err := json.Marshal(drawing{t, rapid.Bool().Draw(t, "kept")}.user())
		if err != nil {
			return
		}
		checkReading(t, doc)
		spaced := bytes.ReplaceAll(bytes.ReplaceAll(doc, []byte(":"), []byte(" : ")), []byte(",\""), []byte(",\n\t\""))
		checkReading(t, spaced)
	})
}

// Where input is not what a reader expects, the record comes out by way of the parser all the same.
func TestReadersLeaveTheUnexpected(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]bool{
		`{}`: true, ` { "name" : "A" } `: true, `{"number":12}`: true, `{"groups":[]}`: true, `{"groups":[ 1 , 2 ]}`: true,
		`{"name":"\u0041\"\\"}`: true, "{\"name\":\"\xff\"}": true, `{"last_name":"B","first_name":"A"}`: true,
		`{"created_at":"2026-01-05T01:00:00+01:00"}`: true, `{"id":""}`: true, `{"work_time":{"a":{}}}`: true,
		``: false, `{`: false, `{}x`: false, `{"name":"A","name":"B"}`: false, `{"Name":"A"}`: false, `{"n\u0061me":"A"}`: false,
		`{"name":null}`: false, `{"number":01}`: false, `{"number":1.0}`: false, `{"number":1e3}`: false, `{"number":-}`: false,
		`{"number":1000000000000000000}`: false, `{"nick":"A"}`: false, `{"owner":tru}`: false, `{"owner":1}`: false,
		`{"groups":[1,]}`: false, `{"groups":[,1]}`: false, `{"groups":[1`: false, `{"groups":1}`: false, `{"name":"A",}`: false,
		"{\"name\":\"\n\"}": false, `{"name":"\x"}`: false, `{"name":"A`: false, `{"name":"A\`: false, `{"name" "A"}`: false,
		`{"kind":"robot"}`: false, `{"kind":1}`: false, `{"id":"7"}`: false, `{"id":7}`: false, `{"work_time":[]}`: false,
		`{"work_time":{ }}`: false, `{"work_time":{"a":"<"}}`: false, `{"work_time":{"a":1,}}`: false, `{"created_at":1}`: false,
		`{"created_at":"2026-02-30T00:00:00.000Z"}`: false, `{"spaces":[null]}`: false, `{"slack":{"settings":null}}`: false,
		`{"work_time":` + strings.Repeat(`{"a":`, 200) + `1` + strings.Repeat(`}`, 201): false,
	} {
		if got := newReader([]byte(doc)).readUser(new(User)); got != want {
			t.Errorf("%s is read without encoding/json: %t, want %t", doc, got, want)
		}
		checkReading(t, []byte(doc))
	}
}

func TestUsersAreCleanedAsOtherRecordsAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := drawing{t, rapid.Bool().Draw(t, "kept")}.user()
		if rapid.Bool().Draw(t, "large") {
			u.Slack.Settings = Object(strings.Repeat("x", MaxObject+1))
		}
		want, wanted, got := clone(u).(*User), validator{}, validator{}
		want.Permissions = u.Permissions
		wanted.texts("", reflect.ValueOf(want).Elem())
		cleanMembers(&got, "", userMembers, u)
		if diff := cmp.Diff(wanted.faults, got.faults); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, u, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("user (-want +got):\n%s", diff)
		}
	})
}

func TestObjectsInForm(t *testing.T) {
	t.Parallel()
	check := func(value string) string {
		in := `{"a":` + value + `}`
		var o Object
		kept := json.Unmarshal([]byte(in), &o) == nil && string(o) == in
		if got := skipObject(in, 0) == len(in); got != kept {
			return fmt.Sprintf("%s is in form: %t, want %t", in, got, kept)
		}
		return ""
	}
	for _, value := range []string{
		``, `0`, `-0`, `01`, `-`, `1.`, `1.5`, `.5`, `1e`, `1e5`, `1E+05`, `1e-`, `+1`, `nul`, `null`, `true`, `truE`, `false`,
		`""`, `"`, `"\`, `"\"`, `"\\"`, `"\""`, `"\/\b\f\n\r\t"`, `"\u00e9"`, `"\uD83d\uDE00"`, `"\u00g0"`, `"\u00`, `"\x"`,
		"\"\t\"", `"é"`, `"<"`, `">"`, `"&"`, "\"\u2027\"", "\"\u2028\"", "\"\u2029\"", "\"\xe2\x80\"", "\"\xff\"", "\"\x7f\"",
		`[]`, `[1]`, `[1,2]`, `[1,]`, `[,1]`, `[1`, `[1}`, `[ ]`, `{}`, `{"b":1}`, `{"b":1,}`, `{"b"}`, `{b:1}`, `{1:1}`, `{"b":1]`, `1 `,
	} {
		if fault := check(value); fault != "" {
			t.Error(fault)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if fault := check(rapid.StringOfN(rapid.RuneFrom([]rune(`{}[]:,"\ 01-.etru`)), 0, 8, -1).Draw(t, "value")); fault != "" {
			t.Error(fault)
		}
	})
}

func (d drawing) op() Op {
	record := func() Entity {
		return rapid.SampledFrom([]Entity{
			d.user(), &Group{ID: testID(1), Name: "<&>"}, &Organization{ID: testID(1), Next: Numbers{User: 3}},
		}).Draw(d.T, "record")
	}
	op := Op{Before: record(), After: record()}
	switch after := op.After.(type) {
	case *User:
		op.Before = &User{ID: after.ID, Name: "was"}
	default:
		op.Before = after
	}
	switch rapid.IntRange(0, 2).Draw(d.T, "verb") {
	case 0:
		op.Before = nil
	case 1:
		op.After = nil
	}
	return op
}

func TestOpsAreReadAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ops := make([]Op, rapid.IntRange(0, 4).Draw(t, "ops"))
		for i := range ops {
			ops[i] = drawing{t, true}.op()
		}
		doc, err := json.Marshal(ops)
		if err != nil {
			t.Fatal(err)
		}
		if len(ops) > 0 && !newReader(doc).readOps(new([]Op)) {
			t.Fatalf("%s is not read in one pass", doc)
		}
		if at := rapid.IntRange(0, 2*len(doc)).Draw(t, "spoilt at"); at < len(doc) {
			doc = slices.Replace(doc, at, at+1, rapid.SliceOfN(rapid.SampledFrom([]byte(`{}[]",: x`)), 0, 2).Draw(t, "by")...)
		}
		var want []Op
		wantErr := json.Unmarshal(doc, &want)
		got, err := DecodeOps(doc)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: %v, want %v", doc, err, wantErr)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err == nil && diff != "" {
			t.Fatalf("%s (-encoding/json +got):\n%s", doc, diff)
		}
	})
}

func TestCanonicalTimes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Time(rapid.Int64Range(-62167219200000, 253402300799999).Draw(t, "time")).String()
		if i := rapid.IntRange(0, 60).Draw(t, "spoilt at"); i < len(s) {
			s = s[:i] + rapid.StringN(0, 2, 3).Draw(t, "by") + s[i+1:]
		}
		got, ok := parseCanonicalTime([]byte(s))
		want, err := ParseTime(s)
		if ok && (err != nil || got != want) || !ok && err == nil && len(s) == len(canonicalTime) && s[23] == 'Z' {
			t.Fatalf("%s is %d, %t; want %d, %v", s, got, ok, want, err)
		}
	})
}

func FuzzDecodeUser(f *testing.F) {
	seeds(f)
	for _, s := range []string{
		`{"name":"\u0041<>&\\"}`, `{"groups":[1,2],"groups":[]}`, "{\"name\":\"\xff\"}", `{"work_time":{"a":"\u003c"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { checkReading(t, doc) })
}

func BenchmarkEncodeUser(b *testing.B) {
	benchmarkUser(b, func(u *User, _ []byte) error { _, err := EncodeEntity(u); return err })
}

func BenchmarkDecodeUser(b *testing.B) {
	benchmarkUser(b, func(_ *User, doc []byte) error { _, err := DecodeEntity(TypeUser, doc); return err })
}

func BenchmarkParseUser(b *testing.B) {
	benchmarkUser(b, func(_ *User, doc []byte) error { _, err := ParseEntity(TypeUser, doc); return err })
}

func BenchmarkValidateUser(b *testing.B) {
	benchmarkUser(b, func(u *User, _ []byte) error { return Validate(u) })
}

func BenchmarkDecideImport(b *testing.B) {
	state := newMemState()
	state.records[Key{TypeOrganization, testID(1)}] = &Organization{ID: testID(1), Number: 1, Slug: "acme"}
	env := Env{Org: testID(1), By: Operator(), Now: monday, NewID: func() (ID, error) { return testID(9), nil }}
	benchmarkUser(b, func(u *User, _ []byte) error {
		_, err := Decide(state, env, Import{Record: u})
		return err
	})
}

func benchmarkUser(b *testing.B, run func(*User, []byte) error) {
	b.Helper()
	u := &User{
		ID: testID(5), Number: 5, Identifier: "ada", Email: "ada@example.com", Name: "Ada Moreno", FirstName: "Ada",
		LastName: "Moreno", Phone: "+49 30 1", UserType: SaasAdmin, AppsAccess: 1, TakesLicence: true,
		Language: "en", Timezone: "Europe/Berlin", Activated: true,
		LastLoginAt: monday, CreatedAt: monday, UpdatedAt: monday, CreatedBy: testID(1), UpdatedBy: testID(1),
	}
	doc, err := EncodeEntity(u)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := run(u, doc); err != nil {
			b.Fatal(err)
		}
	}
}
