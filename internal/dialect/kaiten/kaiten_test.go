package kaiten

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestGolden(t *testing.T) { dialecttest.Run(t, New()) }

// TestWhoIsListed names the users of the fixture that each filter leaves, where the golden cases only count them.
func TestWhoIsListed(t *testing.T) {
	w := dialecttest.NewWorld(t, roster.Documented, New())
	handler := w.Handler(t, New())
	everyone := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22}
	without := func(numbers ...int64) []int64 {
		return slices.DeleteFunc(slices.Clone(everyone), func(n int64) bool { return slices.Contains(numbers, n) })
	}
	const members = "for_members_section=true&"
	for query, want := range map[string][]int64{
		"":                                                everyone,
		"only_paid=true":                                  {1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 19, 21},
		"invitesOnly=true":                                {12},
		"owner_only=true":                                 {1},
		"only_virtual=true":                               {14},
		"invitesOnly=1&only_virtual=1":                    {},
		members:                                           without(8),
		members + "only_virtual=true":                     {14},
		members + "query=example.org":                     {10, 16},
		members + "query=ANGSTROM":                        {19},
		members + "query=angela":                          {},
		members + "query=night%20shift":                   {14},
		members + "query=shift%20night":                   {},
		members + "limit=3&offset=6":                      {7, 9, 10},
		members + "limit=1000":                            without(8),
		members + "offset=20":                             {22},
		members + "group_ids=3":                           {11, 19},
		members + "group_ids=3,1":                         {1, 2, 11, 19},
		members + "permissions=1":                         {1, 2, 19},
		members + "permissions=48":                        {1, 14, 19},
		members + "permissions=1024,524288":               {17, 19},
		members + "take_licence=yes":                      {1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 19, 21},
		members + "take_licence=no":                       {6, 14, 15, 16, 17, 18, 20, 22},
		members + "take_licence=any":                      without(8),
		members + "sd_access_type=any":                    without(8),
		members + "sd_access_type=has_access":             {1, 17, 19, 20},
		members + "sd_access_type=has_no_access":          without(1, 8, 17, 19, 20),
		members + "access_type_permissions=member":        without(8, 16, 17, 18, 20),
		members + "access_type_permissions=guest":         {16, 20},
		members + "access_type_permissions=denied":        {17, 18},
		members + "temporarily_inactive_status=all_users": without(8),
		members + "temporarily_inactive_status=only_temporarily_inactive_users":     {18},
		members + "temporarily_inactive_status=only_active_users":                   without(8, 18),
		members + "access_type_permissions=guest&sd_access_type=has_access&query=j": {20},
	} {
		if diff := cmp.Diff(want, listed(t, handler, w.Secrets["members"], query)); diff != "" {
			t.Errorf("?%s (-want +got):\n%s", query, diff)
		}
	}
}

// listed returns the numbers of the users that a request lists.
func listed(t *testing.T, h http.Handler, secret, query string) []int64 {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/latest/company/users?"+query, nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	if recorder.Code != http.StatusOK {
		t.Fatalf("?%s: status %d: %s", query, recorder.Code, recorder.Body)
	}
	var users []User
	if err := json.Unmarshal(recorder.Body.Bytes(), &users); err != nil {
		t.Fatalf("?%s: %v", query, err)
	}
	numbers := []int64{}
	for _, u := range users {
		numbers = append(numbers, u.ID)
	}
	return numbers
}

func decoded(t *testing.T, rawQuery string) *dialect.Request {
	t.Helper()
	return decodedUnder(t, roster.Documented, rawQuery)
}

func decodedUnder(t *testing.T, contract roster.Contract, rawQuery string) *dialect.Request {
	t.Helper()
	e := listUsers()
	r := &dialect.Request{Endpoint: &e, Contract: contract}
	if err := r.Decode(rawQuery, func(string) string { return "" }); err != nil {
		t.Fatalf("?%s: %v", rawQuery, err)
	}
	return r
}

// TestPaidIsNotDeactivated has a user whom the fixture lacks: deactivated, but with a licence still.
func TestPaidIsNotDeactivated(t *testing.T) {
	for status, want := range map[roster.Status]bool{
		roster.Active: true, roster.Invited: true, roster.Suspended: true, roster.Deactivated: false,
	} {
		if got := query(decoded(t, "only_paid=1")).Match(&roster.User{TakesLicence: true, Status: status}); got != want {
			t.Errorf("a user who takes a licence and is %s is paid: %t, want %t", status, got, want)
		}
	}
}

func TestWindow(t *testing.T) {
	for rawQuery, want := range map[string][2]int{
		"":                                       {0, 0},
		"limit=5&offset=5":                       {0, 0},
		"for_members_section=1":                  {0, 100},
		"only_virtual=1":                         {0, 100},
		"only_virtual=1&limit=100":               {0, 100},
		"only_virtual=1&limit=101":               {0, 100},
		"only_virtual=1&limit=1":                 {0, 1},
		"for_members_section=1&offset=7&limit=5": {7, 5},
		"only_virtual=1&offset=99999999999999999999":              {roster.MaxNumber, 100},
		"only_virtual=1&only_records_count=1&offset=7&limit=50":   {0, 1},
		"only_records_count=1&for_members_section=true&limit=0":   {0, 1},
		"only_records_count=1&for_members_section=false&offset=3": {0, 0},
	} {
		q := query(decoded(t, rawQuery))
		if got := [2]int{q.Offset, q.Limit}; got != want {
			t.Errorf("?%s: offset and limit %v, want %v", rawQuery, got, want)
		}
	}
}

