package directory_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// failer is what a test and a check of rapid have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// records returns the documents of all records of a view by their keys; of the organization without its version.
func records(t failer, v *index.View) map[string]string {
	t.Helper()
	all := map[string]string{}
	put := func(e roster.Entity) {
		doc, err := roster.EncodeEntity(e)
		if err != nil {
			t.Fatal(err)
		}
		all[e.Key().String()] = string(doc)
	}
	org := *v.Org()
	org.Version, org.Next = 0, roster.Numbers{} // which the past does not tell
	put(&org)
	page, err := v.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for u := range page.Users {
		bare := *u
		bare.Permissions = 0
		put(&bare)
	}
	each(v.Roles(), put)
	each(v.Groups(), put)
	each(v.Spaces(), put)
	each(v.Tokens(), put)
	each(v.Invitations(), put)
	each(v.Webhooks(), put)
	for _, t := range roster.DeletedTypes() {
		each(v.Deleted(t), put)
	}
	return all
}

func each[E roster.Entity](list []E, fn func(roster.Entity)) {
	for _, e := range list {
		fn(e)
	}
}

// answers returns what a view says to some questions.
func answers(t failer, v *index.View) []string {
	t.Helper()
	all := []string{fmt.Sprint(v.Version(), v.Org().Version)}
	for _, q := range []roster.Query{
		{},
		{Sort: []roster.Sort{{Field: roster.FieldName, Desc: true}, {Field: roster.FieldEmail}}},
		{Where: roster.Cmp{Field: roster.FieldStatus, Op: roster.EQ, Value: roster.IntValue(int64(roster.Active))}, Limit: 2},
		{Where: roster.Bits{Field: roster.FieldPermissions, Mask: 5}, Offset: 1},
		{Search: roster.Search{Text: "ann", Fields: []roster.Field{roster.FieldName, roster.FieldEmail}}},
	} {
		page, err := v.Users(q)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(page.Total)
		for u := range page.Users {
			text += fmt.Sprintf(" %d:%s:%x", u.Number, u.Name, u.Permissions)
		}
		facets, err := v.Facets(q, roster.FieldStatus, roster.FieldGroups, roster.FieldRole)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text, fmt.Sprint(facets))
	}
	return all
}

// moment is what an organization was at a version.
type moment struct {
	records map[string]string
	answers []string
}

func momentOf(t failer, v *index.View) moment {
	t.Helper()
	return moment{records(t, v), answers(t, v)}
}

// history is an organization that random commands change, and what it was at each version.
type history struct {
	*pair
	s    *directory.Service
	seen map[roster.Version]moment
	last roster.Version
}

func (h *history) remember() {
	v, err := h.s.View(h.ctx, h.org)
	if err != nil {
		h.RT.Fatal(err)
	}
	h.last = v.Version()
	h.seen[h.last] = momentOf(h.RT, v)
}

// step carries out commands; what is refused does no harm.
func (h *history) step() {
	var cmds []roster.Command
	for range rapid.IntRange(1, 4).Draw(h.RT, "at once") {
		cmds = append(cmds, h.command())
	}
	if _, err := h.s.Do(h.ctx, h.org, roster.Operator(), cmds...); err == nil {
		h.remember()
	}
}

func (h *history) want(v roster.Version) {
	got, err := h.s.At(h.ctx, h.org, v)
	if err != nil {
		h.RT.Fatalf("version %d: %v", v, err)
	}
	if diff := cmp.Diff(h.seen[v], momentOf(h.RT, got), cmp.AllowUnexported(moment{})); diff != "" {
		h.RT.Fatalf("version %d of %d (-then +now):\n%s", v, h.last, diff)
	}
}

// wantBetween holds that what became of the records from one version to another makes the latter of the former.
func (h *history) wantBetween(from, to roster.Version) {
	ops, err := h.s.Between(h.ctx, h.org, from, to)
	if err != nil {
		h.RT.Fatal(err)
	}
	got := maps.Clone(h.seen[from].records)
	apply(h.RT, got, ops)
	if diff := cmp.Diff(h.seen[to].records, got); diff != "" {
		h.RT.Fatalf("from version %d to %d (-then +applied):\n%s", from, to, diff)
	}
}

