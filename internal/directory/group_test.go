package directory_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

// crowd is calls that come while another one is being carried out, in the order in which they were given.
type crowd struct {
	t       *testing.T
	spy     *spy
	service *directory.Service
	org     roster.ID

	goOn    chan struct{}
	group   sync.WaitGroup
	updates int // of the store, since the first call
}

// newCrowd begins a call that waits in the store until run, so that the others wait for it.
func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{t: t, spy: &spy{Store: memory.New()}, goOn: make(chan struct{})}
	c.service = newService(c.spy)
	c.org = newOrg(t, c.service, "one")
	view(t, c.service, c.org)
	c.spy.beforeUpdate = func() error {
		c.updates++
		<-c.goOn
		return nil
	}
	c.call(t.Context(), roster.Operator(), createUser("first"))
	return c
}

// second is the version after all the calls of a crowd but the first, where they share a commit.
const second = 3

// result is what Do returned.
type result struct {
	change roster.Change
	err    error
	cause  any // of a panic
}

// call begins a call, the result of which is there after run.
func (c *crowd) call(ctx context.Context, by roster.Principal, cmds ...roster.Command) *result {
	r := &result{}
	c.group.Go(func() {
		defer func() { r.cause = recover() }()
		r.change, r.err = c.service.Do(ctx, c.org, by, cmds...)
	})
	synctest.Wait()
	return r
}

func (c *crowd) run() {
	close(c.goOn)
	c.group.Wait()
}

func (c *crowd) wantUpdates(want int) {
	c.t.Helper()
	if c.updates != want {
		c.t.Errorf("the store was updated %d times, want %d", c.updates, want)
	}
}

func (r *result) want(t *testing.T, what string, verbs ...string) {
	t.Helper()
	var got []string
	for _, op := range r.change.Ops {
		if op.Key().Type == roster.TypeUser {
			got = append(got, op.Verb())
		}
	}
	if r.err != nil || r.cause != nil || r.change.Version != second || !slices.Equal(got, verbs) {
		t.Errorf("%s: got %q at version %d, error %v, panic %v, want %q at %d",
			what, got, r.change.Version, r.err, r.cause, verbs, second)
	}
}

func rename(email, name string) roster.Command {
	return roster.Update{Type: roster.TypeUser, Ref: byEmail(email), Patch: fmt.Appendf(nil, `{"name":%q}`, name)}
}

func TestCallsShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ann := c.call(t.Context(), roster.Operator(), createUser("ann"))
		refused := c.call(t.Context(), roster.Operator(), createUser("bob"), createUser("ann"))
		nothing := c.call(t.Context(), roster.Operator(), rename("first", "first"))
		bob := c.call(t.Context(), roster.Operator(), createUser("bob"))
		c.run()
		c.wantUpdates(2)
		ann.want(t, "a creation", "create")
		wantCode(t, "an e-mail that an earlier call took", refused.err, roster.Conflict)
		nothing.want(t, "an update to what is there already")
		bob.want(t, "a creation after a call that was refused", "create")
		wantNames(t, view(t, c.service, c.org), "first", "ann", "bob")
		wantVersions(t, c.service, c.org, 3)
		loaded := view(t, newService(c.spy), c.org)
		wantNames(t, loaded, "first", "ann", "bob")
	})
}

// An op is one call's own, so that the audit can tell whose it is.
func TestCallsAboutOneRecordDoNotShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ann := c.call(t.Context(), roster.Operator(), createUser("ann"))
		renames := []*result{
			c.call(t.Context(), roster.Operator(), rename("ann", "Ann")),
			c.call(t.Context(), roster.Operator(), rename("ann", "Ann")),
		}
		c.run()
		c.wantUpdates(4)
		ann.want(t, "a creation", "create")
		var ops int
		for _, r := range renames {
			if ops += len(r.change.Ops); r.err != nil || r.change.Version != second+1 {
				t.Errorf("an update of what an earlier call created: got version %d, %v, want %d", r.change.Version, r.err,
					second+1)
			}
		}
		if ops != 1 {
			t.Errorf("two updates to the same had %d ops, want 1", ops)
		}
		wantVersions(t, c.service, c.org, second+1)
	})
}

// A call that had nothing to do is told a version at which that is so, whatever comes after it.
func TestWhatACallFoundIsSoAtItsVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ann := c.call(t.Context(), roster.Operator(), createUser("ann"))
		nothing := c.call(t.Context(), roster.Operator(), rename("first", "first"))
		renamed := c.call(t.Context(), roster.Operator(), rename("first", "First"))
		c.run()
		ann.want(t, "a creation", "create")
		nothing.want(t, "an update to what is there already")
		if renamed.err != nil || renamed.change.Version != second+1 {
			t.Errorf("an update of what an earlier call found: got version %d, %v, want %d",
				renamed.change.Version, renamed.err, second+1)
		}
	})
}

