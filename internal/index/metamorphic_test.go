package index

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

// snapshot is a view and what it must answer for as long as it is kept.
type snapshot struct {
	view  *View
	users []*roster.User
}

// check compares the answer to a query with that of a scan.
func (s snapshot) check(t *testing.T, q roster.Query) {
	t.Helper()
	if err := q.Validate(); err != nil {
		t.Fatalf("the test made an invalid query %s: %v", describe(q), err)
	}
	want, total := q.Scan(slices.Values(s.users))
	page, err := s.view.Users(q)
	if err != nil {
		t.Fatalf("Users(%s): %v", describe(q), err)
	}
	if page.Total != total {
		t.Errorf("version %d: Users(%s).Total = %d, want %d", s.view.Version(), describe(q), page.Total, total)
	}
	var got []*roster.User
	for u := range page.Users {
		c := *u
		got = append(got, &c)
	}
	if !slices.Equal(numbers(want), numbers(got)) {
		t.Fatalf("version %d: Users(%s) are the numbers %d, want %d",
			s.view.Version(), describe(q), numbers(got), numbers(want))
	}
	if len(got) <= 200 || total%4 == 0 { // every fourth of the large ones, which take most of the time
		s.checkWritten(t, page, got)
	}
	for i := range min(20, len(got)) {
		if !reflect.DeepEqual(want[i], got[i]) {
			t.Fatalf("version %d: Users(%s) (-want +got):\n%s", s.view.Version(), describe(q), cmp.Diff(want[i], got[i]))
		}
	}
}

// checkWritten compares the texts of a page's users with what they are made of, and asks twice: the second time they may
// be there already.
func (s snapshot) checkWritten(t *testing.T, page roster.Page, users []*roster.User) {
	t.Helper()
	some := func(b []byte, u *roster.User) []byte {
		b = append(strconv.AppendInt(b, u.Number, 10), u.Name...)
		return strconv.AppendInt(append(b, u.Email...), u.Permissions, 16)
	}
	shows := roster.FieldsOf(roster.FieldNumber, roster.FieldName, roster.FieldEmail, roster.FieldPermissions)
	all := func(b []byte, u *roster.User) []byte {
		b, err := roster.AppendEntity(b, u)
		if err != nil {
			t.Error(err)
		}
		return b
	}
	for _, way := range []struct {
		write func([]byte, *roster.User) []byte
		forms []roster.Form
	}{
		{some, []roster.Form{{Name: "some", Shows: shows}, {Name: "some", Shows: shows}, {Shows: shows}}},
		{all, []roster.Form{{Name: "all"}, {}}},
	} {
		want := make([]string, len(users))
		for i, u := range users {
			want[i] = string(way.write(nil, u))
		}
		for _, form := range way.forms {
			var got []string
			for text := range page.Written(form, way.write) {
				got = append(got, string(text))
			}
			if !slices.Equal(want, got) {
				t.Fatalf("version %d: the texts of users %d in form %v are %q, want %q",
					s.view.Version(), numbers(users), form, got, want)
			}
		}
	}
}

// checkFacets compares counted values with those of a scan.
func (s snapshot) checkFacets(t *testing.T, q roster.Query, fields ...roster.Field) {
	t.Helper()
	want := q.ScanFacets(slices.Values(s.users), fields...)
	got, err := s.view.Facets(q, fields...)
	if err != nil {
		t.Fatalf("Facets(%s): %v", describe(q), err)
	}
	if !slices.Equal(want, got) {
		t.Fatalf("version %d: Facets(%s, %s) are %v, want %v", s.view.Version(), describe(q), fields, got, want)
	}
}

func describe(q roster.Query) string { return fmt.Sprintf("%+v", q) }

func numbers(users []*roster.User) []int64 {
	out := make([]int64, len(users))
	for i, u := range users {
		out[i] = u.Number
	}
	return out
}

// checkLookups compares every way to name a user with what the user is.
func (s snapshot) checkLookups(t *testing.T) {
	t.Helper()
	for i, want := range s.users {
		if i%10 != 0 {
			continue
		}
		refs := []roster.Ref{{ID: want.ID}, {Number: want.Number}, {Identifier: roster.Fold(want.Identifier)}}
		if want.Email != "" {
			refs = append(refs, roster.Ref{Email: want.Email})
		}
		for _, ref := range refs {
			got, err := s.view.User(ref)
			if err != nil {
				t.Fatalf("version %d: User(%s): %v", s.view.Version(), ref, err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("version %d: User(%s) (-want +got):\n%s", s.view.Version(), ref, cmp.Diff(want, got))
			}
		}
	}
}

// TestViewAnswersLikeAScan holds views to the specification: random data, changes and queries, and every older view
// answering as it did.
func TestViewAnswersLikeAScan(t *testing.T) {
	for _, tc := range []struct {
		name                   string
		options                options
		users, changes, checks int
		seeds                  uint64
	}{
		{"indexed from the start", options{scanBelow: 1, tail: 8}, 300, 30, 25, 2},
		{"grows from nothing", options{scanBelow: 20, tail: 8}, 0, 50, 12, 4},
		{"never indexed", options{scanBelow: 1 << 30, tail: 8}, 150, 10, 20, 2},
		{"several chunks and pages", options{scanBelow: 1, tail: 50}, 2500, 8, 15, 2},
		{"ranges in buckets of one", options{scanBelow: 1, tail: 8, limits: limits{0, 1, 200, 256}}, 300, 20, 20, 2},
		{"ranges in large buckets", options{scanBelow: 1, tail: 8, limits: limits{2, 60, 200, 256}}, 400, 20, 20, 1},
		{"few pairs and planes", options{scanBelow: 1, tail: 8, limits: limits{5, 10, 4, 5}}, 300, 20, 20, 1},
		{"ranges in several chunks", options{scanBelow: 1, tail: 50, limits: limits{0, 7, 200, 256}}, 2500, 6, 15, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for seed := range tc.seeds {
				w := newWorld(seed)
				for range tc.users {
					u := w.user(w.id())
					w.users[u.ID] = u
				}
				run(t, w, tc.options, tc.changes, tc.checks)
			}
		})
	}
}

func run(t *testing.T, w *world, o options, changes, checks int) {
	t.Helper()
	o.forms = NewForms(pick[int64](w, 1, 40<<10, 1<<30))
	kept := []snapshot{{w.view(o), w.reference()}}
	for i := range changes {
		last := kept[len(kept)-1]
		next, err := last.view.Apply(w.change(pick(w, 1, 1, 1, 5, 40)))
		if err != nil {
			t.Fatalf("Apply: %v", err)
		}
		if i%4 == 0 {
			checkInvariants(t, next)
		}
		kept = append(kept, snapshot{next, w.reference()})
		for range checks {
			kept[len(kept)-1].check(t, w.query())
			kept[len(kept)-1].checkFacets(t, w.query(), w.facets()...)
		}
		old, q := pick(w, kept...), w.query()
		old.check(t, q)
		old.checkFacets(t, q, w.facets()...)
	}
	for _, s := range kept {
		s.check(t, w.query())
		s.check(t, roster.Query{})
		s.checkFacets(t, roster.Query{}, w.facets()...)
	}
	kept[len(kept)-1].checkLookups(t)
	pick(w, kept...).checkLookups(t)
}
