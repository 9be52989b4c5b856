// Package emulate starts stand-ins of vendors' APIs in this process: each dialect at the root of a loopback address,
// over one made-up organization in memory, with the vendor's limits and with credentials of every kind that counts and
// that does not.
//
// It puts stores, the directory, dialects and the server together as cmd/roster does, for what runs briefly and keeps
// nothing. Rules about records or wires do not belong here.
package emulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/docs"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// Options say what to emulate. Fields without "optional" are required.
type Options struct {
	// Dialects are the names of vendors' dialects, each once.
	Dialects []string
	// Users is how many users there are, from 0; Seed is what they follow from.
	Users int
	Seed  uint64
	// Contract is the contract of every dialect; optional: [roster.Documented].
	Contract roster.Contract
	// Host is the address to listen on; optional: 127.0.0.1. Port is that of the first dialect, the others take those
	// after it; 0 has each take any that is free.
	Host string
	Port int
	// Faults are what goes wrong; optional. With them, walks are no longer of one version where users come or go.
	Faults *fault.Plan

	Now    func() time.Time
	NewID  func() (roster.ID, error)
	Random io.Reader // safe for concurrent use, as that of crypto/rand is
	Log    *slog.Logger
}

// Dialects returns the names of the dialects that can be emulated, in the order of the documentation.
func Dialects() []string {
	var names []string
	for _, d := range all.Dialects() {
		if !d.Own {
			names = append(names, d.Name)
		}
	}
	return names
}

// Instance is what runs. It is safe for concurrent use.
type Instance struct {
	// APIs are what is emulated, in the order of the options.
	APIs []*API

	directory *directory.Service
	faults    *fault.Injector // nil where nothing goes wrong
	store     store.Store
	stop      context.CancelFunc
	ended     chan error // what the server ended with, once
	dir       string     // for key files
	close     func() error
}

// API is one emulated vendor.
type API struct {
	// Dialect is the dialect's name, Title the vendor's, and BaseURL what takes the place of the vendor's base URL.
	Dialect, Title, BaseURL string
	// Credentials are in the order in which a reader wants to know them: first one that counts.
	Credentials []Credential

	dialect  *dialect.Dialect
	contract roster.Contract
	path     string // of the first operation that asks for a credential
	counts   counts
}

// Start starts what options say and returns when all addresses listen. It fails with [roster.Invalid] for options that
// make no sense. The caller closes the instance, which also ends with ctx.
func Start(ctx context.Context, o Options) (_ *Instance, err error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	i := &Instance{store: memory.New(), ended: make(chan error, 1)}
	i.close = sync.OnceValue(i.end)
	defer func() {
		if err != nil {
			err = errors.Join(err, i.Close())
		}
	}()
	if o.Faults != nil {
		i.faults = &fault.Injector{Plan: o.Faults, Clock: fault.NewClock(o.Now), Sleep: fault.Sleep}
		o.Now = i.faults.Clock.Now
	}
	g := demo.New(o.Seed, o.Users)
	keys, err := i.fill(ctx, o, g)
	if err != nil {
		return nil, err
	}
	i.directory = directory.New(i.store, directory.Options{
		Now: o.time, NewID: o.NewID, Random: o.Random, Warm: true, FormBytes: cacheBytes,
	})
	if _, err := i.directory.View(ctx, demo.Organization().ID); err != nil {
		return nil, err
	}
	if i.faults != nil {
		i.faults.World = &world{directory: i.directory, now: o.time}
	}
	if i.dir, err = os.MkdirTemp("", "roster-emulate-"); err != nil {
		return nil, fmt.Errorf("make a folder for keys: %w", err)
	}
	if err := i.serve(ctx, o, keys.of(g, i.dir)); err != nil {
		return nil, err
	}
	return i, nil
}

// cacheBytes bounds the memory for answers, and that for users as answers show them.
const cacheBytes = 32 << 20

// complete fills in what is optional and checks the rest.
func (o *Options) complete() error {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if o.Contract == "" {
		o.Contract = roster.Documented
	}
	if o.Contract != roster.Documented && o.Contract != roster.Live {
		return roster.FieldErrorf("contract", "must be %s or %s, not %q", roster.Documented, roster.Live, o.Contract)
	}
	if o.Users < 0 {
		return roster.FieldErrorf("users", "must not be negative")
	}
	if o.Port < 0 || o.Port+len(o.Dialects) > 1<<16 {
		return roster.FieldErrorf("port", "must be from 0 to 65535, for the last dialect as well")
	}
	return o.checkDialects()
}

func (o *Options) checkDialects() error {
	if len(o.Dialects) == 0 {
		return roster.FieldErrorf("dialects", "must name one or more of %s", strings.Join(Dialects(), ", "))
	}
	seen := map[string]bool{}
	for _, name := range o.Dialects {
		d := all.ByName(name)
		switch {
		case d == nil || d.Own:
			return roster.FieldErrorf("dialects", "must be one of %s, not %q", strings.Join(Dialects(), ", "), name)
		case seen[name]:
			return roster.FieldErrorf("dialects", "has %s twice", name)
		}
		seen[name] = true
	}
	if o.Faults == nil {
		return nil
	}
	return o.Faults.Check(o.dialects())
}

func (o *Options) dialects() []*dialect.Dialect {
	var dialects []*dialect.Dialect
	for _, name := range o.Dialects {
		dialects = append(dialects, all.ByName(name))
	}
	return dialects
}

func (o *Options) time() roster.Time { return roster.TimeOf(o.Now()) }

