package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

var (
	kills    = flag.Int("kills", 200, "how many times TestKills kills the server")
	killSeed = flag.Uint64("kill-seed", 0, "what TestKills does follows from; 0 for anything")
)

// TestKills kills a server with SIGKILL at random points while clients write to it, and starts it again on the same
// file. Whatever was acknowledged must be there, once, at the version that was told; a batch whole or not at all; requests
// that are repeated with their keys must be answered as they were, or done now where they were not. In the end the
// history must lead to exactly the records and the list, and the audit be whole.
//
// A process that is killed loses what it holds in memory, and nothing that it has handed to the kernel. So this says
// nothing about power that fails: what survives that is what the disk was told to write before the answer, which is a
// matter of SQLite's setting synchronous, and of disks that do not lie.
func TestKills(t *testing.T) {
	t.Parallel()
	if *killSeed == 0 {
		*killSeed = rand.Uint64()
	}
	k := newKilling(t, build(t), *killSeed)
	for k.round = range *kills {
		k.run()
	}
	k.finish()
	if *kills > 0 && (k.acknowledged == 0 || k.lost == 0 || k.again == 0) {
		t.Errorf("nothing was seen: %d acknowledged, %d without an answer, %d answered again", k.acknowledged, k.lost, k.again)
	}
	t.Logf("%d kills, %d writes that were acknowledged, %d of them when they were repeated; %d left without an answer of "+
		"which %d were done; %d answers given again", *kills, k.acknowledged, k.resolved, k.lost, k.done, k.again)
}

// killing is a server that is killed again and again.
type killing struct {
	t       *testing.T
	program program
	random  *rand.Rand
	round   int
	window  time.Duration // within which a server that has come up is killed
	writers []*writer
	secrets []string

	// at is the version up to which the history was looked at, and users are their names by address, as it has them.
	at    roster.Version
	users map[string]string

	// started, if set, is called whenever the server has come up again and the writes of before were looked at, with its
	// URL. What else must outlive a kill can be looked at there.
	started func(url string)

	acknowledged, resolved, lost, done, again int
}

// newKilling makes an organization, tokens that share its commits and writers.
func newKilling(t *testing.T, p program, seed uint64) *killing {
	t.Helper()
	t.Logf("-kill-seed %d", seed)
	k := &killing{
		t: t, program: p, random: rand.New(rand.NewPCG(seed, 0)), window: 40 * time.Millisecond, users: map[string]string{},
	}
	k.program.run(t, "org", "create", "--slug", "acme")
	for _, name := range []string{"one", "two", "three"} {
		token := decode[struct{ Secret string }](t, k.program.run(t, "token", "create", "--org", "acme", "--name", name,
			"--permission", "*", "-o", "json"))
		k.secrets = append(k.secrets, token.Secret)
	}
	const writers = 9
	for i := range writers {
		k.writers = append(k.writers, newWriter(i, seed, k.secrets[i%len(k.secrets)]))
	}
	return k
}

// run starts the server, holds it to what it said before, and kills it while there are writes.
func (k *killing) run() {
	k.t.Helper()
	if k.random.IntN(10) == 0 {
		k.killAtStart()
	}
	s := k.program.serve(k.t)
	if s.url == "" {
		k.t.Fatalf("round %d: the server does not start", k.round)
	}
	k.look(s.url)
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	errs := make([]error, len(k.writers))
	for i, w := range k.writers {
		group.Go(func() { errs[i] = w.run(ctx, s.url) })
	}
	<-time.After(time.Duration(k.random.Int64N(int64(k.window))))
	s.end(k.t, syscall.SIGKILL)
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		k.t.Fatalf("round %d: %v", k.round, err)
	}
}

// killAtStart kills a server that may not have come up yet.
func (k *killing) killAtStart() {
	k.t.Helper()
	cmd := k.program.command(k.t, "serve", "--addr", "127.0.0.1:0")
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	<-time.After(time.Duration(k.random.Int64N(int64(30 * time.Millisecond))))
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		k.t.Fatal(err)
	}
	_ = cmd.Wait()
}

// look holds a server that has come up to what was answered before it was killed.
func (k *killing) look(url string) {
	k.t.Helper()
	for _, w := range k.writers {
		resolved, again, err := w.resume(k.t.Context(), url)
		if err != nil {
			k.t.Fatalf("round %d: %v", k.round, err)
		}
		k.resolved, k.again = k.resolved+resolved, k.again+again
	}
	history := k.history(url)
	for _, w := range k.writers {
		for _, sent := range w.take() {
			if err := k.check(sent, history); err != nil {
				k.t.Fatalf("round %d: %v", k.round, err)
			}
		}
	}
	for mark, version := range history {
		k.t.Fatalf("round %d: at version %d the history has %v, which nobody asked for", k.round, version, mark)
	}
	if k.started != nil {
		k.started(url)
	}
}

// history returns what was done since the last time, by what it left behind, and brings the users up to date.
func (k *killing) history(url string) map[mark]roster.Version {
	k.t.Helper()
	found := map[mark]roster.Version{}
	for {
		page, err := changesSince(k.t.Context(), url, k.secrets[0], k.at)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, c := range page {
			if k.at++; c.Version != k.at {
				k.t.Fatalf("round %d: the history has version %d where %d is due", k.round, c.Version, k.at)
			}
			for _, m := range c.marks() {
				if _, twice := found[m]; twice {
					k.t.Fatalf("round %d: %v was done twice, again at version %d", k.round, m, c.Version)
				}
				found[m] = c.Version
				k.users[m.email] = m.name
				if m.name == "" {
					delete(k.users, m.email)
				}
			}
		}
		if len(page) == 0 {
			return found
		}
	}
}

// check holds a write to the history, and takes it out of there.
func (k *killing) check(sent *sent, history map[mark]roster.Version) error {
	var at []roster.Version
	for _, m := range sent.marks {
		if version, ok := history[m]; ok {
			at = append(at, version)
			delete(history, m)
		}
	}
	for _, version := range at {
		if version != at[0] {
			return fmt.Errorf("%s was done at several versions: %v", sent, at)
		}
	}
	switch {
	case len(at) != 0 && len(at) != len(sent.marks):
		return fmt.Errorf("%s was half done, %d of %d, at version %d", sent, len(at), len(sent.marks), at[0])
	case sent.answer == nil:
		k.lost++
		k.done += min(len(at), 1)
		return nil
	case len(at) == 0:
		return fmt.Errorf("%s was acknowledged and is lost", sent)
	case at[0] != sent.answer.version:
		return fmt.Errorf("%s was acknowledged at version %d, and done at %d", sent, sent.answer.version, at[0])
	}
	k.acknowledged++
	return nil
}

// finish holds the list, the records and the audit to the history.
func (k *killing) finish() {
	k.t.Helper()
	s := k.program.serve(k.t)
	k.look(s.url)
	listed, err := listUsers(k.t.Context(), s.url, k.secrets[0])
	if err != nil {
		k.t.Fatal(err)
	}
	if !maps.Equal(k.users, listed) {
		k.t.Errorf("the history leads to %d users, the list has %d, and they are not the same", len(k.users), len(listed))
	}
	if code := s.end(k.t, syscall.SIGTERM); code != 0 {
		k.t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
	k.program.run(k.t, "audit", "verify", "--org", "acme")
	k.program.run(k.t, "doctor")
}
