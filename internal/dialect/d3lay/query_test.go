package d3lay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func decoded(t *testing.T, rawQuery string) roster.Query {
	t.Helper()
	endpoint := listUsers()
	r := &dialect.Request{Endpoint: &endpoint}
	if err := r.Decode(rawQuery, nil); err != nil {
		t.Fatal(err)
	}
	q, err := query(r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// written reads back what is written of a user.
func written(t *testing.T, u *roster.User, metadata bool) User {
	t.Helper()
	return dialecttest.Read[User](t, appendUser(nil, u, metadata))
}

func TestFormsNameWhatTheyShow(t *testing.T) {
	t.Parallel()
	for _, metadata := range []bool{false, true} {
		dialecttest.ShowsNoMore(t, form(metadata), func(b []byte, u *roster.User) []byte {
			return appendUser(b, u, metadata)
		})
	}
}

func TestWhatIsWrittenIsTheWireStruct(t *testing.T) {
	t.Parallel()
	for u := range demo.New(1, 300).Users() {
		got := written(t, u, true)
		want := User{
			ID: u.ID.String(), Identifier: u.Identifier, Name: u.Name, Email: u.Email, UserType: u.UserType.String(),
			Status: shown(u.Status), CreatedAt: u.CreatedAt.Std().Format(time.RFC3339),
			UpdatedAt: u.UpdatedAt.Std().Format(time.RFC3339), CreatedBy: got.CreatedBy, UpdatedBy: got.UpdatedBy,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user %d (-want +got):\n%s", u.Number, diff)
		}
	}
}

func TestStatusesAreOrderedByWhatIsShown(t *testing.T) {
	t.Parallel()
	ranks := statusRanks()
	for a := range ranks {
		for b := range ranks {
			shownA, shownB := shown(roster.Status(a)), shown(roster.Status(b))
			if (ranks[a] < ranks[b]) != (shownA < shownB) || (ranks[a] == ranks[b]) != (shownA == shownB) {
				t.Errorf("ranks of %s and %s are %d and %d", shownA, shownB, ranks[a], ranks[b])
			}
		}
	}
}

func TestEveryStatusIsFoundUnderWhatIsShown(t *testing.T) {
	t.Parallel()
	for i := range roster.Statuses() {
		u := &roster.User{ID: roster.ID{9}, Status: roster.Status(i)}
		for _, name := range statuses() {
			want := written(t, u, false).Status == name
			if got := decoded(t, "status="+name).Match(u); got != want {
				t.Errorf("a user shown as %s matches status=%s: %t, want %t", shown(u.Status), name, got, want)
			}
		}
	}
}

func TestSearchLooksAtFourFields(t *testing.T) {
	t.Parallel()
	q := decoded(t, "search=benjamim")
	for name, u := range map[string]roster.User{
		"email":       {Email: "benjamin@example.com"},
		"name":        {Name: "Benjamin Zhang"},
		"description": {Description: "knows Benjamin"},
	} {
		if !q.Match(&u) {
			t.Errorf("a typing error keeps the search from the %s", name)
		}
	}
	for name, u := range map[string]roster.User{
		"identifier": {Identifier: "benjamin"},
		"first name": {FirstName: "Benjamin"},
		"phone":      {Phone: "benjamin"},
	} {
		if q.Match(&u) {
			t.Errorf("the search looks at the %s", name)
		}
	}
	id := roster.MustParseID("d4add56e-c345-4ac9-b392-7a890a60559a")
	if !decoded(t, "search=c345-4ac9").Match(&roster.User{ID: id}) {
		t.Error("the search does not look at the id")
	}
}

func TestUpToIncludesTheSecondThatIsShown(t *testing.T) {
	t.Parallel()
	for bound, want := range map[roster.Time]roster.Time{0: 999, 5000: 5999, 5001: 5001, 5999: 5999, -1000: -1, -1: -1} {
		if got := upTo(bound); got != want {
			t.Errorf("upTo(%d) = %d, want %d", bound, got, want)
		}
	}
}

func TestOrderWithoutSortBy(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]roster.Sort{
		"":                       {{Field: roster.FieldCreatedAt}},
		"sort_order=desc":        {{Field: roster.FieldCreatedAt, Desc: true}},
		"search=x":               nil,
		"search=x&sort_by=name":  {{Field: roster.FieldName}},
		"search=+&sort_by=":      {{Field: roster.FieldCreatedAt}},
		"sort_by=status":         {{Field: roster.FieldStatus, Ranks: statusRanks()}},
		"search=&sort_by=email":  {{Field: roster.FieldEmail}},
		"fuzzy_search=x&page=10": nil,
	} {
		if diff := cmp.Diff(want, decoded(t, raw).Sort); diff != "" {
			t.Errorf("%q (-want +got):\n%s", raw, diff)
		}
	}
}

func TestAuthorsAreShownOnlyWithTheMetadataPermission(t *testing.T) {
	t.Parallel()
	u := &roster.User{ID: roster.ID{9}, CreatedBy: roster.ID{1}, UpdatedBy: roster.ID{2}}
	if got := written(t, u, false); got.CreatedBy != "" || got.UpdatedBy != "" {
		t.Errorf("authors without the permission: %q, %q", got.CreatedBy, got.UpdatedBy)
	}
	if got := written(t, u, true); got.CreatedBy != u.CreatedBy.String() || got.UpdatedBy != u.UpdatedBy.String() {
		t.Errorf("authors with the permission: %q, %q", got.CreatedBy, got.UpdatedBy)
	}
	if got := written(t, &roster.User{ID: roster.ID{9}}, true); got.CreatedBy != "" || got.UpdatedBy != "" {
		t.Errorf("authors of a user who has none: %q, %q", got.CreatedBy, got.UpdatedBy)
	}
}
