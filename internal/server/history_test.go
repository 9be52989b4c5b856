package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

// pulse is how long the toy's live body waits for a change before it says that there is none.
const pulse = 15 * time.Second

// following is the toy with an endpoint that tells versions for as long as somebody listens, one that waits for the
// next version, and one that writes without an end.
func following() *dialect.Dialect {
	d := toy()
	d.Limit = roster.Limit{}
	for path, serve := range map[string]func(context.Context, *dialect.Request) (dialect.Response, error){
		"/live": serveLive, "/next": serveNext, "/flood": serveFlood,
	} {
		e := toyEndpoint(path, strings.TrimPrefix(path, "/"), serve)
		e.Volatile, e.Needs = true, roster.UsersRead
		d.Endpoints = append(d.Endpoints, e)
	}
	return d
}

func serveLive(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	return dialect.Response{ContentType: "text/plain", Live: true, Body: func(w io.Writer) error {
		if _, err := io.WriteString(w, "begin\n"); err != nil {
			return err
		}
		for at, more := r.View.Version(), true; more; {
			present, left, err := r.History.Wait(ctx, at, pulse)
			text := fmt.Sprintf("version %d\n", present)
			switch {
			case err != nil:
				text, more = string(roster.CodeOf(err))+"\n", false
			case r.History.Ending():
				text, more = "end\n", false
			case left == 0:
				text = "nothing\n"
			}
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			at = present
		}
		return nil
	}}, nil
}

func serveNext(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	present, left, err := r.History.Wait(ctx, r.View.Version(), time.Minute)
	if err != nil {
		return dialect.Response{}, err
	}
	changes, err := r.History.Changes(ctx, r.View.Version(), 10)
	text := fmt.Sprintf("%d versions on, %d changes, %s left", present-r.View.Version(), len(changes), left)
	return dialect.Response{Body: dialect.Text(text)}, err
}

func serveFlood(context.Context, *dialect.Request) (dialect.Response, error) {
	return dialect.Response{ContentType: "text/plain", Live: true, Body: func(w io.Writer) error {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
				return err
			}
		}
	}}, nil
}

// followed is a server that tells of changes, running in a bubble of fake time.
type followed struct {
	*stand
	pipes *pipes
	stop  func()
	ended chan error
}

func follow(t *testing.T, ds ...*dialect.Dialect) *followed {
	t.Helper()
	if len(ds) == 0 {
		ds = []*dialect.Dialect{following()}
	}
	f := &followed{pipes: newPipes(), ended: make(chan error, 1)}
	f.stand = newStand(t, func(c *server.Config) { c.Metrics = true }, ds...)
	f.History = server.Histories(f.service)
	var ctx context.Context
	ctx, f.stop = context.WithCancel(t.Context())
	go func() { f.ended <- f.Run(ctx, server.Listener{Listener: f.pipes, Handler: f.Handler()}) }()
	return f
}

// finish ends the server.
func (f *followed) finish(t *testing.T) {
	t.Helper()
	f.stop()
	if err := <-f.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// arrival is the answer to a request on a connection of its own.
type arrival struct {
	net.Conn
	status int
	header http.Header
	body   *bufio.Reader
}

func (f *followed) ask(t *testing.T, path, secret string, changes ...func(*http.Request)) arrival {
	t.Helper()
	c, err := f.pipes.dial(t)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://roster.example"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range append(changes, bearer(secret)) {
		change(r)
	}
	if err := r.Write(c); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), r) //nolint:bodyclose // the connection is closed
	if err != nil {
		t.Fatal(err)
	}
	return arrival{c, response.StatusCode, response.Header, bufio.NewReader(response.Body)}
}

// line reads the next line of a body and fails where it is another than the wanted one.
func line(t *testing.T, body *bufio.Reader, want string) {
	t.Helper()
	got, err := body.ReadString('\n')
	if err != nil || strings.TrimSpace(got) != want {
		t.Fatalf("the next line is %q, %v, want %q", got, err, want)
	}
}