// apply makes ops in records, which must be as the ops say that they were.
func apply(t failer, records map[string]string, ops []roster.Op) {
	t.Helper()
	for _, op := range ops {
		key := op.Key().String()
		if was := document(t, op.Before); records[key] != was || was == document(t, op.After) {
			t.Fatal(fmt.Sprintf("%s is %s, and was %s before the op", key, records[key], was))
		}
		if op.After == nil {
			delete(records, key)
		} else {
			records[key] = document(t, op.After)
		}
	}
}

func document(t failer, e roster.Entity) string {
	t.Helper()
	if e == nil {
		return ""
	}
	if o, ok := e.(*roster.Organization); ok {
		bare := *o
		bare.Version = 0
		e = &bare
	}
	doc, err := roster.EncodeEntity(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// pastService returns a service that keeps few old versions, so that they are made from one another.
func pastService(s store.Store) *directory.Service {
	return directory.New(s, directory.Options{
		Now: func() roster.Time { return now }, NewID: newID(0), WalkVersions: 3, WalkTime: time.Hour,
	})
}

// Whatever is written, every version comes back as it was: after others were written, after the organization was
// forgotten, and by a process that has not seen it.
func TestEveryVersionIsAsItWas(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s, round := open(t), 0
			rapid.Check(t, func(rt *rapid.T) {
				round++
				service := pastService(s)
				p := &pair{RT: rt, ctx: t.Context(), org: id(1_000_000 + round), loaded: service, unloaded: pastService(memory.New())}
				p.begin(fmt.Sprintf("org-%d", round), round)
				h := &history{pair: p, s: service, seen: map[roster.Version]moment{}}
				h.remember()
				first := h.last
				for range rapid.IntRange(1, 12).Draw(rt, "commands") {
					h.step()
				}
				for range rapid.IntRange(1, 12).Draw(rt, "looks") {
					version := func(label string) roster.Version {
						return roster.Version(rapid.Int64Range(int64(first), int64(h.last)).Draw(rt, label))
					}
					switch draw(p, "look", "at", "at", "at", "between", "step", "evict", "restart") {
					case "at":
						h.want(version("version"))
					case "between":
						h.wantBetween(version("from"), version("to"))
					case "step":
						h.step()
					case "evict":
						h.s.Evict(h.org)
					default:
						h.s = directory.New(s, directory.Options{
							Now: func() roster.Time { return now }, NewID: newID(500_000), WalkVersions: 3,
						})
					}
				}
			})
		})
	}
}

