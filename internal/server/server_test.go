package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store/memory"
)

// stand is a server over one organization with a user Ann, whom some tokens act as.
type stand struct {
	*server.Server
	service *directory.Service
	jobs    *job.Service
	clock   *clock
	log     *logBuffer
	org     roster.ID
	ann     roster.ID
}

// newStand returns a server of dialects, the toy where none are given, after configure has changed its configuration.
func newStand(t *testing.T, configure func(*server.Config), ds ...*dialect.Dialect) *stand {
	t.Helper()
	s := &stand{clock: &clock{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}, log: &logBuffer{}}
	var ids atomic.Uint32
	newID := func() (roster.ID, error) {
		id := roster.MustParseID("0190a000-0000-7000-8000-000000000000")
		binary.BigEndian.PutUint32(id[12:], ids.Add(1))
		return id, nil
	}
	now := func() roster.Time { return roster.TimeOf(s.clock.Now()) }
	s.service = directory.New(memory.New(), directory.Options{Now: now, NewID: newID})
	if len(ds) == 0 {
		ds = []*dialect.Dialect{toy()}
	}
	c := server.Config{
		Dialects: ds, Directory: server.Views(s.service.View),
		Tokens:   &auth.Authenticator{Tokens: s.service, Now: now},
		Verifier: auth.NewVerifier(auth.SignersAmong(s.service), now), Limiter: auth.NewLimiter(s.clock.Now, 1000),
		Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: s.clock.Now, NewID: newID,
		Versions: server.VersionsOf(s.service), Past: server.PastOf(s.service), PinPages: time.Minute, WaitTime: time.Millisecond, Random: rand.Reader,
	}
	s.jobs = job.New(job.Config{
		Store: s.service.Jobs(), Directory: s.service, Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler),
	})
	c.Jobs = s.jobs
	if configure != nil {
		configure(&c)
	}
	var err error
	if s.Server, err = server.New(c); err != nil {
		t.Fatal(err)
	}
	org, err := s.service.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "one", Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	s.org = org.ID
	s.ann = s.create(t, &roster.User{Name: "Ann", Email: "ann@example.com"})
	return s
}

