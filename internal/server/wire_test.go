package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

// reply is a response that has been read to its end.
type reply struct {
	*http.Response
	body   []byte
	err    error // from the connection
	reused bool  // the connection had served another request
}

// wire serves the stand over HTTP/1.1 and returns a client that changes nothing and opens one connection at a time.
func (s *stand) wire(t *testing.T) func(method, path, secret string, changes ...func(*http.Request)) reply {
	t.Helper()
	ts := httptest.NewServer(s.Handler())
	t.Cleanup(ts.Close)
	client := ts.Client()
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the client's transport is a %T", client.Transport)
	}
	transport.DisableCompression = true
	return func(method, path, secret string, changes ...func(*http.Request)) reply {
		t.Helper()
		var got reply
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { got.reused = info.Reused },
		})
		r, err := http.NewRequestWithContext(ctx, method, ts.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range append(changes, bearer(secret)) {
			change(r)
		}
		response, err := client.Do(r)
		if err != nil {
			got.err = err
			return got
		}
		got.Response = response
		got.body, got.err = io.ReadAll(response.Body)
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Software = "1.2.3" })
	secret, send := s.token(t, "account"), s.wire(t)
	for _, path := range []string{
		"/toy/users", "/toy/medium", "/toy/long", "/toy/nothing", "/toy/openapi.json", "/toy/version", "/", "/healthz",
	} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			get := send(http.MethodGet, path, secret, header("Accept-Encoding", encoding))
			head := send(http.MethodHead, path, secret, header("Accept-Encoding", encoding))
			if get.err != nil || head.err != nil || len(head.body) > 0 || len(get.body) == 0 {
				t.Errorf("%s: got %d bytes, %v, and for HEAD %d, %v",
					path, len(get.body), get.err, len(head.body), head.err)
			}
			if diff := cmp.Diff(sameHeaders(get), sameHeaders(head)); diff != "" {
				t.Errorf("%s with %s (-GET +HEAD):\n%s", path, encoding, diff)
			}
			if get.ContentLength >= 0 && get.Header.Get("Content-Encoding") == "" && head.ContentLength != get.ContentLength {
				t.Errorf("%s: HEAD has Content-Length %d, GET %d", path, head.ContentLength, get.ContentLength)
			}
			if next := send(http.MethodGet, "/healthz", ""); !next.reused || string(next.body) != "ok\n" {
				t.Errorf("%s: the connection did not survive HEAD: %q", path, next.body)
			}
		}
	}
	if got := s.log.last(t)["bytes"]; got != 3.0 { // of the last /healthz
		t.Errorf("the log has %v bytes of ok", got)
	}
	if short := send(http.MethodHead, "/toy/users", secret); short.ContentLength != int64(len(`["Ann"]`)) {
		t.Errorf("HEAD of a short body: got Content-Length %d", short.ContentLength)
	}
	if got := s.log.last(t)["bytes"]; got != 0.0 {
		t.Errorf("the log has %v bytes of a HEAD", got)
	}
}

// A HEAD makes no more of a long body than it takes to know that it is long.
func TestHeadOfALongBody(t *testing.T) {
	const values, size = 1000, 10_000
	made, d := 0, toy()
	d.Endpoints = append(d.Endpoints, toyEndpoint("/values", "values",
		func(context.Context, *dialect.Request) (dialect.Response, error) {
			return dialect.Response{Body: dialect.List("[", func(yield func(string) bool) {
				for made = 0; made < values && yield(strings.Repeat("x", size)); made++ {
				}
			}, "]")}, nil
		}))
	s := newStand(t, nil, d)
	secret, send := s.token(t, "account"), s.wire(t)
	for method, most := range map[string]int{http.MethodGet: values, http.MethodHead: 20} {
		got := send(method, "/toy/values", secret)
		if got.err != nil || got.StatusCode != http.StatusOK || made > most {
			t.Errorf("%s: got status %d, %v after %d values", method, got.StatusCode, got.err, made)
		}
	}
}

// sameHeaders returns the status and the headers in which GET and HEAD agree.
func sameHeaders(r reply) map[string][]string {
	same := map[string][]string{"status": {r.Status}}
	maps.Copy(same, r.Header)
	// A HEAD is answered without an encoding, as gzhttp does for the sake of old proxies.
	for _, name := range []string{"Date", "X-Request-Id", "X-Left", "Content-Length", "Content-Encoding"} {
		delete(same, name)
	}
	return same
}

