// Package directory is the service around the organizations: it loads them into read models, decides and commits
// changes, and publishes the views that result. A store and the read model meet only here.
//
// Reads take the present view of an organization, which is immutable, and never wait for a writer or for another
// organization. Writes to one organization run one after the other: decide, commit, apply, publish; those of one actor
// that arrive meanwhile share the next transaction, so that they wait for the disk once, unless they are about the same
// records. Several actors never share one: a change has one actor. A write that has returned is seen by every later
// read.
//
// Where other processes write to the store, too, the service follows them: see [Options.FollowEvery]. What they have
// written is read late, but never out of order, and a write is decided on what is there when it is made.
package directory

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/trace"
)

// Service serves the organizations of one store. It is safe for concurrent use.
type Service struct {
	store     store.Store
	now       func() roster.Time
	newID     func() (roster.ID, error)
	random    io.Reader
	maxBytes  int64
	sheds     bool
	warmViews bool
	forms     *index.Forms                                          // nil for none
	progress  func(org roster.ID, records int)                      // nil for none
	times     func(operation string, took time.Duration, err error) // nil for none
	tracer    trace.Tracer                                          // nil for none
	loads     singleflight.Group
	pasts     singleflight.Group // of views at old versions
	pastOps   int

	keepDeleted  roster.Time
	walkTime     time.Duration
	walkVersions int

	// mu guards orgs, tokens, slugs and listeners, and that nothing joins background once closing is closed.
	mu   sync.RWMutex
	orgs map[roster.ID]*organization
	// tokens remembers which organization the hash of a token's secret led to last.
	tokens map[string]roster.ID
	// slugs remembers which organization had a slug last.
	slugs map[string]roster.ID
	// listeners are told of changes. The slice is replaced and never changed.
	listeners []*listener

	// last is the organization that was used last, uses how often that was another one than before.
	last atomic.Pointer[organization]
	uses atomic.Int64
	// evicting keeps two of those who need room from evicting more than that.
	evicting sync.Mutex

	// background counts the loads and the warming that are under way.
	background sync.WaitGroup
	closing    chan struct{}
	// warmer has room for the one view that is being warmed.
	warmer chan struct{}
	// travel has room for the views at old versions that are being made.
	travel chan struct{}

	// follower is nil where no other process writes to the store. working is set while it is this one's turn.
	follower *follower
	working  atomic.Bool
}

// travelers is how many views at old versions are made at once.
const travelers = 2

// maxTokens bounds how many tokens' organizations are remembered.
const maxTokens = 100_000

// Options are what a service needs besides its store.
type Options struct {
	// Now is the clock that changes are stamped with.
	Now func() roster.Time
	// NewID makes ids for new records.
	NewID func() (roster.ID, error)
	// Random is what the digests of the audit are salted with; that of crypto/rand where it is nil. It must be safe for
	// concurrent use.
	Random io.Reader

	// MaxBytes bounds the memory of all views together, as [index.View.Bytes] estimates it; 0 for no bound. Where it is
	// exceeded, the views of the organizations that were not used for longest are forgotten, except while they are
	// written to, and loaded again when they are asked for. An organization that needs more alone can't be loaded; one
	// that has grown beyond it stays until then. Views that several loads build at the same time may exceed it
	// meanwhile, and a view that is forgotten takes up memory as long as somebody reads it.
	MaxBytes int64
	// Sheds says that [Service.Shed] is going to be called.
	Sheds bool
	// Warm has the index over texts made in the background when an organization is loaded and when many of its
	// users have changed; otherwise the first search waits for it. It suits a process that lives long.
	Warm bool
	// FormBytes bounds the memory for users in the forms in which they were asked for, of all views together: see
	// [roster.Page.Written]; 0 for none. It does not count in MaxBytes.
	FormBytes int64
	// Progress, if set, is told now and then how many records of an organization have been read while it is loaded. It
	// may be called for several organizations at once, and must return soon.
	Progress func(org roster.ID, records int)
	// Times, if set, is told of each call of the store that is one of [Operations] how long it took and what it failed
	// with. It may be called for several at once, and must return soon.
	Times func(operation string, took time.Duration, err error)
	// Tracer records commits, and the calls of the store that Times is told of; none where it is nil.
	Tracer trace.Tracer

	// KeepDeleted is for how long deleted users can be restored, in milliseconds; [roster.KeptFor] where it is 0.
	KeepDeleted roster.Time

	// WalkTime is for how long since its last use a view is kept for those who come back to it, 10 minutes where it is
	// 0, and WalkVersions how many views of an organization are, 64 where it is 0; none are where either is negative.
	// See [Service.Keep].
	WalkTime     time.Duration
	WalkVersions int

	// PastOps is how many ops may lie between an old version that is asked for and one that is at hand, and between two
	// that are compared; [DefaultPastOps] where it is 0.
	PastOps int

	// FollowEvery is how often a store that others write to is asked what has changed; 200 milliseconds where it is 0.
	FollowEvery time.Duration
}

