// Package server puts dialects on HTTP: it mounts them by path prefix, host name and listener, identifies and logs
// requests, authenticates and limits them, and writes what endpoints return. Only this package touches a
// http.ResponseWriter.
//
// It must not know stores, the read model or any vendor: organizations come through [Directory], and everything
// about a vendor's wire stands in the tables of its dialect.
package server

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/trace"
)

// Directory finds the organizations that requests are about.
type Directory interface {
	// View returns the present view of an organization, or fails with [roster.NotFound].
	View(ctx context.Context, org roster.ID) (dialect.View, error)
}

// Config is what a server is made of. Fields without "optional" are required.
type Config struct {
	Dialects []*dialect.Dialect
	// Names are what organizations and tokens may name dialects by; optional: anything.
	Names     []string
	Directory Directory
	Tokens    *auth.Authenticator
	Verifier  *auth.Verifier
	Limiter   *auth.Limiter
	Log       *slog.Logger
	Now       func() time.Time
	NewID     func() (roster.ID, error)
	// Docs has what there is to read, in Markdown: errors/CODE.md for GET /docs/errors/CODE, and all of it, as
	// web.Config.Docs, for browsers where Site is true; optional.
	Docs fs.FS
	// Site is whether there are pages for browsers below /docs/.
	Site bool
	// Visitors are whom POST /docs/token hands tokens to; optional.
	Visitors *auth.Visitors
	// Software is Roster's own version, such as "1.4.0", for the endpoints that tell it.
	Software string
	// Epoch tells the entity tags of this run of the server from those of others, between which a version of an
	// organization may come to mean something else, as after a restore; optional. Tags of an epoch outlive a restart.
	Epoch string
	// SharedTags says that whoever has the same Software answers the same, so that entity tags need no epoch where it
	// is known when a version was made: then they count with all servers over a store, and outlive a restart.
	SharedTags bool
	// CacheBytes is how much memory answers take up that are kept because they may be asked for again; 0 for none.
	CacheBytes int64
	// Metrics has requests counted for [Server.MetricsHandler].
	Metrics bool
	// Loaded is what the metrics tell about organizations; optional.
	Loaded Loaded
	// StoreTimes is what the metrics tell about the store, Pools about the connections to it; optional.
	StoreTimes *StoreTimes
	Pools      func() []Pool
	// Tracer records requests; optional.
	Tracer trace.Tracer
	// Writer carries out commands; optional. Without it endpoints that write answer [roster.Unavailable].
	Writer Writer
	// Orgs are the organizations that instance-wide tokens name; optional. Without it they can name none.
	Orgs Organizations
	// History tells what changes organizations; optional. Without it endpoints that follow them answer
	// [roster.Unavailable].
	History History
	// TakeTime is how long a client may take to accept 64 KiB of a long body, or of one that goes on; 30 seconds when
	// zero. One that takes longer is cut off, and all others are served for as long as it takes.
	TakeTime time.Duration
	// Audit tells what was written; optional. Without it endpoints that show the audit answer [roster.Unavailable].
	Audit Audit
	// Jobs makes and keeps jobs; optional. Without it endpoints about jobs answer [roster.Unavailable].
	Jobs Jobs
	// Webhooks delivers changes; optional. Without it nothing is delivered, and endpoints about that answer
	// [roster.Unavailable].
	Webhooks Webhooks
	// Random is what the secrets of new tokens and the key of page tokens are made of; optional. Without it neither can
	// be made. It must be
	// safe for concurrent use, as that of crypto/rand is.
	Random io.Reader
	// PageSecret is what the key of page tokens is made of where others must know it, 32 bytes; optional.
	PageSecret []byte
	// Follower says how well the views keep up with what other processes write; optional.
	Follower Follower
	// Ready says whether requests can be served at present; optional.
	Ready func(context.Context) error
	// Versions are the versions of organizations besides the present ones; optional. Without it all pages of a list
	// show the present version, and nobody waits for a version.
	Versions Versions
	// Past is what organizations were; optional. Without it requests for old versions are [roster.Unavailable].
	Past Past
	// PinPages is for how long since its last page a walk by numbers of pages or offsets goes on at the version at
	// which it began; 0 for not at all.
	PinPages time.Duration
	// Paged is told of each page of a list that a [dialect.Window] cuts, before it is handed out, whether there are
	// pages after it; optional. ctx is that of the request.
	Paged func(ctx context.Context, more bool)
	// WaitTime is for how long a read waits for a version that the client has named; 2 seconds where it is 0.
	WaitTime time.Duration
	// Hosts maps lower-case host names without port to the names of the dialects at their roots; optional.
	Hosts map[string]string
	// TrustedProxies are the peers whose X-Forwarded-* headers count; optional.
	TrustedProxies []netip.Prefix
	// Origins are the origins whose pages may read responses in a browser; none means every origin. It gives nobody
	// more than a token does: no credential is ever taken from a cookie.
	Origins []string
	// Contract is what requests are answered by whose organization is not known, as for want of a credential that
	// counts; optional: [roster.Documented].
	Contract roster.Contract
	// SharedLimiter counts in the place of Limiter where other processes are to count, too; optional.
	SharedLimiter *auth.SharedLimiter
	// Unlimited turns the vendors' rate limits off.
	Unlimited bool
	// Spread has requests answered by the process that is to have their organization in memory; optional.
	Spread *Spread
}

