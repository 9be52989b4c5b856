package directory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

// walking is a service with an organization whose clock a test moves.
type walking struct {
	*directory.Service
	org   roster.ID
	clock roster.Time
}

func newWalking(t *testing.T, change func(*directory.Options)) *walking {
	t.Helper()
	w := &walking{clock: now}
	o := newOptions()
	o.PastOps = -1 // so that what is not kept is gone
	o.Now = func() roster.Time { return w.clock }
	if change != nil {
		change(&o)
	}
	w.Service = directory.New(memory.New(), o)
	w.org = newOrg(t, w.Service, "one")
	return w
}

// begin keeps the present view and returns its version, after which it changes the organization.
func (w *walking) begin(t *testing.T, name string, most time.Duration) roster.Version {
	t.Helper()
	v := view(t, w.Service, w.org)
	w.Keep(w.org, v, most)
	do(t, w.Service, w.org, createUser(name))
	return v.Version()
}

// want holds that a version is kept, with so many users.
func (w *walking) want(t *testing.T, version roster.Version, users int) {
	t.Helper()
	v, err := w.ViewAt(t.Context(), w.org, version)
	if err != nil {
		t.Errorf("version %d: %v", version, err)
	} else if got := len(names(t, v)); v.Version() != version || got != users {
		t.Errorf("version %d is shown at %d with %d users, want %d", version, v.Version(), got, users)
	}
}

func (w *walking) wantGone(t *testing.T, version roster.Version) {
	t.Helper()
	_, err := w.ViewAt(t.Context(), w.org, version)
	wantCode(t, "view at an old version", err, roster.Gone)
}

func (w *walking) pass(d time.Duration) { w.clock += roster.Time(d.Milliseconds()) }

func TestKeptViewsStayAsTheyWere(t *testing.T) {
	w := newWalking(t, nil)
	first := w.begin(t, "ann", 0)
	second := w.begin(t, "bob", 0)
	w.begin(t, "cid", 0)
	w.want(t, first, 0)
	w.want(t, second, 1)
	present := view(t, w.Service, w.org).Version()
	w.want(t, present, 3)
	w.wantGone(t, present+1)
	do(t, w.Service, w.org, createUser("dan"))
	w.wantGone(t, present)
}

func TestKeptViewsEndAfterTheirLastUse(t *testing.T) {
	w := newWalking(t, nil)
	long, short := w.begin(t, "ann", 0), w.begin(t, "bob", time.Minute)
	for range 3 {
		w.pass(time.Minute - time.Millisecond)
		w.want(t, long, 0)
		w.want(t, short, 1)
	}
	w.pass(time.Minute)
	w.wantGone(t, short)
	w.pass(9*time.Minute - time.Millisecond)
	w.want(t, long, 0)
	w.pass(10 * time.Minute)
	w.wantGone(t, long)
}

// A view that is kept twice stays for the longer of both times.
func TestKeptTwice(t *testing.T) {
	w := newWalking(t, func(o *directory.Options) { o.WalkTime = time.Hour })
	v := view(t, w.Service, w.org)
	w.Keep(w.org, v, 0)
	w.Keep(w.org, v, time.Minute)
	do(t, w.Service, w.org, createUser("ann"))
	w.pass(time.Hour - time.Millisecond)
	w.want(t, v.Version(), 0)
	w.pass(time.Hour)
	w.wantGone(t, v.Version())
}

func TestKeepsSoManyVersionsOfAnOrganization(t *testing.T) {
	w := newWalking(t, func(o *directory.Options) { o.WalkVersions = 3 })
	var versions []roster.Version
	for i, name := range []string{"ann", "bob", "cid"} {
		versions = append(versions, w.begin(t, name, 0))
		w.pass(time.Second)
		if i > 0 {
			w.want(t, versions[0], 0)
		}
	}
	soft := w.begin(t, "dan", time.Minute) // the second was not used for longest
	w.wantGone(t, versions[1])
	w.want(t, versions[0], 0)
	w.want(t, versions[2], 2)
	last := w.begin(t, "eve", 0) // the one that is kept for a minute only ends first
	w.wantGone(t, soft)
	w.want(t, versions[0], 0)
	w.want(t, versions[2], 2)
	w.want(t, last, 4)
	other := newOrg(t, w.Service, "two")
	w.Keep(other, view(t, w.Service, other), 0)
	w.want(t, versions[0], 0)
}

