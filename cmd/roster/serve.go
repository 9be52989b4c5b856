package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/docs"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/spread"
	"github.com/roster-dev/roster/internal/trace"
	"github.com/roster-dev/roster/internal/webhook"
)

// serveFlags are what a server is made from.
type serveFlags struct {
	addr, tlsCert, tlsKey, logFormat, logLevel string
	hosts, listens, proxies, origins           []string
	unlimited                                  bool
	limits                                     limitsFlag
	spread                                     spreadFlag

	maxConnections int
	cache          cacheSize
	metricsAddr    string
	drain          time.Duration
	trace          string
	memory         size
	preload        []string
	loading        loadingBar
	walks          walkFlags
	hooks          webhookFlags
	deleted        deletedFlags
	docs           docsFlags

	times  *server.StoreTimes // nil without metrics
	tracer trace.Tracer       // nil for none
}

// keep chooses how the organizations of a process that serves are kept.
func (f *serveFlags) keep(o *directory.Options) {
	o.MaxBytes, o.Warm, o.FormBytes = int64(f.memory), true, f.cache.bytes()-f.answerBytes()
	o.Sheds = f.spread.at != nil
	o.Progress = f.loading.show
	f.keepTimes(o)
	o.Tracer = f.tracer
	f.walks.keep(o)
	f.deleted.keep(o)
}

// answerBytes returns the part of the cache that is for whole answers. The rest is for users as answers show them,
// which serves pages that nobody has asked for yet as well.
func (f *serveFlags) answerBytes() int64 { return f.cache.bytes() / 4 }

func (f *serveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8080", "address to listen on; port 0 takes any that is free")
	flags.StringVar(&f.logFormat, "log-format", "text", "form of the log on standard error: text or json")
	flags.IntVar(&f.maxConnections, "max-connections", 10_000,
		"how many connections each address holds open at once, others wait; 0 for any number")
	flags.StringVar(&f.logLevel, "log-level", "info",
		"what to log: info, or warn to leave out the line of each request")
	flags.StringVar(&f.metricsAddr, "metrics-addr", "",
		"address of GET /metrics for Prometheus, which needs no credential (default: nowhere)")
	flags.DurationVar(&f.drain, "drain", 0,
		"for how long after a signal to end /readyz says 503 while requests are still taken, such as 10s: so long as\n"+
			"a load balancer takes to see that")
	flags.Var(&f.cache, "cache",
		"MiB of memory for answers, and for users as answers show them, that may be asked for again; 0 for none\n"+
			"(default: 64, or, without --memory, three quarters of what else is in memory where that is more)")
	flags.Var(&f.memory, "memory",
		"how much memory organizations may take up, such as 2GiB: those not used for longest are forgotten,\n"+
			"and loaded again when they are asked for; 0 for any amount")
	f.walks.add(flags)
	f.hooks.add(flags)
	f.deleted.add(flags)
	f.docs.add(flags)
	env(flags, "addr", "cache", "drain", "log-format", "log-level", "max-connections", "metrics-addr", "memory",
		"pin-pages", "walk-time", "walk-versions", "history-reach", "history-retention")
}

