package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/spread"
	"github.com/roster-dev/roster/internal/store/memory"
)

// spreadOut is several servers over one store, over which organizations are spread.
type spreadOut struct {
	nodes []*spreadNode
	maker *directory.Service // which writes what there is, and is none of them
	ids   atomic.Uint32
	store *memory.Store
}

// spreadNode is one of them.
type spreadNode struct {
	*server.Server
	*spread.Members
	service *directory.Service
	front   *httptest.Server
	log     *logBuffer
	lines   chan string // that were taken
	instead atomic.Pointer[http.HandlerFunc]
	ahead   atomic.Int64                 // of other clocks, in nanoseconds
	owner   func(roster.ID) *spread.Node // who has organizations, as this one thinks
}

func (n *spreadNode) clock() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// wait has so much time go by for a node.
func (n *spreadNode) wait(d time.Duration) { n.ahead.Add(int64(d)) }

// spreadOrg is an organization, who is to have it, and somebody else.
type spreadOrg struct {
	id           roster.ID
	slug, secret string
	owner, other *spreadNode
}

var hopSecret = bytes.Repeat([]byte("s"), sha256.Size)

// newSpread starts so many servers, of which the first trusts the proxy at 127.0.0.1.
func newSpread(t *testing.T, n int) *spreadOut {
	t.Helper()
	s := &spreadOut{store: memory.New()}
	s.maker = s.newService(t)
	var members []spread.Member
	for range n {
		node := &spreadNode{service: s.newService(t), front: httptest.NewUnstartedServer(nil), log: &logBuffer{}, lines: make(chan string, 100)}
		s.nodes = append(s.nodes, node)
		members = append(members, spread.Member{URL: "http://" + node.front.Listener.Addr().String()})
	}
	for i, node := range s.nodes {
		at, err := spread.ParseURL(members[i].URL)
		if err != nil {
			t.Fatal(err)
		}
		node.Members = spread.New(at, func(context.Context) ([]spread.Member, error) { return members, nil })
		if _, err := node.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.start(t, node, i == 0)
	}
	return s
}

func (s *spreadOut) newID() (roster.ID, error) {
	id := roster.MustParseID("0190a000-0000-7000-8000-000000000000")
	n := s.ids.Add(1)
	copy(id[12:], []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return id, nil
}

func spreadNow() roster.Time { return roster.TimeOf(time.Now()) }

func (s *spreadOut) newService(t *testing.T) *directory.Service {
	t.Helper()
	service := directory.New(s.store, directory.Options{Now: spreadNow, NewID: s.newID, Sheds: true})
	t.Cleanup(service.Close)
	return service
}

// start has a server serve all dialects and the toy.
func (s *spreadOut) start(t *testing.T, node *spreadNode, trusting bool) {
	t.Helper()
	node.owner = node.Owner
	c := server.Config{
		Dialects: append(all.Dialects(), hopping(node.lines)), Directory: server.Views(node.service.View),
		Tokens:   &auth.Authenticator{Tokens: node.service, Now: spreadNow, InstanceDialects: []string{"native"}},
		Verifier: auth.NewVerifier(auth.SignersAmong(node.service), spreadNow),
		Limiter:  auth.NewLimiter(time.Now, 1000), Log: slog.New(slog.NewJSONHandler(node.log, nil)), Now: node.clock,
		NewID: s.newID, Tracer: traced{}, Versions: server.VersionsOf(node.service), History: server.Histories(node.service),
		Writer: node.service, Orgs: node.service, Random: rand.Reader, CacheBytes: 1 << 20, Metrics: true,
		Hosts: map[string]string{"toy.example": "toy"},
		Spread: &server.Spread{
			Owner: func(org roster.ID) server.Peer {
				if n := node.owner(org); n != nil {
					return n
				}
				return nil
			},
			Orgs: node.service, Secret: hopSecret,
			Share: func() (processes, owned, strangers int) {
				owned, strangers = node.service.Share(node.Owns)
				return node.Count(), owned, strangers
			},
		},
	}
	if trusting {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	}
	var err error
	if node.Server, err = server.New(c); err != nil {
		t.Fatal(err)
	}
	handler := node.Handler()
	node.front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if instead := node.instead.Load(); instead != nil {
			(*instead)(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
	node.front.Start()
	t.Cleanup(func() {
		node.Drain()
		node.front.Close()
	})
}

// hopping is the toy that follows changes, and takes lines, which it tells of one by one.
func hopping(lines chan<- string) *dialect.Dialect {
	d := following()
	d.Limit = roster.Limit{Rate: 0.001, Burst: 1000}
	d.Endpoints = append(d.Endpoints, dialect.Endpoint{
		Method: http.MethodPost, Path: "/lines", ID: "lines", Aside: true,
		Body: &dialect.RequestBody{Stream: true, Limit: 64 << 20},
		Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
			in, bytes := bufio.NewReader(r.Stream), 0
			for {
				line, err := in.ReadString('\n')
				if errors.Is(err, io.EOF) {
					return dialect.Response{Body: dialect.Text(strconv.Itoa(bytes))}, nil
				}
				if err != nil {
					return dialect.Response{}, err
				}
				bytes += len(line)
				lines <- line
			}
		},
	})
	return d
}

// org makes an organization with a token that may do everything from some addresses, from all where none are given.
func (s *spreadOut) org(t *testing.T, slug string, from ...string) *spreadOrg {
	t.Helper()
	made, err := s.maker.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: slug, Name: slug})
	if err != nil {
		t.Fatal(err)
	}
	o := &spreadOrg{id: made.ID, slug: slug, secret: s.token(t, made.ID, slug, from...)}
	for _, node := range s.nodes {
		if node.Owns(o.id) {
			o.owner = node
		} else {
			o.other = node
		}
	}
	return o
}

