// Package storetest holds every store to the contract of [store.Store], so that a driver needs tests of its own only
// for what is peculiar to it. It must not know any driver.
package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Open returns a new, empty store. The suite closes it.
type Open func(t *testing.T) store.Store

// Reopen opens again what a store kept, after the suite has closed it.
type Reopen func(t *testing.T, closed store.Store) store.Store

// Run runs the whole suite against the stores that open makes. reopen is nil for a store that keeps nothing when it is
// closed.
func Run(t *testing.T, open Open, reopen Reopen) {
	t.Helper()
	fresh := func(t *testing.T) store.Store {
		t.Helper()
		return closeAfter(t, open(t))
	}
	topics := map[string]func(*testing.T, Open){
		"Load": testLoad, "Update": testUpdate, "State": testState, "Conflict": testConflict, "Swap": testSwap,
		"Changes": testChanges, "Concurrency": testConcurrency, "Limits": testLimits, "Context": testContext,
		"Close": testClose, "Model": testModel, "Uses": testUses, "Numbers": testNumbers,
		"Journal": testJournal, "Jobs": testJobs, "Past": testPast, "Deliveries": testDeliveries, "Erase": testErase,
		"Shared": testShared,
	}
	for name, topic := range topics {
		t.Run(name, func(t *testing.T) { topic(t, fresh) })
	}
	if reopen != nil {
		t.Run("Reopen", func(t *testing.T) { testReopen(t, fresh, reopen) })
	}
}

func closeAfter(t *testing.T, s store.Store) store.Store {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// id returns the n-th id. Ids are in the order of n.
func id(n int) roster.ID {
	out := roster.MustParseID("0198c0de-0000-7000-8000-000000000000")
	binary.BigEndian.PutUint32(out[12:], uint32(n)) //nolint:gosec // tests count to thousands
	return out
}

// org returns the n-th organization, with a value for every member.
func org(n int) *roster.Organization {
	return &roster.Organization{
		ID: id(n), Number: int64(n), Slug: fmt.Sprintf("org-%d", n), Name: fmt.Sprintf("Organization %d", n),
		BrandName: "Brand", CreatedAt: 1_700_000_000_000, UpdatedAt: 1_700_000_000_001,
		Contracts: map[string]roster.Contract{"kaiten": roster.Live},
		Limits:    map[string]roster.Limit{"d3lay": {Rate: 1.5, Burst: 10}},
	}
}

// user returns the n-th user.
func user(n int) *roster.User {
	return &roster.User{
		ID: id(1_000_000 + n), Number: int64(n), Identifier: fmt.Sprintf("user%d", n),
		Email: fmt.Sprintf("user%d@example.com", n), Name: fmt.Sprintf("User %d", n),
		CreatedAt: 1_700_000_000_000, UpdatedAt: 1_700_000_000_000,
	}
}

// token returns the n-th token.
func token(n int) *roster.Token {
	return &roster.Token{
		ID: id(2_000_000 + n), Name: fmt.Sprintf("Token %d", n), Kind: roster.TokenAccount,
		Permissions: roster.Permissions{roster.Everything}, Hash: roster.HashSecret(fmt.Sprint(n)),
	}
}

// changed returns a copy of a record after fn.
func changed[E any](e *E, fn func(*E)) *E {
	next := *e
	fn(&next)
	return &next
}

// creations returns ops that create records.
func creations(records ...roster.Entity) []roster.Op {
	ops := make([]roster.Op, len(records))
	for i, e := range records {
		ops[i].After = e
	}
	return ops
}

// commit makes ops in one change.
func commit(ctx context.Context, s store.Store, org roster.ID, ops ...roster.Op) (roster.Change, error) {
	return s.Update(ctx, org, func(roster.State) (roster.Change, error) { return roster.Change{Ops: ops}, nil })
}

// mustCommit makes ops in one change.
func mustCommit(t *testing.T, s store.Store, org roster.ID, ops ...roster.Op) roster.Change {
	t.Helper()
	change, err := commit(t.Context(), s, org, ops...)
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	return change
}

// content is what Load hands out, but for the numbers that are free: see testNumbers.
type content struct {
	Version roster.Version
	Records []roster.Entity
}

func load(ctx context.Context, s store.Store, org roster.ID) (content, error) {
	var c content
	var err error
	c.Version, err = s.Load(ctx, org, func(e roster.Entity) error {
		c.Records = append(c.Records, uncounted(e))
		return nil
	})
	return c, err
}

// uncounted returns a record without the numbers that an organization is handed out with.
func uncounted(e roster.Entity) roster.Entity {
	if o, ok := e.(*roster.Organization); ok {
		return o.With(roster.Numbers{})
	}
	return e
}

// wantContent holds what s keeps of an organization against its version and records; the first one is the organization.
func wantContent(t *testing.T, s store.Store, org roster.ID, version roster.Version, records ...roster.Entity) {
	t.Helper()
	got, err := load(t.Context(), s, org)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if o, ok := records[0].(*roster.Organization); ok {
		records[0] = changed(o, func(o *roster.Organization) { o.Version = version })
	}
	if diff := diffOf(content{version, records}, got); diff != "" {
		t.Errorf("load (-want +got):\n%s", diff)
	}
}

// diffOf is cmp.Diff, which takes long to find no difference between thousands of records.
func diffOf(want, got any, options ...cmp.Option) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, options...)
}

// wantCode holds an error against a code, "" for none.
func wantCode(t *testing.T, what string, err error, code roster.Code) {
	t.Helper()
	if got := roster.CodeOf(err); got != code {
		t.Errorf("%s: got code %q (%v), want %q", what, got, err, code)
	}
}

// wantTaken holds an error against a conflict about a key.
func wantTaken(t *testing.T, what string, err error, field string) {
	t.Helper()
	wantCode(t, what, err, roster.Conflict)
	if got := roster.AsError(err).Field; got != field {
		t.Errorf("%s: got a conflict about %q (%v), want %q", what, got, err, field)
	}
}
