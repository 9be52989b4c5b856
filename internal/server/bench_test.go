package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store/memory"
)

// sink is a http.ResponseWriter that keeps nothing but the status and the number of bytes.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header  { return s.header }
func (s *sink) WriteHeader(code int) { s.status = code }
func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

// populated returns a service with the demo organization of so many users, who are kept in the forms in which they were
// asked for, and a secret that may read them.
func populated(tb testing.TB, users int) (*directory.Service, string) {
	tb.Helper()
	const forms = 64 << 20
	return populatedWith(tb, users, forms)
}

// populatedWith is populated with so many bytes for forms.
func populatedWith(tb testing.TB, users int, forms int64) (*directory.Service, string) {
	tb.Helper()
	secret, err := roster.NewSecret(bytes.NewReader(bytes.Repeat([]byte{7}, sha256.Size)))
	if err != nil {
		tb.Fatal(err)
	}
	var ops []roster.Op
	for e := range demo.New(1, users).Entities() {
		ops = append(ops, roster.Op{After: e})
	}
	ops = append(ops, roster.Op{After: &roster.Token{
		ID: roster.MustParseID("0190a000-0000-7000-8000-0000000000ff"), Name: "reader", Kind: roster.TokenAccount,
		Permissions: roster.Permissions{roster.Everything}, Hash: roster.HashSecret(secret),
	}})
	into := memory.New()
	_, err = into.Update(tb.Context(), demo.Organization().ID, func(roster.State) (roster.Change, error) {
		return roster.Change{At: demo.Epoch(), Ops: ops}, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	service := directory.New(into, directory.Options{Now: demo.Epoch, NewID: newID, FormBytes: forms})
	if _, err := service.View(tb.Context(), demo.Organization().ID); err != nil {
		tb.Fatal(err)
	}
	return service, secret
}

// unlimited returns a server of every dialect without rate limits.
func unlimited(tb testing.TB, service *directory.Service, configure func(*server.Config)) http.Handler {
	tb.Helper()
	now := func() roster.Time { return roster.TimeOf(time.Now()) }
	c := server.Config{
		Dialects: all.Dialects(), Directory: server.Views(service.View), Writer: service,
		Tokens:   &auth.Authenticator{Tokens: service, Now: now},
		Verifier: auth.NewVerifier(auth.SignersAmong(service), now), Limiter: auth.NewLimiter(time.Now, 1000),
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: newID, Unlimited: true,
		Versions: server.VersionsOf(service), PinPages: time.Minute,
	}
	if configure != nil {
		configure(&c)
	}
	s, err := server.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return s.Handler()
}

// BenchmarkList asks for a hundred of a hundred thousand users, with an exact total, through everything but a socket.
func BenchmarkList(b *testing.B) {
	service, secret := populated(b, 100_000)
	const path = "/d3lay/users?page_size=100&page="
	first := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path+"1", http.NoBody)
	first.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	unlimited(b, service, nil).ServeHTTP(w, first)
	tag := w.Header().Get("Etag")
	orders := []string{"email", "name", "identifier", "updated_at", "status", "id"}
	anyPage := func(r *http.Request, n int) {
		r.URL.RawQuery = "page_size=100&sort_by=" + orders[n%len(orders)] + "&page=" + strconv.Itoa(1+n*7919%1000)
	}
	nextPage := func(r *http.Request, n int) { r.URL.RawQuery = "page_size=100&page=" + strconv.Itoa(1+n*7%1000) }
	for _, c := range []struct {
		name, target string
		change       func(*http.Request, int)
		configure    func(*server.Config)
	}{
		{name: "same page"},
		{name: "same page cached", configure: withCache},
		{name: "other pages", change: nextPage},
		{name: "pages in other orders", change: anyPage},
		{name: "other pages, with a cache", change: nextPage, configure: withCache},
		{name: "not modified", change: func(r *http.Request, _ int) { r.Header["If-None-Match"] = []string{tag} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := unlimited(b, service, c.configure)
			r := first.Clone(b.Context())
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if c.change != nil {
					c.change(r, n)
				}
				w := &sink{header: http.Header{}}
				h.ServeHTTP(w, r)
				n++
				if w.status != http.StatusOK && w.status != http.StatusNotModified {
					b.Fatal("got status " + strconv.Itoa(w.status))
				}
			}
		})
	}
}

func newID() (roster.ID, error) { return roster.NewID(roster.TimeOf(time.Now()), rand.Reader) }