// New returns a service over a store. It does not load anything yet. Where other processes write to the store, it
// begins to follow them. The caller closes it after the last use, and then the store.
func New(s store.Store, o Options) *Service {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	var forms *index.Forms
	if o.FormBytes > 0 {
		forms = index.NewForms(o.FormBytes)
	}
	d := &Service{
		store: s, now: o.Now, newID: o.NewID, random: o.Random, maxBytes: o.MaxBytes, sheds: o.Sheds, warmViews: o.Warm,
		forms: forms, progress: o.Progress, times: o.Times, tracer: o.Tracer, keepDeleted: o.KeepDeleted,
		orgs: map[roster.ID]*organization{}, tokens: map[string]roster.ID{}, slugs: map[string]roster.ID{},
		walkTime:     cmp.Or(o.WalkTime, defaultWalkTime),
		walkVersions: cmp.Or(o.WalkVersions, defaultWalkVersions),
		closing:      make(chan struct{}), warmer: make(chan struct{}, 1),
		pastOps: cmp.Or(o.PastOps, DefaultPastOps), travel: make(chan struct{}, travelers),
	}
	d.follow(o.FollowEvery)
	return d
}

// View returns the present view of an organization. The first request loads it, and others for the same organization
// wait for that one load; a request that is given up does not stop it. It fails with [roster.NotFound] where there is
// no such organization, and with [roster.Unavailable] where it does not fit into Options.MaxBytes.
func (s *Service) View(ctx context.Context, id roster.ID) (*index.View, error) {
	for again := false; ; again = true {
		if view := s.loaded(id); view != nil {
			return view, nil
		}
		mine := false
		loading := s.loads.DoChan(id.String(), func() (any, error) {
			mine = true
			return s.load(context.WithoutCancel(ctx), id)
		})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case result := <-loading:
			// A load that was under way already may know nothing of a write that had returned. The next one does.
			if mine || again {
				view, _ := result.Val.(*index.View)
				return view, result.Err
			}
		}
	}
}

// loaded returns the present view of an organization, or nil where it is not loaded.
func (s *Service) loaded(id roster.ID) *index.View {
	s.mu.RLock()
	org := s.orgs[id]
	s.mu.RUnlock()
	if org == nil {
		return nil
	}
	s.touch(org)
	return org.view.Load()
}

// load builds the view of an organization and publishes it. Changes that are committed meanwhile are caught up with
// while no writer runs.
func (s *Service) load(ctx context.Context, id roster.ID) (view *index.View, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.background.Done()
	if view, err = s.build(ctx, id); err != nil {
		return nil, fmt.Errorf("load organization %s: %w", id, err)
	}
	org := s.organization(id)
	<-org.writer
	defer org.release()
	if org.gone {
		err = roster.Errorf(roster.NotFound, "no such organization")
	} else {
		view, err = s.catchUp(ctx, id, view)
	}
	if errors.Is(err, errRewritten) {
		view, err = s.build(ctx, id) // while nobody writes
	}
	if err != nil {
		org.bytes.Store(0)
		return nil, err
	}
	s.measure(org, view)
	org.publish(view)
	s.touch(org)
	s.warm(org, true)
	return view, nil
}

// build makes the view of an organization from the store's records, and room for it.
func (s *Service) build(ctx context.Context, id roster.ID) (*index.View, error) {
	if needs := s.known(id).needs.Load(); needs > 0 {
		return nil, s.tooLarge(s.organization(id), needs)
	}
	builder := index.NewBuilder(s.forms)
	ctx, a := s.ask(ctx, id, askLoad)
	version, err := s.fill(ctx, id, builder)
	a.end(err)
	if err == nil {
		builder.Date(s.madeAt(ctx, id, version))
		view := builder.View(version)
		if err = s.fit(ctx, view, id); err == nil {
			return view, nil
		}
	}
	s.known(id).bytes.Store(0)
	return nil, err
}

// madeAt returns when a version was made, as far as anybody else has to know it: 0 where nobody else has the store, or
// it does not tell.
func (s *Service) madeAt(ctx context.Context, id roster.ID, version roster.Version) roster.Time {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return 0
	}
	at, err := shared.MadeAt(ctx, id, version)
	if err != nil {
		return 0
	}
	return at
}

