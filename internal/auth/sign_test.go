package auth_test

import (
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

func TestSign(t *testing.T) {
	dir := &signers{list: []auth.Signer{{Org: orgID, User: newClient(key())}}}
	v := auth.NewVerifier(dir, func() roster.Time { return noon })
	for _, test := range []struct{ method, url, host, body string }{
		{http.MethodGet, "https://roster.example/fipto/companies/1/users?sort=email&x=%2F%20y", "", ""},
		{"", "https://roster.example", "", ""},
		{http.MethodGet, "https://127.0.0.1:8080/fipto/a%2Fb", "roster.example:99", ""},
		{http.MethodPost, "https://roster.example/fipto", "", `{"a":1}`},
	} {
		t.Run(test.url, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), test.method, test.url, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Method = test.method
			req.Host = test.host
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Signature", "an old one")
			if err := auth.Sign(req, userID, key(), noon); err != nil {
				t.Fatal(err)
			}
			if _, err := v.Verify(t.Context(), received(t, req), home); err != nil {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

// received returns a request as a server reads it from the wire.
func received(t *testing.T, req *http.Request) *auth.Request {
	t.Helper()
	var got *auth.Request
	server := newServer(t, func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = &auth.Request{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}
	})
	if req.Host == "" {
		req.Host = req.URL.Host // the URL is about to point to the test's server
	}
	req.URL.Scheme, req.URL.Host = "http", server
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return got
}

func TestSignFails(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, test := range []struct {
		name string
		body io.Reader
		key  *rsa.PrivateKey
		why  error
	}{
		{"a body without a type", strings.NewReader("x"), key(), auth.ErrMalformed},
		{"a body that can't be read", failing{broken}, key(), broken},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://roster.example/", test.body)
		if err != nil {
			t.Fatal(err)
		}
		if err := auth.Sign(req, userID, test.key, noon); !errors.Is(err, test.why) {
			t.Errorf("%s: %v, want %v", test.name, err, test.why)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// newServer returns the address of a server that hands every request to see.
func newServer(t *testing.T, see func(*http.Request)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { see(r) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
