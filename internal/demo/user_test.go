package demo_test

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// TestEveryOptionalMember: within the first 500 users each optional member is present in some and absent in others.
func TestEveryOptionalMember(t *testing.T) {
	required := []string{"id", "number", "identifier", "name", "kind", "status", "user_type", "apps_access", "takes_licence"}
	for seed, g := range few() {
		present := map[string]int{}
		for u := range g.Users() {
			for name := range members(t, u) {
				present[name]++
			}
		}
		for _, f := range roster.Fields() {
			want := "in some users"
			ok := present[f.Name] > 0 && present[f.Name] < 500
			switch {
			case slices.Contains(required, f.Name):
				want, ok = "in every user", present[f.Name] == 500
			case f.Name == "created_at" || f.Name == "updated_at": // set by every server
				want, ok = "in every user", present[f.Name] == 500
			case f.ReadOnly:
				want, ok = "in no user", present[f.Name] == 0
			}
			if !ok {
				t.Errorf("seed %d: %s is in %d of 500 users, want it %s", seed, f.Name, present[f.Name], want)
			}
		}
	}
}

// few returns generators of 500 users of a few seeds; their keys are made once.
var few = sync.OnceValue(func() []*demo.Generator {
	list := make([]*demo.Generator, 5)
	for seed := range list {
		list[seed] = demo.New(uint64(seed), 500)
	}
	return list
})

