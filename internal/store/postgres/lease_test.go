package postgres

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// slow are times of a process that hangs: it does not beat while a test runs.
func slow() leaseTimes {
	return leaseTimes{beat: time.Hour, look: time.Millisecond, lasts: 30 * time.Millisecond}
}

func TestInUse(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	s := openAt(t, url, options{})
	_, err := Open(t.Context(), url)
	inUse, ok := errors.AsType[*store.InUseError](err)
	if !ok || roster.CodeOf(err) != roster.Unavailable {
		t.Fatalf("second time: got %v, want a store in use", err)
	}
	if diff := cmp.Diff(&store.InUseError{Path: s.name, PID: os.Getpid()}, inUse); diff != "" {
		t.Errorf("in use (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, url, options{})
	if s.lease.generation != 0 {
		t.Errorf("generation %d of a lease that was given back", s.lease.generation)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// heldBy puts another holder in the place of the one that a store has, which goes on without knowing.
func heldBy(t *testing.T, url string, h holder) {
	t.Helper()
	doc, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `UPDATE leases SET holder = $1`, string(doc)); err != nil {
		t.Fatal(err)
	}
}

// elsewhere is a process on another machine.
func elsewhere() holder { return holder{Host: "elsewhere", Machine: "another", PID: 5} }

// dead is a process of this machine that has ended.
func dead(t *testing.T) holder {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	h := self()
	h.PID = cmd.Process.Pid
	return h
}

// TestDeadHolder takes the lease of a process that was killed at once, with the next generation.
func TestDeadHolder(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	killed := openAt(t, url, options{lease: slow()})
	defer killed.Close()
	heldBy(t, url, dead(t))
	s := openAt(t, url, options{lease: leaseTimes{beat: time.Hour, look: time.Hour, lasts: time.Hour}})
	defer s.Close()
	if s.lease.generation != 1 {
		t.Errorf("got generation %d, want 1", s.lease.generation)
	}
}

// TestBeating holds a lease that is elsewhere to be respected while it beats.
func TestBeating(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	alive := openAt(t, url, options{lease: leaseTimes{beat: time.Millisecond, look: time.Hour, lasts: time.Hour}})
	defer alive.Close()
	heldBy(t, url, elsewhere())
	_, err := open(t.Context(), url, options{lease: leaseTimes{beat: time.Hour, look: time.Millisecond, lasts: time.Minute}})
	inUse, ok := errors.AsType[*store.InUseError](err)
	if !ok || inUse.Host != "elsewhere" || inUse.PID != 5 {
		t.Errorf("got %v, want a store in use elsewhere", err)
	}
}

// TestTakenOver lets a process that hangs lose the lease, and wake up with a transaction under way: what the other one
// loads has its change, and every later one is refused.
func TestTakenOver(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	hung := openAt(t, url, options{lease: slow()})
	defer hung.Close()
	one, two := named(1, 1, "one"), named(2, 2, "two")
	mustCommit(t, hung, one.ID, roster.Op{After: one})
	mustCommit(t, hung, two.ID, roster.Op{After: two})
	heldBy(t, url, elsewhere())
	begun, goOn, written := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		_, err := hung.Update(t.Context(), one.ID, func(roster.State) (roster.Change, error) {
			close(begun)
			<-goOn
			return roster.Change{Ops: []roster.Op{{After: numbered(1)}}}, nil
		})
		written <- err
	}()
	<-begun
	s := openAt(t, url, options{lease: slow()})
	defer s.Close()
	versions := make(chan roster.Version)
	go func() {
		version, err := s.Load(t.Context(), one.ID, func(roster.Entity) error { return nil })
		if err != nil {
			t.Error(err)
		}
		versions <- version
	}()
	waitForLock(t, s)
	close(goOn)
	if err := <-written; err != nil {
		t.Errorf("the transaction under way: %v", err)
	}
	if version := <-versions; version != 2 {
		t.Errorf("loaded version %d, want 2", version)
	}
	select {
	case <-hung.Lost():
		t.Fatal("the one that hung knows already")
	default:
	}
	if err := commit(t, hung, one.ID, roster.Op{After: numbered(2)}); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("a write after the lease was lost: got %v, want %s", err, roster.Unavailable)
	}
	select {
	case <-hung.Lost():
	default:
		t.Error("the one that hung does not know yet")
	}
	if err := commit(t, hung, two.ID, roster.Op{After: numbered(2)}); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("another write after the lease was lost: got %v, want %s", err, roster.Unavailable)
	}
	mustCommit(t, s, one.ID, roster.Op{After: numbered(2)})
}

// TestLost holds a process to noticing that it has lost the lease.
func TestLost(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	loser := openAt(t, url, options{lease: slow()})
	defer loser.Close()
	heldBy(t, url, dead(t))
	s := openAt(t, url, options{lease: slow()})
	defer s.Close()
	loser.lease.beat(t.Context())
	<-loser.Lost()
	if err := loser.Orgs(t.Context(), func(*roster.Organization) error { return nil }); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("got %v, want %s", err, roster.Unavailable)
	}
}

func TestStartOf(t *testing.T) {
	if h := self(); !h.isAlive() || h.isDead() {
		t.Errorf("%+v is this process, and it runs", h)
	}
	if h := dead(t); h.isAlive() || !h.isDead() {
		t.Errorf("%+v has ended", h)
	}
	again := self()
	again.Started += "1" // of another process with the same number
	if again.isAlive() || !again.isDead() {
		t.Errorf("%+v has ended", again)
	}
	if h := elsewhere(); h.isAlive() || h.isDead() {
		t.Errorf("nothing is known of %+v", h)
	}
}