func (a *app) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the organizations of a store over HTTP", Args: exactly(),
		Long: "Serve the organizations of a store over HTTP, each dialect below a prefix of its own, such as\n" +
			"/flxpoint. GET / lists the routes, /healthz and /readyz are for whoever watches the process.\n" +
			"Ctrl-C or SIGTERM ends it after the requests that are under way.",
		Example: "  roster serve --host flxpoint=api.flxpoint.example --listen d3lay=127.0.0.1:9001",
	}
	dsn := storeFlag(cmd)
	var f serveFlags
	f.add(cmd)
	flags := cmd.Flags()
	f.docs.addTry(flags)
	users := flags.Int("demo", 0, "make a demo organization with so many users, unless there is one")
	seed := flags.Uint64("seed", 1, "what the demo data follows from")
	flags.StringSliceVar(&f.hosts, "host", nil,
		"DIALECT=NAME: serve a dialect at the root of a host name; may be repeated")
	flags.StringSliceVar(&f.listens, "listen", nil,
		"DIALECT=ADDRESS: serve a dialect at the root of another address; may be repeated")
	flags.StringSliceVar(&f.preload, "preload", nil,
		"organizations to load before requests are answered, by slug, or all; may be repeated\n"+
			"(default: each when it is first asked for)")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file with the certificate chain (PEM); with --tls-key serves HTTPS")
	flags.StringVar(&f.tlsKey, "tls-key", "", "file with the certificate's private key (PEM)")
	flags.StringSliceVar(&f.proxies, "trusted-proxy", nil,
		"address or CIDR prefix whose X-Forwarded-* headers count; may be repeated")
	flags.StringSliceVar(&f.origins, "cors-origin", nil,
		"origin whose pages may read responses in a browser; may be repeated (default: every origin)")
	flags.StringVar(&f.trace, "trace", "",
		"URL of an OpenTelemetry collector to send traces to by OTLP over HTTP, such as http://localhost:4318\n"+
			"(default: where $OTEL_EXPORTER_OTLP_ENDPOINT says, else nowhere)")
	flags.BoolVar(&f.unlimited, "no-rate-limits", false, "allow any number of requests, for benchmarks")
	flags.Var(&f.limits, "limits",
		"who counts requests against rate limits: node, or shared for all servers over a PostgreSQL database\n"+
			"(default: node, so that n of them allow n times as much)")
	flags.Var(&f.spread, "spread",
		"spread organizations over all servers over a PostgreSQL database that are started with this: the URL at\n"+
			"which the others reach this one, such as http://10.0.0.2:8080\n"+
			"(default: each server has all that it is asked for)")
	env(flags, "no-rate-limits", "limits", "spread", "demo", "seed", "host", "listen", "tls-cert", "tls-key",
		"trusted-proxy", "cors-origin", "preload", "trace")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := a.newService(&f)
		if err != nil {
			return misused(cmd, err)
		}
		return s.runStore(cmd.Context(), *dsn, demo.New(*seed, *users), *users > 0)
	}
	return cmd
}

// runStore serves a store, in which it first makes the demo organization if that is wanted.
func (s *service) runStore(ctx context.Context, dsn string, g *demo.Generator, wanted bool) error {
	collects := s.getenv("GOGC") == ""
	if collects {
		defer debug.SetGCPercent(debug.SetGCPercent(mostGarbage))
	}
	untrace, err := s.startTracing(ctx)
	if err != nil {
		return err
	}
	defer untrace()
	l, err := s.openStore(ctx, dsn, s.keep)
	if err != nil {
		return err
	}
	defer s.fitMemory(ctx, l.Service, collects)()
	err = s.shareLimits(l.store)
	if err == nil {
		err = s.spreadOut(ctx, l.Service)
	}
	if err == nil && wanted {
		err = s.seedOnce(ctx, l, g)
	}
	if err == nil {
		err = s.preloadAll(ctx, l)
	}
	if err == nil {
		s.pools = poolsOf(l.store)
		err = s.run(ctx, l.Service, nil)
	}
	return errors.Join(err, l.Close())
}

// service is a server that is about to run.
type service struct {
	*app
	*serveFlags

	log     *slog.Logger
	hosts   map[string]string // host name -> dialect
	listens [][2]string       // dialect, address
	proxies []netip.Prefix
	tls     *tls.Config
	pools   func() []server.Pool // nil where the store has none
	limiter *auth.SharedLimiter  // nil unless limits are shared
	members *spread.Members      // nil unless organizations are spread
}

func (a *app) newService(f *serveFlags) (*service, error) {
	s := &service{app: a, serveFlags: f, hosts: map[string]string{}}
	var options slog.HandlerOptions
	switch f.logLevel {
	case "info":
	case "warn":
		options.Level = slog.LevelWarn
	default:
		return nil, roster.FieldErrorf("--log-level", "must be info or warn, not %q", f.logLevel)
	}
	switch f.logFormat {
	case "text":
		s.log = slog.New(slog.NewTextHandler(a.err, &options))
	case "json":
		s.log = slog.New(slog.NewJSONHandler(a.err, &options))
	default:
		return nil, roster.FieldErrorf("--log-format", "must be text or json, not %q", f.logFormat)
	}
	return s, errors.Join(s.parseMounts(), s.parseProxies(), s.loadTLS(), s.walks.check(), s.deleted.check(),
		s.checkDrain())
}

