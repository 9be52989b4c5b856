// Package webhook delivers the changes of organizations to the URLs of their webhooks, by the Standard Webhooks
// specification: each change is a signed message, in order for each webhook, at least once. It knows changes and
// webhooks through small interfaces, and neither stores nor how a message is written.
//
// Where a webhook stands is kept in memory and stored shortly after it has moved. Whoever is killed in between sends
// the messages of that moment again, with the same ids.
package webhook

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/trace"
)

// Log is what happens to organizations. It is safe for concurrent use.
type Log interface {
	// Changes returns the changes of an organization after a version, oldest first and without a gap, at most limit of
	// them. It fails with [roster.Gone] because of a [roster.TrimmedError] where not all of them are kept any more.
	Changes(ctx context.Context, org roster.ID, after roster.Version, limit int) ([]roster.Change, error)
	// Tell calls fn with every change from now on, once Changes has it, until stop is called. The changes of one
	// organization come in order.
	Tell(fn func(roster.Change)) (stop func())
	// Record returns the present record of a type with an id, nil where there is none.
	Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error)
	// Do carries out commands.
	Do(ctx context.Context, org roster.ID, by roster.Principal, cmds ...roster.Command) (roster.Change, error)
}

// Keeper keeps where the delivery to webhooks stands. It is safe for concurrent use.
type Keeper interface {
	// Hooks calls fn with every webhook of every organization.
	Hooks(ctx context.Context, fn func(roster.Hook) error) error
	// KeepProgress keeps how deliveries went on, all of it or none.
	KeepProgress(ctx context.Context, progress []roster.Progress) error
	// Deliveries returns what is kept of messages to a webhook.
	Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error)
}

// Form is how messages are written.
type Form interface {
	// Changes returns what writes the message to a webhook about a change: nil where nothing of it is for the webhook.
	// It fails for a webhook that can't be followed.
	Changes(w *roster.Webhook) (func(roster.Change) ([]byte, error), error)
	// Test returns a message that is about nothing.
	Test(w *roster.Webhook, at roster.Time) ([]byte, error)
}

// Config is what a [Service] is made of. Fields without "optional" are required.
type Config struct {
	Log    Log
	Keeper Keeper
	Form   Form
	// Transport carries requests: see [NewTransport].
	Transport http.RoundTripper
	// Now is the clock, and After its alarm, as that of package time is; optional.
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
	// NewID makes ids of test messages.
	NewID func() (roster.ID, error)
	// Jitter returns a random number from 0 up to 1, which is not included; optional.
	Jitter func() float64
	// Tracer records attempts, each within what led to the change that it tells of; optional.
	Tracer trace.Tracer
	// Logger is told what nobody else is; optional.
	Logger *slog.Logger
	// Agent is what requests call themselves; optional.
	Agent string
	// Timeout is how long an attempt may take; 15 seconds where it is 0.
	Timeout time.Duration
	// Attempts is how often a message is sent before it is given up; 10 where it is 0.
	Attempts int
	// Poll is how often the keeper is asked where webhooks stand, for replays that other processes were asked for;
	// never where it is 0.
	Poll time.Duration
	// Workers is how many messages are under way at once, 64 where it is 0. A quarter of them is kept free of receivers
	// that are slow to answer.
	Workers int
}

// Service delivers messages. It is safe for concurrent use.
type Service struct {
	Config

	client *http.Client
	stop   func() // being told of changes
	tests  chan struct{}
	counts *counts

	// saving keeps an older standing from being kept after a newer one.
	saving sync.Mutex
	// wake and unsaved have room for one signal each: that there may be something to deliver, or to keep.
	wake, unsaved chan struct{}

	// mu guards what follows, and all hooks.
	mu      sync.Mutex
	orgs    map[roster.ID]*org
	lanes   lanes
	alarms  alarms
	turning sync.WaitGroup
}

// org is an organization with webhooks.
type org struct {
	version roster.Version
	hooks   map[roster.ID]*hook
}

// The defaults of [Config].
const (
	defaultTimeout = 15 * time.Second
	defaultWorkers = 64
)

// mostTests is how many test messages, and dead letters, are sent at once on request.
const mostTests = 16

// New returns a service that knows every webhook, and hears of those that come. It delivers nothing before
// [Service.Run] but on request. The caller ends it by Run or by [Service.Close].
func New(ctx context.Context, c Config) (*Service, error) {
	c.defaults()
	s := &Service{
		Config: c, orgs: map[roster.ID]*org{}, lanes: lanes{workers: c.Workers},
		client: &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		counts: &counts{}, tests: make(chan struct{}, mostTests),
		wake: make(chan struct{}, 1), unsaved: make(chan struct{}, 1),
	}
	s.mu.Lock() // whoever tells of a change meanwhile waits until it is known which changes are not news
	defer s.mu.Unlock()
	s.stop = c.Log.Tell(s.hear)
	err := c.Keeper.Hooks(ctx, func(h roster.Hook) error {
		o := s.organization(h.Org)
		o.version = max(o.version, h.Version)
		o.hooks[h.Webhook.ID] = &hook{
			org: h.Org, webhook: h.Webhook, standing: h.Standing, alarm: noAlarm,
			slow: h.Standing.Last.Took >= dragging,
		}
		return nil
	})
	if err != nil {
		s.stop()
		return nil, err
	}
	for _, o := range s.orgs {
		for _, h := range o.hooks {
			s.rouse(h)
		}
	}
	return s, nil
}

