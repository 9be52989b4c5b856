package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// Read returns what reads an open store. The suite closes it.
type Read func(t *testing.T, s store.Store) store.Reader

// RunRows runs the suite for a store that can be read and filled row by row.
func RunRows(t *testing.T, open Open, read Read) {
	t.Helper()
	r := rowsSuite{open: func(t *testing.T) store.Store {
		t.Helper()
		return closeAfter(t, open(t))
	}, read: func(t *testing.T, s store.Store) store.Reader {
		t.Helper()
		reader := read(t, s)
		t.Cleanup(func() {
			if err := reader.Close(); err != nil {
				t.Errorf("close what reads: %v", err)
			}
		})
		return reader
	}}
	for name, topic := range map[string]func(*testing.T, rowsSuite){
		"Fill": testFill, "FillFails": testFillFails, "Snapshot": testRowsSnapshot, "Reader": testReader,
	} {
		t.Run(name, func(t *testing.T) { topic(t, r) })
	}
}

type rowsSuite struct {
	open Open
	read Read
}

// writeEverything makes an organization of which there is something in every table.
func writeEverything(t *testing.T, s store.Store) {
	t.Helper()
	personHistory(t, s)
	eraseUser(t, s, traces(t, s))
	long := changed(user(1), func(u *roster.User) {
		u.Email, u.Identifier = strings.Repeat("e", 700)+"@example.com", strings.Repeat("i", 700)
	})
	many := []roster.Entity{long, fullUser(), token(1), webhook(1), &roster.Group{ID: id(5), Name: "no number"}}
	for n := range 2050 {
		many = append(many, user(100+n))
	}
	written(t, s, roster.Change{
		At: 3000, Actor: id(60), Ops: creations(many...), Entries: []roster.Entry{entry(0, 2), entry(2, len(many))},
		Answers: []roster.Answer{{Key: roster.Digest{9}, At: 3000, Content: []byte{}}},
	})
	trim(t, s, 3)
	mustTouch(t, s, use(1, 1, 5))
	mustKeep(t, s, progress(1, 1, standing(4), delivery(4, roster.Dead, 5), delivery(3, roster.Delivered, 6)))
	for n, pieces := range map[int][]string{1: {"a", "", "c"}, 2: {"\x00\xff"}} {
		putJobOf(t, s, n, roster.JobSucceeded, pieces...)
	}
}

// snapshotOf begins to read the first organization.
func snapshotOf(t *testing.T, r store.Reader) store.Snapshot {
	t.Helper()
	s, err := r.Snapshot(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close a snapshot: %v", err)
		}
	})
	return s
}

func sumOf(t *testing.T, s store.Snapshot) store.Sum {
	t.Helper()
	rows := int64(0)
	sum, err := store.Digest(t.Context(), s, func() { rows++ })
	if err != nil || rows != sum.Rows {
		t.Fatalf("%d rows of %d, %v", rows, sum.Rows, err)
	}
	return sum
}

// wantNoStrays holds a snapshot to having nothing besides its rows that is not what follows from them.
func wantNoStrays(t *testing.T, s store.Snapshot) {
	t.Helper()
	if found, err := s.Strays(t.Context()); found != "" || err != nil {
		t.Errorf("strays: %q, %v", found, err)
	}
}

