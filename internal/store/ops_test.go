package store_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func ids() (org, user roster.ID) {
	return roster.MustParseID("0198c0de-0000-7000-8000-000000000001"),
		roster.MustParseID("0198c0de-0000-7000-8000-000000000002")
}

func TestEncodeIsWhatOpMarshals(t *testing.T) {
	org, id := ids()
	before := &roster.User{ID: id, Number: 1, Identifier: "a", Name: `<Ada> "L" & ü`, CreatedAt: 1}
	after := &roster.User{ID: id, Number: 1, Identifier: "b", PersonalSettings: `{"a":[1,{"b":null}]}`}
	ops := []roster.Op{
		{After: &roster.Organization{ID: org, Number: 1, Slug: "acme"}},
		{After: before},
		{Before: before, After: after},
		{Before: after},
	}
	for n := range len(ops) + 1 {
		want, err := json.Marshal(ops[:n:n])
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.Encode(ops[:n:n])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got.Ops)); diff != "" {
			t.Errorf("%d ops (-want +got):\n%s", n, diff)
		}
	}
}

func TestEncodeLeavesTheVersionOut(t *testing.T) {
	org, _ := ids()
	o := &roster.Organization{ID: org, Number: 1, Slug: "acme", Version: 7}
	enc, err := store.Encode([]roster.Op{{After: o}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := roster.DecodeEntity(roster.TypeOrganization, enc.After[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := e.(*roster.Organization).Version; got != 0 || o.Version != 7 {
		t.Errorf("encoded version %d of an organization at %d, want 0 of 7", got, o.Version)
	}
}

func TestCheck(t *testing.T) {
	org, id := ids()
	o := &roster.Organization{ID: org}
	u := &roster.User{ID: id}
	for name, test := range map[string]struct {
		version roster.Version
		ops     []roster.Op
		want    roster.Code
	}{
		"creation":                {0, []roster.Op{{After: u}, {After: o}}, ""},
		"a later change":          {1, []roster.Op{{After: u}}, ""},
		"no organization":         {0, []roster.Op{{After: u}}, roster.NotFound},
		"created again":           {1, []roster.Op{{After: o}}, roster.Conflict},
		"another organization":    {1, []roster.Op{{After: &roster.Organization{ID: id}}}, roster.Internal},
		"twice":                   {1, []roster.Op{{After: u}, {Before: u}}, roster.Internal},
		"no record":               {1, []roster.Op{{}}, roster.Internal},
		"no id":                   {1, []roster.Op{{After: &roster.User{}}}, roster.Internal},
		"another record":          {1, []roster.Op{{Before: u, After: &roster.User{ID: org}}}, roster.Internal},
		"another type of records": {1, []roster.Op{{Before: u, After: &roster.Group{ID: id}}}, roster.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			if got := roster.CodeOf(store.Check(org, test.version, test.ops)); got != test.want {
				t.Errorf("got code %q, want %q", got, test.want)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	benchmarkOps(b, func(ops []roster.Op, _ []byte) error { _, err := store.Encode(ops); return err })
}

func BenchmarkDecodeOps(b *testing.B) {
	benchmarkOps(b, func(_ []roster.Op, doc []byte) error { _, err := roster.DecodeOps(doc); return err })
}

// benchmarkOps runs on 100 updates of users; ns/op is for all of them.
func benchmarkOps(b *testing.B, run func([]roster.Op, []byte) error) {
	b.Helper()
	_, id := ids()
	ops := make([]roster.Op, 100)
	for i := range ops {
		u := roster.User{
			ID: id, Number: int64(i + 1), Identifier: "ada", Email: "ada@example.com", Name: "Ada Moreno", FirstName: "Ada",
			LastName: "Moreno", UserType: roster.SaasUser, Role: "support", AppsAccess: 1, CreatedAt: 1704161045000,
			UpdatedAt: 1704161045000, CreatedBy: id, UpdatedBy: id,
		}
		renamed := u
		renamed.Name = "Ada M."
		ops[i] = roster.Op{Before: &u, After: &renamed}
	}
	enc, err := store.Encode(ops)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := run(ops, enc.Ops); err != nil {
			b.Fatal(err)
		}
	}
}
