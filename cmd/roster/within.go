package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/server"
)

// API returns a client of Roster's own API over the organization. Nobody outside of the process can reach the API, and
// whoever runs the command is the operator there.
func (l *localAccount) API(context.Context) (*apiclient.Client, error) {
	secret, err := roster.NewSecret(l.random)
	if err != nil {
		return nil, err
	}
	handler, err := l.handler(auth.OperatorToken{Hash: roster.HashSecret(secret), Org: l.org})
	if err != nil {
		return nil, err
	}
	pipe := newPipe()
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(pipe) // which is closed in the end
	}()
	transport := &http.Transport{DialContext: pipe.dial, DisableCompression: true}
	l.whenClosed(func() error {
		transport.CloseIdleConnections()
		err := s.Close()
		<-served
		return err
	})
	return apiclient.New("http://"+pipe.Addr().String(), secret, &http.Client{Transport: transport},
		apiclient.Attempts(1))
}

// handler returns what serves the API to whoever has a token.
func (l *localAccount) handler(token auth.OperatorToken) (http.Handler, error) {
	log := slog.New(slog.NewTextHandler(l.err, &slog.HandlerOptions{Level: slog.LevelError}))
	hooks := l.newWebhooks(l.Service, l.webhookFlags(), log)
	s, err := server.New(server.Config{
		Dialects:  []*dialect.Dialect{native.New()},
		Names:     all.Names(),
		Directory: server.Views(l.Service.View),
		Tokens:    &auth.Authenticator{Tokens: token, Now: l.time, InstanceDialects: ownDialects()},
		Verifier:  auth.NewVerifier(auth.SignersAmong(l.Service), l.time),
		Limiter:   auth.NewLimiter(l.now, 1), Unlimited: true,
		Writer: l.Service, Orgs: l.Service, History: server.Histories(l.Service), Audit: l.Service,
		Jobs: l.jobService(), Webhooks: hooks, Random: l.random,
		Versions: server.VersionsOf(l.Service), Past: server.PastOf(l.Service), Log: log,
		Now: l.now, NewID: l.newID, Software: software(),
	})
	if err != nil {
		return nil, err
	}
	return s.Handler(), nil
}

// pipe is a listener for connections from within the process.
type pipe struct {
	connections chan net.Conn
	closed      chan struct{}
	close       func()
}

func newPipe() *pipe {
	p := &pipe{connections: make(chan net.Conn), closed: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

// Accept implements [net.Listener].
func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (p *pipe) Close() error {
	p.close()
	return nil
}

// Addr implements [net.Listener].
func (p *pipe) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }

func (pipeAddr) String() string { return "roster" }

// dial connects to whoever accepts.
func (p *pipe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.connections <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), near.Close(), far.Close())
	}
}