// A body that goes on outlives every limit of time, goes out piece by piece, uncompressed and without a length, and
// ends when the server does.
func TestLiveBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t)
		secret := f.token(t, "follower")
		r := f.ask(t, "/toy/live", secret, header("Accept-Encoding", "zstd, gzip"))
		body := r.body
		line(t, body, "begin")
		for name, want := range map[string]string{
			"Content-Length": "", "Content-Encoding": "", "No-Gzip-Compression": "", "Etag": "",
		} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		start := time.Now()
		for range 4 * 60 { // an hour, when the server gives a whole answer ten minutes
			line(t, body, "nothing")
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("240 pulses took %s, want an hour", took)
		}
		version := f.do(t, roster.Create{Record: &roster.User{Name: "B", Email: "b@example.com"}}).Version
		line(t, body, fmt.Sprintf("version %d", version))
		if took := time.Since(start); took != time.Hour {
			t.Errorf("a change is told %s later", took-time.Hour)
		}
		f.stop()
		line(t, body, "end")
		if rest, err := io.ReadAll(body); len(rest) > 0 || err != nil {
			t.Errorf("after the end: %q, %v", rest, err)
		}
		if err := <-f.ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(start); took > time.Hour+time.Second {
			t.Errorf("the server ended after %s more", took-time.Hour)
		}
	})
}

func TestLiveBodyWithoutAnEncoding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t)
		r := f.ask(t, "/toy/live", f.token(t, "follower"))
		line(t, r.body, "begin")
		if got := r.header.Get("No-Gzip-Compression"); got != "" {
			t.Errorf("No-Gzip-Compression: got %q, want none", got)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		f.finish(t)
	})
}

// Whoever asks for the head of a body that goes on has it at once.
func TestHeadOfALiveBody(t *testing.T) {
	s := newStand(t, nil, following())
	w := send(t, s.Handler(), http.MethodHead, "/toy/live", bearer(s.token(t, "follower")))
	wantStatus(t, "HEAD", w, http.StatusOK)
	if w.Body.Len() > 0 || w.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("got %q of type %q, want nothing of type text/plain", w.Body, w.Header().Get("Content-Type"))
	}
}

// A client that takes nothing any more is cut off after 30 seconds, and until then the body is not made any further.
func TestLiveBodyOfASlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t)
		secret := f.token(t, "follower")
		r := f.ask(t, "/toy/flood", secret)
		start := time.Now()
		// About as slow as it may be, for longer than a whole answer may take.
		for range 25 {
			<-time.After(29 * time.Second)
			if _, err := io.CopyN(io.Discard, r.body, 80<<10); err != nil {
				t.Fatalf("after %s: %v", time.Since(start), err)
			}
		}
		<-time.After(31 * time.Second)
		synctest.Wait()
		if _, err := io.Copy(io.Discard, r.body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after a pause of 31 seconds: %v, want %v", err, io.ErrUnexpectedEOF)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		f.finish(t)
	})
}

// A request that waits outlives the time that the server gives a whole request, and has all its time but no more.
func TestWaitForAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t)
		secret := f.token(t, "follower")
		start := time.Now()
		wantAnswer(t, f.ask(t, "/toy/next", secret), http.StatusOK, "0 versions on, 0 changes, 0s left")
		if took := time.Since(start); took != time.Minute {
			t.Errorf("nothing happened after %s, want a minute", took)
		}
		time.AfterFunc(45*time.Second, func() {
			f.clock.advance(45 * time.Second)
			f.do(t, roster.Create{Record: &roster.User{Name: "B", Email: "b@example.com"}})
		})
		wantAnswer(t, f.ask(t, "/toy/next", secret), http.StatusOK, "1 versions on, 1 changes, 15s left")
		metrics := send(t, f.MetricsHandler(), http.MethodGet, "/metrics").Body.String()
		const want = `roster_request_duration_seconds_sum{dialect="toy",route="GET /next",status="2xx"} 0`
		if !strings.Contains(metrics, want+"\n") {
			t.Error("what a request waits for counts as time that it takes")
		}
		f.finish(t)
	})
}

func wantAnswer(t *testing.T, r arrival, status int, want string) {
	t.Helper()
	body, err := io.ReadAll(r.body)
	if err != nil || r.status != status || !strings.Contains(string(body), want) {
		t.Errorf("got %d %s, %v, want %d %s", r.status, body, err, status, want)
	}
}

