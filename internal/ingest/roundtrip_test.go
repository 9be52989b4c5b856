package ingest_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

// fill draws a value for every member of a struct that input can set. Much of it breaks no rule; the rest is rejected
// when it is imported.
func fill(t *rapid.T, s reflect.Value) {
	for i := range s.NumField() {
		f, tag := s.Field(i), s.Type().Field(i).Tag
		if tag.Get("input") != "" || rapid.IntRange(0, 2).Draw(t, "absent") == 0 {
			continue
		}
		switch p := f.Addr().Interface().(type) {
		case *roster.ID:
			copy(p[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		case *roster.Time:
			*p = roster.Time(rapid.Int64Range(-1e12, 1e13).Draw(t, "time"))
		case *roster.Object:
			doc := rapid.SampledFrom([]string{`{}`, `{"a": [1,";"],"b":"'=<é>"}`}).Draw(t, "object")
			if err := p.UnmarshalJSON([]byte(doc)); err != nil {
				t.Fatal(err)
			}
		case *roster.Kind:
			*p = roster.Kind(rapid.IntRange(0, 2).Draw(t, "kind"))
		case *roster.Status:
			*p = roster.Status(rapid.IntRange(0, 6).Draw(t, "status"))
		case *roster.UserType:
			*p = roster.UserType(rapid.IntRange(0, 3).Draw(t, "user type"))
		case *int64:
			*p = rapid.SampledFrom([]int64{0, 1, 2, 6, roster.MaxNumber}).Draw(t, "integer")
		case *bool:
			*p = rapid.Bool().Draw(t, "flag")
		case *string:
			*p = texts().Draw(t, "text")
		case *[]string:
			*p = rapid.SliceOfN(texts(), 1, 3).Draw(t, "texts")
		default:
			if f.Kind() == reflect.Struct {
				fill(t, f)
			}
		}
	}
}

func texts() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"a", "=1+1", "'=1", "''@x", "+49", "-", "x;y", "[z", "\"q\"", "a,b", "O'Neill", "ça\u00a0va", "日本", "<&>", "'",
	})
}

// person draws a user. What the rules check by form is drawn to keep to them most of the time.
func person(t *rapid.T) *roster.User {
	u := &roster.User{}
	fill(t, reflect.ValueOf(u).Elem())
	u.ID, u.Number, u.Owner = roster.ID{}, 0, false
	u.Email = rapid.StringMatching(`[a-z]{4}[+'-][a-z]{3}@x\.org`).Draw(t, "email")
	u.Identifier = rapid.StringMatching(`[=@'+a-z]{0,2}[a-z]{6}`).Draw(t, "identifier")
	u.Name = "=" + u.Email
	u.Role = rapid.SampledFrom([]string{"", "admin", "buyer"}).Draw(t, "role")
	u.Theme, u.Language, u.Timezone = "dark", "pt-BR", "-x/y"
	u.UIVersion, u.EmailFrequency, u.DefaultSpace = 1, 2, 5
	u.Groups = rapid.SampledFrom([][]int64{nil, {4}, {4, 9}}).Draw(t, "groups")
	u.Spaces = rapid.SampledFrom([][]roster.SpaceAccess{
		nil, {{Number: 5, Role: "reader"}}, {{Number: 5, Role: "manager"}, {Number: 6, Role: "writer"}},
	}).Draw(t, "spaces")
	u.WhitelistedIPs = rapid.SampledFrom([][]string{nil, {"192.0.2.1"}, {"192.0.2.0/24", "::1"}}).Draw(t, "ips")
	u.PublicKey = rapid.SampledFrom([]string{"", publicKey, strings.ReplaceAll(publicKey, "\n", "\r\n")}).Draw(t, "key")
	if u.Avatar.Type != "" {
		u.Avatar.Type = "uploaded"
	}
	if u.AccessTransfer.Status != "" {
		u.AccessTransfer.Status = "done"
	}
	return u
}

// An export that is imported into an empty organization gives the same export.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	made := 0
	rapid.Check(t, func(rt *rapid.T) {
		o := newOrg(t)
		for _, e := range frame() {
			o.do(t, roster.Create{Record: e})
		}
		o.do(t, roster.Update{Type: roster.TypeRole, Ref: roster.Ref{Number: 2}, Patch: []byte(`{"name":"Helpers"}`)})
		for range rapid.IntRange(0, 8).Draw(rt, "users") {
			ops, err := roster.Decide(o.state, o.env, roster.Import{Record: person(rt)})
			if err == nil {
				made++
			}
			o.state.Add(ops...)
		}
		again := newOrg(t)
		jsonl := checkExport(rt, o, again, ingest.WriteJSONL, ingest.JSONL)

		third := newOrg(t)
		users := strings.Index(jsonl, `{"type":"user"`)
		if users < 0 {
			users = len(jsonl)
		}
		load(rt, third, ingest.JSONL(strings.NewReader(jsonl[:users]), "")) // what users refer to
		checkExport(rt, o, third, ingest.WriteCSV, ingest.CSV)
		if diff := cmp.Diff(export(rt, o, ingest.WriteJSONL), export(rt, third, ingest.WriteJSONL)); diff != "" {
			rt.Fatalf("JSON Lines after CSV (-want +got):\n%s", diff)
		}
	})
	if made < 100 {
		t.Errorf("the drawn users break too many rules: only %d were made", made)
	}
}

// frame is everything that the drawn users refer to.
func frame() []roster.Entity {
	return []roster.Entity{
		&roster.Role{Handle: "buyer", Name: "Buyer", CountsAs: "support"},
		&roster.Group{Number: 9, Name: "=9", Permissions: 3}, &roster.Group{Number: 4, Name: "Vier"},
		&roster.Space{Number: 6, Title: "Six", Archived: true, SortOrder: 0.25},
		&roster.Space{Number: 5, Title: "Fünf", Parent: roster.ID{1: 5}, Access: "by_invite"},
	}
}

func checkExport(
	t *rapid.T, from, to *org, write func(io.Writer, ingest.View) error,
	read func(io.Reader, roster.OnConflict) iter.Seq2[ingest.Record, error],
) string {
	first := export(t, from, write)
	load(t, to, read(strings.NewReader(first), roster.OnConflictFail))
	if diff := cmp.Diff(first, export(t, to, write)); diff != "" {
		t.Fatalf("second export (-first +second):\n%s", diff)
	}
	before := to.changes
	load(t, to, read(strings.NewReader(first), roster.OnConflictUpdate))
	if to.changes != before {
		t.Fatalf("importing the same again changed something:\n%s", cmp.Diff(first, export(t, to, write)))
	}
	return first
}

func export(t *rapid.T, o *org, write func(io.Writer, ingest.View) error) string {
	var b bytes.Buffer
	if err := write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func load(t *rapid.T, o *org, records iter.Seq2[ingest.Record, error]) {
	im := ingest.Importer{Apply: o.apply, BatchRecords: 3, Rejected: func(line int, err error) {
		t.Fatalf("line %d is rejected: %v", line, err)
	}}
	if _, err := im.Run(context.Background(), records); err != nil {
		t.Fatal(err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestExportReportsAFullDisk(t *testing.T) {
	t.Parallel()
	for _, write := range []func(io.Writer, ingest.View) error{ingest.WriteJSONL, ingest.WriteCSV} {
		if err := write(fullDisk{}, newOrg(t)); err == nil {
			t.Error("no error from an export that could not be written")
		}
	}
}
