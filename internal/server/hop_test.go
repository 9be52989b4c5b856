package server_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/spread"
	"github.com/roster-dev/roster/internal/trace"
)

// TestSpread has three servers answer for many organizations, each of which is in the memory of one of them only.
func TestSpread(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 3)
	orgs := map[string]*spreadOrg{}
	for slug := range strings.FieldsSeq("ant bee cat dog elk fox gnu hen ibis jay koi lynx") {
		orgs[slug] = s.org(t, slug)
	}
	owned := map[*spreadNode]int{}
	for slug, o := range orgs {
		owned[o.owner]++
		for _, node := range s.nodes {
			a := node.get(t, "/api/v1/organization", o.secret)
			a.want(t, slug, http.StatusOK)
			var shown struct{ Slug string }
			if err := json.Unmarshal([]byte(a.body), &shown); err != nil || shown.Slug != slug {
				t.Errorf("%s: got %s", slug, a.body)
			}
		}
	}
	for i, node := range s.nodes {
		if got := node.loaded(); got != owned[node] || got == len(orgs) {
			t.Errorf("server %d has %d organizations in memory, not the %d that it is to have", i, got, owned[node])
		}
		if got, want := node.hops(t, "received"), 2*owned[node]; got != want {
			t.Errorf("server %d has answered %d requests for others, not %d", i, got, want)
		}
		if got, want := node.hops(t, "passed"), len(orgs)-owned[node]; got != want {
			t.Errorf("server %d has passed %d requests on, not %d", i, got, want)
		}
	}
}

// TestHopKeepsRequests holds what is answered over another server to what that one answers itself.
func TestHopKeepsRequests(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	front, owner := s.nodes[0], s.nodes[1]
	o := s.orgOf(t, owner, "203.0.113.7")
	// Only the first server trusts the proxy, whose word about the client the other one takes from it.
	client, zipped := header("X-Forwarded-For", "203.0.113.7"), header("Accept-Encoding", "gzip")
	front.get(t, "/toy/users", o.secret).want(t, "another address", http.StatusForbidden)
	owner.get(t, "/toy/users", o.secret, client).want(t, "the client's own word", http.StatusForbidden)
	users := front.get(t, "/toy/users", o.secret, client)
	users.want(t, "the address of the client", http.StatusOK)
	for what, c := range map[string]struct {
		path, want string
		changes    []func(*http.Request)
	}{
		"by prefix": {"/toy/url?a=%2f&b=c+d", front.front.URL + "/toy/url?a=%2f&b=c+d", nil},
		"by host": {"/url?x", "http://toy.example/url?x", []func(*http.Request){
			func(r *http.Request) { r.Host = "toy.example" },
		}},
		"behind a proxy": {"/toy/url", "https://roster.example/toy/url", []func(*http.Request){
			header("X-Forwarded-Proto", "https"), header("X-Forwarded-Host", "roster.example"),
		}},
	} {
		a := front.get(t, c.path, o.secret, append(c.changes, client)...)
		if a.want(t, what, http.StatusOK); a.body != c.want {
			t.Errorf("%s: the other server sees %s, not %s", what, a.body, c.want)
		}
	}
	long := front.get(t, "/toy/long", o.secret, client, zipped)
	long.want(t, "compressed", http.StatusOK)
	if plain := front.get(t, "/toy/long", o.secret, client).body; long.unzipped(t) != plain || len(plain) < 300_000 {
		t.Errorf("%d bytes of a long answer, %d when it is compressed", len(plain), len(long.unzipped(t)))
	}
	tag := header("If-None-Match", users.header.Get("Etag"))
	if a := front.get(t, "/toy/users", o.secret, client, tag); a.status != http.StatusNotModified || a.body != "" {
		t.Errorf("a tag that still counts: got %d %s", a.status, a.body)
	}
	head := front.ask(t, http.MethodHead, "/toy/users", o.secret, client)
	if head.want(t, "HEAD", http.StatusOK); head.header.Get("Content-Length") != users.header.Get("Content-Length") {
		t.Errorf("HEAD: got %v, and %v of GET", head.header, users.header)
	}
	if vary := users.header.Values("Vary"); len(vary) != 1 {
		t.Errorf("Vary is %q", vary)
	}
	if front.loaded() != 0 {
		t.Errorf("%d organizations are in the memory of the server that has none", front.loaded())
	}
}