// testFill copies an organization, and goes on with the copy as with what was copied.
func testFill(t *testing.T, r rowsSuite) {
	t.Helper()
	from, to := r.open(t), r.open(t)
	writeEverything(t, from)
	mustCommit(t, to, id(2), creations(org(2), user(1), token(2))...)
	was := snapshotOf(t, r.read(t, from))
	wantNoStrays(t, was)
	want := sumOf(t, was)
	if got := len(want.Tables); got != len(store.Tables()) {
		t.Errorf("the fixture has rows in %d tables, not in all %d: %+v", got, len(store.Tables()), want.Tables)
	}
	if err := fill(t.Context(), to, store.All(t.Context(), was)); err != nil {
		t.Fatal(err)
	}
	is := snapshotOf(t, r.read(t, to))
	wantNoStrays(t, is)
	if diff := cmp.Diff(want, sumOf(t, is)); diff != "" {
		t.Errorf("the sums of the copy (-want +got):\n%s", diff)
	}
	if err := errors.Join(was.Close(t.Context()), is.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if org, err := to.TokenOrg(t.Context(), token(1).Hash); err != nil || org != id(1) {
		t.Errorf("the token leads to %s, %v", org, err)
	}
	wantSame(t, from, to)
	for _, s := range []store.Store{from, to} {
		written(t, s, roster.Change{
			At: 4000, Ops: []roster.Op{{After: user(50)}, {Before: token(1)}}, Entries: []roster.Entry{entry(0, 2)},
		})
		twin := changed(user(51), func(u *roster.User) { u.Email = user(100).Email })
		_, err := commit(t.Context(), s, id(1), creations(twin)...)
		wantTaken(t, "an e-mail", err, "email")
		_, err = commit(t.Context(), s, id(3), creations(namesake())...)
		wantTaken(t, "a slug", err, "slug")
	}
	wantSame(t, from, to)
	before, after := sumOf(t, snapshotOf(t, r.read(t, from))), sumOf(t, snapshotOf(t, r.read(t, to)))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the sums after the same changes (-from +to):\n%s", diff)
	}
}

// wantSame holds what two stores say of the first organization to being the same.
func wantSame(t *testing.T, a, b store.Store) {
	t.Helper()
	var all [2][]any
	for i, s := range []store.Store{a, b} {
		records := 0
		version, err := s.Load(t.Context(), id(1), func(roster.Entity) error { records++; return nil })
		changes, changesErr := s.Changes(t.Context(), id(1), 0, 100)
		for i := range changes {
			changes[i].Ops = changes[i].Ops[:1] // there are thousands
		}
		found, _ := entries(t, s, roster.EntryQuery{Limit: 100})
		uses, usesErr := s.TokenUses(t.Context(), id(1))
		standings, standingsErr := s.Standings(t.Context(), id(1))
		if err := errors.Join(err, changesErr, usesErr, standingsErr); err != nil {
			t.Fatal(err)
		}
		report := verify(t, s)
		if report.Fault != nil {
			t.Errorf("the audit: %+v", report.Fault)
		}
		all[i] = []any{version, records, changes, found, uses, standings, report, history(t, s)}
	}
	if diff := cmp.Diff(all[0], all[1]); diff != "" {
		t.Errorf("the two stores (-a +b):\n%.4000s", diff)
	}
}

// fill fills the first organization.
func fill(ctx context.Context, s store.Store, rows iter.Seq2[store.TableRow, error]) error {
	return s.(store.Filler).Fill(ctx, id(1), rows) //nolint:forcetypeassert // the suite is for those
}

// namesake is another organization with the slug of the first one.
func namesake() *roster.Organization {
	return changed(org(3), func(o *roster.Organization) { o.Slug = org(1).Slug })
}