// A change has one actor, who must be the one that made it.
func TestActorsDoNotShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		by := func(token int) roster.Principal {
			return roster.Principal{Org: c.org, Token: id(token), Permissions: roster.Permissions{roster.Everything}}
		}
		for i, token := range []int{901, 902, 901, 902, 902} {
			c.call(t.Context(), by(token), createUser(fmt.Sprintf("user-%d", i)))
		}
		c.run()
		c.wantUpdates(3)
		changes, err := c.service.Changes(t.Context(), c.org, 2, 10)
		if err != nil {
			t.Fatal(err)
		}
		got := map[roster.ID][]string{}
		for _, change := range changes {
			for _, op := range change.Ops {
				if u, ok := op.After.(*roster.User); ok {
					got[change.Actor] = append(got[change.Actor], u.Name)
				}
			}
		}
		want := map[roster.ID][]string{id(901): {"user-0", "user-2"}, id(902): {"user-1", "user-3", "user-4"}}
		if diff := cmp.Diff(want, got); diff != "" || len(changes) != 2 {
			t.Errorf("%d changes (-want +got):\n%s", len(changes), diff)
		}
	})
}

func TestBatchesAreBounded(t *testing.T) {
	large := roster.Object(fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 3000)))
	for name, user := range map[string]roster.User{"commands": {}, "bytes": {EmailSettings: large, WorkTime: large}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t)
				for call := range 3 {
					var cmds []roster.Command
					for n := range 400 {
						u := user
						u.Name = fmt.Sprintf("user-%d-%d", call, n)
						u.Email = u.Name + "@example.com"
						cmds = append(cmds, roster.Create{Record: &u})
					}
					c.call(t.Context(), roster.Operator(), cmds...)
				}
				c.run()
				c.wantUpdates(3)
				if got := len(names(t, view(t, c.service, c.org))); got != 1201 {
					t.Errorf("got %d users, want 1201", got)
				}
			})
		})
	}
}

// Where the store knows of a taken key that the calls could not see, only the call at fault fails.
func TestConflictOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ann, bob := createUser("ann"), createUser("bob")
		results := []*result{c.call(t.Context(), roster.Operator(), ann), c.call(t.Context(), roster.Operator(), bob)}
		taken := true
		c.spy.beforeUpdate = func() error {
			if !taken {
				return nil
			}
			taken = false
			return roster.Errorf(roster.Conflict, "is taken")
		}
		c.run()
		for _, r := range results {
			if r.err != nil || len(r.change.Ops) == 0 {
				t.Errorf("got %+v, want a change", r)
			}
		}
		if results[0].change.Version == results[1].change.Version {
			t.Errorf("both calls were carried out at version %d", results[0].change.Version)
		}
		wantVersions(t, c.service, c.org, 4)
	})
}

func TestStoreFailsForABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		failed := []*result{
			c.call(t.Context(), roster.Operator(), createUser("ann")),
			c.call(t.Context(), roster.Operator(), createUser("ann")), // which only ann's creation would refuse
			c.call(t.Context(), roster.Operator(), createUser("bob")),
		}
		c.spy.beforeUpdate = func() error { return roster.Errorf(roster.Unavailable, "the disk is full") }
		c.run()
		for i, r := range failed {
			wantCode(t, fmt.Sprint("call ", i), r.err, roster.Unavailable)
		}
		wantNames(t, view(t, c.service, c.org), "first")
		c.spy.beforeUpdate = nil
		do(t, c.service, c.org, createUser("bob"))
		wantNames(t, view(t, c.service, c.org), "first", "bob")
	})
}

// A call that is given up while others carry it out tells what became of it.
func TestGivenUpUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ctx, giveUp := context.WithCancel(t.Context())
		waiting, giveUpWaiting := context.WithCancel(t.Context())
		c.call(t.Context(), roster.Operator(), createUser("ann"))
		bob := c.call(ctx, roster.Operator(), createUser("bob"))
		cid := c.call(waiting, roster.Operator(), createUser("cid"))
		giveUpWaiting()
		synctest.Wait()
		c.spy.committed = func(change roster.Change) roster.Change {
			if change.Version == 3 {
				giveUp()
			}
			return change
		}
		c.run()
		bob.want(t, "given up after the commit", "create")
		if cid.err != context.Canceled { //nolint:errorlint // exactly that
			t.Errorf("given up while it waited: got %v, want %v", cid.err, context.Canceled)
		}
		wantNames(t, view(t, c.service, c.org), "first", "ann", "bob")
	})
}

