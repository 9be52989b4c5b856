package postgres

import (
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// slow are times of a process that hangs: it does not beat while a test runs.
func slow() leaseTimes {
	return leaseTimes{beat: time.Hour, look: time.Millisecond, lasts: 30 * time.Millisecond}
}

// working is a process whose turn it is.
type working struct {
	begun  <-chan struct{} // has one for each turn that has begun
	lost   <-chan struct{} // has one for each that has ended
	end    func()          // gives the turn back
	failed <-chan error    // has what Alone has returned
}

// work has a store wait for its turn, and keep it until it is lost or given back.
func work(t *testing.T, s *Store) working {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	begun, lost, failed := make(chan struct{}, 10), make(chan struct{}, 10), make(chan error, 1)
	go func() {
		failed <- s.Alone(ctx, func(ctx context.Context) error {
			begun <- struct{}{}
			<-ctx.Done()
			lost <- struct{}{}
			return nil
		})
	}()
	t.Cleanup(end)
	return working{begun, lost, end, failed}
}

// stop gives a turn back, or up.
func (w working) stop(t *testing.T) {
	t.Helper()
	w.end()
	if err := <-w.failed; err != nil {
		t.Error(err)
	}
}

// row returns the lease as it is.
func row(t *testing.T, s *Store) leaseRow {
	t.Helper()
	l := &lease{pool: s.side}
	row, err := l.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return row
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

// TestDeadHolder takes the turn of a process that was killed at once.
func TestDeadHolder(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	killed := openAt(t, url, options{lease: slow()})
	defer killed.Close()
	defer work(t, killed).stop(t)
	waitForTurn(t, killed)
	heldBy(t, url, dead(t))
	s := openAt(t, url, options{lease: leaseTimes{beat: time.Hour, look: time.Hour, lasts: time.Hour}})
	defer s.Close()
	w := work(t, s)
	defer w.stop(t)
	<-w.begun
	if got := row(t, s).generation; got != 1 {
		t.Errorf("got generation %d, want 1", got)
	}
}

// waitForTurn waits until somebody has the lease.
func waitForTurn(t *testing.T, s *Store) {
	t.Helper()
	for row(t, s).released {
	}
}

// TestGivenBack holds a turn that was given back to be another one's at once, and to be told from one that was lost.
func TestGivenBack(t *testing.T) {
	s := openNew(t, options{lease: leaseTimes{beat: time.Hour, look: time.Millisecond, lasts: time.Hour}})
	for range 2 {
		w := work(t, s)
		<-w.begun
		w.stop(t)
	}
	if got := row(t, s); got.generation != 0 || !got.released {
		t.Errorf("the lease is %+v", got)
	}
}

// TestBeating holds a turn elsewhere to be respected while it beats, and to be over when it does not any more.
func TestBeating(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	alive := openAt(t, url, options{lease: leaseTimes{beat: time.Millisecond, look: time.Hour, lasts: time.Hour}})
	defer alive.Close()
	one := work(t, alive)
	<-one.begun
	heldBy(t, url, elsewhere())
	s := openAt(t, url, options{lease: leaseTimes{beat: time.Hour, look: time.Millisecond, lasts: 2 * time.Second}})
	defer s.Close()
	other := work(t, s)
	defer other.stop(t)
	const beats, longer = 100, 2200 * time.Millisecond // than a lease lasts
	for since, began := row(t, s).beat, time.Now(); row(t, s).beat < since+beats || time.Since(began) < longer; {
		time.Sleep(20 * time.Millisecond) // it must have the processor
	}
	select {
	case <-other.begun:
		t.Error("two have their turn")
	default:
	}
	one.stop(t)
	<-other.begun
}

// TestTakenOver lets a process that hangs lose its turn. Its writes go on: they need none.
func TestTakenOver(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	hung := openAt(t, url, options{lease: slow()})
	defer hung.Close()
	org := named(1, 1, "one")
	mustCommit(t, hung, org.ID, roster.Op{After: org})
	loser := work(t, hung)
	<-loser.begun
	heldBy(t, url, elsewhere())
	s := openAt(t, url, options{lease: slow()})
	defer s.Close()
	taker := work(t, s)
	<-taker.begun
	if got := row(t, s).generation; got != 1 {
		t.Errorf("got generation %d, want 1", got)
	}
	mustCommit(t, hung, org.ID, roster.Op{After: numbered(1)})
	mustCommit(t, s, org.ID, roster.Op{After: numbered(2)})
	changes, err := hung.Changes(t.Context(), org.ID, 0, 10)
	if err != nil || len(changes) != 3 {
		t.Errorf("%d changes, %v, want 3", len(changes), err)
	}
	taker.stop(t)
	loser.stop(t)
}

// TestLost holds a process to ending its turn when another one has it, and when it could not say for long enough that it
// is alive.
func TestLost(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	loser := openAt(t, url, options{lease: leaseTimes{beat: time.Millisecond, look: time.Millisecond, lasts: time.Hour}})
	defer loser.Close()
	w := work(t, loser)
	<-w.begun
	if _, err := loser.side.Exec(t.Context(), `UPDATE leases SET nonce = $1, released = TRUE`, newNonce()); err != nil {
		t.Fatal(err)
	}
	<-w.lost
	<-w.begun // it has its turn anew
	w.stop(t)
}

// TestLostTouch ends the turn of a process that can't reach the database.
func TestLostTouch(t *testing.T) {
	s, proxy := openBehind(t, options{
		lease: leaseTimes{beat: time.Millisecond, look: time.Millisecond, lasts: 20 * time.Millisecond},
	})
	w := work(t, s)
	<-w.begun
	proxy.Set(pgtest.Faults{Apart: true})
	s.side.Reset()
	<-w.lost
	proxy.Set(pgtest.Faults{})
	<-w.begun
	w.stop(t)
}

// TestOpenedAtOnce has several processes make one schema.
func TestOpenedAtOnce(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			s, err := Open(t.Context(), url)
			if err != nil {
				return err
			}
			return s.Close()
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestStartOf(t *testing.T) {
	if h := self(); h.isDead() {
		t.Errorf("%+v is this process, and it runs", h)
	}
	if h := dead(t); !h.isDead() {
		t.Errorf("%+v has ended", h)
	}
	again := self()
	again.Started += "1" // of another process with the same number
	if !again.isDead() {
		t.Errorf("%+v has ended", again)
	}
	if h := elsewhere(); h.isDead() {
		t.Errorf("nothing is known of %+v", h)
	}
}