// rowsOf returns all rows of an organization.
func rowsOf(t *testing.T, s store.Snapshot) (all []store.TableRow) {
	t.Helper()
	for row, err := range store.All(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// testFillFails holds a store to having nothing of an organization that can't be filled.
func testFillFails(t *testing.T, r rowsSuite) {
	t.Helper()
	from, to := r.open(t), r.open(t)
	mustCommit(t, from, id(1), creations(org(1), user(1), token(1), webhook(1))...)
	mustCommit(t, to, id(2), creations(org(2))...)
	rows := rowsOf(t, snapshotOf(t, r.read(t, from)))
	stop := errors.New("stop")
	for n := range rows {
		err := fill(t.Context(), to, func(yield func(store.TableRow, error) bool) {
			values(rows[:n])(yield)
			yield(store.TableRow{}, stop)
		})
		if !errors.Is(err, stop) {
			t.Errorf("after %d rows: got %v, want %v", n, err, stop)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	err := fill(cancelled, to, func(yield func(store.TableRow, error) bool) {
		cancel()
		values(rows)(yield)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	_, err = load(t.Context(), to, id(1))
	wantCode(t, "what was not filled", err, roster.NotFound)
	mustCommit(t, to, id(3), creations(namesake())...)
	wantCode(t, "a slug that is taken", fill(t.Context(), to, values(rows)), roster.Conflict)
	mustCommit(t, to, id(3), roster.Op{Before: namesake()})
	if err := fill(t.Context(), to, values(rows)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "one that is there", fill(t.Context(), to, values(rows)), roster.Conflict)
	wantContent(t, to, id(1), 1, org(1), user(1), token(1), webhook(1))
}

// values yields rows that are all there.
func values(rows []store.TableRow) iter.Seq2[store.TableRow, error] {
	return func(yield func(store.TableRow, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// testRowsSnapshot holds a snapshot to showing one moment.
func testRowsSnapshot(t *testing.T, r rowsSuite) {
	t.Helper()
	s := r.open(t)
	reader := r.read(t, s)
	_, err := reader.Snapshot(t.Context(), id(1))
	wantCode(t, "no organization", err, roster.NotFound)
	written(t, s, roster.Change{At: 1000, Ops: creations(org(1), user(1)), Entries: []roster.Entry{entry(0, 2)}})
	mustCommit(t, s, id(2), creations(org(2), user(1), user(2))...)
	before := snapshotOf(t, reader)
	want := sumOf(t, before)
	made := written(t, s, roster.Change{At: 2000, Ops: creations(user(2)), Entries: []roster.Entry{entry(0, 1)}})
	if diff := cmp.Diff(want, sumOf(t, before)); diff != "" {
		t.Errorf("a snapshot after a change (-before +after):\n%s", diff)
	}
	after := snapshotOf(t, reader)
	if got := sumOf(t, after); want.Differs(got) != store.TableOrganizations || got.Digest == want.Digest {
		t.Errorf("a new snapshot: got %+v, want other sums than %+v", got, want)
	}
	wantStanding := store.Standing{Version: 2, Users: 2, ChangedAt: 2000, Entries: 2, Head: made[0].Hash}
	got, err := after.Standing(t.Context())
	if diff := cmp.Diff(wantStanding, got); diff != "" || err != nil {
		t.Errorf("standing: %v (-want +got):\n%s", err, diff)
	}
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, err := store.LogOf(t.Context(), after, id(1))
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(log)
	if diff := cmp.Diff(roster.AuditReport{Entries: 2, Head: made[0].Hash}, report); diff != "" || err != nil {
		t.Errorf("the audit: %v (-want +got):\n%s", err, diff)
	}
}

// testReader holds what is said of a store as a whole.
func testReader(t *testing.T, r rowsSuite) {
	t.Helper()
	s := r.open(t)
	for _, n := range []int{2, 1} {
		mustCommit(t, s, id(n), creations(org(n), user(1))...)
	}
	reader := r.read(t, s)
	info, err := reader.Info(t.Context())
	if err != nil || info.Engine == "" || info.Schema == 0 || info.Schema != info.Knows || info.Bytes == 0 {
		t.Errorf("info: %+v, %v", info, err)
	}
	orgs, err := reader.Orgs(t.Context())
	var slugs []string
	for _, o := range orgs {
		slugs = append(slugs, o.Slug)
		if o.Version != 1 {
			t.Errorf("%s is at version %d, want 1", o.Slug, o.Version)
		}
	}
	if err != nil || !slices.Equal(slugs, []string{"org-1", "org-2"}) {
		t.Errorf("organizations: %v, %v", slugs, err)
	}
}