func (s *service) parseMounts() error {
	for _, given := range s.serveFlags.hosts {
		name, host, err := mountPoint("--host", "NAME", given)
		if err != nil {
			return err
		}
		s.hosts[strings.ToLower(host)] = name
	}
	for _, given := range s.serveFlags.listens {
		name, addr, err := mountPoint("--listen", "ADDRESS", given)
		if err != nil {
			return err
		}
		s.listens = append(s.listens, [2]string{name, addr})
	}
	return nil
}

// mountPoint reads DIALECT=PLACE.
func mountPoint(flag, place, given string) (name, at string, err error) {
	name, at, ok := strings.Cut(given, "=")
	if !ok || at == "" {
		return "", "", roster.FieldErrorf(flag, "must be DIALECT=%s, not %q", place, given)
	}
	if all.ByName(name) == nil {
		return "", "", roster.FieldErrorf(flag, "there is no dialect %q; dialects are %s", name, dialectNames())
	}
	return name, at, nil
}

func (s *service) parseProxies() error {
	for _, given := range s.serveFlags.proxies {
		prefix, err := roster.ParsePrefix(given)
		if err != nil {
			return fmt.Errorf("--trusted-proxy: %w", err)
		}
		s.proxies = append(s.proxies, prefix)
	}
	return nil
}

func (s *service) loadTLS() error {
	if s.tlsCert == "" && s.tlsKey == "" {
		return nil
	}
	if s.tlsCert == "" || s.tlsKey == "" {
		return roster.Errorf(roster.Invalid, "--tls-cert and --tls-key need each other")
	}
	pair, err := tls.LoadX509KeyPair(s.tlsCert, s.tlsKey)
	if err != nil {
		return fmt.Errorf("load the certificate: %w", err)
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}

// run serves until ctx ends. Once all addresses listen, it calls started, if that is not nil, with the base URL of
// the first.
func (s *service) run(ctx context.Context, d *directory.Service, started func(baseURL string) error) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	s.hooks.tracer = s.tracer
	r := &running{
		service: s, id: id, directory: d, lastUse: auth.NewLastUse(maxTokens),
		jobs: s.jobsOf(d, s.log), hooks: s.newWebhooks(d, s.hooks, s.log),
	}
	srv, err := r.server(ctx)
	if err != nil {
		return err
	}
	listeners, err := s.listenAll(ctx, srv)
	if err != nil {
		return err
	}
	if started != nil {
		if err := started(listeners[0].URL()); err != nil {
			return errors.Join(err, closeAll(listeners))
		}
	}
	staying, leave := context.WithCancel(ctx) // which is over before requests are taken for the last time
	defer leave()
	ctx, stop := s.linger(ctx, srv)
	background := r.accompany(ctx, staying)
	s.notify(ctx, ready)
	err = srv.Run(ctx, listeners...)
	leave()
	stop()
	return errors.Join(err, background.Wait())
}

// running is a server that runs, with what goes on beside its requests.
type running struct {
	*service

	id        roster.ID
	directory *directory.Service
	lastUse   *auth.LastUse
	jobs      *job.Service
	hooks     *webhook.Node
}

