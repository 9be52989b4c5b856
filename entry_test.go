package roster_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

func TestIsAudited(t *testing.T) {
	t.Parallel()
	user := func(change func(*roster.User)) *roster.User {
		u := &roster.User{ID: roster.ID{1}, Name: "Ann", MinutesOfActivity: 1}
		change(u)
		return u
	}
	org := func(change func(*roster.Organization)) *roster.Organization {
		o := &roster.Organization{ID: roster.ID{1}, Slug: "a", Next: roster.Numbers{User: 1}}
		change(o)
		return o
	}
	was, wasOrg := user(func(*roster.User) {}), org(func(*roster.Organization) {})
	for name, tc := range map[string]struct {
		op   roster.Op
		want bool
	}{
		"creation":  {roster.Op{After: was}, true},
		"deletion":  {roster.Op{Before: was}, true},
		"a name":    {roster.Op{Before: was, After: user(func(u *roster.User) { u.Name = "Bob" })}, true},
		"minutes":   {roster.Op{Before: was, After: user(func(u *roster.User) { u.MinutesOfActivity = 2 })}, false},
		"a login":   {roster.Op{Before: was, After: user(func(u *roster.User) { u.LastLoginAt, u.UpdatedAt = 5, 6 })}, false},
		"a number":  {roster.Op{Before: wasOrg, After: org(func(o *roster.Organization) { o.Next = roster.Numbers{} })}, false},
		"a version": {roster.Op{Before: wasOrg, After: org(func(o *roster.Organization) { o.Version = 7 })}, false},
		"empty maps": {roster.Op{Before: wasOrg, After: org(func(o *roster.Organization) {
			o.Limits = map[string]roster.Limit{}
		})}, false},
		"an organization's name": {roster.Op{Before: wasOrg, After: org(func(o *roster.Organization) { o.Name = "A" })}, true},
		"both":                   {roster.Op{Before: was, After: user(func(u *roster.User) { u.LastLoginAt, u.Phone = 5, "1" })}, true},
		"a role":                 {roster.Op{Before: &roster.Role{Name: "a"}, After: &roster.Role{Name: "b"}}, true},
	} {
		if got := tc.op.IsAudited(); got != tc.want {
			t.Errorf("%s: got %t, want %t", name, got, tc.want)
		}
		quiet := roster.Op{Before: wasOrg, After: org(func(o *roster.Organization) { o.Next = roster.Numbers{} })}
		if got := roster.IsAudited([]roster.Op{quiet, tc.op}); got != tc.want {
			t.Errorf("%s after bookkeeping: got %t, want %t", name, got, tc.want)
		}
	}
}

func TestDigestText(t *testing.T) {
	t.Parallel()
	want := roster.Digest{0x01, 31: 0xff}
	text, err := want.MarshalText()
	if err != nil || string(text) != "01"+strings.Repeat("00", 30)+"ff" {
		t.Errorf("got %s, %v", text, err)
	}
	var got roster.Digest
	if err := got.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "01", strings.Repeat("x", 64), string(text) + "00"} {
		if err := got.UnmarshalText([]byte(bad)); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%q: got %v, want %s", bad, err, roster.Invalid)
		}
	}
}