func (c *Config) defaults() {
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Workers = cmp.Or(c.Workers, defaultWorkers)
	c.Attempts = cmp.Or(c.Attempts, mostAttempts)
	c.Agent = cmp.Or(c.Agent, "Roster")
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Jitter == nil {
		c.Jitter = jitter
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func (s *Service) time() roster.Time { return roster.TimeOf(s.Now()) }

// grace is how long attempts that are under way may take when the service is to end.
const grace = 5 * time.Second

// Run delivers until ctx ends, then gives attempts that are under way 5 seconds, and keeps where everything stands.
func (s *Service) Run(ctx context.Context) error {
	lasting, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	var saver sync.WaitGroup
	saver.Go(func() { s.keepUp(ctx) })
	if s.Poll > 0 {
		saver.Go(func() { s.poll(ctx) })
	}
	s.dispatch(ctx, lasting)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.turning.Wait()
	}()
	select {
	case <-ended:
	case <-s.After(grace):
		giveUp()
		<-ended
	}
	saver.Wait()
	return s.Close(ctx)
}

// Close stops listening, and keeps where everything stands even where ctx has ended. [Service.Run] must not be under
// way.
func (s *Service) Close(ctx context.Context) error {
	s.stop()
	return s.save(context.WithoutCancel(ctx))
}

// dispatch starts turns until ctx ends; they go on within lasting.
func (s *Service) dispatch(ctx, lasting context.Context) {
	for ctx.Err() == nil {
		alarm := s.start(ctx, lasting)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-alarm:
		}
	}
}

// start starts as many turns as there is room for, and returns an alarm for when the next hook is due.
func (s *Service) start(ctx, lasting context.Context) (alarm <-chan time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	for h := s.alarms.ring(now); h != nil; h = s.alarms.ring(now) {
		s.lanes.queue(h)
	}
	for h := s.lanes.next(); h != nil; h = s.lanes.next() {
		s.turning.Go(func() { s.turn(ctx, lasting, h) })
	}
	if next, ok := s.alarms.next(); ok {
		return s.After(next.Sub(now))
	}
	return nil
}

// Deliver delivers what is due until nothing is, and keeps where everything stands: for who has no use for
// [Service.Run], which must not be under way.
func (s *Service) Deliver(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil; {
		s.start(ctx, ctx)
		s.turning.Wait()
		s.mu.Lock()
		more = len(s.lanes.fast)+len(s.lanes.slow) > 0
		s.mu.Unlock()
	}
	return errors.Join(ctx.Err(), s.save(ctx))
}

// saveDelay is for how long where webhooks stand is gathered before it is kept, which the store's writer is needed for.
const saveDelay = 500 * time.Millisecond

// mostDelay is for how long after that has failed.
const mostDelay = 10 * time.Second

// keepUp keeps where webhooks stand, now and then, until ctx ends.
func (s *Service) keepUp(ctx context.Context) {
	for delay := saveDelay; ; {
		select {
		case <-ctx.Done():
			return
		case <-s.unsaved:
		}
		select {
		case <-ctx.Done():
			return
		case <-s.After(delay):
		}
		err := s.save(ctx)
		if delay = saveDelay; err == nil || ctx.Err() != nil {
			continue
		}
		s.Logger.ErrorContext(ctx, "where webhooks stand was not kept", "error", err)
		delay = mostDelay // the next time is no better, and a log should not be full of it
	}
}

// save keeps where webhooks stand that have moved since.
func (s *Service) save(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	var progress []roster.Progress
	var moved []*hook
	s.mu.Lock()
	for id, o := range s.orgs {
		for _, h := range o.hooks {
			if h.moved {
				progress = append(progress, roster.Progress{
					Org: id, Webhook: h.webhook.ID, Standing: h.standing, Deliveries: h.recent, Answers: h.answers,
				})
				moved = append(moved, h)
				h.moved, h.keeping, h.recent, h.answers = false, h.recent, nil, nil
			}
		}
	}
	s.mu.Unlock()
	if len(progress) == 0 {
		return nil
	}
	err := s.Keeper.KeepProgress(ctx, progress)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, h := range moved {
		if err != nil {
			h.moved, h.recent = true, append(h.keeping, h.recent...)
			h.answers = append(progress[i].Answers, h.answers...)
			h.forget()
		}
		h.keeping = nil
	}
	if err != nil {
		signal(s.unsaved)
	}
	return err
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// isTrimmed reports whether changes are not kept any more, and after which version they are.
func isTrimmed(err error) (since roster.Version, ok bool) {
	trimmed, ok := errors.AsType[*roster.TrimmedError](err)
	if !ok {
		return 0, false
	}
	return trimmed.Since, true
}
