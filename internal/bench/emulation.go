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

	"github.com/roster-dev/roster"
)

// emulatedUsers is how many users an emulation has where nothing else is asked for, and in the goals.
const emulatedUsers = 10_000

// emulatedPath is the list of the emulated API, which is at the root and tells an exact total.
const emulatedPath = "/users?page_size=100"

// emulation is a child that stands in for a vendor.
type emulation struct {
	*process

	out *os.File // what it prints; it must stay open until the child is gone
}

// emulations measures how long it takes from the start of an emulation until its first exact list, and what it holds
// when every user was asked for. The emulation may use every core.
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
	first, err := r.probe(ctx, e.process, emulatedPath)
	if err != nil {
		return err
	}
	if first.Total != users {
		return roster.Errorf(roster.Internal, "an emulation lists %d users, want %d", first.Total, users)
	}
	r.add(at("emulation, start", users), r.Now().Sub(e.started).Seconds())
	if _, err := r.everyPage(ctx, e.process, emulatedPath); err != nil {
		return err
	}
	if now, _ := residentBytes(e.pid); now > 0 {
		r.add(at("emulation, resident", users), float64(now)/mebibyte)
	}
	return e.stop()
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
		APIs []struct{ Credentials []struct{ Secret string } }
	}
	if err := json.Unmarshal(line, &shown); err != nil || len(shown.APIs) != 1 || len(shown.APIs[0].Credentials) == 0 {
		return roster.Errorf(roster.Internal, "an emulation prints no credential: %s", line)
	}
	e.secret = shown.APIs[0].Credentials[0].Secret
	return nil
}
