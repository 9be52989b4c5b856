package roster

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func selectedUser() *User {
	return &User{
		ID: ID{1}, Number: 7, Identifier: "ada", Name: `A "<da>"`, Email: "ada@example.com", Kind: Virtual,
		Groups: []int64{1, 2}, Spaces: []SpaceAccess{{1, "reader"}, {2, "writer"}},
		AccessTransfer: AccessTransfer{Status: "pending"}, Avatar: Avatar{Type: "initials", InitialsURL: "https://x"},
		Slack: Slack{ID: 5, Settings: `{"a":[1]}`}, Source: Source{"sap", "9"}, CreatedBy: ID{2},
		EmailSettings: `{"b":{"c":null}}`,
	}
}

// A selection has what the whole document has of its members, in the same order.
func TestSelectionIsPartOfTheDocument(t *testing.T) {
	t.Parallel()
	var names []string
	for _, info := range Fields() {
		names = append(names, info.Name)
		for _, part := range info.Field.parts() {
			names = append(names, info.Name+"."+part)
		}
	}
	u := selectedUser()
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOfN(rapid.SampledFrom(names), 0, 8).Draw(t, "names")
		user := u
		if rapid.Bool().Draw(t, "empty") {
			user = &User{}
		}
		s, err := Select(chosen, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := string(s.Append([]byte("before"), user))
		if want := "before" + onlyOf(t, user, chosen); got != want {
			t.Fatalf("%v of %+v:\n%s, want\n%s", chosen, user, got, want)
		}
	})
}

// onlyOf returns a user's document without all that is not named, as encoding/json sees it.
func onlyOf(t *rapid.T, u *User, names []string) string {
	doc, err := EncodeEntity(u)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for name, value := range membersOf(t, doc) {
		switch {
		case slices.Contains(names, name):
			out = append(out, fmt.Sprintf("%q:%s", name, value))
		case slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, name+".") }):
			out = append(out, fmt.Sprintf("%q:%s", name, partsOf(t, name, value, names)))
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

func partsOf(t *rapid.T, name string, value json.RawMessage, names []string) string {
	if value[0] != '[' {
		return object(t, name, value, names)
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(value, &elements); err != nil {
		t.Fatal(err)
	}
	list := make([]string, len(elements))
	for i, element := range elements {
		list[i] = object(t, name, element, names)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func object(t *rapid.T, name string, value json.RawMessage, names []string) string {
	var out []string
	for part, v := range membersOf(t, value) {
		if slices.Contains(names, name+"."+part) {
			out = append(out, fmt.Sprintf("%q:%s", part, v))
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

// membersOf yields the members of an object in their order.
func membersOf(t *rapid.T, doc []byte) func(func(string, json.RawMessage) bool) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(doc, &values); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	names := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return strings.Index(string(doc), `"`+a+`":`) - strings.Index(string(doc), `"`+b+`":`)
	})
	return func(yield func(string, json.RawMessage) bool) {
		for _, name := range names {
			if !yield(name, values[name]) {
				return
			}
		}
	}
}

// Every member of a structure can be chosen.
func TestSelectionKnowsTheMembersOfStructures(t *testing.T) {
	t.Parallel()
	for _, info := range Fields() {
		typ := reflect.TypeFor[User]().Field(int(info.Field)).Type
		if typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		var want []string
		if typ.Kind() == reflect.Struct {
			for f := range typ.Fields() {
				name, _ := memberOf(f)
				want = append(want, name)
			}
		}
		if diff := cmp.Diff(want, info.Field.parts()); diff != "" {
			t.Errorf("members of %s (-want +got):\n%s", info.Name, diff)
		}
	}
}

func TestSelectRefusesWhatIsNoMember(t *testing.T) {
	t.Parallel()
	public := func(f Field) bool { return f.Info().Needs == "" }
	for _, tc := range []struct {
		name, meant, allowed, not string
		visible                   func(Field) bool
	}{
		{name: "emial", meant: "email", allowed: "email", not: "slack.id"},
		{name: "avatar.tpye", meant: "avatar.type", allowed: "avatar.initials_url", not: "email"},
		{name: "name.first"},
		{name: "email_settings.a"},
		{name: "avatar."},
		{name: ""},
		{name: "created_by", visible: public, allowed: "created_at", not: "created_by"},
		{name: "created_byy", visible: public, allowed: "created_at", not: "updated_by"},
		{name: "created_by.id", visible: public, allowed: "created_at", not: "created_by"},
	} {
		_, err := Select([]string{"id", tc.name}, tc.visible)
		if CodeOf(err) != Invalid {
			t.Fatalf("%q: error %v, want %s", tc.name, err, Invalid)
		}
		d := AsError(err).Details[0]
		if d.Code != Unknown || d.DidYouMean != tc.meant && tc.meant != "" ||
			tc.allowed != "" && !slices.Contains(d.Allowed, tc.allowed) || tc.not != "" && slices.Contains(d.Allowed, tc.not) {
			t.Errorf("%q: %+v, want %s meaning %s, among %s and without %s", tc.name, d, Unknown, tc.meant, tc.allowed, tc.not)
		}
	}
}