func TestKeepsNothing(t *testing.T) {
	for name, change := range map[string]func(*directory.Options){
		"no time":     func(o *directory.Options) { o.WalkTime = -1 },
		"no versions": func(o *directory.Options) { o.WalkVersions = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWalking(t, change)
			w.wantGone(t, w.begin(t, "ann", 0))
		})
	}
}

func TestKeptViewsGoWithTheOrganization(t *testing.T) {
	w := newWalking(t, nil)
	old := view(t, w.Service, w.org)
	version := w.begin(t, "ann", 0)
	w.Evict(w.org)
	w.Keep(w.org, old, 0) // nobody would drop it
	w.wantGone(t, version)
	w.want(t, view(t, w.Service, w.org).Version(), 1)
}

func TestViewAtFailsAsViewDoes(t *testing.T) {
	w := newWalking(t, nil)
	_, err := w.ViewAt(t.Context(), id(4711), 1)
	wantCode(t, "an organization that is not there", err, roster.NotFound)
}

// A version that is not kept any more is made from the history, as it was, for as long as the history has it.
func TestWalksGoOnFromTheHistory(t *testing.T) {
	w := newWalking(t, func(o *directory.Options) { o.WalkVersions, o.PastOps = 2, 0 })
	var versions []roster.Version
	for _, name := range []string{"ann", "bob", "cid", "dan", "eve"} {
		versions = append(versions, w.begin(t, name, 0))
	}
	for range 2 {
		for users, version := range versions {
			w.want(t, version, users)
		}
		w.pass(time.Hour)
	}
	w.wantGone(t, view(t, w.Service, w.org).Version()+1)
	if _, err := w.Trim(t.Context(), w.org, roster.Moment{Version: versions[1]}); err != nil {
		t.Fatal(err)
	}
	w.wantGone(t, versions[0])
	w.want(t, versions[1], 1)
}

func TestAVersionTooFarAwayIsGone(t *testing.T) {
	w := newWalking(t, func(o *directory.Options) { o.PastOps = 2 })
	version := w.begin(t, "ann", 0)
	w.pass(time.Hour)
	w.want(t, version, 0)
	for _, name := range []string{"bob", "cid"} {
		do(t, w.Service, w.org, createUser(name))
	}
	w.pass(time.Hour)
	w.wantGone(t, version)
}

// The rest of a walk would lack who was erased since it began, and so another user as well.
func TestNoWalkGoesOnBeyondAnErasure(t *testing.T) {
	w := newWalking(t, func(o *directory.Options) { o.PastOps = 0 })
	w.begin(t, "ann", 0)
	version := w.begin(t, "bob", 0)
	w.want(t, version, 1)
	do(t, w.Service, w.org, roster.Erase{Ref: byEmail("bob")})
	w.wantGone(t, version)
	later := w.begin(t, "cid", 0)
	w.pass(time.Hour)
	w.want(t, later, 1)
}

// What is kept counts in the limit of memory: other organizations go for it, and in the end what is kept itself.
func TestKeptViewsTakeUpMemory(t *testing.T) {
	s, orgs, bytes := threeOrgs(t)
	o := newOptions()
	o.MaxBytes, o.PastOps = bytes*5/2, -1
	service := directory.New(s, o)
	renames := 0
	rename := func(org roster.ID, times int) {
		for range times {
			renames++
			patch := fmt.Appendf(nil, `{"last_name":"Number %d"}`, renames)
			do(t, service, org, roster.Update{Type: roster.TypeUser, Ref: byEmail("user-1"), Patch: patch})
		}
	}
	first := view(t, service, orgs[0])
	view(t, service, orgs[1])
	service.Keep(orgs[0], first, 0)
	_, _, before := service.Loaded()
	rename(orgs[0], 1)
	_, _, after := service.Loaded()
	if before, after := before["old versions"], after["old versions"]; before != 0 || after == 0 {
		t.Errorf("old versions take up %d bytes before there are any, and %d then", before, after)
	}
	rename(orgs[0], 100)
	if n, _, _ := service.Loaded(); n != 1 {
		t.Errorf("%d organizations are in memory, want only the one whose versions are kept", n)
	}
	if _, err := service.ViewAt(t.Context(), orgs[0], first.Version()); err != nil {
		t.Error(err)
	}
	for range 4 {
		service.Keep(orgs[0], view(t, service, orgs[0]), 0)
		rename(orgs[0], 64)
	}
	_, err := service.ViewAt(t.Context(), orgs[0], first.Version())
	wantCode(t, "what does not fit any more", err, roster.Gone)
}
