package directory_test

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

// TestWhose finds the organizations of tokens, slugs and users without loading any.
func TestWhose(t *testing.T) {
	s := &spy{Store: memory.New()}
	maker, service := newService(s), newService(s)
	one, two := newOrg(t, maker, "one"), newOrg(t, maker, "two")
	createToken(t, maker, one, "first", "1")
	second, ann := createToken(t, maker, two, "second", "2"), id(900)
	for _, org := range []roster.ID{two, one} {
		do(t, maker, org, roster.Create{Record: &roster.User{ID: ann, Name: "Ann", Email: "ann@example.com"}})
	}
	hash := roster.HashSecret
	check := func(what string, want, got roster.ID, err error) {
		t.Helper()
		if got != want || (err == nil) == want.IsZero() || err != nil && roster.CodeOf(err) != roster.NotFound {
			t.Errorf("%s: got %s, %v, want %s", what, got, err, want)
		}
	}
	for range 2 {
		for what, want := range map[string]roster.ID{"1": one, "2": two, "3": {}} {
			got, err := service.TokenOrg(t.Context(), hash(what))
			check("token "+what, want, got, err)
		}
		for what, want := range map[string]roster.ID{"one": one, "two": two, "three": {}} {
			got, err := service.SlugOrg(t.Context(), what)
			check("slug "+what, want, got, err)
		}
		for what, want := range map[roster.ID]roster.ID{ann: one, id(901): {}} {
			got, err := service.UserOrg(t.Context(), what)
			check("user "+what.String(), want, got, err)
		}
	}
	if got := s.tokenOrgs.Load(); got != 4 { // 2 that there are, and twice one that there is not
		t.Errorf("the store was asked %d times for the organization of a token, want 4", got)
	}
	if n, _, _ := service.Loaded(); n != 0 {
		t.Errorf("%d organizations were loaded", n)
	}
	// What is remembered of a token does not make it count.
	do(t, maker, two, roster.Delete{Type: roster.TypeToken, Ref: roster.Ref{ID: second}})
	wantNoToken(t, service, "2")
}

// TestShed forgets views of others that nobody has used since the last call.
func TestShed(t *testing.T) {
	store := memory.New()
	maker := newService(store)
	service := directory.New(store, directory.Options{
		Now: func() roster.Time { return now }, NewID: newID(1000), Sheds: true,
	})
	t.Cleanup(service.Close)
	mine, others, used := newOrg(t, maker, "mine"), newOrg(t, maker, "others"), newOrg(t, maker, "used")
	for _, org := range []roster.ID{mine, used, others} {
		view(t, service, org)
	}
	owns := func(org roster.ID) bool { return org == mine }
	shed := func(what string, want, left int) {
		t.Helper()
		got := service.Shed(owns)
		if n, _, _ := service.Loaded(); got != want || n != left {
			t.Errorf("%s: %d were forgotten and %d are left, want %d and %d", what, got, n, want, left)
		}
		if owned, strangers := service.Share(owns); owned != 0 || strangers != left-1 {
			t.Errorf("%s: %d are its own, %d are not", what, owned, strangers)
		}
	}
	shed("just loaded", 0, 3)
	view(t, service, used)
	shed("one was used", 1, 2)
	view(t, service, used)
	shed("that one again", 0, 2)
	shed("nothing was used", 1, 1)
	shed("only its own is left", 0, 1)
	view(t, service, others)
	shed("one that was forgotten is used again", 0, 2)
}