func TestCompression(t *testing.T) {
	s := newStand(t, nil)
	secret, send := s.token(t, "account"), s.wire(t)
	for _, path := range []string{"/toy/medium", "/toy/long"} {
		plain := send(http.MethodGet, path, secret)
		if plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s without Accept-Encoding is encoded as %q", path, plain.Header.Get("Content-Encoding"))
		}
		for accept, want := range map[string]string{
			"gzip": "gzip", "zstd": "zstd", "gzip, zstd, br": "zstd", "identity": "", "br": "", "gzip;q=0": "",
		} {
			got := send(http.MethodGet, path, secret, header("Accept-Encoding", accept))
			if encoding := got.Header.Get("Content-Encoding"); encoding != want {
				t.Errorf("%s for %q: got encoding %q, want %q", path, accept, encoding, want)
			}
			if !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("%s for %q: got Vary %q", path, accept, got.Header.Values("Vary"))
			}
			if body := decode(t, got.Header.Get("Content-Encoding"), got.body); body != string(plain.body) {
				t.Errorf("%s for %q: got another body of %d bytes, want %d", path, accept, len(body), len(plain.body))
			}
			if want != "" && len(got.body) > len(plain.body)/2 {
				t.Errorf("%s for %q: %d bytes became %d", path, accept, len(plain.body), len(got.body))
			}
		}
	}
	if got := send(http.MethodGet, "/toy/users", secret, header("Accept-Encoding", "gzip")); string(got.body) != `["Ann"]` {
		t.Errorf("a short body is encoded: %q", got.body)
	}
}

// decode returns a body without its encoding.
func decode(t *testing.T, encoding string, encoded []byte) string {
	t.Helper()
	body := io.Reader(bytes.NewReader(encoded))
	var err error
	switch encoding {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "zstd":
		body, err = zstd.NewReader(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A body that can't be finished must not pass for a whole one, in whatever encoding it goes out.
func TestBrokenBodies(t *testing.T) {
	s := newStand(t, nil)
	secret, send := s.token(t, "account"), s.wire(t)
	for path, cause := range map[string]string{
		"/toy/late-panic": "late at table 7", "/toy/late-failure": io.ErrUnexpectedEOF.Error(),
	} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			got := send(http.MethodGet, path, secret, header("Accept-Encoding", encoding))
			if !errors.Is(got.err, io.ErrUnexpectedEOF) && !errors.Is(got.err, io.EOF) { // EOF: before the head was out
				t.Errorf("%s with %s: got a whole body of %d bytes (%v)", path, encoding, len(got.body), got.err)
			}
			entry := s.log.last(t)
			if entry["level"] != "ERROR" || !strings.Contains(entry["error"].(string), cause) {
				t.Errorf("%s: the log says %v, want %q", path, entry, cause)
			}
			if next := send(http.MethodGet, "/toy/users", secret); next.StatusCode != http.StatusOK {
				t.Errorf("after %s: got status %d", path, next.StatusCode)
			}
		}
	}
}

func TestFailuresOfOurs(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	for path, cause := range map[string]string{
		"/toy/panic": "out of order at table 7", "/toy/wrapped": "reading table 7", "/toy/bad-body": "unsupported type",
	} {
		w := s.get(t, path, secret)
		wantFault(t, path, w, http.StatusInternalServerError, roster.Internal)
		if strings.Contains(w.Body.String(), "table") || w.Header().Get("X-Body") != "" {
			t.Errorf("%s tells the client %v %s", path, w.Header(), w.Body)
		}
		entry := s.log.last(t)
		text, _ := entry["error"].(string)
		if entry["level"] != "ERROR" || !strings.Contains(text, cause) || entry["status"] != 500.0 {
			t.Errorf("%s: the log says %v, want an error %q", path, entry, cause)
		}
		if path == "/toy/panic" && !strings.Contains(text, "server_test.go") {
			t.Errorf("the log has no stack of a panic: %s", text)
		}
	}
	w := s.get(t, "/toy/bad-failure", secret)
	if w.Code != http.StatusBadGateway || w.Body.Len() > 0 {
		t.Errorf("a failure whose words fail: got %d %q, want %d and nothing", w.Code, w.Body, http.StatusBadGateway)
	}
}

func TestRequestIDs(t *testing.T) {
	s := newStand(t, nil)
	secret, seen := s.token(t, "account"), map[string]bool{}
	for _, target := range []string{"/toy/users", "/toy/users", "/toy/nothing", "/healthz", "/nothing", "/"} {
		w := s.get(t, target, secret, header("X-Request-Id", "of the client"))
		id := w.Header().Get("X-Request-Id")
		if _, err := roster.ParseID(id); err != nil || seen[id] {
			t.Errorf("%s: got the request id %q, %v", target, id, err)
		}
		seen[id] = true
		if got := s.log.last(t)["request_id"]; got != id {
			t.Errorf("%s: the log has the request id %v, the response %s", target, got, id)
		}
		if target == "/toy/nothing" && !strings.Contains(w.Body.String(), id) {
			t.Errorf("the failure %s lacks the request id", w.Body)
		}
	}
}
