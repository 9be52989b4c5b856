package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
)

const openAPIPath = "/openapi.json"

// failedLimit is how often an address may show credentials that do not count.
var failedLimit = roster.Limit{Rate: 50, Burst: 500}

// mount is a dialect that is served, wherever its root is.
type mount struct {
	*Server
	dialect *dialect.Dialect
	// document returns the dialect's OpenAPI document, which is made when it is first asked for, on anyBase.
	document func() ([]byte, error)
	// site is that of a listener with the dialect at its root.
	site siteMaker
	// prefix is the path below which the dialect is served on a listener for everything.
	prefix string
	// varies has the request headers that the answers of each endpoint depend on, by the endpoint's id.
	varies map[string]varying
}

// varying is what the answers of an endpoint depend on besides the URL.
type varying struct {
	names []string // of request headers, as in [dialect.Endpoint.VaryOn]
	vary  []string // the value of Vary, in which there is what all answers depend on as well
}

// newMount returns the mount of a dialect.
func newMount(s *Server, d *dialect.Dialect) *mount {
	m := &mount{
		Server: s, dialect: d, prefix: d.Mount(), varies: map[string]varying{}, site: s.newSite(true, d),
		document: sync.OnceValues(func() ([]byte, error) { return dialect.OpenAPI(d, anyBase) }),
	}
	for i := range d.Endpoints {
		names := d.Endpoints[i].VaryOn()
		all := append([]string{"Origin", "Accept-Encoding"}, names...)
		m.varies[d.Endpoints[i].ID] = varying{names: names, vary: []string{strings.Join(all, ", ")}}
	}
	return m
}

// exchange is one request on its way through a mount.
type exchange struct {
	*mount
	w        http.ResponseWriter
	r        *http.Request
	record   *requestRecord
	request  dialect.Request // what the endpoint sees of r
	from     netip.Addr
	endpoint *dialect.Endpoint
	path     map[string]string
	below    int    // how much of the URL's path is below the dialect's root
	org      string // the slug of the organization that the path names, "" for none
	contract roster.Contract
	retry    dialect.Rate
	// stable is zero for a request whose answer may differ the next time.
	stable stable
	walk   walk
	// erased is the version in which somebody of the organization had been erased last when the request began.
	erased roster.Version
	// written is the latest version that the request has led to, 0 for none.
	written atomic.Int64
	// leave lets the next request with the same key go on; nil where none waits.
	leave func()
	// started is set once the head of the response has been handed out.
	started bool
}

// serve answers a request for a path below the dialect's root.
func (m *mount) serve(w http.ResponseWriter, r *http.Request, path string) {
	x := &exchange{
		mount: m, w: w, r: r, record: recordOf(w), below: len(path), contract: cmp.Or(m.Contract, roster.Documented),
	}
	x.record.dialect = m.dialect.Name
	x.from = x.record.clientAddr(r, m.TrustedProxies)
	defer x.recover()
	if path == openAPIPath && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		x.openAPI()
		return
	}
	x.org, path = m.cutOrg(path)
	if m.dialect.LimitAlways {
		unused := m.dialect.Limit
		m.dialect.LimitHeaders(w.Header(), dialect.Rate{Limit: unused, Remaining: unused.Burst, ResetAt: m.Now()})
	}
	if err := x.answer(r.Context(), path); err != nil {
		x.invalidate()
		x.write(x.fail(err))
	}
}

// recover turns a panic into an internal error, or, when the response is under way, into a broken connection.
func (x *exchange) recover() {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if x.started {
		x.record.err = err
		panic(http.ErrAbortHandler)
	}
	x.invalidate()
	x.write(x.fail(err))
}

// answer takes a request through all that comes before and after the endpoint's own part, which it leaves out where
// the client has the answer already. An error comes before anything of the response has been handed out.
func (x *exchange) answer(ctx context.Context, path string) error {
	if err := x.find(path); err != nil {
		return err
	}
	if passed, err := x.passOn(ctx); passed || err != nil {
		return err
	}
	req, err := x.prepare(ctx)
	if err != nil {
		return err
	}
	if x.endpoint.Stable() && req.Now == 0 {
		x.stable.key = x.settle(req, path)
		known := x.answers.get(x.stable.key)
		if known != nil {
			x.stable.tag = known.tag
		}
		switch {
		case (known != nil || !x.endpoint.Tagged) && x.unchanged():
			x.follow(ctx, req, known == nil || known.more)
			x.notModified()
			return nil
		case known != nil:
			x.follow(ctx, req, known.more)
			x.repeat(known)
			return nil
		}
	}
	response, err := x.ask(ctx, req)
	if err != nil {
		return err
	}
	x.follow(ctx, req, response.More)
	if response.Tag != "" && x.stable.key != "" {
		if x.stable.tag = response.Tag; x.unchanged() {
			x.notModified()
			return nil
		}
	}
	if x.hasAny() && cmp.Or(response.Status, http.StatusOK) == http.StatusOK {
		x.notModified()
		return nil
	}
	x.write(response)
	return nil
}

