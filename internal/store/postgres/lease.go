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
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// The lease says which process has the database. What it holds in memory would be out of date where another one wrote.
// Who has it beats, who wants it watches: a process that was seen to beat is alive, one that has not for a while has
// lost it, and one that is known to be dead has, too. No clock but the watcher's own counts.
//
// Something that a lost process has sent may still arrive. So a lease that was not given back is taken with the next
// generation, and every write to an organization leaves its generation there (organizations.fence), and is refused
// where it finds a later one. Before a process loads an organization that was last written to under an earlier
// generation, it puts its own there, which waits for a transaction that is under way. What it has loaded can then
// change by its own writes only.

// leaseTimes are how often who has the lease beats, how often others look, and how long without a beat it lasts.
type leaseTimes struct{ beat, look, lasts time.Duration }

func (t leaseTimes) orUsual() leaseTimes {
	if t == (leaseTimes{}) {
		return leaseTimes{beat: 2 * time.Second, look: 100 * time.Millisecond, lasts: 10 * time.Second}
	}
	return t
}

// lease is a lease that this process has.
type lease struct {
	pool       *pgxpool.Pool
	name       string // of the database, for messages
	nonce      pgtype.UUID
	generation int64

	lost    chan struct{} // closed when another process has taken it
	losing  sync.Once
	stop    context.CancelFunc
	beating sync.WaitGroup
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
	raiseFence   = `UPDATE organizations SET fence = $2 WHERE id = $1 AND fence <= $2`
	releaseLease = `UPDATE leases SET released = TRUE WHERE name = 'roster' AND nonce = $1`
)

// takeLease takes the lease, or fails with a [*store.InUseError].
func takeLease(ctx context.Context, pool *pgxpool.Pool, name string, times leaseTimes) (*lease, error) {
	l := &lease{pool: pool, name: name, nonce: newNonce(), lost: make(chan struct{})}
	times = times.orUsual()
	if err := l.take(ctx, times); err != nil {
		if _, used := errors.AsType[*store.InUseError](err); used {
			return nil, err
		}
		return nil, readError(ctx, "take the lease of the database", err)
	}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.beating.Go(func() { l.keep(beating, times.beat) })
	return l, nil
}

// newNonce returns what nobody else has.
func newNonce() pgtype.UUID {
	nonce := pgtype.UUID{Valid: true}
	_, _ = rand.Read(nonce.Bytes[:]) // never fails
	return nonce
}

// take takes the lease as soon as it may.
func (l *lease) take(ctx context.Context, times leaseTimes) error {
	if _, err := l.pool.Exec(ctx, makeLease, l.nonce); err != nil {
		return err
	}
	first, err := l.read(ctx)
	if err != nil {
		return err
	}
	for row, since := first, time.Now(); ; {
		switch who := row.who(); {
		case row.nonce != first.nonce || row.beat != first.beat || !row.released && who.isAlive():
			return l.inUse(who)
		case row.released || who.isDead() || time.Since(since) >= times.lasts:
			taken, err := l.acquire(ctx, row)
			if taken || err != nil {
				return err
			}
		}
		select {
		case <-time.After(times.look):
		case <-ctx.Done():
			return ctx.Err()
		}
		if row, err = l.read(ctx); err != nil {
			return err
		}
	}
}

func (l *lease) read(ctx context.Context) (row leaseRow, err error) {
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
	tag, err := l.pool.Exec(ctx, acquire, l.generation, l.nonce, string(me), from.nonce, from.beat)
	return tag.RowsAffected() > 0, err
}

func (l *lease) inUse(who holder) error {
	err := &store.InUseError{Path: l.name, PID: who.PID}
	if who.Host != self().Host {
		err.Host = who.Host
	}
	return err
}

// keep beats until ctx ends.
func (l *lease) keep(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		beat, cancel := context.WithTimeout(ctx, every)
		l.beat(beat)
		cancel()
	}
}

// beat says that this process is alive, or notes that another one has the lease.
func (l *lease) beat(ctx context.Context) {
	tag, err := l.pool.Exec(ctx, beatLease, l.nonce)
	if err == nil && tag.RowsAffected() == 0 {
		l.lose()
	}
}

// lose notes that another process has the lease.
func (l *lease) lose() { l.losing.Do(func() { close(l.lost) }) }

// held fails where the lease is lost.
func (l *lease) held() error {
	select {
	case <-l.lost:
		return roster.Errorf(roster.Unavailable, "another roster process has taken over the database %s", l.name)
	default:
		return nil
	}
}

// release stops beating, and gives the lease back where nothing that was sent can arrive any more.
func (l *lease) release(ctx context.Context, clean bool) error {
	l.stop()
	l.beating.Wait()
	if !clean {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	_, err := l.pool.Exec(ctx, releaseLease, l.nonce)
	if err != nil && (isLost(err) || ctx.Err() != nil) {
		return nil // it ends by itself
	}
	return err
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

// isHere reports whether a process would be seen from here.
func (h holder) isHere() bool { return h.Machine != "" && h.Machine == self().Machine }

// isAlive reports whether a process is known to run.
func (h holder) isAlive() bool {
	if !h.isHere() {
		return false
	}
	started, err := startOf(h.PID)
	return err == nil && started == h.Started
}

// isDead reports whether a process is known not to run any more.
func (h holder) isDead() bool {
	if !h.isHere() {
		return false
	}
	started, err := startOf(h.PID)
	return errors.Is(err, os.ErrNotExist) || err == nil && started != h.Started
}

// fenceOrg puts this process's generation where an earlier one is, and waits for what is under way there.
func (s *Store) fenceOrg(ctx context.Context, org roster.ID) error {
	_, err := s.side.Exec(ctx, raiseFence, uid(org), s.lease.generation)
	return err
}

// isUnfenced reports whether what is kept of an organization may still change by another process, or by a transaction
// of this one that was given up.
func (s *Store) isUnfenced(org roster.ID, fence int64) bool {
	return fence < s.lease.generation || s.doubts.has(org)
}
