package dialecttest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
)

// ShowsNoMore fails where what is written of a user in a form depends on a field that the form does not name, be it
// only where the user has no value in some other field. It looks at users of each kind.
func ShowsNoMore(t *testing.T, form roster.Form, write func([]byte, *roster.User) []byte) {
	t.Helper()
	const ofEach = 10
	hidden := func(f roster.Field) bool { return !form.Shows.Has(f) }
	seen := map[roster.Kind]int{}
	for u := range demo.New(1, 1000).Users() {
		if seen[u.Kind]++; seen[u.Kind] > ofEach {
			continue
		}
		for _, info := range roster.Fields() {
			if !form.Shows.Has(info.Field) {
				continue
			}
			whole := without(t, u, func(f roster.Field) bool { return f == info.Field })
			if diff := cmp.Diff(string(write(nil, whole)), string(write(nil, without(t, whole, hidden)))); diff != "" {
				t.Fatalf("user %d without %s in the form %s (-all fields +those that it shows):\n%s",
					u.Number, info.Name, form.Name, diff)
			}
		}
	}
	if len(seen) != len(roster.Kinds()) {
		t.Fatalf("got users of %d kinds only", len(seen))
	}
}

// without returns a copy of u without a value in some fields.
func without(t *testing.T, u *roster.User, lacks func(roster.Field) bool) *roster.User {
	t.Helper()
	doc, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		t.Fatal(err)
	}
	for _, info := range roster.Fields() {
		if lacks(info.Field) {
			delete(members, info.Name)
		}
	}
	if doc, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	var left roster.User
	if err := json.Unmarshal(doc, &left); err != nil {
		t.Fatal(err)
	}
	return &left
}

// Read reads what an encoder has written into a wire struct, and fails where the struct, written by encoding/json, is
// not the same text: the struct is what the OpenAPI document and clients are made from.
func Read[T any](t *testing.T, written []byte) T {
	t.Helper()
	var wire T
	decoder := json.NewDecoder(strings.NewReader(string(written)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		t.Fatalf("%v in %s", err, written)
	}
	want, err := dialect.Encode(wire)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(written)); diff != "" {
		t.Fatalf("what is written is not the struct (-struct +written):\n%s", diff)
	}
	return wire
}