// prepare lets the request through to its endpoint.
func (x *exchange) prepare(ctx context.Context) (*dialect.Request, error) {
	req := &x.request
	*req = dialect.Request{
		Endpoint: x.endpoint, ID: x.record.id, Contract: x.contract, URL: x.absoluteURL(), Header: x.r.Header,
		Software: x.Software,
	}
	if x.endpoint.Timed != nil && x.endpoint.Timed(req.URL.RawQuery) {
		req.Now = roster.TimeOf(x.Now())
	}
	if !x.endpoint.Public {
		if err := x.admit(ctx, req); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// ask has the endpoint answer.
func (x *exchange) ask(ctx context.Context, req *dialect.Request) (dialect.Response, error) {
	if err := req.Decode(req.URL.RawQuery, func(name string) string { return x.path[name] }); err != nil {
		return dialect.Response{}, err
	}
	body, err := x.body()
	if err != nil {
		return dialect.Response{}, err
	}
	req.Body = body
	if x.endpoint.Body != nil && x.endpoint.Body.Stream {
		req.Stream = x.newStream(x.endpoint.Body.MaxBytes())
	}
	err = x.because(ctx, req)
	if x.leave != nil {
		defer x.leave()
	}
	if err == nil {
		var response dialect.Response
		if response, err = x.endpoint.Serve(ctx, req); err == nil {
			return response, nil
		}
	}
	if repeated, ok := errors.AsType[*roster.RepeatedError](err); ok {
		return x.answerAgain(repeated.Answer)
	}
	return dialect.Response{}, err
}

// find sets the endpoint of the request.
func (x *exchange) find(path string) error {
	for i := range x.dialect.Endpoints {
		e := &x.dialect.Endpoints[i]
		params, ok := e.Match(path)
		if !ok {
			continue
		}
		if e.Method == x.r.Method || e.Method == http.MethodGet && x.r.Method == http.MethodHead {
			x.endpoint, x.path = e, params
			rec := x.record
			rec.below, rec.endpoint, rec.params = len(path), e, params
			return nil
		}
	}
	methods := x.methods(path)
	if len(methods) == 0 {
		return roster.Errorf(roster.NotFound, "there is no such path")
	}
	allow := allowHeader(methods)
	x.w.Header().Set("Allow", allow)
	return roster.Errorf(roster.MethodNotAllowed, "the method %s is not allowed here, only %s", x.r.Method, allow)
}

// admit lets a request through that shows a credential which counts, is within its rate limit and may use the
// endpoint.
func (x *exchange) admit(ctx context.Context, req *dialect.Request) error {
	principal, err := x.authenticate(ctx)
	if err != nil {
		return x.refused(ctx, err)
	}
	x.record.principal = principal
	x.lookBack(principal.Org)
	view, err := x.Directory.View(ctx, principal.Org)
	if err != nil {
		return err
	}
	x.contract = view.Org().Contract(x.dialect.Name)
	if err := present(principal, view); err != nil {
		return x.refused(ctx, err)
	}
	if err := x.limit(ctx, principal, view.Org()); err != nil {
		return err
	}
	if principal, view, err = x.enter(ctx, principal, view); err != nil {
		return err
	}
	x.record.principal = principal
	x.equip(req, principal, view)
	if err := permit(x.endpoint, principal, view); err != nil {
		return err
	}
	return x.choose(ctx, req)
}

// equip gives a request what its endpoint sees of the organization.
func (x *exchange) equip(req *dialect.Request, principal roster.Principal, view dialect.View) {
	req.Principal, req.View, req.Contract = principal, view, x.contract
	req.Versions, req.PageKey = otherVersions{x.Server, principal.Org}, x.pageKey
	if x.endpoint.Stable() {
		return
	}
	req.Writer, req.NewSecret, req.NewSigningSecret = writing{x, principal}, x.secret, x.signingSecret
	req.History, req.Audit = history{x, principal}, auditing{x.Server, principal}
	req.Past = past{x.Server, principal.Org}
	req.Orgs, req.Jobs = reachable{x.Server, principal, view}, jobbing{x, principal, req}
	req.Hooks = hooking{x, principal, req}
}

// present refuses a token that acts as a user who is not there any more.
func present(p roster.Principal, view dialect.View) error {
	if p.ActsAs.IsZero() {
		return nil
	}
	u, err := view.User(roster.Ref{ID: p.ActsAs})
	if err != nil && roster.CodeOf(err) != roster.NotFound {
		return err
	}
	if err != nil || u.Status == roster.Deactivated || u.Status == roster.Suspended {
		return roster.Errorf(roster.Unauthenticated, "the user whom the token acts as is not active")
	}
	return nil
}

// permit checks what an endpoint asks of a principal.
func permit(e *dialect.Endpoint, p roster.Principal, view dialect.View) error {
	if len(e.Kinds) > 0 && !slices.Contains(e.Kinds, p.Kind) {
		return roster.Errorf(roster.WrongTokenKind, "this needs a token of kind %s, not %s", kinds(e.Kinds), p.Kind)
	}
	if p.ReadOnly && e.Method != http.MethodGet {
		return roster.Errorf(roster.Forbidden, "a visitor's token may only read, by GET")
	}
	if !p.Permissions.Has(e.Needs) {
		return roster.Errorf(roster.Forbidden, "this needs the permission %s", e.Needs)
	}
	if e.Allow != nil {
		return e.Allow(p, view)
	}
	return nil
}

func kinds(list []roster.TokenKind) string {
	names := make([]string, len(list))
	for i, k := range list {
		names[i] = string(k)
	}
	return strings.Join(names, " or ")
}

func (x *exchange) authenticate(ctx context.Context) (roster.Principal, error) {
	credential := x.dialect.Credential(x.r.Header)
	if !credential.Signed {
		return x.Tokens.Bearer(ctx, credential.Secret, x.dialect.Name, x.from)
	}
	most := int64(dialect.MaxBody)
	if x.endpoint.Body != nil {
		most = x.endpoint.Body.MaxBytes()
	}
	body, err := x.readBody(most)
	if err != nil {
		return roster.Principal{}, err
	}
	x.r.Body = io.NopCloser(bytes.NewReader(body))
	return x.Verifier.Verify(ctx, &auth.Request{
		Method: x.r.Method, Target: x.r.RequestURI, Host: x.r.Host, Header: x.r.Header, Body: body,
	}, x.from)
}

// refused counts a credential that does not count against its sender's address, and answers with the limit instead
// once there are too many.
func (x *exchange) refused(ctx context.Context, err error) error {
	if roster.CodeOf(err) != roster.Unauthenticated || x.Unlimited {
		return err
	}
	taken := x.take(ctx, auth.AddressSubject(x.dialect.Name, x.from), failedLimit)
	if taken.Allowed {
		return err
	}
	x.retry.RetryAfter = taken.RetryAfter
	return &roster.Error{Code: roster.RateLimited, Message: "too many failed attempts", Err: err}
}

// take counts a request by a subject under a limit.
func (x *exchange) take(ctx context.Context, subject auth.Subject, limit roster.Limit) auth.Decision {
	if x.SharedLimiter != nil {
		return x.SharedLimiter.Take(ctx, subject, limit)
	}
	return x.Limiter.Take(subject, limit)
}

// limit counts a request against the rate limit of its credential.
func (x *exchange) limit(ctx context.Context, p roster.Principal, org *roster.Organization) error {
	limit := x.dialect.Limit
	if own, ok := org.Limits[x.dialect.Name]; ok {
		limit = own
	}
	if limit.Burst == 0 {
		return nil
	}
	taken := auth.Decision{Allowed: true, Limit: limit.Burst, Remaining: limit.Burst}
	if !x.Unlimited {
		taken = x.take(ctx, auth.PrincipalSubject(x.dialect.Name, p), limit)
	}
	x.retry = dialect.Rate{
		Limit: limit, Used: taken.Used, Remaining: taken.Remaining,
		ResetAt: x.Now().Add(taken.ResetAfter), RetryAfter: taken.RetryAfter,
	}
	if x.dialect.LimitHeaders != nil {
		x.dialect.LimitHeaders(x.w.Header(), x.retry)
	}
	if !taken.Allowed {
		return roster.Errorf(roster.RateLimited, "too many requests")
	}
	return nil
}

// fail turns an error into the dialect's response, and tells the log what the client is not told.
func (x *exchange) fail(err error) dialect.Response {
	err = x.fault(err)
	x.record.err = err
	if x.endpoint != nil && x.endpoint.Method != http.MethodGet {
		delete(x.w.Header(), dialect.VersionHeader) // a write that is refused leads to none
	}
	e := roster.AsError(err)
	return x.dialect.Fail(dialect.Failure{
		Error: e, Status: x.dialect.Status(e.Code), Contract: x.contract, RequestID: x.record.id,
		RetryAfter: x.retry.RetryAfter,
	})
}

// fault returns err, or where the client has gone an error that says so: what fails then is no fault of ours.
func (x *exchange) fault(err error) error {
	if x.r.Context().Err() == nil {
		return err
	}
	return &roster.Error{Code: roster.Unavailable, Message: "the request was given up", Err: err}
}

// absoluteURL returns the URL as the client sees it.
func (x *exchange) absoluteURL() *url.URL {
	u := *x.r.URL
	if h := x.record.hop; h != nil {
		u.Scheme, u.Host = h.Scheme, h.Host
		return &u
	}
	u.Scheme, u.Host = "http", x.r.Host
	if x.r.TLS != nil {
		u.Scheme = "https"
	}
	if x.fromTrustedProxy() {
		if proto := x.r.Header.Get("X-Forwarded-Proto"); proto == "http" || proto == "https" {
			u.Scheme = proto
		}
		if host := x.r.Header.Get("X-Forwarded-Host"); host != "" {
			u.Host = host
		}
	}
	return &u
}

func (x *exchange) fromTrustedProxy() bool {
	if len(x.TrustedProxies) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(x.r.RemoteAddr)
	return err == nil && slices.ContainsFunc(x.TrustedProxies, func(p netip.Prefix) bool {
		return p.Contains(peer.Addr().Unmap().WithZone(""))
	})
}
