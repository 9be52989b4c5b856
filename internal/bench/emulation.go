package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
)

// emulatedUsers is how many users an emulation has where nothing else is asked for, and in the goals.
const emulatedUsers = 10_000

// emulationStart is the figure of how long it takes until the first list.
const emulationStart = "emulation, start"

// emulatedPath is the list of the emulated API, which is at the root and tells an exact total.
const emulatedPath = "/users?page_size=100"

// emulation is a child that stands in for a vendor.
type emulation struct {
	*process

	controlAddr string
	out         *os.File // what it prints; it must stay open until the child is gone
}

// emulations measures how long it takes from the start of an emulation until its first exact list, and what it holds
// when every user was asked for; then how long it takes to put it back. The emulation may use every core.
func (r *runner) emulations(ctx context.Context) error {
	sizes := slices.Clone(r.Users)
	if slices.Max(sizes) > emulatedUsers {
		sizes = append(sizes, emulatedUsers)
	}
	slices.Sort(sizes)
	for _, users := range slices.Compact(sizes) {
		r.say("emulate a vendor with %d users", users)
		times := starts
		if users > emulatedUsers {
			times = 1 // it takes its time, and no goal is about it
		}
		for range times {
			if err := r.emulate(ctx, users); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) emulate(ctx context.Context, users int) (err error) {
	e, err := r.startEmulation(ctx, users)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.out.Close()) }()
	if err := r.listsAll(ctx, e); err != nil {
		return err
	}
	r.add(at(emulationStart, users), r.Now().Sub(e.started).Seconds())
	if cpu := e.cpu(); cpu > 0 {
		r.add(at(emulationStart+", CPU", users), cpu.Seconds())
	}
	if _, err := r.everyPage(ctx, e.process, emulatedPath); err != nil {
		return err
	}
	if now, _ := residentBytes(e.pid); now > 0 {
		r.add(at("emulation, resident", users), float64(now)/mebibyte)
	}
	if err := r.moments(ctx, e); err != nil {
		return fmt.Errorf("put an emulation back: %w", err)
	}
	return e.stop()
}

// moments measures what a test waits for between two cases, each time after a user was made: a snapshot, going back to
// it, and a reset. After what goes back the users of the start must be listed, and no other.
func (r *runner) moments(ctx context.Context, e *emulation) error {
	const times = 50
	kinds := []struct {
		name, path string
		goesBack   bool
	}{
		{"emulation, snapshot", "/_roster/snapshots/other", false},
		{"emulation, restore", "/_roster/snapshots/start:restore", true},
		{"emulation, reset", "/_roster/reset", true},
	}
	if _, err := r.control(ctx, e, "/_roster/snapshots/start", ""); err != nil {
		return err
	}
	took := make([][]time.Duration, len(kinds))
	for n := range times {
		for i, kind := range kinds {
			user := fmt.Sprintf(`{"name":"Case %d","email":"case-%d-%d@example.com"}`, n, n, i)
			if _, err := r.control(ctx, e, createPath, user); err != nil {
				return err
			}
			t, err := r.control(ctx, e, kind.path, "")
			if err == nil && kind.goesBack {
				err = r.listsAll(ctx, e)
			}
			if err != nil {
				return err
			}
			took[i] = append(took[i], t)
		}
	}
	for i, kind := range kinds {
		slices.Sort(took[i])
		name := at(kind.name, e.users)
		r.counts[name] += times
		r.add(name+".p50", micros(percentile(took[i], 0.50)))
		r.add(name+".p99", micros(percentile(took[i], 0.99)))
	}
	return nil
}

// control asks the control API to do something and returns how long it took.
func (r *runner) control(ctx context.Context, e *emulation, path, body string) (time.Duration, error) {
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", path, e.controlAddr, len(body), body)
	c, err := dial(ctx, e.controlAddr, r.Now().Add(grace))
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	start := r.Now()
	answer, err := c.do(request, true)
	took := r.Now().Sub(start)
	if err == nil && answer.Status/100 != 2 { //nolint:mnd // a success
		err = roster.Errorf(roster.Internal, "POST %s answers %d: %s", path, answer.Status, answer.Body)
	}
	return took, err
}

// listsAll fails where the emulation does not list the users that it was started with.
func (r *runner) listsAll(ctx context.Context, e *emulation) error {
	list, err := r.probe(ctx, e.process, emulatedPath)
	if err == nil && list.Total != e.users {
		err = roster.Errorf(roster.Internal, "an emulation lists %d users, want %d", list.Total, e.users)
	}
	return err
}

// startEmulation returns once the emulation has printed how to reach it.
func (r *runner) startEmulation(ctx context.Context, users int) (*emulation, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p, err := r.launch(ctx, child{addr: addr, out: in}, "emulate", "d3lay", "--users", fmt.Sprint(users),
		"--seed", fmt.Sprint(r.Seed), "--port", port, "-o", "json")
	e := &emulation{process: p, out: out}
	if err = errors.Join(err, in.Close()); err == nil {
		err = e.read()
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	e.users = users
	return e, nil
}

// read reads what the emulation prints first.
func (e *emulation) read() error {
	line, err := bufio.NewReader(e.out).ReadBytes('\n')
	if err != nil {
		return e.fault("printed nothing")
	}
	var shown struct {
		APIs       []struct{ Credentials []struct{ Secret string } }
		ControlURL string `json:"control_url"`
	}
	if err := json.Unmarshal(line, &shown); err != nil || len(shown.APIs) != 1 || len(shown.APIs[0].Credentials) == 0 {
		return roster.Errorf(roster.Internal, "an emulation prints no credential: %s", line)
	}
	e.controlAddr = strings.TrimPrefix(shown.ControlURL, "http://")
	e.secret = shown.APIs[0].Credentials[0].Secret
	return nil
}
