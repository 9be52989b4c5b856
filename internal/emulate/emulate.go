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
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
	"github.com/roster-dev/roster/internal/server"
)

// Options say what to emulate. Fields without "optional" are required.
type Options struct {
	// Dialects are the names of vendors' dialects, each once.
	Dialects []string
	// Users is how many users there are, from 0; Seed is what they follow from.
	Users int
	Seed  uint64
	// Sparse has the made-up users have only what no vendor's page calls optional, or lets be null.
	Sparse bool
	// Contract is the contract of every dialect; optional: [roster.Documented].
	Contract roster.Contract
	// Host is the address to listen on; optional: 127.0.0.1. Port is that of the first dialect, the others take those
	// after it; 0 has each take any that is free.
	Host string
	Port int
	// Faults are what goes wrong at first; optional. While it has users come or go, walks are not of one version.
	Faults *fault.Plan
	// Control is the address and port of the control API; "" for none.
	Control string
	// Software is Roster's own version, for the vendors who tell one.
	Software string

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

	// ControlURL is the base URL of the control API, below [control.Root] of which its routes are; "" for none.
	ControlURL string

	options  Options
	dialects []*dialect.Dialect // of the options, which take long to make
	own      *dialect.Dialect   // Roster's own
	names    []string           // of all dialects
	secret   string             // of the operator
	visitors *auth.Visitors     // who read the documentation
	present  present
	// inspector stands around whatever is present, so that it sees all that clients do.
	inspector *inspect.Inspector
	start     *past // how everything was at the start

	// mu guards snapshots and ending, and is held by who replaces the present moment.
	mu        sync.Mutex
	snapshots map[string]*past
	ending    bool

	stop    context.CancelFunc
	ended   chan error     // what the server ended with, once
	closing sync.WaitGroup // of moments that have gone
	dir     string         // for key files
	close   func() error
}

// API is one emulated vendor.
type API struct {
	// Dialect is the dialect's name, Title the vendor's, and BaseURL what takes the place of the vendor's base URL.
	Dialect string `json:"dialect"`
	Title   string `json:"title"`
	BaseURL string `json:"base_url"`
	// Credentials are in the order in which a reader wants to know them: first one that counts.
	Credentials []Credential `json:"credentials"`

	dialect  *dialect.Dialect
	contract roster.Contract
	path     string // of the first operation that asks for a credential
}

// Start starts what options say and returns when all addresses listen. It fails with [roster.Invalid] for options that
// make no sense. The caller closes the instance, which also ends with ctx.
func Start(ctx context.Context, o Options) (_ *Instance, err error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	i := &Instance{
		options: o, dialects: o.dialects(), own: native.New(), names: all.Names(),
		snapshots: map[string]*past{}, ended: make(chan error, 1),
		inspector: inspect.New(inspect.Options{Now: o.Now}),
	}
	i.close = sync.OnceValue(i.end)
	defer func() {
		if err != nil {
			err = errors.Join(err, i.Close())
		}
	}()
	if i.secret, err = roster.NewSecret(o.Random); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := io.ReadFull(o.Random, key); err != nil {
		return nil, fmt.Errorf("make the key of visitors' tokens: %w", err)
	}
	i.visitors = auth.NewVisitors(demo.Organization().ID, key, o.time)
	g := demo.New(o.Seed, o.Users)
	keys, err := i.fill(ctx, g)
	if err != nil {
		return nil, err
	}
	if i.signs() {
		if i.dir, err = os.MkdirTemp("", "roster-emulate-"); err != nil {
			return nil, fmt.Errorf("make a folder for keys: %w", err)
		}
	}
	if err := i.serve(ctx, keys.of(g, i.dir)); err != nil {
		return nil, err
	}
	return i, nil
}

// MaxUsers is how many users can be made up: more than any machine's memory holds as of now.
const MaxUsers = 100_000_000

// signs reports whether clients of one of the dialects sign their requests.
func (i *Instance) signs() bool {
	return slices.ContainsFunc(i.dialects, func(d *dialect.Dialect) bool {
		return slices.ContainsFunc(d.Schemes, func(s dialect.Scheme) bool { return s.Kind == dialect.HTTPSignature })
	})
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
	if o.Users < 0 || o.Users > MaxUsers {
		return roster.FieldErrorf("users", "must be from 0 to %d", MaxUsers)
	}
	if o.Port < 0 || o.Port+len(o.Dialects) > 1<<16 {
		return roster.FieldErrorf("port", "must be from 0 to 65535, for the last dialect as well")
	}
	if o.Faults == nil {
		o.Faults = &fault.Plan{}
	}
	if err := o.checkControl(); err != nil {
		return err
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

// serve starts the listeners.
func (i *Instance) serve(ctx context.Context, credentials func(*API) ([]Credential, error)) (err error) {
	var listeners []server.Listener
	defer func() {
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
		}
	}()
	for n, name := range i.options.Dialects {
		api, l, err := i.listen(ctx, n)
		if err == nil {
			listeners = append(listeners, l)
			api.Credentials, err = credentials(api)
		}
		if err != nil {
			return fmt.Errorf("emulate %s: %w", name, err)
		}
		i.APIs = append(i.APIs, api)
	}
	if i.options.Control != "" {
		l, err := i.listenControl(ctx)
		if err != nil {
			return fmt.Errorf("listen for the control API: %w", err)
		}
		listeners = append(listeners, l)
	}
	first, err := i.newMoment(ctx, i.start)
	if err != nil {
		return err
	}
	i.present.Store(first)
	i.run(ctx, first.server, listeners)
	return nil
}

// run serves listeners until ctx ends or stop is called.
func (i *Instance) run(ctx context.Context, s *server.Server, listeners []server.Listener) {
	ctx, i.stop = context.WithCancel(ctx)
	context.AfterFunc(ctx, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.ending = true
		i.present.Load().drain()
	})
	go func() { i.ended <- s.Run(ctx, listeners...) }()
}

// maxTokens is of how many tokens limits are remembered: more than there are.
const maxTokens = 1000

// listen opens the address of the nth dialect.
func (i *Instance) listen(ctx context.Context, n int) (*API, server.Listener, error) {
	o := &i.options
	port := o.Port
	if port != 0 {
		port += n
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", net.JoinHostPort(o.Host, strconv.Itoa(port)))
	if err != nil {
		return nil, server.Listener{}, err
	}
	d, l := i.dialects[n], server.Listener{Listener: socket}
	api := &API{
		Dialect: d.Name, Title: d.Title, BaseURL: l.URL(), dialect: d, contract: o.Contract, path: FirstPath(d),
	}
	handler := i.inspector.Handler(inspect.API{
		Dialect: d, Contract: o.Contract, Org: demo.Organization().ID, Endpoint: api.endpoint, Token: i.token,
	}, i.present.api(n))
	l.Handler = i.present.withPages(n, handler)
	return api, l, nil
}

// Faults returns how often each fault of the present plan has happened, in its order, since it was set or put back.
func (i *Instance) Faults() []fault.Count { return i.present.Load().faults.Happened() }

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
	if m := i.present.Load(); m != nil {
		m.directory.Close()
	}
	i.closing.Wait()
	if i.dir != "" {
		err = errors.Join(err, os.RemoveAll(i.dir))
	}
	return err
}
