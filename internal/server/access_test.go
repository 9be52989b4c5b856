package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/server"
)

func TestAccess(t *testing.T) {
	s := newStand(t, nil)
	now := roster.TimeOf(s.clock.Now())
	for name, c := range map[string]struct {
		status int
		code   roster.Code
		change func(*roster.Token)
	}{
		"account": {http.StatusOK, "", func(*roster.Token) {}},
		"no permission": {
			http.StatusForbidden, roster.Forbidden, func(t *roster.Token) { t.Permissions = nil },
		},
		"revoked": {http.StatusUnauthorized, roster.Unauthenticated, func(t *roster.Token) { t.RevokedAt = now }},
		"another dialect": {
			http.StatusUnauthorized, roster.Unauthenticated, func(t *roster.Token) { t.Dialects = []string{"toy2"} },
		},
		"elsewhere": {
			http.StatusForbidden, roster.Forbidden, func(t *roster.Token) { t.AllowedIPs = []string{"203.0.113.1"} },
		},
		"acting": {http.StatusOK, "", func(t *roster.Token) { t.ActsAs = s.ann }},
	} {
		w := s.get(t, "/toy/users", s.token(t, name, c.change))
		if c.code == "" {
			wantStatus(t, name, w, c.status)
		} else {
			wantFault(t, name, w, c.status, c.code)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"no credential": header("Accept", "*/*"), "another scheme": header("Authorization", "Basic YTpi"),
		"nothing after the scheme": header("Authorization", "Bearer"), "in a cookie": header("Cookie", "token=x"),
		"no such token": bearer("rst_0000000000000000000000000000000000000000000ABCDEF"),
	} {
		w := send(t, s.Handler(), http.MethodGet, "/toy/users", change)
		wantFault(t, name, w, http.StatusUnauthorized, roster.Unauthenticated)
	}
}

// A token that acts as a user counts as long as the user does.
func TestActingAsAUser(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "acting", func(token *roster.Token) { token.ActsAs = s.ann })
	for _, step := range []struct {
		status string
		want   int
	}{
		{"active", http.StatusOK},
		{"deactivated", http.StatusUnauthorized},
		{"inactive", http.StatusOK},
		{"suspended", http.StatusUnauthorized},
		{"active", http.StatusOK},
	} {
		s.do(t, roster.Update{
			Type: roster.TypeUser, Ref: roster.Ref{ID: s.ann}, Patch: []byte(`{"status":"` + step.status + `"}`),
		})
		wantStatus(t, step.status, s.get(t, "/toy/users", secret), step.want)
	}
	s.do(t, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: s.ann}})
	wantFault(t, "deleted", s.get(t, "/toy/users", secret), http.StatusUnauthorized, roster.Unauthenticated)
}

func TestQueries(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	for _, query := range []string{"%zz", "a=%", "a;b=c", "limit=x", "sort=age", "limit=1&limit=2", "since=yesterday"} {
		w := s.get(t, "/toy/url", secret, func(r *http.Request) {
			r.URL.Path, r.URL.RawQuery = "/toy/users", query
		})
		wantFault(t, query, w, http.StatusBadRequest, roster.Invalid)
	}
	wantStatus(t, "unknown parameters", s.get(t, "/toy/users?nothing=1&&=", secret), http.StatusOK)
}

func TestLongURL(t *testing.T) {
	s := newStand(t, nil)
	secret, send := s.token(t, "account"), s.wire(t)
	for length, want := range map[int]int{
		10: http.StatusOK, 50_000: http.StatusOK, 4 << 20: http.StatusRequestHeaderFieldsTooLarge,
	} {
		got := send(http.MethodGet, "/toy/users?search="+strings.Repeat("x", length), secret)
		// A client that is still sending may see the connection close before the answer.
		if got.err == nil && got.StatusCode != want {
			t.Errorf("%d bytes: got status %d, want %d", length, got.StatusCode, want)
		}
		if got.err != nil && want == http.StatusOK {
			t.Errorf("%d bytes: %v", length, got.err)
		}
	}
	if got := send(http.MethodGet, "/toy/users", secret); got.StatusCode != http.StatusOK {
		t.Errorf("after a long URL: got status %d", got.StatusCode)
	}
}

// A signature is over the path as it was sent, wherever the dialect is mounted.
func TestSignedRequests(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newStand(t, func(c *server.Config) { c.Hosts = map[string]string{"fipto.example": "fipto"} }, all.Dialects()...)
	client := s.create(t, &roster.User{
		Name: "Client", Kind: roster.APIClient, PublicKey: publicKey(t, key), WhitelistedIPs: []string{"192.0.2.0/24"},
	})
	path := "/companies/" + s.org.String() + "/users"
	sign := func(target string) func(*http.Request) {
		return func(r *http.Request) {
			sent := r.URL
			defer func() { r.URL = sent }()
			var err error
			if r.URL, err = url.Parse(target); err != nil {
				t.Fatal(err)
			}
			r.Host = r.URL.Host
			if err := auth.Sign(r, client, key, roster.TimeOf(s.clock.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, target, signed string
		want                 int
		change               func(*http.Request)
	}{
		{"by prefix", "/fipto" + path, "http://roster.example/fipto" + path, http.StatusOK, nil},
		{"with a query", "/fipto" + path + "?page=1", "http://roster.example/fipto" + path + "?page=1", http.StatusOK, nil},
		{"by host", path, "http://fipto.example" + path, http.StatusOK, nil},
		{"without the prefix", "/fipto" + path, "http://roster.example" + path, http.StatusUnauthorized, nil},
		{"another query", "/fipto" + path + "?page=2", "http://roster.example/fipto" + path, http.StatusUnauthorized, nil},
		{"elsewhere", "/fipto" + path, "http://roster.example/fipto" + path, http.StatusForbidden, from("203.0.113.1:1")},
		{
			"too long a body", "/fipto" + path, "http://roster.example/fipto" + path, http.StatusRequestEntityTooLarge,
			func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 2<<20))) },
		},
		{
			"a body that breaks off", "/fipto" + path, "http://roster.example/fipto" + path, http.StatusBadRequest,
			func(r *http.Request) { r.Body = io.NopCloser(brokenReader{}) },
		},
	} {
		changes := []func(*http.Request){from("192.0.2.7:1"), sign(c.signed)}
		if c.change != nil {
			changes = append(changes, c.change)
		}
		wantStatus(t, c.name, send(t, s.Handler(), http.MethodGet, c.target, changes...), c.want)
	}
	if got := s.log.String(); !strings.Contains(got, `"principal":"Client"`) {
		t.Error("the log does not name the client who signed")
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func publicKey(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