// TestLiveWindow has every list paged, with the vendor's most.
func TestLiveWindow(t *testing.T) {
	for rawQuery, want := range map[string][2]int{
		"":                        {0, 100},
		"only_paid=1":             {0, 100},
		"only_paid=1&limit=101":   {0, 100},
		"limit=5&offset=7":        {7, 5},
		"owner_only=1&offset=1":   {1, 100},
		"only_records_count=true": {0, 100},
		"only_virtual=1&only_records_count=1&offset=7": {0, 1},
	} {
		q := query(decodedUnder(t, roster.Live, rawQuery))
		if got := [2]int{q.Offset, q.Limit}; got != want {
			t.Errorf("?%s: offset and limit %v, want %v", rawQuery, got, want)
		}
	}
}

func TestLimitZeroIsNobody(t *testing.T) {
	q := query(decoded(t, "for_members_section=1&limit=0"))
	if q.Match(&roster.User{}) {
		t.Error("limit=0 lets a user through")
	}
}

func TestAllowMembers(t *testing.T) {
	member := &roster.User{ID: roster.ID{1}, Permissions: bitMembers | 16}
	other := &roster.User{ID: roster.ID{2}, Permissions: 16, OwnPermissions: bitMembers}
	view := fakeView{users: []*roster.User{member, other}}
	for _, test := range []struct {
		name      string
		principal roster.Principal
		want      roster.Code
	}{
		{"acts as a member", roster.Principal{ActsAs: member.ID}, ""},
		{"the effective mask counts", roster.Principal{ActsAs: other.ID}, roster.Forbidden},
		{
			"the token's own permissions do not help one who acts as a user",
			roster.Principal{ActsAs: other.ID, Permissions: roster.Permissions{roster.MembersAdmin}},
			roster.Forbidden,
		},
		{"acts as somebody who is gone", roster.Principal{ActsAs: roster.ID{3}}, roster.Forbidden},
		{"acts as nobody", roster.Principal{}, roster.Forbidden},
		{"reads users", roster.Principal{Permissions: roster.Permissions{roster.UsersRead}}, roster.Forbidden},
		{"administers members", roster.Principal{Permissions: roster.Permissions{roster.MembersAdmin}}, ""},
		{"may do everything", roster.Operator(), ""},
	} {
		if got := roster.CodeOf(allowMembers(test.principal, view)); got != test.want {
			t.Errorf("%s: code %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLimitHeaders(t *testing.T) {
	for _, test := range []struct {
		resetAt time.Time
		want    string
	}{
		{time.Unix(1700000000, 0), "1700000000"},
		{time.Unix(1700000000, 1), "1700000001"},
		{time.Unix(1700000000, 999_999_999), "1700000001"},
	} {
		h := http.Header{}
		limitHeaders(h, dialect.Rate{Limit: roster.Limit{Rate: 50, Burst: 60}, Used: 1, Remaining: 59, ResetAt: test.resetAt})
		want := http.Header{"X-Ratelimit-Limit": {"60"}, "X-Ratelimit-Remaining": {"59"}, "X-Ratelimit-Reset": {test.want}}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Errorf("full again at %v (-want +got):\n%s", test.resetAt, diff)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 10 * time.Second: "10",
	} {
		if got := retryAfter(wait); got != want {
			t.Errorf("retryAfter(%v) = %s, want %s", wait, got, want)
		}
	}
}

// TestFailHidesCauses shows that what is wrong inside stays inside.
func TestFailHidesCauses(t *testing.T) {
	for _, code := range []roster.Code{roster.Internal, roster.Unauthenticated, roster.Forbidden, roster.RateLimited} {
		response := fail(dialect.Failure{
			Error: &roster.Error{Code: code, Message: "a secret"}, Status: dialect.DefaultStatus(code),
		})
		if response.Body == nil {
			continue
		}
		recorder := httptest.NewRecorder()
		if err := response.Body(recorder); err != nil {
			t.Fatal(err)
		}
		if got := recorder.Body.String(); got == "" || slices.Contains([]string{"a secret"}, got) {
			t.Errorf("%s is answered with %q", code, got)
		}
	}
}

// FuzzParams decodes any query string: it fails with a code, or asks for something that fields support.
func FuzzParams(f *testing.F) {
	for _, q := range []string{
		"", "for_members_section=true&limit=0", "only_virtual=1&limit=-1&offset=9", "for_members_section=1&group_ids=[1,\"2\"]",
		"for_members_section=1&permissions[]=1&permissions=2,3&query=%D0%BE", "invitesOnly=1&owner_only=1&only_paid=1",
		"for_members_section=1&access_type_permissions=denied&sd_access_type=has_access&take_licence=no",
		"for_members_section=1&temporarily_inactive_status=only_active_users&only_records_count=1", "a;b", "%zz",
		"only_virtual=1&limit=99999999999999999999&offset=99999999999999999999",
	} {
		f.Add(q)
	}
	e := listUsers()
	u := &roster.User{Name: "Ada", Email: "ada@example.com", Permissions: 1, Groups: []int64{1}}
	f.Fuzz(func(t *testing.T, rawQuery string) {
		r := &dialect.Request{Endpoint: &e, Principal: roster.Operator(), URL: &url.URL{Path: "/"}}
		if err := r.Decode(rawQuery, func(string) string { return "" }); err != nil {
			if code := roster.CodeOf(err); code != roster.Invalid {
				t.Fatalf("%q: code %q: %v", rawQuery, code, err)
			}
			return
		}
		q := query(r)
		if err := q.Validate(); err != nil {
			t.Fatalf("%q: %v", rawQuery, err)
		}
		if q.Limit > maxPage || q.Offset < 0 {
			t.Fatalf("%q: limit %d and offset %d", rawQuery, q.Limit, q.Offset)
		}
		q.Match(u)
	})
}