// Who waits is answered at once when the server ends.
func TestWaitingEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t)
		secret := f.token(t, "follower")
		start := time.Now()
		time.AfterFunc(10*time.Second, f.stop)
		wantAnswer(t, f.ask(t, "/toy/next", secret), http.StatusOK, "0 versions on, 0 changes, 50s left")
		if err := <-f.ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("the server ended after %s, want 10s", took)
		}
		f.Drain() // again
	})
}

// A client that goes leaves nobody waiting.
func TestWaitingEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t)
		secret := f.token(t, "follower")
		for _, path := range []string{"/toy/live", "/toy/next"} {
			ctx, leave := context.WithCancel(t.Context())
			done := make(chan time.Time)
			go func() {
				defer func() {
					_ = recover() // the body breaks off
					done <- time.Now()
				}()
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
				bearer(secret)(r)
				f.Handler().ServeHTTP(httptest.NewRecorder(), r)
			}()
			synctest.Wait()
			start := time.Now()
			leave()
			if at := <-done; at != start {
				t.Errorf("%s ends %s after its client", path, at.Sub(start))
			}
		}
		f.finish(t)
	})
}

// Who follows may do so only for as long as a request of its own could.
func TestFollowingEndsWithTheToken(t *testing.T) {
	for name, tc := range map[string]struct {
		lose func(*testing.T, *followed, roster.ID)
		want roster.Code
	}{
		"revoked": {func(t *testing.T, f *followed, token roster.ID) {
			t.Helper()
			f.do(t, roster.Revoke{Token: token})
		}, roster.Unauthenticated},
		"other permissions": {func(t *testing.T, f *followed, token roster.ID) {
			t.Helper()
			f.do(t, roster.Update{
				Type: roster.TypeToken, Ref: roster.Ref{ID: token}, Patch: []byte(`{"permissions":["metadata:read"]}`),
			})
		}, roster.Unauthenticated},
		"expired": {func(_ *testing.T, f *followed, _ roster.ID) { f.clock.advance(time.Hour) }, roster.Unauthenticated},
		"the user is gone": {func(t *testing.T, f *followed, _ roster.ID) {
			t.Helper()
			f.do(t, roster.Update{
				Type: roster.TypeUser, Ref: roster.Ref{ID: f.ann}, Patch: []byte(`{"status":"suspended"}`),
			})
		}, roster.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := follow(t)
				secret := f.token(t, "follower", func(token *roster.Token) {
					token.ActsAs, token.ExpiresAt = f.ann, roster.TimeOf(f.clock.Now().Add(time.Minute))
				})
				view, err := f.service.View(t.Context(), f.org)
				if err != nil {
					t.Fatal(err)
				}
				body := f.ask(t, "/toy/live", secret).body
				line(t, body, "begin")
				answered := make(chan arrival)
				go func() { answered <- f.ask(t, "/toy/next", secret) }()
				synctest.Wait()
				tc.lose(t, f, view.Tokens()[0].ID)
				line(t, body, string(tc.want))
				if rest, err := io.ReadAll(body); len(rest) > 0 || err != nil {
					t.Errorf("after the end: %q, %v", rest, err)
				}
				wantAnswer(t, <-answered, http.StatusUnauthorized, string(tc.want))
				f.finish(t)
			})
		})
	}
}

func TestNoHistory(t *testing.T) {
	s := newStand(t, nil, following())
	w := s.get(t, "/toy/next", s.token(t, "follower"))
	wantStatus(t, "without a history", w, http.StatusServiceUnavailable)
}

// Over HTTP/2 a body goes on as well.
func TestLiveBodyOverHTTP2(t *testing.T) {
	s := newStand(t, nil, following())
	s.History = server.Histories(s.service)
	served := httptest.NewUnstartedServer(s.Handler())
	served.EnableHTTP2 = true
	served.StartTLS()
	defer served.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, served.URL+"/toy/live", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	bearer(s.token(t, "follower"))(r)
	response, err := served.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != 2 {
		t.Errorf("answered over %s, want HTTP/2", response.Proto)
	}
	body := bufio.NewReader(response.Body)
	line(t, body, "begin")
	version := s.do(t, roster.Create{Record: &roster.User{Name: "B", Email: "b@example.com"}}).Version
	line(t, body, fmt.Sprintf("version %d", version))
	s.Drain()
	line(t, body, "end")
	if rest, err := io.ReadAll(body); len(rest) > 0 || err != nil {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}