// known returns what is kept of an organization, or what would be but is not.
func (s *Service) known(id roster.ID) *organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if org := s.orgs[id]; org != nil {
		return org
	}
	return &organization{}
}

// organization returns what is kept of an organization, which it starts to keep if need be.
func (s *Service) organization(id roster.ID) *organization {
	s.mu.Lock()
	defer s.mu.Unlock()
	org := s.orgs[id]
	if org == nil {
		org = newOrganization(id)
		s.orgs[id] = org
	}
	return org
}

// errRewritten says that the history does not tell any more what was written since a view was made.
var errRewritten = errors.New("what was written meanwhile was trimmed or erased")

// catchUp applies to a view what the store has committed since. It fails with errRewritten where it can't.
func (s *Service) catchUp(ctx context.Context, id roster.ID, view *index.View) (*index.View, error) {
	const batch = 1000
	for {
		changes, err := s.changesAfter(ctx, id, view.Version(), batch)
		if err != nil {
			return nil, fmt.Errorf("catch up with organization %s: %w", id, err)
		}
		if len(changes) > 0 && changes[0].Version > view.Version()+1 { // it was trimmed while the view was made
			return nil, errRewritten
		}
		for _, change := range changes {
			if slices.ContainsFunc(change.Ops, roster.Op.IsErased) { // which numbers were taken it does not tell
				return nil, errRewritten
			}
			if view, err = view.Apply(change); err != nil {
				return nil, fmt.Errorf("apply version %d of organization %s: %w", change.Version, id, err)
			}
		}
		if len(changes) < batch {
			return view, nil
		}
	}
}

// Evict forgets the view of an organization. Readers who have it keep it; the next request loads it again.
func (s *Service) Evict(id roster.ID) {
	org := s.organization(id)
	<-org.writer
	defer org.release()
	org.bytes.Store(0)
	org.publish(nil)
}

// Token returns the token whose secret has a hash and its organization, both as they are now: a token that was revoked
// shows so at once. It fails with [roster.NotFound] where there is no such token, or its organization was deleted.
func (s *Service) Token(ctx context.Context, hash string) (*roster.Token, *roster.Organization, error) {
	s.mu.RLock()
	org, known := s.tokens[hash]
	s.mu.RUnlock()
	if known {
		token, o, err := s.tokenOf(ctx, org, hash)
		if roster.CodeOf(err) != roster.NotFound {
			return token, o, err
		} // it is gone; another organization may have one with that secret
	}
	org, err := s.lookUp(ctx, hash)
	if err != nil {
		return nil, nil, err
	}
	token, o, err := s.tokenOf(ctx, org, hash)
	if roster.CodeOf(err) == roster.NotFound && s.follower != nil { // another process has just made it
		if err := s.refresh(ctx, org, 0); err != nil {
			return nil, nil, err
		}
		return s.tokenOf(ctx, org, hash)
	}
	return token, o, err
}

func (s *Service) tokenOf(
	ctx context.Context, org roster.ID, hash string,
) (*roster.Token, *roster.Organization, error) {
	view, err := s.View(ctx, org)
	if err != nil {
		return nil, nil, err
	}
	token, ok := view.TokenByHash(hash)
	if !ok || view.Org().IsDeleted() {
		return nil, nil, roster.Errorf(roster.NotFound, "there is no such token")
	}
	return token, view.Org(), nil
}

// lookUp asks the store which organization the token with a hash belongs to, and remembers that.
func (s *Service) lookUp(ctx context.Context, hash string) (roster.ID, error) {
	org, err := s.store.TokenOrg(ctx, hash)
	if err != nil {
		return roster.ID{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= maxTokens {
		clear(s.tokens)
	}
	s.tokens[hash] = org
	return org, nil
}

// Memberships returns the user with an id of every organization that has one and was not deleted, by organization.
func (s *Service) Memberships(ctx context.Context, user roster.ID) (map[roster.ID]*roster.User, error) {
	orgs, err := s.store.UserOrgs(ctx, user)
	if err != nil {
		return nil, err
	}
	found := make(map[roster.ID]*roster.User, len(orgs))
	for _, org := range orgs {
		view, err := s.View(ctx, org)
		if err != nil {
			return nil, err
		}
		u, err := view.User(roster.Ref{ID: user})
		if roster.CodeOf(err) == roster.NotFound || view.Org().IsDeleted() {
			continue // deleted since, or with the organization
		}
		if err != nil {
			return nil, err
		}
		found[org] = u
	}
	return found, nil
}

// isClientError reports whether an error is the answer to a command, as against a failure to carry it out.
func isClientError(err error) bool {
	e, ok := errors.AsType[*roster.Error](err)
	return ok && e.Code != roster.Internal && e.Code != roster.Unavailable
}