// TestHopIsOneRequest has both servers log the id that the client gets, and the one that answers count the request.
func TestHopIsOneRequest(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	o := s.orgOf(t, s.nodes[1])
	left := ""
	for i := range 4 {
		a := s.nodes[i%2].get(t, "/toy/users", o.secret)
		a.want(t, "users", http.StatusOK)
		if now := a.header.Get("X-Left"); now == left {
			t.Errorf("request %d leaves %s, as the one before", i, now)
		} else {
			left = now
		}
		if i%2 == 1 {
			continue
		}
		for _, node := range s.nodes {
			entry := node.log.last(t)
			if got, want := entry["request_id"], a.header.Get("X-Request-Id"); got != want || entry["client"] != "127.0.0.1" {
				t.Errorf("the log says %v, and the client gets the id %s", entry, want)
			}
		}
	}
	if to := s.nodes[0].log.last(t)["passed_to"]; "http://"+to.(string) != s.nodes[1].front.URL {
		t.Errorf("the log says that the request was passed on to %v", to)
	}
	a := s.nodes[0].get(t, "/toy/wrapped", o.secret)
	if a.want(t, "a failure", http.StatusInternalServerError); !strings.Contains(a.body, a.header.Get("X-Request-Id")) {
		t.Errorf("the failure tells another id than %s: %s", a.header.Get("X-Request-Id"), a.body)
	}
}

// TestHopOfSignedRequests has a signature count that the server which it was sent to can't check.
func TestHopOfSignedRequests(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newSpread(t, 2)
	o := s.orgOf(t, s.nodes[1])
	client, _ := s.newID()
	_, err = s.maker.Do(t.Context(), o.id, roster.Operator(), roster.Create{Record: &roster.User{
		ID: client, Name: "Client", Kind: roster.APIClient, PublicKey: publicKey(t, key),
	}})
	if err != nil {
		t.Fatal(err)
	}
	path := "/fipto/companies/" + o.id.String() + "/users?page=1"
	sign := func(r *http.Request) {
		if err := auth.Sign(r, client, key, spreadNow()); err != nil {
			t.Fatal(err)
		}
	}
	s.nodes[0].get(t, path, "", sign).want(t, "signed", http.StatusOK)
	s.nodes[0].get(t, path, "", sign, func(r *http.Request) { r.URL.RawQuery = "page=2" }).
		want(t, "another path than the signed one", http.StatusUnauthorized)
	if got := s.nodes[0].loaded(); got != 0 {
		t.Errorf("%d organizations are in memory where the signature was not checked", got)
	}
}

// TestHopOfInstanceTokens passes on what an instance-wide token does to one organization, and nothing else.
func TestHopOfInstanceTokens(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	if err := s.maker.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	secret := s.token(t, roster.InstanceID(), "operator")
	o, front := s.orgOf(t, s.nodes[1]), s.nodes[0]
	front.get(t, "/api/v1/orgs", secret).want(t, "all organizations", http.StatusOK)
	if got := front.hops(t, "passed"); got != 0 {
		t.Errorf("%d requests about all organizations were passed on", got)
	}
	front.get(t, "/api/v1/orgs/"+o.slug+"/users", secret).want(t, "users of one", http.StatusOK)
	front.get(t, "/api/v1/orgs/nobody/users", secret).want(t, "an organization that is not there", http.StatusNotFound)
	front.get(t, "/api/v1/orgs/"+s.orgOf(t, front).slug+"/users", o.secret).
		want(t, "another one's organization", http.StatusNotFound)
	if got := front.hops(t, "passed"); got != 2 || front.loaded() != 1 {
		t.Errorf("%d requests were passed on, and %d organizations are in memory, of which one is the instance's own",
			got, front.loaded())
	}
}

