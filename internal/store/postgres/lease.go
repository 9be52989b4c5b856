package postgres

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// The lease says whose turn it is to do what one process must do at a time. No write needs it: those of an organization
// come one after the other by its row. Who has the lease beats, who wants it watches: a process that was seen to beat
// is alive, one that has not for a while has lost it, and one that is known to be dead has, too. No clock but the
// watcher's own counts, and who can't beat for as long takes it for lost by its own.

// leaseTimes are how often who has the lease beats, how often others look, and how long without a beat it lasts.
type leaseTimes struct{ beat, look, lasts time.Duration }

func (t leaseTimes) orUsual() leaseTimes {
	if t == (leaseTimes{}) {
		return leaseTimes{beat: 2 * time.Second, look: 500 * time.Millisecond, lasts: 10 * time.Second}
	}
	return t
}

// lease is a lease that this process has, or is after.
type lease struct {
	pool       *pgxpool.Pool
	times      leaseTimes
	nonce      pgtype.UUID
	generation int64 // how often the lease was taken without having been given back
}

// holder is who has a lease.
type holder struct {
	Host    string `json:"host"`
	Machine string `json:"machine"` // what PIDs are unique in, "" where that is not known
	PID     int    `json:"pid"`
	Started string `json:"started"` // since PIDs are used again
}

// leaseRow is what is kept of a lease.
type leaseRow struct {
	generation, beat int64
	nonce            pgtype.UUID
	holder           string
	released         bool
}

// The statements about the lease, of which there is one.
const (
	makeLease = `INSERT INTO leases (name, generation, nonce, holder, beat, released)
		VALUES ('roster', 0, $1, '', 0, TRUE) ON CONFLICT (name) DO NOTHING`
	readLease = `SELECT generation, nonce, holder, beat, released FROM leases WHERE name = 'roster'`
	acquire   = `UPDATE leases SET generation = $1, nonce = $2, holder = $3, beat = beat + 1, released = FALSE
		WHERE name = 'roster' AND nonce = $4 AND beat = $5`
	beatLease    = `UPDATE leases SET beat = beat + 1 WHERE name = 'roster' AND nonce = $1`
	releaseLease = `UPDATE leases SET released = TRUE WHERE name = 'roster' AND nonce = $1`
)

// Alone implements [store.Shared].
func (s *Store) Alone(ctx context.Context, fn func(context.Context) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	for {
		l := &lease{pool: s.side, times: s.times.orUsual(), nonce: newNonce()}
		if err := l.take(ctx); err != nil {
			return nil // ctx has ended, which is no failure
		}
		lost, err := l.during(ctx, fn)
		l.release(ctx)
		if err != nil || !lost || ctx.Err() != nil {
			return err
		}
	}
}

// newNonce returns what nobody else has.
func newNonce() pgtype.UUID {
	nonce := pgtype.UUID{Valid: true}
	_, _ = rand.Read(nonce.Bytes[:]) // never fails
	return nonce
}

// take takes the lease as soon as it may, and fails when ctx has ended. It waits for a database that does not answer.
func (l *lease) take(ctx context.Context) error {
	var row leaseRow
	for since := (time.Time{}); ; {
		now, err := l.read(ctx)
		switch {
		case err != nil:
			since = time.Time{} // nobody can have beaten meanwhile
		case since.IsZero() || now.nonce != row.nonce || now.beat != row.beat:
			row, since = now, time.Now()
		}
		if err == nil && now.nonce == l.nonce {
			return nil // taken, though no answer said so
		}
		if !since.IsZero() && l.mayTake(&row, since) {
			if taken, err := l.acquire(ctx, row); taken && err == nil {
				return nil
			}
			since = time.Time{}
		}
		select {
		case <-time.After(l.times.look):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// mayTake reports whether nobody has the lease any more that was seen first at some time as it is now.
func (l *lease) mayTake(row *leaseRow, since time.Time) bool {
	return row.released || row.who().isDead() || time.Since(since) >= l.times.lasts
}

func (l *lease) read(ctx context.Context) (row leaseRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	err = l.pool.QueryRow(ctx, readLease).Scan(&row.generation, &row.nonce, &row.holder, &row.beat, &row.released)
	return row, err
}

// acquire takes the lease from what it was seen to be.
func (l *lease) acquire(ctx context.Context, from leaseRow) (bool, error) {
	l.generation = from.generation
	if !from.released {
		l.generation++
	}
	me, err := json.Marshal(self())
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	tag, err := l.pool.Exec(ctx, acquire, l.generation, l.nonce, string(me), from.nonce, from.beat)
	return tag.RowsAffected() > 0, err
}

// during calls fn while this process has the lease, and reports whether it was lost.
func (l *lease) during(ctx context.Context, fn func(context.Context) error) (lost bool, err error) {
	ctx, end := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error {
		defer end()
		lost = l.keep(ctx)
		return nil
	})
	err = fn(ctx)
	end()
	return lost, errors.Join(err, group.Wait())
}

// keep beats until ctx ends, or reports that the lease is lost.
func (l *lease) keep(ctx context.Context) (lost bool) {
	ticks := time.NewTicker(l.times.beat)
	defer ticks.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return false
		case <-ticks.C:
		}
		before := time.Now()
		held, err := l.beat(ctx)
		switch {
		case err == nil && !held, err != nil && time.Since(last) >= l.times.lasts:
			return ctx.Err() == nil
		case err == nil:
			last = before
		}
	}
}

// beat says that this process is alive, and reports whether it still has the lease.
func (l *lease) beat(ctx context.Context) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.times.beat)
	defer cancel()
	tag, err := l.pool.Exec(ctx, beatLease, l.nonce)
	return tag.RowsAffected() > 0, err
}

// release gives the lease back. Where it can't, the lease ends by itself.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	_, _ = l.pool.Exec(ctx, releaseLease, l.nonce)
}

// who returns who has the lease.
func (r *leaseRow) who() (h holder) {
	if err := json.Unmarshal([]byte(r.holder), &h); err != nil {
		return holder{}
	}
	return h
}

// self returns this process.
func self() holder {
	h := holder{PID: os.Getpid()}
	h.Host, _ = os.Hostname()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return h
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return h
	}
	if started, err := startOf(h.PID); err == nil {
		h.Machine, h.Started = strings.TrimSpace(string(boot))+" "+space, started
	}
	return h
}

// startOf returns when a process of this machine was started, in a form of its own. It fails with [os.ErrNotExist]
// where there is none, and where this can't be told.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) && !isGone(pid) {
		return "", fmt.Errorf("process %d is hidden", pid) // as /proc can be mounted
	}
	if err != nil {
		return "", err
	}
	// What follows the name, which may hold anything, begins with the third field; the start is the twenty-second.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const state, start = 0, 19
	if len(fields) <= start {
		return "", fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", os.ErrNotExist // dead, and nobody has asked how it ended yet
	}
	return fields[start], nil
}

// isGone reports whether there is no process with a number, whatever /proc shows of it.
func isGone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	defer func() { _ = p.Release() }()
	return errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// isHere reports whether a process would be seen from here.
func (h holder) isHere() bool { return h.Machine != "" && h.Machine == self().Machine }

// isDead reports whether a process is known not to run any more.
func (h holder) isDead() bool {
	if !h.isHere() {
		return false
	}
	started, err := startOf(h.PID)
	return errors.Is(err, os.ErrNotExist) || err == nil && started != h.Started
}