// Server serves dialects. It is safe for concurrent use.
type Server struct {
	Config

	mounts   map[string]*mount // by dialect name
	inOrder  []*mount          // as Dialects
	leaving  atomic.Bool       // set by Leave
	draining chan struct{}     // closed by Drain
	drain    func()            // closes draining once
	answers  *answers          // nil for none
	metrics  *metrics          // nil for none
	buffers  sync.Pool         // of *[]byte with room for mostHeld bytes
	pageKey  *dialect.PageKey  // nil for none
	queues   queues            // of requests with an idempotency key
	begun    *begun            // nil where walks by numbers of pages are not kept at a version
	site     siteMaker         // of a listener for everything
	sender   *sender           // nil unless organizations are spread
}

// New returns a server. It fails with [roster.Invalid] where a host names a dialect that does not exist, or where
// something is missing that others need.
func New(c Config) (*Server, error) {
	s := &Server{Config: c, mounts: map[string]*mount{}, draining: make(chan struct{})}
	s.drain = sync.OnceFunc(func() { close(s.draining) })
	s.site = s.newSite(false, c.Dialects...)
	if c.CacheBytes > 0 {
		var err error
		if s.answers, err = newAnswers(c.CacheBytes); err != nil {
			return nil, err
		}
	}
	if err := s.prepareWalks(); err != nil {
		return nil, err
	}
	for _, d := range c.Dialects {
		m := newMount(s, d)
		s.mounts[d.Name], s.inOrder = m, append(s.inOrder, m)
	}
	if c.Spread != nil {
		if err := c.Spread.check(); err != nil {
			return nil, err
		}
		s.sender = newSender()
	}
	if c.Metrics {
		s.metrics = newMetrics(s)
	}
	for host, name := range c.Hosts {
		if s.mounts[name] == nil {
			return nil, roster.FieldErrorf("host "+host, "names no dialect: %q", name)
		}
	}
	return s, nil
}

// Views makes a [Directory] of a function that returns views of a concrete type.
func Views[V dialect.View](view func(context.Context, roster.ID) (V, error)) Directory {
	return viewFunc(func(ctx context.Context, org roster.ID) (dialect.View, error) {
		v, err := view(ctx, org)
		if err != nil {
			return nil, err
		}
		return v, nil
	})
}

type viewFunc func(context.Context, roster.ID) (dialect.View, error)

func (f viewFunc) View(ctx context.Context, org roster.ID) (dialect.View, error) { return f(ctx, org) }