// TestHopStreams has what a client sends arrive while it is sent.
func TestHopStreams(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	o := s.orgOf(t, s.nodes[1])
	in, out := io.Pipe()
	go func() {
		var err error
		for range 3 { // each line has arrived before the next is sent
			if err == nil {
				_, err = io.WriteString(out, "line\n")
			}
			if got := <-s.nodes[1].lines; got != "line\n" {
				t.Errorf("got %q", got)
			}
		}
		if err := errors.Join(err, out.Close()); err != nil {
			t.Error(err)
		}
	}()
	a := s.nodes[0].ask(t, http.MethodPost, "/toy/lines", o.secret, sending(in))
	if a.want(t, "three lines", http.StatusOK); a.body != "15" {
		t.Errorf("%s bytes have arrived", a.body)
	}
	a = s.nodes[0].ask(t, http.MethodPost, "/toy/lines", o.secret, sending(strings.NewReader(fiftyLines)))
	if a.want(t, "many bytes", http.StatusOK); a.body != strconv.Itoa(len(fiftyLines)) {
		t.Errorf("%s bytes of %d have arrived", a.body, len(fiftyLines))
	}
}

// fiftyLines are more than is held in memory.
var fiftyLines = strings.Repeat(strings.Repeat("x", 9_999)+"\n", 50)

// TestHopBrokenBody has a client get its body wrong: it is told so, by either server, and nobody is lost.
func TestHopBrokenBody(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	o := s.orgOf(t, s.nodes[1])
	for _, node := range s.nodes {
		conn, err := net.Dial("tcp", node.front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(conn, "POST /api/v1/users HTTP/1.1\r\nHost: toy\r\nAuthorization: Bearer "+o.secret+
			"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n")
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("got status %d, want %d", response.StatusCode, http.StatusBadRequest)
		}
		_ = errors.Join(response.Body.Close(), conn.Close())
	}
	if got := s.nodes[0].hops(t, "failed"); got != 0 {
		t.Errorf("%d hops have failed", got)
	}
}

// TestHopFollowsChanges has a stream of changes show what is written over either server, and end with the one that the
// client is connected to.
func TestHopFollowsChanges(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	o := s.orgOf(t, s.nodes[1])
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.nodes[0].front.URL+"/toy/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	bearer(o.secret)(r)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := bufio.NewReader(response.Body)
	next := func() string {
		t.Helper()
		line, err := body.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	if got := next(); got != "begin\n" {
		t.Fatalf("got %q", got)
	}
	for i, name := range []string{"ann", "bob"} {
		user := `{"name":"` + name + `","email":"` + name + `@example.com"}`
		a := s.nodes[i].ask(t, http.MethodPost, "/api/v1/users", o.secret, sending(strings.NewReader(user)))
		a.want(t, name, http.StatusCreated)
		if got := next(); !strings.HasPrefix(got, "version ") {
			t.Errorf("got %q", got)
		}
	}
	if _, users, _ := s.nodes[0].service.Loaded(); users != 0 {
		t.Errorf("%d users are in the memory of the server that passes them on", users)
	}
	s.nodes[0].Drain()
	if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
		t.Errorf("the end of a stream must be one that is meant: %q, %v", rest, err)
	}
}

