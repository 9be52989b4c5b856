package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzhttp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/trace"
)

// passOn has another process answer the request if that one is to have the organization in memory, and reports whether
// it has. A request that was passed on already stays where it is.
func (x *exchange) passOn(ctx context.Context) (passed bool, err error) {
	if x.Spread == nil || x.record.hop != nil || x.endpoint.Public {
		return false, nil
	}
	org, found := x.whose(ctx)
	if !found {
		return false, nil
	}
	to := x.Spread.Owner(org)
	if to == nil {
		return false, nil
	}
	began := x.Now()
	passed, err = x.passTo(ctx, to)
	x.record.waited += x.Now().Sub(began)
	return passed, err
}

// whose returns the organization that the request is for, as far as can be told before anybody has looked whether the
// credential counts; none where it is for none or for all of them. Whoever answers checks everything.
func (x *exchange) whose(ctx context.Context) (org roster.ID, found bool) {
	credential := x.dialect.Credential(x.r.Header)
	var err error
	switch {
	case credential.Signed:
		signer, ok := auth.SignerOf(x.r.Header)
		if !ok {
			return org, false
		}
		org, err = x.Spread.Orgs.UserOrg(ctx, signer)
	case roster.WellFormedSecret(credential.Secret):
		if visited, ok := x.Visitors.Org(credential.Secret); ok {
			return visited, true
		}
		org, err = x.Spread.Orgs.TokenOrg(ctx, roster.HashSecret(credential.Secret))
	default:
		return org, false
	}
	if err == nil && org == roster.InstanceID() {
		if x.org == "" {
			return org, false
		}
		org, err = x.Spread.Orgs.SlugOrg(ctx, x.org)
	}
	return org, err == nil
}

// passage is a request on its way to another process.
type passage struct {
	*exchange
	to   *url.URL
	body *passedBody // nil where there is none, or it is in the memory of the request
	span trace.Span  // until the answer begins
	sent atomic.Bool // whether there was a connection, so that the other process may have got something of it
}

// passTo passes the request on. Where the other process can't have done anything, or only what may be done twice, and
// nothing of the request is lost, it reports false: then this process can answer.
func (x *exchange) passTo(ctx context.Context, to Peer) (passed bool, err error) {
	p := &passage{exchange: x, to: to.URL()}
	if !x.sender.tries(p.to.Host, x.Now()) {
		x.sender.count(hopsAlone)
		return false, nil
	}
	if err := p.hold(); err != nil {
		return false, err
	}
	defer p.finish()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := p.request(ctx)
	if err != nil {
		return false, err
	}
	stop, stay := to.WhenLost(cancel), p.untilDrain(cancel)
	response, err := x.sender.transport.RoundTrip(out)
	stay()
	lost := !stop()
	p.span.End(err)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		switch response.Header.Get(hopHeader) {
		case hopTaken, hopLive:
			x.sender.works(p.to.Host)
			x.sender.count(hopsPassed)
			x.record.passedTo = p.to.Host
			return true, p.relay(response, cancel)
		case hopRefused:
			p.sent.Store(false) // and nothing was done
			err = errors.New("it does not believe that the request comes from a server like itself")
		default:
			err = fmt.Errorf("what is there is no server like this one: it answers with status %d", response.StatusCode)
		}
	} else if lost {
		err = fmt.Errorf("nothing was heard of it for too long: %w", err)
	}
	if x.r.Context().Err() != nil { // the client has gone
		return false, fmt.Errorf("pass the request on: %w", err)
	}
	if p.body != nil && p.body.lacks() != nil { // which the other process is not to blame for
		return false, broken(p.body.lacks(), math.MaxInt64)
	}
	return false, p.failed(ctx, err, response != nil || lost)
}

// failed returns nil where this process can answer after the other one has not.
func (p *passage) failed(ctx context.Context, err error, broken bool) error {
	if !p.sent.Load() || broken {
		p.sender.fails(p.to.Host, p.Now())
	}
	p.Log.WarnContext(ctx, "a request could not be passed on",
		"request_id", p.record.id, "to", p.to.String(), "error", err)
	if (!p.sent.Load() || p.isRepeatable()) && p.finish() {
		p.sender.count(hopsAlone)
		return nil
	}
	p.sender.count(hopsFailed)
	return &roster.Error{
		Code: roster.Unavailable, Err: fmt.Errorf("pass a request on to %s: %w", p.to, err),
		Message: "the server that the request was passed on to was lost, and may have carried it out: " +
			"repeat the request with the same idempotency key",
	}
}

