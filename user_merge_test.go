package roster

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// stored returns a user as it comes out of a store that it was put into.
func stored(t *rapid.T, u *User) *User {
	doc, err := EncodeEntity(u)
	if err != nil {
		t.Fatal(err)
	}
	e, err := DecodeEntity(TypeUser, doc)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*User)
}

// patch draws a merge patch out of the members of a user, of which some are taken away, in part or in full.
func (d drawing) patch() []byte {
	doc, err := EncodeEntity(d.user())
	if err != nil {
		d.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(doc, &members); err != nil {
		d.Fatal(err)
	}
	for i := range userMembers {
		name := userMembers[i].name()
		switch rapid.IntRange(0, 5).Draw(d.T, name) {
		case 0:
			members[name] = nil
		case 1, 2, 3:
			delete(members, name)
		case 4:
			if object, ok := members[name].(map[string]any); ok {
				for i, inner := range slices.Sorted(maps.Keys(object)) {
					if i%2 == 0 {
						object[inner] = nil
					}
				}
				object["new"] = nil
			}
		}
	}
	if rapid.IntRange(0, 9).Draw(d.T, "odd") == 0 {
		odd := []any{nil, 1, 1.5, "", "x", true, []any{}, []any{nil}, []any{1}, map[string]any{}, map[string]any{"id": nil}}
		name := rapid.SampledFrom([]string{"name", "number", "groups", "spaces", "slack", "work_time", "kind", "no such"})
		members[name.Draw(d.T, "name")] = rapid.SampledFrom(odd).Draw(d.T, "value")
	}
	if doc, err = json.Marshal(members); err != nil {
		d.Fatal(err)
	}
	return doc
}

// TestUsersAreMergedAsOtherRecordsAre holds what merges members to what merges documents.
func TestUsersAreMergedAsOtherRecordsAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawing{t, true}
		u, patch := stored(t, d.user()), d.patch()
		was := clone(u)
		want, err := mergePatch(u, patch)
		got, ok := mergeUser(u, patch)
		if diff := cmp.Diff(was, Entity(u), cmpopts.IgnoreFields(User{}, "Permissions")); diff != "" {
			t.Fatalf("%s changes the user that it is merged with:\n%s", patch, diff)
		}
		if !ok {
			return
		}
		if err != nil {
			t.Fatalf("%s is merged, want %v", patch, err)
		}
		if diff := cmp.Diff(want, Entity(got), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", patch, diff)
		}
	})
}

func TestUsualPatchesNeedNoDocuments(t *testing.T) {
	t.Parallel()
	e, err := ParseEntity(TypeUser, []byte(fullUser))
	if err != nil {
		t.Fatal(err)
	}
	for _, patch := range []string{
		fullUser, `{}`, ` { "name" : "Ada" , "phone" : null } `, `{"slack":{"id":null,"settings":{"a":{"b":null}}}}`,
		`{"takes_licence":null,"kind":null}`, `{"groups":[1]}`, `{"work_time":{"from":9}}`, `{"email":"\u00e9@example.com"}`,
	} {
		if _, ok := mergeUser(e.(*User), []byte(patch)); !ok {
			t.Errorf("%s was not merged in one pass", patch)
		}
	}
}

func FuzzMergeUser(f *testing.F) {
	e, err := ParseEntity(TypeUser, []byte(fullUser))
	if err != nil {
		f.Fatal(err)
	}
	for _, patch := range []string{
		fullUser, `{}`, ` { "name" : "Ada" , "phone":null } `, `{"slack":{"id":null,"settings":{"a":{"b":null}}}}`,
		`{"takes_licence":null,"kind":null}`, `{"takes_licence":true,"apps_access":null}`, `{"name":"a","name":"b"}`,
		`{"access_transfer":{"status":"done","status":null}}`, `{"work_time":{"a":1,"a":2}}`, `{"spaces":[{"role":null}]}`,
		`{"id":null,"created_at":""}`, `{"groups":[1,null]}`, `{"avatar":null} x`, `{"email":"\ud800"}`, `{"number":1.0}`,
	} {
		f.Add([]byte(patch))
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		got, ok := mergeUser(e.(*User), patch)
		if !ok {
			return
		}
		want, err := mergePatch(e, patch)
		if err != nil {
			t.Fatalf("%q is merged, want %v", patch, err)
		}
		if diff := cmp.Diff(want, Entity(got), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", patch, diff)
		}
	})
}

// TestUsersAreComparedAsOtherRecordsAre holds what compares members to what compares documents.
func TestUsersAreComparedAsOtherRecordsAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawing{t, true}
		a := stored(t, d.user())
		b := clone(a).(*User)
		s := reflect.ValueOf(b).Elem()
		d.value(s.Field(rapid.IntRange(0, s.NumField()-1).Draw(t, "field")))
		b = stored(t, b)
		want := sameRecord(a, b)
		if got := sameButStamps(a, b); got != want {
			t.Fatalf("got %t, want %t of\n%+v\n%+v", got, want, a, b)
		}
	})
}

func TestSettingsInAnotherOrderAreTheSame(t *testing.T) {
	t.Parallel()
	a := &User{WorkTime: `{"a":1,"b":{"c":[2],"d":3}}`, Slack: Slack{Settings: `{"x":1,"y":2}`}}
	b := &User{WorkTime: `{"b":{"d":3,"c":[2]},"a":1}`, Slack: Slack{Settings: `{"y":2,"x":1}`}}
	if !sameButStamps(a, b) {
		t.Error("the order of members of settings makes another user")
	}
	b.WorkTime = `{"b":{"d":3,"c":[4]},"a":1}`
	if sameButStamps(a, b) {
		t.Error("other settings are the same")
	}
}

func BenchmarkDecidePatch(b *testing.B) {
	state := newMemState()
	state.records[Key{TypeOrganization, testID(1)}] = &Organization{ID: testID(1), Number: 1, Slug: "acme"}
	env := Env{Org: testID(1), By: Operator(), Now: monday, NewID: func() (ID, error) { return testID(9), nil }}
	benchmarkUser(b, func(u *User, _ []byte) error {
		state.records[u.Key()] = u
		_, err := Decide(state, env, Update{Type: TypeUser, Ref: Ref{ID: u.ID}, Patch: []byte(`{"language":"fr"}`)})
		return err
	})
}