// fill makes the organization and its tokens.
func (i *Instance) fill(ctx context.Context, o Options, g *demo.Generator) (*keyring, error) {
	keys, err := newKeyring(o)
	if err != nil {
		return nil, err
	}
	return keys, Fill(ctx, i.store, o.Random, func(yield func(roster.Entity) bool) {
		for e := range g.Entities() {
			org, first := e.(*roster.Organization)
			if first {
				org.Contracts = map[string]roster.Contract{}
				for _, name := range o.Dialects {
					org.Contracts[name] = o.Contract
				}
			}
			if !yield(e) || first && !keys.each(yield) {
				return
			}
		}
	})
}

// Fill puts the demo organization and what belongs to it into a store that does not have it, in several changes. random
// is what the audit is salted with.
func Fill(ctx context.Context, into store.Store, random io.Reader, entities iter.Seq[roster.Entity]) error {
	const batch = 10_000
	org := demo.Organization().ID
	var ops []roster.Op
	commit := func() error {
		entry := roster.Operator().NewEntry()
		entry.Reason, entry.To = "made for the demo", len(ops)
		if _, err := io.ReadFull(random, entry.Salt[:]); err != nil {
			return fmt.Errorf("make the salt of an audit entry: %w", err)
		}
		_, err := into.Update(ctx, org, func(roster.State) (roster.Change, error) {
			return roster.Change{At: demo.Epoch(), Ops: ops, Entries: []roster.Entry{entry}}, nil
		})
		ops = nil
		return err
	}
	for e := range entities {
		if ops = append(ops, roster.Op{After: e}); len(ops) < batch {
			continue
		}
		if err := commit(); err != nil {
			return fmt.Errorf("make the demo organization: %w", err)
		}
	}
	if len(ops) > 0 {
		if err := commit(); err != nil {
			return fmt.Errorf("make the demo organization: %w", err)
		}
	}
	return nil
}

// serve starts the listeners.
func (i *Instance) serve(ctx context.Context, o Options, credentials func(*API) ([]Credential, error)) error {
	srv, err := i.newServer(o)
	if err != nil {
		return err
	}
	var listeners []server.Listener
	for n, name := range o.Dialects {
		api, l, err := i.listen(ctx, o, n, srv)
		if err == nil {
			listeners = append(listeners, l)
			api.Credentials, err = credentials(api)
		}
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return fmt.Errorf("emulate %s: %w", name, err)
		}
		i.APIs = append(i.APIs, api)
	}
	ctx, i.stop = context.WithCancel(ctx)
	go func() { i.ended <- srv.Run(ctx, listeners...) }()
	return nil
}

func (i *Instance) newServer(o Options) (*server.Server, error) {
	epoch, err := o.NewID()
	if err != nil {
		return nil, err
	}
	pinned := time.Minute
	if o.Faults != nil && o.Faults.Moves() {
		pinned = 0 // else who pages would not see it
	}
	d := i.directory
	return server.New(server.Config{
		Dialects: o.dialects(), Directory: server.Views(d.View), Tokens: &auth.Authenticator{Tokens: d, Now: o.time},
		Verifier: auth.NewVerifier(auth.SignersAmong(d), o.time), Limiter: auth.NewLimiter(o.Now, maxTokens),
		Writer: d, Versions: server.VersionsOf(d), PinPages: pinned,
		Random: o.Random, Log: o.Log, Now: o.Now, NewID: o.NewID, Epoch: epoch.String(), CacheBytes: cacheBytes,
		Docs: docs.Pages, Contract: o.Contract,
	})
}

// maxTokens is of how many tokens limits are remembered: more than there are.
const maxTokens = 1000

// listen opens the address of the nth dialect.
func (i *Instance) listen(ctx context.Context, o Options, n int, srv *server.Server) (*API, server.Listener, error) {
	handler, err := srv.DialectHandler(o.Dialects[n])
	if err != nil {
		return nil, server.Listener{}, err
	}
	port := o.Port
	if port != 0 {
		port += n
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", net.JoinHostPort(o.Host, strconv.Itoa(port)))
	if err != nil {
		return nil, server.Listener{}, err
	}
	d := all.ByName(o.Dialects[n])
	api := &API{
		Dialect: d.Name, Title: d.Title, BaseURL: "http://" + socket.Addr().String(), dialect: d, contract: o.Contract,
		path: FirstPath(d),
	}
	if i.faults != nil {
		handler = i.faults.Handler(fault.API{Dialect: d, Contract: o.Contract, Endpoint: api.endpoint}, handler)
	}
	return api, server.Listener{Listener: socket, Handler: api.counting(handler)}, nil
}

// Faults returns how often each fault has happened, in the order of the plan; nil without one.
func (i *Instance) Faults() []fault.Count {
	if i.faults == nil {
		return nil
	}
	return i.faults.Happened()
}

// Wait waits until the server has ended, and returns what it failed with.
func (i *Instance) Wait() error {
	err := <-i.ended
	i.ended <- err
	return err
}

// Close ends requests that are under way within 30 seconds and removes what was written to files. Calling it again
// returns the same.
func (i *Instance) Close() error { return i.close() }

func (i *Instance) end() error {
	var err error
	if i.stop != nil {
		i.stop()
		err = i.Wait()
	}
	if i.directory != nil {
		i.directory.Close()
	}
	if i.dir != "" {
		err = errors.Join(err, os.RemoveAll(i.dir))
	}
	return errors.Join(err, i.store.Close())
}