func TestVersionsComeBackWhileOthersAreWritten(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := pastService(open(t))
			org := newOrg(t, s, "one")
			seen := map[roster.Version]moment{}
			for n := range 40 {
				do(t, s, org, createUser(fmt.Sprint("early", n)))
				v := view(t, s, org)
				seen[v.Version()] = momentOf(t, v)
			}
			var done atomic.Bool
			var writers, readers sync.WaitGroup
			for w := range 2 {
				writers.Go(func() {
					for n := 0; !done.Load(); n++ {
						name := fmt.Sprintf("late%d-%d", w, n)
						if _, err := s.Do(t.Context(), org, roster.Operator(), createUser(name)); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for r := range 4 {
				readers.Go(func() {
					for n := range 30 {
						version := roster.Version(2 + (n*7+r*11)%40)
						v, err := s.At(t.Context(), org, version)
						if err != nil {
							t.Error(err)
							return
						}
						if diff := cmp.Diff(seen[version], momentOf(t, v), cmp.AllowUnexported(moment{})); diff != "" {
							t.Errorf("version %d (-then +now):\n%s", version, diff)
						}
					}
				})
			}
			readers.Wait()
			done.Store(true)
			writers.Wait()
		})
	}
}

// The changes from a to c are those from a to b and then those from b to c.
func TestDifferencesCompose(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		service := pastService(memory.New())
		p := &pair{RT: rt, ctx: t.Context(), org: id(1_000_000), loaded: service, unloaded: pastService(memory.New())}
		p.begin("one", 1)
		h := &history{pair: p, s: service, seen: map[roster.Version]moment{}}
		h.remember()
		first := h.last
		for range 10 {
			h.step()
		}
		version := rapid.Int64Range(int64(first), int64(h.last))
		a, b, c := roster.Version(version.Draw(rt, "a")), roster.Version(version.Draw(rt, "b")), roster.Version(version.Draw(rt, "c"))
		between := func(from, to roster.Version) []roster.Op {
			ops, err := service.Between(h.ctx, h.org, from, to)
			if err != nil {
				rt.Fatal(err)
			}
			return ops
		}
		got, want := maps.Clone(h.seen[a].records), maps.Clone(h.seen[a].records)
		apply(rt, got, between(a, b))
		apply(rt, got, between(b, c))
		apply(rt, want, between(a, c))
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("from %d over %d to %d (-at once +in two steps):\n%s", a, b, c, diff)
		}
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	clock := now
	o := newOptions()
	o.Now = func() roster.Time { return clock }
	s := directory.New(memory.New(), o)
	org := newOrg(t, s, "one") // version 1 at now
	for n := range 3 {         // 2 and 3 a second later, 4 after two
		clock = now + roster.Time(1000*(n/2+1))
		do(t, s, org, createUser(fmt.Sprint("u", n)))
	}
	clock = now + 5000
	for _, tc := range []struct {
		moment roster.Moment
		want   roster.Version
	}{
		{roster.Moment{Version: 1}, 1},
		{roster.Moment{Version: 4}, 4},
		{roster.Moment{Version: 5}, 0},
		{roster.Moment{At: now - 1}, 0},
		{roster.Moment{At: now}, 1},
		{roster.Moment{At: now + 999}, 1},
		{roster.Moment{At: now + 1000}, 3},
		{roster.Moment{At: now + 1999}, 3},
		{roster.Moment{At: now + 2000}, 4},
		{roster.Moment{At: now + 5000}, 4},
		{roster.Moment{At: now + 5001}, 0},
	} {
		got, err := s.Resolve(t.Context(), org, tc.moment)
		if got = roster.Version(int(got) * flag(err == nil)); got != tc.want || tc.want == 0 && roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%s: got %d, %v, want %d", tc.moment, got, err, tc.want)
		}
	}
	_, err := s.Resolve(t.Context(), id(77), roster.Moment{Version: 1})
	wantCode(t, "of no organization", err, roster.NotFound)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// What lies too far from everything that is at hand can't be shown; what is near the first version can.
func TestTooFarBack(t *testing.T) {
	t.Parallel()
	o := newOptions()
	o.PastOps = 10
	s := directory.New(memory.New(), o)
	org := newOrg(t, s, "one")
	for n := range 40 {
		do(t, s, org, createUser(fmt.Sprint("u", n)))
	}
	for version, want := range map[roster.Version]roster.Code{
		1: "", 4: "", 20: roster.Unavailable, 36: "", 41: "", 42: roster.Invalid, 0: roster.Invalid,
	} {
		v, err := s.At(t.Context(), org, version)
		wantCode(t, fmt.Sprint("version ", version), err, want)
		if err == nil && (v.Version() != version || v.Len() != int(version)-1) {
			t.Errorf("version %d is shown at %d with %d users", version, v.Version(), v.Len())
		}
	}
	_, err := s.At(t.Context(), org, 32) // from 36
	wantCode(t, "near a version that is kept", err, "")
	_, err = s.Between(t.Context(), org, 5, 30)
	wantCode(t, "too much between", err, roster.Unavailable)
	if _, isTrimmed := errors.AsType[*roster.TrimmedError](err); isTrimmed {
		t.Error("nothing was trimmed")
	}
}

