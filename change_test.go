package roster

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpsAsJSON(t *testing.T) {
	t.Parallel()
	group := &Group{ID: testID(1), Number: 1, Name: "Staff"}
	renamed := &Group{ID: testID(1), Number: 1, Name: "Crew"}
	const (
		id  = `"id":"01000000-0000-0000-0000-000000000001"`
		was = `{` + id + `,"number":1,"name":"Staff"}`
		is  = `{` + id + `,"number":1,"name":"Crew"}`
	)
	for want, op := range map[string]Op{
		`{"op":"create","type":"group",` + id + `,"after":` + was + `}`:                     {After: group},
		`{"op":"update","type":"group",` + id + `,"before":` + was + `,"after":` + is + `}`: {Before: group, After: renamed},
		`{"op":"delete","type":"group",` + id + `,"before":` + was + `}`:                    {Before: group},
	} {
		doc, err := json.Marshal(op)
		if err != nil || string(doc) != want {
			t.Errorf("%s is written as %s, %v; want %s", op.Verb(), doc, err, want)
		}
		var got Op
		if err := json.Unmarshal(doc, &got); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
		if diff := cmp.Diff(op, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", doc, diff)
		}
	}
	for _, doc := range []string{`{"type":"chair","after":{}}`, `{"type":"group","before":[]}`, `[]`} {
		if err := json.Unmarshal([]byte(doc), new(Op)); err == nil {
			t.Errorf("%s is read, want an error", doc)
		}
	}
}

func TestEveryRecordRoundTrips(t *testing.T) {
	t.Parallel()
	for _, e := range []Entity{
		&Organization{
			ID: testID(1), Number: 1, Slug: "a", Name: "A", Contracts: map[string]Contract{"x": Live},
			Limits: map[string]Limit{"x": {Rate: 0.5, Burst: 2}}, Next: Numbers{User: 3},
		},
		&Group{ID: testID(1), Number: 1, Name: "Staff", Permissions: 3, CreatedAt: monday},
		&Space{ID: testID(1), Number: 1, Title: "Board", SortOrder: 1.5, Parent: testID(2)},
		&Role{ID: testID(1), Number: 4, Handle: "boss", Name: "Boss", CountsAs: RoleAdmin},
		&User{ID: testID(1), Number: 1, Kind: Virtual, Status: Risky, UserType: SaasAdmin, WorkTime: `{"a":1}`},
		&Token{ID: testID(1), Kind: TokenSource, Permissions: Permissions{UsersRead}, Hash: "h"},
		&Invitation{ID: testID(1), User: testID(2), ExpiresAt: monday, Hash: "h"},
	} {
		doc, err := EncodeEntity(e)
		if err != nil {
			t.Errorf("%s: %v", e.Key(), err)
		}
		got, err := DecodeEntity(e.Key().Type, doc)
		if err != nil {
			t.Errorf("%s: %v", doc, err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", doc, diff)
		}
	}
	if _, err := DecodeEntity("chair", []byte(`{}`)); err == nil {
		t.Error("a record of an unknown type is read, want an error")
	}
	if _, err := EncodeEntity(&User{WorkTime: "{"}); err == nil {
		t.Error("a record with broken settings is written, want an error")
	}
}
