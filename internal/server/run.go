package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

// The limits of a connection. A body that is long is read and written for as long as the client moves on: see taker and
// giver, whose deadlines take the place of readTimeout and writeTimeout.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 10 * time.Minute
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	drainTimeout      = 30 * time.Second
)

// Listener is a socket and what is served on it.
type Listener struct {
	net.Listener
	Handler http.Handler
	// TLS is nil for plain HTTP.
	TLS *tls.Config
	// MaxConnections is how many connections may be open at once; 0 for any number. Others wait.
	MaxConnections int
}

// URL returns the root of what is served, for who is on this machine: one that listens at every address is reached at
// 127.0.0.1.
func (l Listener) URL() string {
	scheme := "http://"
	if l.TLS != nil {
		scheme = "https://"
	}
	address := l.Addr()
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		address = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}
	}
	return scheme + address.String()
}

// Run serves listeners until ctx ends or one of them fails, then lets requests that are under way finish for up to
// 30 seconds.
func (s *Server) Run(ctx context.Context, listeners ...Listener) error {
	group, running := errgroup.WithContext(ctx)
	servers := make([]*http.Server, len(listeners))
	for i, l := range listeners {
		servers[i] = s.httpServer(l)
		group.Go(func() error { return serve(servers[i], l) })
	}
	group.Go(func() error {
		<-running.Done()
		s.Log.InfoContext(ctx, "stopping", "waits_at_most", drainTimeout)
		s.Drain()
		return shutdown(context.WithoutCancel(ctx), servers)
	})
	defer s.sender.close()
	return group.Wait()
}

// Leave has the server say that it is not ready any more, so that nobody is sent to it who need not be. Everything goes
// on.
func (s *Server) Leave() { s.leaving.Store(true) }

// Drain does as Leave, and ends what waits for changes: bodies that go on after what there is to tell, requests that
// wait at once. Everything else goes on. [Server.Run] does it when its context ends.
func (s *Server) Drain() {
	s.Leave()
	s.drain()
}

func (s *Server) httpServer(l Listener) *http.Server {
	return &http.Server{
		Handler: l.Handler, TLSConfig: l.TLS,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}

func serve(server *http.Server, l Listener) error {
	socket := l.Listener
	if l.MaxConnections > 0 {
		socket = netutil.LimitListener(socket, l.MaxConnections)
	}
	var err error
	if l.TLS != nil {
		err = server.ServeTLS(socket, "", "")
	} else {
		err = server.Serve(socket)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

func shutdown(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	var group errgroup.Group
	for _, server := range servers {
		group.Go(func() error {
			if err := server.Shutdown(ctx); err != nil {
				return errors.Join(fmt.Errorf("requests did not finish in %s: %w", drainTimeout, err), server.Close())
			}
			return nil
		})
	}
	return group.Wait()
}