// TestHopFallsBack answers where the organization is not, while the server that has it can't be reached.
func TestHopFallsBack(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	front, owner := s.nodes[0], s.nodes[1]
	o := s.orgOf(t, owner)
	front.get(t, "/toy/users", o.secret).want(t, "with the other server", http.StatusOK)
	owner.front.Close()
	for range 3 {
		front.get(t, "/toy/users", o.secret).want(t, "without the other server", http.StatusOK)
	}
	user := `{"name":"Ann","email":"ann@example.com"}`
	front.ask(t, http.MethodPost, "/api/v1/users", o.secret, sending(strings.NewReader(user))).want(t, "a write", http.StatusCreated)
	a := front.ask(t, http.MethodPost, "/toy/lines", o.secret, sending(strings.NewReader(fiftyLines)))
	if a.want(t, "many bytes", http.StatusOK); a.body != strconv.Itoa(len(fiftyLines)) {
		t.Errorf("%s bytes of %d have arrived", a.body, len(fiftyLines))
	}
	if passed, alone := front.hops(t, "passed"), front.hops(t, "alone"); passed != 1 || alone != 5 || front.loaded() != 1 {
		t.Errorf("%d were passed on, %d answered here, %d organizations are in memory", passed, alone, front.loaded())
	}
}

// TestHopOfWhatIsLost has the other server be lost after it has got a request: what may be done twice is answered, and
// the client is told of the rest.
func TestHopOfWhatIsLost(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	front := s.nodes[0]
	o := s.orgOf(t, s.nodes[1])
	for name, lose := range map[string]http.HandlerFunc{
		"a connection that breaks": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				err = conn.(*net.TCPConn).SetLinger(0)
			}
			if err := errors.Join(err, conn.Close()); err != nil {
				t.Error(err)
			}
		},
		"another server": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
	} {
		s.nodes[1].instead.Store(&lose)
		user := `{"name":"Ann","email":"` + strings.ReplaceAll(name, " ", ".") + `@example.com"}`
		write := func(changes ...func(*http.Request)) hopAnswer {
			front.wait(time.Minute)
			return front.ask(t, http.MethodPost, "/api/v1/users", o.secret, append(changes, sending(strings.NewReader(user)))...)
		}
		lost := write()
		if lost.want(t, name+": a write", http.StatusServiceUnavailable); !strings.Contains(lost.body, "may have") {
			t.Errorf("%s: the client is not told that it may have been done: %s", name, lost.body)
		}
		write(header("Idempotency-Key", `"`+name+`"`)).want(t, name+": a write with a key", http.StatusCreated)
		front.wait(time.Minute)
		front.get(t, "/toy/users", o.secret).want(t, name+": a read", http.StatusOK)
	}
	if got := front.hops(t, "failed"); got != 2 {
		t.Errorf("%d requests have failed, want 2", got)
	}
}

// TestNoSecondHop has servers disagree on who has an organization: the second answers, whatever it thinks.
func TestNoSecondHop(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 3)
	o := s.orgOf(t, s.nodes[1])
	third := s.nodes[0].Owner(s.orgOf(t, s.nodes[2]).id)
	s.nodes[1].owner = func(roster.ID) *spread.Node { return third }
	s.nodes[0].get(t, "/toy/users", o.secret).want(t, "users", http.StatusOK)
	for i, want := range []int{0, 1, 0} {
		if got := s.nodes[i].loaded(); got != want || s.nodes[i].hops(t, "received") != want {
			t.Errorf("server %d has %d organizations in memory, want %d", i, got, want)
		}
	}
}