// members returns the members of u's document.
func members(t *testing.T, u *roster.User) map[string]json.RawMessage {
	t.Helper()
	doc, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEveryValue: each value of each enumeration and flag stands in some of the first 500 users.
func TestEveryValue(t *testing.T) {
	want := []string{
		"email_frequency 1", "email_frequency 2", "ui_version 1", "ui_version 2", "theme light", "theme dark", "theme auto",
		"avatar gravatar", "avatar initials", "avatar uploaded", "transfer pending", "transfer done",
		"role admin", "role support", "role read_only", "role team_lead", "role accountant", "role ",
	}
	for _, n := range []int{0, 1, 2, 4, 5, 6} {
		want = append(want, fmt.Sprint("apps_access ", n))
	}
	for _, names := range [][]string{roster.Kinds(), roster.Statuses(), roster.UserTypes()[1:]} {
		want = append(want, names...)
	}
	for seed, g := range few() {
		got := map[string]bool{}
		for u := range g.Users() {
			for _, v := range []string{
				u.Kind.String(), u.Status.String(), u.UserType.String(), "theme " + u.Theme, "avatar " + u.Avatar.Type,
				"transfer " + u.AccessTransfer.Status, "role " + u.Role, fmt.Sprint("ui_version ", u.UIVersion),
				fmt.Sprint("email_frequency ", u.EmailFrequency), fmt.Sprint("apps_access ", u.AppsAccess),
			} {
				got[v] = true
			}
		}
		for _, v := range want {
			if !got[v] {
				t.Errorf("seed %d: no user has %q", seed, v)
			}
		}
	}
}

func TestUniqueKeys(t *testing.T) {
	const users = 20_000
	type key struct{ kind, value string }
	seen := make(map[key]int64, 4*users)
	owners := 0
	for u := range demo.New(11, users).Users() {
		k := u.Keys()
		keys := []key{{"id", u.ID.String()}, {"identifier", k.Identifier}}
		if k.Email != "" {
			keys = append(keys, key{"email", k.Email})
		}
		for _, k := range keys {
			if other, ok := seen[k]; ok {
				t.Fatalf("users %d and %d share the %s %q", other, u.Number, k.kind, k.value)
			}
			seen[k] = u.Number
		}
		if u.Owner {
			owners++
		}
	}
	if owners != 1 {
		t.Errorf("got %d owners, want 1", owners)
	}
}

func TestUsersAreCanonical(t *testing.T) {
	domain := regexp.MustCompile(`^[a-z0-9._]+@([a-z]+\.)?example\.(com|org|net)$`) // RFC 2606
	handles := map[string]bool{"": true}
	g := demo.New(21, 6000)
	for _, r := range g.Roles() {
		handles[r.Handle] = true
	}
	for u := range g.Users() {
		if u.ID.IsZero() || u.ID[8]>>6 != 2 || !handles[u.Role] || u.UserType == 0 {
			t.Errorf("user %d: id %s, role %q, user type %q", u.Number, u.ID, u.Role, u.UserType)
		}
		for _, s := range []string{
			u.Name, u.FirstName, u.LastName, u.Identifier, u.Email, u.Phone, u.Description, u.Initials, u.EmailBlockedReason,
		} {
			if clean, err := roster.CleanText(s); err != nil || clean != s {
				t.Errorf("user %d: %q is not clean text: %q, %v", u.Number, s, clean, err)
			}
		}
		if u.Name == "" || u.Identifier == "" {
			t.Errorf("user %d: name %q, identifier %q", u.Number, u.Name, u.Identifier)
		}
		if u.Kind != roster.Person {
			if u.Email != "" || u.TakesLicence || u.FirstName != "" {
				t.Errorf("user %d, a %s: has what only a person has: %+v", u.Number, u.Kind, u)
			}
			continue
		}
		if a, err := mail.ParseAddress(u.Email); err != nil || a.Address != u.Email || !domain.MatchString(u.Email) {
			t.Errorf("user %d: e-mail %q: %v", u.Number, u.Email, err)
		}
		if local, _, _ := strings.Cut(u.Email, "@"); local != u.Identifier {
			t.Errorf("user %d: identifier %q, e-mail %q", u.Number, u.Identifier, u.Email)
		}
		if u.FirstName == "" || u.Initials == "" || u.Avatar.Type == "" || u.Language == "" || u.Timezone == "" {
			t.Errorf("user %d is incomplete: %+v", u.Number, u)
		}
	}
}

func TestStandings(t *testing.T) {
	zones := map[string]error{} // each is a file
	for u := range demo.New(4, 6000).Users() {
		switch {
		case u.Status == roster.Invited && (u.Activated || u.InvitedAt == 0 || u.LastLoginAt != 0):
			t.Errorf("invited user %d: activated %v, invited at %v, last login %v", u.Number, u.Activated, u.InvitedAt, u.LastLoginAt)
		case u.Status == roster.Deactivated && u.TakesLicence:
			t.Errorf("deactivated user %d takes a licence", u.Number)
		case u.TemporarilyInactive && u.Status != roster.Active:
			t.Errorf("user %d is temporarily inactive and %s", u.Number, u.Status)
		case (u.Kind == roster.APIClient) != (u.PublicKey != ""):
			t.Errorf("user %d, a %s, has the key %q", u.Number, u.Kind, u.PublicKey)
		case (u.Role == roster.RoleAdmin) != (u.UserType == roster.SaasAdmin):
			t.Errorf("user %d: role %q, user type %s", u.Number, u.Role, u.UserType)
		case (u.EmailBlockedAt != 0) != (u.EmailBlockedReason != ""):
			t.Errorf("user %d: e-mail blocked at %v because of %q", u.Number, u.EmailBlockedAt, u.EmailBlockedReason)
		}
		for _, ip := range u.WhitelistedIPs {
			_, errA := netip.ParseAddr(ip)
			_, errP := netip.ParsePrefix(ip)
			if errA != nil && errP != nil {
				t.Errorf("user %d: %q is neither an address nor a prefix", u.Number, ip)
			}
		}
		if _, known := zones[u.Timezone]; !known {
			_, zones[u.Timezone] = time.LoadLocation(u.Timezone)
		}
		if err := zones[u.Timezone]; err != nil {
			t.Errorf("user %d: %v", u.Number, err)
		}
	}
}

func TestTimesAreInOrder(t *testing.T) {
	founded := demo.Organization().CreatedAt
	for u := range demo.New(9, 6000).Users() {
		for _, f := range roster.Fields() {
			if v := f.Field.Value(u); f.Type == roster.TypeTime && v.IsSet() {
				if at := roster.Time(v.Int()); at < founded || at > demo.Epoch() {
					t.Errorf("user %d: %s %v is not between %v and %v", u.Number, f.Name, at, founded, demo.Epoch())
				}
			}
		}
		checkOrder(t, u, "created_at to updated_at", u.CreatedAt, u.UpdatedAt)
		checkOrder(t, u, "created_at to invited_at", u.CreatedAt, u.InvitedAt)
		checkOrder(t, u, "created_at to activity", u.CreatedAt,
			u.LastLoginAt, u.LastSessionAt, u.LastActionAt, u.LastRequestAt)
		checkOrder(t, u, "access_transfer to updated_at", u.AccessTransfer.CreatedAt, u.AccessTransfer.UpdatedAt)
		checkOrder(t, u, "last_session_at to notifications_checked_at", u.LastSessionAt, u.NotificationsCheckedAt)
		if u.MinutesOfActivity < 0 || u.MinutesOfActivity > int64(demo.Epoch()-u.CreatedAt)/60_000 {
			t.Errorf("user %d: %d minutes of activity since %v", u.Number, u.MinutesOfActivity, u.CreatedAt)
		}
	}
}

func checkOrder(t *testing.T, u *roster.User, what string, times ...roster.Time) {
	t.Helper()
	times = slices.DeleteFunc(times, func(at roster.Time) bool { return at == 0 })
	if !slices.IsSorted(times) {
		t.Errorf("user %d: %s: times out of order: %v", u.Number, what, times)
	}
}

func TestEpoch(t *testing.T) {
	if got, want := demo.Epoch().String(), "2026-11-01T00:00:00.000Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAuthorsExist: whoever is named as author is in the organization, however small it is.
func TestAuthorsExist(t *testing.T) {
	for _, users := range []int{1, 2, 8, 300} {
		known := map[roster.ID]bool{{}: true}
		var authors []roster.ID
		for u := range demo.New(1, users).Users() {
			known[u.ID] = true
			authors = append(authors, u.CreatedBy, u.UpdatedBy)
		}
		for _, id := range authors {
			if !known[id] {
				t.Errorf("of %d users: author %s does not exist", users, id)
			}
		}
	}
}

func TestScripts(t *testing.T) {
	scripts := map[string]*unicode.RangeTable{
		"Latin": unicode.Latin, "Cyrillic": unicode.Cyrillic, "Greek": unicode.Greek, "Arabic": unicode.Arabic,
		"Hebrew": unicode.Hebrew, "Han": unicode.Han, "Hiragana": unicode.Hiragana, "Katakana": unicode.Katakana,
		"Hangul": unicode.Hangul, "Devanagari": unicode.Devanagari, "Bengali": unicode.Bengali, "Tamil": unicode.Tamil,
		"Thai": unicode.Thai, "Georgian": unicode.Georgian, "Armenian": unicode.Armenian, "Ethiopic": unicode.Ethiopic,
	}
	got := map[string]int{}
	for u := range demo.New(1, 1500).Users() {
		for name, table := range scripts {
			if strings.IndexFunc(u.Name, func(r rune) bool { return unicode.Is(table, r) }) >= 0 {
				got[name]++
			}
		}
		if strings.ContainsAny(u.Name, "éüøłğőčñ") {
			got["accents"]++
		}
	}
	if got["accents"] < 50 {
		t.Errorf("%d names with accents, want at least 50", got["accents"])
	}
	for name := range scripts {
		if got[name] == 0 {
			t.Errorf("no name is written in %s", name)
		}
	}
}

func BenchmarkUsers(b *testing.B) {
	g := demo.New(1, 1<<40)
	g.SigningKey()
	b.ReportAllocs()
	n := 0
	start := time.Now()
	for range g.Users() {
		if !b.Loop() {
			break
		}
		n++
	}
	b.ReportMetric(float64(n)/time.Since(start).Seconds(), "users/s")
}