// A panic happens to the caller whose command it is, whoever carries it out.
func TestPanicInABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ann := c.call(t.Context(), roster.Operator(), createUser("ann"))
		broken := c.call(t.Context(), roster.Operator(), roster.Create{Record: (*roster.User)(nil)})
		bob := c.call(t.Context(), roster.Operator(), createUser("bob"))
		c.run()
		if broken.cause == nil {
			t.Error("the caller at fault was not told")
		}
		for _, r := range []*result{ann, bob} {
			if r.err != nil || r.cause != nil || len(r.change.Ops) == 0 {
				t.Errorf("got %+v, want a change", r)
			}
		}
		if got := names(t, view(t, c.service, c.org)); len(got) != 3 {
			t.Errorf("got users %q, want 3", got)
		}
		do(t, c.service, c.org, createUser("cid"))
		wantVersions(t, c.service, c.org, 5)
	})
}

// The change log that writers make together leads to what the store holds, and each of them is told the version at
// which what it wrote is there.
func TestWritersTogether(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			const writers, writes = 64, 4
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			view(t, service, org)
			var group errgroup.Group
			for w := range writers {
				group.Go(func() error {
					for n := range writes {
						// Every fourth call is refused, by a key or on its own.
						name := fmt.Sprintf("user-%d-%d", w, n)
						if n == writes-1 {
							name = fmt.Sprintf("user-%d", w%2)
						}
						err := writeAndRead(t.Context(), service, org, name)
						if err != nil && (n < writes-1 || roster.CodeOf(err) != roster.Conflict) {
							return err
						}
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			v := view(t, service, org)
			wantVersions(t, service, org, int(v.Version()))
			want := names(t, view(t, newService(s), org))
			if got := names(t, v); !slices.Equal(got, want) || len(got) != writers*(writes-1)+2 {
				t.Errorf("got %d users, the store has %d, want %d", len(got), len(want), writers*(writes-1)+2)
			}
		})
	}
}

// Writers share commits however few processors there are: with one, those whose call was just finished can only make
// the next one when whoever commits lets them.
func TestWritersShareCommitsOnFewProcessors(t *testing.T) {
	for processors, least := range map[int]int{1: 40, 2: 8} { // writes in a commit
		t.Run(fmt.Sprint(processors), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			const writers, writes = 64, 8
			service := newService(newSQLite(t))
			org := newOrg(t, service, "one")
			view(t, service, org)
			var group errgroup.Group
			for w := range writers {
				group.Go(func() error {
					for n := range writes {
						if err := writeAndRead(t.Context(), service, org, fmt.Sprintf("user-%d-%d", w, n)); err != nil {
							return err
						}
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			if commits := int(view(t, service, org).Version()) - 1; commits > writers*writes/least {
				t.Errorf("%d writes took %d commits, want one for %d writes or more", writers*writes, commits, least)
			}
		})
	}
}

// A step of a job and an erasure do not share a commit, whichever comes first: the erasure may end the job.
func TestStepsAndErasuresDoNotShareACommit(t *testing.T) {
	for _, stepFirst := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := &crowd{t: t, spy: &spy{Store: memory.New()}, goOn: make(chan struct{})}
			c.service = newService(c.spy)
			c.org = newOrg(t, c.service, "one")
			if _, err := c.service.Do(t.Context(), c.org, roster.Operator(), createUser("gone")); err != nil {
				t.Fatal(err)
			}
			c.spy.beforeUpdate = func() error { <-c.goOn; return nil }
			c.call(t.Context(), roster.Operator(), createUser("first"))
			c.spy.beforeUpdate = nil // an erasure looks into the store before it waits
			var erased *result
			var stepped roster.Version
			erase := func() { erased = c.call(t.Context(), roster.Operator(), roster.Erase{Ref: byEmail("gone")}) }
			step := func() { c.step(createUser("by.the.job"), &stepped) }
			if stepFirst {
				step()
				erase()
			} else {
				erase()
				step()
			}
			c.run()
			if erased.err != nil || stepped == 0 || stepped == erased.change.Version {
				t.Errorf("step first %t: the step is part of version %d, the erasure of %d, %v", stepFirst, stepped,
					erased.change.Version, erased.err)
			}
		})
	}
}

// step begins a call that is a step of a new job, and notes which version it leads to.
func (c *crowd) step(cmd roster.Command, led *roster.Version) {
	job := roster.Job{
		ID: roster.ID{15: 1}, Type: roster.JobImport, State: roster.JobRunning, Revision: 1, Import: &roster.ImportJob{},
	}
	c.group.Go(func() {
		err := c.service.DoStep(c.t.Context(), c.org, roster.Operator(), []roster.Command{cmd},
			func(v roster.Version, _ []roster.Outcome) ([]roster.JobStep, error) {
				*led = v
				return []roster.JobStep{{Job: job}}, nil
			})
		if err != nil {
			c.t.Error(err)
		}
	})
	synctest.Wait()
}