// isRepeatable reports whether the request may be carried out twice: it changes nothing, or it has a key by which the
// store knows it again.
func (p *passage) isRepeatable() bool {
	e, key := p.endpoint, dialect.IdempotencyKey
	return e.Method == http.MethodGet ||
		e.IsWrite() && e.Takes(dialect.Header, key) && p.r.Header.Get(key) != ""
}

// finish has nobody read any more of the body, and reports whether all of it is still there.
func (p *passage) finish() bool { return p.body == nil || p.body.detach() }

// hold keeps a short body in memory, so that it can be sent again.
func (p *passage) hold() error {
	switch n := p.r.ContentLength; {
	case n == 0:
	case n > 0 && n <= pieceBytes:
		body, err := p.readBody(n)
		if err != nil {
			return err
		}
		p.r.Body = heldBody{bytes.NewReader(body), body}
	default:
		p.body = newPassedBody(p.exchange)
	}
	return nil
}

// heldBody is a body that is in memory.
type heldBody struct {
	*bytes.Reader
	all []byte
}

// Close implements [io.Closer].
func (heldBody) Close() error { return nil }

// request returns the request as it is passed on: as it came in, with the proof.
func (p *passage) request(ctx context.Context) (*http.Request, error) {
	in := p.r
	seen := p.absoluteURL()
	path := in.URL.EscapedPath()
	h := hop{
		ID: p.record.id, At: roster.TimeOf(p.Now()), Client: p.from, Dialect: p.dialect.Name,
		Root: path[:len(path)-p.below], Scheme: seen.Scheme, Host: seen.Host,
	}
	proof, err := h.seal(p.Spread.Secret, in.Method, in.RequestURI)
	if err != nil {
		return nil, err
	}
	out := &http.Request{
		Method: in.Method, Host: in.Host, ContentLength: in.ContentLength, Header: passedHeader(in.Header),
		// A target that is opaque goes out as it came in, which is what a signature covers.
		URL: &url.URL{Scheme: p.to.Scheme, Host: p.to.Host, Opaque: in.RequestURI},
	}
	if held, ok := in.Body.(heldBody); ok {
		out.Body = io.NopCloser(bytes.NewReader(held.all))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(held.all)), nil }
	} else if p.body != nil {
		out.Body = p.body
	}
	ctx, p.span = trace.Send(ctx, p.Tracer, "pass a request on", out.Header)
	out = out.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { p.sent.Store(true) },
	}))
	out.Header[hopHeader] = []string{proof}
	if _, given := out.Header["User-Agent"]; !given {
		out.Header["User-Agent"] = []string{""} // which keeps one from being made up
	}
	return out, nil
}

// hopByHop are the headers that are about a connection (RFC 9110, section 7.6.1), and Expect, which was met.
var hopByHop = [...]string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Expect",
}

// passedHeader returns a copy of a header without what is about its connection.
func passedHeader(h http.Header) http.Header {
	passed := maps.Clone(h)
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			passed.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopByHop {
		delete(passed, name)
	}
	return passed
}

// relay hands the answer of the other process out as it comes in. What that one has encoded or left as it is stays so.
func (p *passage) relay(response *http.Response, cancel func()) error {
	header := p.w.Header()
	isLive := response.Header.Get(hopHeader) == hopLive
	maps.Copy(header, passedHeader(response.Header))
	delete(header, hopHeader)
	if p.r.Header.Get("Accept-Encoding") != "" { // then what compresses is there, and takes the header out
		header.Set(gzhttp.HeaderNoCompression, "1")
	}
	p.head(response.StatusCode)
	if p.r.Method == http.MethodHead {
		return nil
	}
	if isLive {
		defer p.endWith(cancel)()
	}
	out := p.newTaker()
	out.flush = response.ContentLength < 0
	_, err := io.Copy(out, response.Body)
	if err == nil || isLive && p.isDraining() {
		return nil
	}
	p.record.err = p.fault(err)
	panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
}

// untilDrain has cancel called when the process drains, until stay is called, where the answer may be waited for: this
// process then answers at once.
func (p *passage) untilDrain(cancel func()) (stay func()) {
	if p.endpoint.Method != http.MethodGet || !p.endpoint.Volatile {
		return func() {}
	}
	return p.endWith(cancel)
}

// endWith has cancel called when the process drains, until stop is called, which waits.
func (p *passage) endWith(cancel func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-p.draining:
			cancel()
		case <-done:
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}