// server returns the server.
func (r *running) server(ctx context.Context) (*server.Server, error) {
	s, d := r.service, r.directory
	pageSecret, err := s.sharedSecret(ctx, d, "page tokens")
	if err != nil {
		return nil, err
	}
	spreading, err := s.spreading(ctx, d)
	if err != nil {
		return nil, err
	}
	visitors, err := s.visitors(ctx, d)
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Dialects:  all.Dialects(),
		Names:     all.Names(),
		Directory: server.Views(d.View),
		Tokens: &auth.Authenticator{
			Tokens: d, Now: s.time, LastUse: r.lastUse, InstanceDialects: ownDialects(),
			Visitors: visitors,
		},
		Verifier: auth.NewVerifier(auth.SignersAmong(d), s.time),
		Writer:   d, Orgs: d, History: server.Histories(d), Audit: d, Jobs: r.jobs, Webhooks: r.hooks,
		Random: s.random, PageSecret: pageSecret,
		Versions: server.VersionsOf(d), Past: server.PastOf(d), PinPages: s.walks.pinPages,
		Limiter: auth.NewLimiter(s.now, maxTokens), SharedLimiter: s.limiter,
		Log: s.log, Now: s.now, NewID: s.newID, Software: software(), Ready: d.Ready, Docs: docs.Pages,
		Site: s.docs.on, Visitors: visitors,
		Epoch: r.id.String(), SharedTags: isReleased(software()),
		CacheBytes: s.answerBytes(), Metrics: s.metricsAddr != "", Loaded: d,
		StoreTimes: s.times, Pools: s.pools, Tracer: s.tracer, Follower: followerOf(d),
		Hosts: s.hosts, TrustedProxies: s.proxies, Origins: s.origins, Unlimited: s.unlimited, Spread: spreading,
	})
}

// accompany does until ctx ends what goes on beside requests. Until staying ends, other servers may send some.
func (r *running) accompany(ctx, staying context.Context) *errgroup.Group {
	var group errgroup.Group
	s, d := r.service, r.directory
	group.Go(func() error {
		s.recordUse(ctx, d, r.lastUse)
		return nil
	})
	group.Go(func() error {
		s.announce(staying, d, r.id)
		return nil
	})
	group.Go(func() error {
		s.keepSpread(ctx, d)
		return nil
	})
	group.Go(func() error { return s.work(ctx, d, r.jobs, r.hooks) })
	return &group
}

// ownDialects returns the names of the dialects that are of no vendor.
func ownDialects() []string {
	var names []string
	for _, d := range all.Dialects() {
		if d.Own {
			names = append(names, d.Name)
		}
	}
	return names
}

// maxTokens is how many tokens' last use and rate limits are remembered.
const maxTokens = 100_000

func (s *service) listenAll(ctx context.Context, srv *server.Server) ([]server.Listener, error) {
	first, err := s.listen(ctx, "everything", s.addr, srv.Handler())
	if err != nil {
		return nil, err
	}
	listeners := []server.Listener{first}
	for _, at := range s.listens {
		handler, err := srv.DialectHandler(at[0])
		if err == nil {
			var l server.Listener
			l, err = s.listen(ctx, at[0], at[1], handler)
			listeners = append(listeners, l)
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(listeners))
		}
	}
	if s.metricsAddr == "" {
		return listeners, nil
	}
	metrics, err := s.listen(ctx, "metrics", s.metricsAddr, srv.MetricsHandler())
	if err != nil {
		return nil, errors.Join(err, closeAll(listeners))
	}
	return append(listeners, metrics), nil
}

func (s *service) listen(ctx context.Context, what, addr string, h http.Handler) (server.Listener, error) {
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return server.Listener{}, fmt.Errorf("serve %s: %w", what, err)
	}
	l := server.Listener{Listener: socket, Handler: h, TLS: s.tls, MaxConnections: s.maxConnections}
	told := []any{"serves", what, "url", l.URL()}
	if at := socket.Addr().String(); !strings.HasSuffix(l.URL(), at) {
		told = append(told, "address", at)
	}
	s.log.InfoContext(ctx, "listening", told...)
	return l, nil
}

func closeAll(listeners []server.Listener) error {
	var err error
	for _, l := range listeners {
		if l.Listener != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// recordUse stores now and then when tokens were last used, and once more when ctx ends.
func (s *service) recordUse(ctx context.Context, d *directory.Service, lastUse *auth.LastUse) {
	const every, resolution = time.Minute, 10 * time.Minute
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for lag := resolution; ; {
		select {
		case <-ctx.Done():
			lag = 0
		case <-ticker.C:
		}
		err := lastUse.Drain(lag, func(uses []roster.TokenUse) error {
			return d.TouchTokens(context.WithoutCancel(ctx), uses)
		})
		if err != nil {
			s.log.ErrorContext(ctx, "the last use of tokens was not stored", "error", err)
		}
		if lag == 0 {
			return
		}
	}
}
