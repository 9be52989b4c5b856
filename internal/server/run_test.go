package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

// pipes is a listener whose connections are pipes, so that a bubble of fake time knows about them.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// dial opens a connection; it fails when nobody accepts one any more.
func (p *pipes) dial(t *testing.T) (net.Conn, error) {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close() })
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// request sends a request over a connection and returns the body of the response, which is to have the status 200.
func request(t *testing.T, c net.Conn, path string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://roster.example"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(c); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return string(body), errors.Join(err, response.Body.Close())
}

// blocking is the toy with a public endpoint that says that it has begun and waits to be let go on.
func blocking() (d *dialect.Dialect, begun, goOn chan struct{}) {
	d, begun, goOn = toy(), make(chan struct{}), make(chan struct{})
	d.Endpoints = append(d.Endpoints, dialect.Endpoint{
		Method: http.MethodGet, Path: "/block", ID: "block", Public: true,
		Serve: func(context.Context, *dialect.Request) (dialect.Response, error) {
			close(begun)
			<-goOn
			return dialect.Response{Body: dialect.Text("done")}, nil
		},
	})
	return d, begun, goOn
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, begun, goOn := blocking()
		s, l := newStand(t, nil, d), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx, server.Listener{Listener: l, Handler: s.Handler()}) }()
		c, err := l.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		type result struct {
			body string
			err  error
		}
		got := make(chan result)
		go func() {
			body, err := request(t, c, "/toy/block")
			got <- result{body, err}
		}()
		<-begun
		wantStatus(t, "serving", send(t, s.Handler(), http.MethodGet, "/readyz"), http.StatusOK)
		stop()
		synctest.Wait()
		wantStatus(t, "draining", send(t, s.Handler(), http.MethodGet, "/readyz"), http.StatusServiceUnavailable)
		wantStatus(t, "draining", send(t, s.Handler(), http.MethodGet, "/healthz"), http.StatusOK)
		if _, err := l.dial(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a new connection while draining: got %v, want %v", err, net.ErrClosed)
		}
		if len(ended) > 0 {
			t.Error("Run has not waited for the request under way")
		}
		close(goOn)
		if r := <-got; r.err != nil || r.body != "done" {
			t.Errorf("the request under way: got %q, %v", r.body, r.err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// A request that never ends holds up the end for 30 seconds and no longer.
func TestShutdownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, begun, goOn := blocking()
		s, l := newStand(t, nil, d), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx, server.Listener{Listener: l, Handler: s.Handler()}) }()
		c, err := l.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		broken := make(chan error)
		go func() {
			_, err := request(t, c, "/toy/block")
			broken <- err
		}()
		<-begun
		stop()
		start := time.Now()
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run: got %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("Run ended after %s", took)
		}
		if err := <-broken; err == nil {
			t.Error("the request under way has an answer")
		}
		close(goOn)
	})
}

// Whoever sends nothing for long, or nothing more, is hung up on.
func TestSlowClients(t *testing.T) {
	for name, c := range map[string]struct {
		sent string
		want time.Duration
	}{
		"half a header": {"GET /healthz HTTP/1.1\r\nHost: x\r\n", 10 * time.Second},
		"nothing":       {"", 10 * time.Second},
		"an idle connection": {
			"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 2 * time.Minute,
		},
		"half a body": {
			"POST /toy/users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", 30 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newStand(t, nil), newPipes()
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- s.Run(ctx, server.Listener{Listener: l, Handler: s.Handler()}) }()
				conn, err := l.dial(t)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if _, err := io.WriteString(conn, c.sent); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(conn); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took > c.want || took < c.want/2 {
					t.Errorf("hung up after %s, want %s", took, c.want)
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestConnectionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newStand(t, nil), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- s.Run(ctx, server.Listener{Listener: l, Handler: s.Handler(), MaxConnections: 1})
		}()
		first, err := l.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		second := make(chan net.Conn, 1)
		go func() {
			if c, err := l.dial(t); err == nil {
				second <- c
			}
		}()
		synctest.Wait()
		if len(second) > 0 {
			t.Error("a second connection was accepted beside the first")
		}
		if _, err := request(t, first, "/healthz"); err != nil {
			t.Errorf("the first connection: %v", err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := request(t, <-second, "/healthz"); err != nil {
			t.Errorf("the second connection: %v", err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestTLS(t *testing.T) {
	s := newStand(t, nil)
	certified := httptest.NewUnstartedServer(http.NotFoundHandler())
	certified.StartTLS()
	defer certified.Close()
	var config net.ListenConfig
	listen := func() net.Listener {
		l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	own, err := s.DialectHandler("toy")
	if err != nil {
		t.Fatal(err)
	}
	secure, plain := listen(), listen()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx,
			server.Listener{
				Listener: secure, Handler: s.Handler(),
				TLS: &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12},
			},
			server.Listener{Listener: plain, Handler: own})
	}()
	secret, client := s.token(t, "account"), certified.Client()
	for _, target := range []string{
		"https://" + secure.Addr().String() + "/toy/url", "http://" + plain.Addr().String() + "/url",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		bearer(secret)(r)
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Error(err)
		}
		if string(body) != target {
			t.Errorf("%s: got %s", target, body)
		}
	}
	client.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// brokenListener is a listener that breaks at once.
type brokenListener struct{ *pipes }

func (brokenListener) Accept() (net.Conn, error) { return nil, errBroken }

var errBroken = errors.New("the socket is broken")

func TestRunEndsWithAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, good := newStand(t, nil), newPipes()
		err := s.Run(t.Context(), server.Listener{Listener: good, Handler: s.Handler()},
			server.Listener{Listener: brokenListener{newPipes()}, Handler: s.Handler()})
		if !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
		if _, err := good.dial(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the other listener is still open: %v", err)
		}
	})
}

// Who is told a URL is to reach it.
func TestListenerURL(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", ":0"} {
		var config net.ListenConfig
		socket, err := config.Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(socket.Addr().String())
		l := server.Listener{Listener: socket}
		if got, want := l.URL(), "http://127.0.0.1:"+port; got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	}
}