// orgOf makes organizations until there is one that a node is to have.
func (s *spreadOut) orgOf(t *testing.T, node *spreadNode, from ...string) *spreadOrg {
	t.Helper()
	for n := 0; ; n++ {
		if o := s.org(t, fmt.Sprintf("org-%d-%d", s.ids.Load(), n), from...); o.owner == node {
			return o
		}
	}
}

func (s *spreadOut) token(t *testing.T, org roster.ID, name string, from ...string) string {
	t.Helper()
	random := sha256.Sum256([]byte(name))
	secret, err := roster.NewSecret(bytes.NewReader(random[:]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.maker.Do(t.Context(), org, roster.Operator(), roster.Create{Record: &roster.Token{
		Name: name, Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.Everything}, AllowedIPs: from,
		Hash: roster.HashSecret(secret),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// hopAnswer is the answer to a request.
type hopAnswer struct {
	status int
	header http.Header
	body   string
}

// sending gives a request a body, which is JSON.
func sending(body io.Reader) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = io.NopCloser(body), -1
		if text, ok := body.(*strings.Reader); ok {
			r.ContentLength = text.Size()
		}
	}
}

// ask sends a request to a node.
func (n *spreadNode) ask(t *testing.T, method, path, secret string, changes ...func(*http.Request)) hopAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, n.front.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range append(changes, bearer(secret)) {
		change(r)
	}
	response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	_ = response.Body.Close()
	return hopAnswer{response.StatusCode, response.Header, string(text)}
}

func (n *spreadNode) get(t *testing.T, path, secret string, changes ...func(*http.Request)) hopAnswer {
	t.Helper()
	return n.ask(t, http.MethodGet, path, secret, changes...)
}

// want fails where an answer has another status.
func (a hopAnswer) want(t *testing.T, what string, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: got status %d (%s), want %d", what, a.status, a.body, status)
	}
	if got := a.header.Get("Roster-Hop"); got != "" {
		t.Errorf("%s: the client sees that it was %s", what, got)
	}
}

// unzipped returns the body of an answer that is compressed.
func (a hopAnswer) unzipped(t *testing.T) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("%v: %v", a.header, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// loaded returns how many organizations are in the memory of a node.
func (n *spreadNode) loaded() int {
	organizations, _, _ := n.service.Loaded()
	return organizations
}

// hops returns what became of requests between servers, as the metrics of a node say.
func (n *spreadNode) hops(t *testing.T, result string) int {
	t.Helper()
	w := send(t, n.MetricsHandler(), http.MethodGet, "/metrics")
	name := fmt.Sprintf("roster_hops_total{result=%q} ", result)
	for line := range strings.Lines(w.Body.String()) {
		if value, found := strings.CutPrefix(line, name); found {
			var count int
			if _, err := fmt.Sscan(value, &count); err != nil {
				t.Fatal(err)
			}
			return count
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
