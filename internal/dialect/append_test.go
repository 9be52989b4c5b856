package dialect_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func TestMembersTime(t *testing.T) {
	first := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	last := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).UnixMilli()
	rapid.Check(t, func(t *rapid.T) {
		at := roster.Time(rapid.Int64Range(first, last).Draw(t, "at"))
		want, err := json.Marshal(map[string]roster.Time{"at": at})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(dialect.NewMembers(nil).Time("at", at).Close()); got != string(want) {
			t.Errorf("Time(%d) = %s, want %s", at, got, want)
		}
	})
}

func TestMembers(t *testing.T) {
	id := roster.MustParseID("9de0691c-bc8d-409b-8f40-75d4f45db2f3")
	got := dialect.NewMembers([]byte("[")).
		Text("text", "a\"b").TextOrNull("some", "x").TextOrNull("no_text", "").
		Int("int", -7).IntOrNull("some_int", 7).IntOrNull("no_int", 0).
		Float("float", 1.5).Bool("bool", true).JSON("json", `{"a":[]}`).
		ID("id", id).ID("no_id", roster.ID{}).Time("no_time", 0).Close()
	want := `[{"text":"a\"b","some":"x","no_text":null,"int":-7,"some_int":7,"no_int":null,"float":1.5,"bool":true,` +
		`"json":{"a":[]},"id":"9de0691c-bc8d-409b-8f40-75d4f45db2f3","no_id":null,"no_time":null}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

// TestUsers writes lists on both sides of what the buffer holds, with and without a read model that keeps texts.
func TestUsers(t *testing.T) {
	add := func(b []byte, u *roster.User) []byte { return roster.AppendString(b, u.Name, false) }
	for _, n := range []int{0, 1, 2, 40} {
		users := slices.Repeat([]*roster.User{{Name: strings.Repeat("x", 2000)}}, n)
		names := make([]string, n)
		for i, u := range users {
			names[i] = u.Name
		}
		page := roster.Page{Users: slices.Values(users)}
		kept := page
		kept.Written = func(
			form roster.Form, write func([]byte, *roster.User) []byte,
		) iter.Seq[[]byte] {
			if form.Name != "a form" {
				t.Errorf("got the form %q", form.Name)
			}
			return func(yield func([]byte) bool) {
				for _, u := range users {
					if !yield(write(nil, u)) {
						return
					}
				}
			}
		}
		var want bytes.Buffer
		if err := dialect.List("[", slices.Values(names), "]")(&want); err != nil {
			t.Fatal(err)
		}
		for _, page := range []roster.Page{page, kept} {
			var got bytes.Buffer
			if err := dialect.Users("[", page, "]", roster.Form{Name: "a form"}, add)(&got); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Errorf("%d users: Users and List differ", n)
			}
		}
	}
}