// A version is made once for all who ask at the same time, and not again while it is kept.
func TestAVersionIsMadeOnce(t *testing.T) {
	t.Parallel()
	under := &readCounter{Store: memory.New()}
	s := newService(under)
	org := newOrg(t, s, "one")
	for n := range 5 {
		do(t, s, org, createUser(fmt.Sprint("u", n)))
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.At(t.Context(), org, 3); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	reads := under.count()
	if _, err := s.At(t.Context(), org, 3); err != nil || under.count() != reads || reads == 0 {
		t.Errorf("it was read %d times, and then %d times: %v", reads, under.count(), err)
	}
	s.Evict(org)
	if _, err := s.At(t.Context(), org, 3); err != nil || under.count() == reads {
		t.Errorf("after an eviction it was read %d times, %d before: %v", under.count(), reads, err)
	}
}

// readCounter counts how often the history was read.
type readCounter struct {
	store.Store
	mu sync.Mutex
	n  int // guarded by mu
}

func (c *readCounter) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Store.Changes(ctx, org, after, limit)
}

func (c *readCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// What is trimmed is gone for who looks back and for who follows; everything else stays.
func TestTrim(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			clock := now
			o := newOptions()
			o.Now = func() roster.Time { return clock }
			s := directory.New(open(t), o)
			org := newOrg(t, s, "one")
			seen := map[roster.Version]moment{}
			for n := range 9 {
				clock += 1000
				do(t, s, org, createUser(fmt.Sprint("u", n)))
				v := view(t, s, org)
				seen[v.Version()] = momentOf(t, v)
			}
			info, err := s.Trim(t.Context(), org, roster.Moment{Version: 4})
			if err != nil || info.Oldest != 4 || info.Version != 10 || info.Changes != 6 {
				t.Errorf("after a trim to 4: %+v, %v", info, err)
			}
			if err := s.Retain(t.Context(), 3500*time.Millisecond); err != nil { // of version 6 on
				t.Fatal(err)
			}
			for range 2 {
				for version, want := range seen {
					v, err := s.At(t.Context(), org, version)
					if version < 6 {
						wantCode(t, fmt.Sprint("version ", version), err, roster.Gone)
					} else if err != nil {
						t.Errorf("version %d: %v", version, err)
					} else if diff := cmp.Diff(want, momentOf(t, v), cmp.AllowUnexported(moment{})); diff != "" {
						t.Errorf("version %d (-then +now):\n%s", version, diff)
					}
				}
				_, err := s.Changes(t.Context(), org, 5, 100)
				wantCode(t, "changes after 5", err, roster.Gone)
				if changes, err := s.Changes(t.Context(), org, 6, 100); err != nil || len(changes) != 4 {
					t.Errorf("after version 6 there are %d changes, %v, want 4", len(changes), err)
				}
				_, err = s.Between(t.Context(), org, 5, 8)
				wantCode(t, "between 5 and 8", err, roster.Gone)
				s.Evict(org)
			}
			report, err := s.VerifyAudit(t.Context(), org)
			if err != nil || report.Fault != nil || report.Entries != 10 {
				t.Errorf("the audit: %+v, %v", report, err)
			}
			if found, err := s.Check(t.Context(), org); err != nil || len(found.Problems) > 0 {
				t.Errorf("check: %v, %v", found.Problems, err)
			}
			_, err = s.Trim(t.Context(), org, roster.Moment{Version: 11})
			wantCode(t, "trim to the future", err, roster.Invalid)
			if info, err = s.Trim(t.Context(), org, roster.Moment{At: clock}); err != nil || info.Oldest != 10 || info.Changes != 0 {
				t.Errorf("after a trim to the present: %+v, %v", info, err)
			}
			do(t, s, org, createUser("later"))
			wantVersion := view(t, s, org).Version()
			if changes, err := s.Changes(t.Context(), org, 10, 5); err != nil || len(changes) != 1 || wantVersion != 11 {
				t.Errorf("after that there are %d changes up to version %d, %v", len(changes), wantVersion, err)
			}
		})
	}
}