// TestFakedHops refuses requests that claim to come from another server.
func TestFakedHops(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	front, owner := s.nodes[0], s.nodes[1]
	o := s.orgOf(t, owner, "203.0.113.7")
	proofs := make(chan string, 1)
	serve := owner.Handler()
	watch := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proofs <- r.Header.Get("Roster-Hop")
		serve.ServeHTTP(w, r)
	})
	owner.instead.Store(&watch)
	front.get(t, "/toy/users", o.secret, header("X-Forwarded-For", "203.0.113.7")).want(t, "the real one", http.StatusOK)
	proof := <-proofs
	owner.instead.Store(nil)
	said, mac, _ := strings.Cut(proof, ".")
	hops := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Roster-Hop"] = values }
	}
	for what, c := range map[string]struct {
		method, path string
		values       []string
	}{
		"nothing":                      {http.MethodGet, "/toy/users", []string{""}},
		"no proof":                     {http.MethodGet, "/toy/users", []string{said}},
		"an empty proof":               {http.MethodGet, "/toy/users", []string{said + "."}},
		"the proof of something else":  {http.MethodGet, "/toy/users", []string{said[:len(said)-4] + "." + mac}},
		"two of them":                  {http.MethodGet, "/toy/users", []string{proof, proof}},
		"another path":                 {http.MethodGet, "/toy/url", []string{proof}},
		"another query":                {http.MethodGet, "/toy/users?a=b", []string{proof}},
		"another method":               {http.MethodPost, "/toy/users", []string{proof}},
		"a probe":                      {http.MethodGet, "/healthz", []string{"yes"}},
		"what the answer says of them": {http.MethodGet, "/toy/users", []string{"taken"}},
	} {
		a := owner.ask(t, c.method, c.path, o.secret, hops(c.values...))
		if a.status != http.StatusMisdirectedRequest || a.header.Get("Roster-Hop") != "refused" {
			t.Errorf("%s: got status %d (%s), want %d", what, a.status, a.body, http.StatusMisdirectedRequest)
		}
	}
	if a := owner.get(t, "/toy/users", o.secret, hops(proof)); a.status != http.StatusOK {
		t.Errorf("the real one again: got status %d", a.status)
	}
	owner.wait(6 * time.Minute)
	if a := owner.get(t, "/toy/users", o.secret, hops(proof)); a.status != http.StatusMisdirectedRequest {
		t.Errorf("an old one: got status %d", a.status)
	}
	if got := owner.hops(t, "refused"); got != 11 {
		t.Errorf("%d were refused, want 11", got)
	}
	// Clocks that differ so much cost memory: the server that has the request answers.
	front.get(t, "/toy/users", o.secret, header("X-Forwarded-For", "203.0.113.7")).want(t, "another clock", http.StatusOK)
	if got := front.loaded(); got != 1 {
		t.Errorf("%d organizations are in the memory of the server that is not believed, want 1", got)
	}
	alone := newStand(t, nil)
	wantStatus(t, "a server that has all", alone.get(t, "/toy/users", alone.token(t, "t"), hops(proof)),
		http.StatusMisdirectedRequest)
}

// TestHopEndsWaiting has a server that drains answer itself what another one waits with.
func TestHopEndsWaiting(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	front, owner := s.nodes[0], s.nodes[1]
	o := s.orgOf(t, owner)
	go func() {
		for t.Context().Err() == nil && owner.hops(t, "received") == 0 {
			time.Sleep(time.Millisecond) // the processor is for the servers
		}
		front.Drain()
	}()
	a := front.get(t, "/toy/next", o.secret)
	a.want(t, "what waits for a minute", http.StatusOK)
	if !strings.HasPrefix(a.body, "0 versions on") {
		t.Errorf("got %s", a.body)
	}
}

// TestHopIsTraced has the other server know which hop a request is from.
func TestHopIsTraced(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	o := s.orgOf(t, s.nodes[1])
	traces, serve := make(chan string, 1), s.nodes[1].Handler()
	watch := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		traces <- r.Header.Get("Traceparent")
		serve.ServeHTTP(w, r)
	})
	s.nodes[1].instead.Store(&watch)
	s.nodes[0].get(t, "/toy/users", o.secret, header("Traceparent", "the client's")).want(t, "users", http.StatusOK)
	if got := <-traces; got != "pass a request on" {
		t.Errorf("the hop is within %s", got)
	}
}

// traced is a tracer that records nothing, and names spans in headers.
type traced struct{ trace.Tracer }

func (traced) Receive(ctx context.Context, _ string, _ trace.Header) (context.Context, trace.Recorder) {
	return ctx, nil
}

func (traced) Send(ctx context.Context, name string, to trace.Header) (context.Context, trace.Recorder) {
	to.Set("Traceparent", name)
	return ctx, nil
}