func (s *stand) do(t *testing.T, cmd roster.Command) roster.Change {
	t.Helper()
	change, err := s.service.Do(t.Context(), s.org, roster.Operator(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// create makes a record and returns its id.
func (s *stand) create(t *testing.T, record roster.Entity) roster.ID {
	t.Helper()
	for _, op := range s.do(t, roster.Create{Record: record}).Ops {
		if op.Before == nil && op.Key().Type == record.Key().Type {
			return op.Key().ID
		}
	}
	t.Fatal("nothing was created")
	return roster.ID{}
}

// token makes a token that may read users, after changes, and returns its secret.
func (s *stand) token(t *testing.T, name string, changes ...func(*roster.Token)) string {
	t.Helper()
	random := sha256.Sum256([]byte(name))
	secret, err := roster.NewSecret(bytes.NewReader(random[:]))
	if err != nil {
		t.Fatal(err)
	}
	token := &roster.Token{
		Name: name, Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.UsersRead},
		Hash: roster.HashSecret(secret),
	}
	for _, change := range changes {
		change(token)
	}
	s.create(t, token)
	return secret
}

// get sends a GET to the handler for everything.
func (s *stand) get(t *testing.T, target, secret string, changes ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, s.Handler(), http.MethodGet, target, append(changes, bearer(secret))...)
}

func send(
	t *testing.T, h http.Handler, method, target string, changes ...func(*http.Request),
) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	for _, change := range changes {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func bearer(secret string) func(*http.Request) {
	return func(r *http.Request) {
		if secret != "" {
			r.Header.Set("Authorization", "Bearer "+secret)
		}
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func from(addr string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = addr }
}

func wantStatus(t *testing.T, what string, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("%s: got status %d (%s), want %d", what, w.Code, w.Body, want)
	}
}

// wantFault holds a response to be a failure in the toy's shape.
func wantFault(t *testing.T, what string, w *httptest.ResponseRecorder, status int, code roster.Code) {
	t.Helper()
	wantStatus(t, what, w, status)
	var got fault
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Code != code || got.Message == "" {
		t.Errorf("%s: got %s, want a fault %q", what, w.Body, code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/toy+json" {
		t.Errorf("%s: got content type %q", what, got)
	}
}

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// last returns the last line.
func (l *logBuffer) last(t *testing.T) map[string]any {
	t.Helper()
	lines := bytes.Split(bytes.TrimSpace([]byte(l.String())), []byte("\n"))
	var entry map[string]any
	if err := json.Unmarshal(lines[len(lines)-1], &entry); err != nil {
		t.Fatalf("%s: %v", lines[len(lines)-1], err)
	}
	return entry
}

type fault struct {
	Code    roster.Code `json:"code"`
	Message string      `json:"message"`
	Request string      `json:"request"`
}

// toy is a dialect with an endpoint for everything that a server has to cope with.
func toy() *dialect.Dialect {
	return &dialect.Dialect{
		Name: "toy", Title: "Toy", APIVersion: "1",
		Schemes: []dialect.Scheme{{Kind: dialect.Bearer}},
		Limit:   roster.Limit{Rate: 1, Burst: 100},
		LimitHeaders: func(h http.Header, rate dialect.Rate) {
			h.Set("X-Left", strconv.Itoa(rate.Remaining))
		},
		Headers: []dialect.HeaderDoc{{Name: "X-Left", Integer: true}},
		Fail: func(f dialect.Failure) dialect.Response {
			h := http.Header{}
			if f.RetryAfter > 0 {
				h.Set("Retry-After", f.RetrySeconds())
			}
			return dialect.Response{
				Status: f.Status, Header: h, ContentType: "application/toy+json",
				Body: dialect.JSON(fault{Code: f.Error.Code, Message: f.Message(), Request: f.RequestID}),
			}
		},
		Endpoints: []dialect.Endpoint{
			{
				Method: http.MethodGet, Path: "/users", ID: "users", Needs: roster.UsersRead,
				Params: []dialect.Param{
					{Name: "search"},
					{Name: "limit", Type: dialect.Integer},
					{Name: "sort", Enum: []string{"name"}},
					{Name: "emails", Type: dialect.Strings},
					{Name: "since", Type: dialect.DateTime},
				},
				Serve: serveUsers,
			},
			toyEndpoint("/users/{id}", "user", serveUser, dialect.Param{Name: "id", In: dialect.Path, Required: true}),
			toyEndpoint("/long", "long", serveText(400_000)), toyEndpoint("/medium", "medium", serveText(5000)),
			toyEndpoint("/url", "url", serveURL),
			toyEndpoint("/panic", "panic", func(context.Context, *dialect.Request) (dialect.Response, error) {
				panic("out of order at table 7")
			}),
			toyEndpoint("/late-panic", "latePanic", serveLate(func() error { panic("late at table 7") })),
			toyEndpoint("/late-failure", "lateFailure", serveLate(func() error { return io.ErrUnexpectedEOF })),
			toyEndpoint("/bad-body", "badBody", serveBadBody(http.StatusOK)),
			toyEndpoint("/bad-failure", "badFailure", serveBadBody(http.StatusBadGateway)),
			toyEndpoint("/wrapped", "wrapped", func(context.Context, *dialect.Request) (dialect.Response, error) {
				return dialect.Response{}, fmt.Errorf("reading table 7: %w", io.ErrUnexpectedEOF)
			}),
			{
				Method: http.MethodGet, Path: "/version", ID: "version", Public: true,
				Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
					return dialect.Response{Body: dialect.Text(r.Software)}, nil
				},
			},
		},
	}
}

func toyEndpoint(
	path, id string, serve func(context.Context, *dialect.Request) (dialect.Response, error), params ...dialect.Param,
) dialect.Endpoint {
	return dialect.Endpoint{Method: http.MethodGet, Path: path, ID: id, Params: params, Serve: serve}
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	page, err := r.View.Users(roster.Query{Limit: int(r.Int("limit"))})
	if err != nil {
		return dialect.Response{}, err
	}
	names := dialect.Map(page.Users, func(u *roster.User) string { return u.Name })
	return dialect.Response{Body: dialect.List("[", names, "]")}, nil
}

func serveUser(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	return dialect.Response{}, roster.Errorf(roster.NotFound, "there is no user %s", r.String("id"))
}

func serveURL(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	return dialect.Response{Body: dialect.Text(r.URL.String())}, nil
}

// serveText answers with a JSON array of about n bytes, written piece by piece.
func serveText(n int) func(context.Context, *dialect.Request) (dialect.Response, error) {
	return func(context.Context, *dialect.Request) (dialect.Response, error) {
		return dialect.Response{Body: dialect.List("[", func(yield func(int) bool) {
			for i := range n / 8 {
				if !yield(1_000_000 + i) {
					return
				}
			}
		}, "]")}, nil
	}
}

// serveLate fails after most of a long body.
func serveLate(fail func() error) func(context.Context, *dialect.Request) (dialect.Response, error) {
	return func(context.Context, *dialect.Request) (dialect.Response, error) {
		return dialect.Response{Body: func(w io.Writer) error {
			if _, err := w.Write(bytes.Repeat([]byte("[1],"), 50_000)); err != nil {
				return err
			}
			return fail()
		}}, nil
	}
}

func serveBadBody(status int) func(context.Context, *dialect.Request) (dialect.Response, error) {
	return func(context.Context, *dialect.Request) (dialect.Response, error) {
		return dialect.Response{
			Status: status, Header: http.Header{"X-Body": {"good"}}, Body: dialect.JSON(func() {}),
		}, nil
	}
}
