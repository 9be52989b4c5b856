package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

// draining returns a service that is to go on for so long once it is told to end, and its server.
func draining(t *testing.T, d time.Duration, env map[string]string) (*service, *server.Server) {
	t.Helper()
	srv, err := server.New(server.Config{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: func() (roster.ID, error) { return roster.InstanceID(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &app{getenv: func(name string) string { return env[name] }}
	return &service{app: a, serveFlags: &serveFlags{drain: d}, log: slog.New(slog.DiscardHandler)}, srv
}

func readiness(t *testing.T, srv *server.Server) int {
	t.Helper()
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	return w.Code
}

// Whoever is told to end goes on for a while, and says meanwhile that it is not ready.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, srv := draining(t, 10*time.Second, nil)
		ctx, end := context.WithCancel(t.Context())
		lasting, stop := s.linger(ctx, srv)
		defer stop()
		synctest.Wait()
		if got := readiness(t, srv); got != http.StatusOK {
			t.Errorf("while it serves /readyz answers %d", got)
		}
		end()
		began := time.Now()
		synctest.Wait()
		if got := readiness(t, srv); got != http.StatusServiceUnavailable || lasting.Err() != nil {
			t.Errorf("while it drains /readyz answers %d, and it ends with %v", got, lasting.Err())
		}
		<-lasting.Done()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it has drained for %s, want 10s", took)
		}
	})
}

// Who has lost the store goes on with nothing.
func TestDrainNotWithoutStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, srv := draining(t, 10*time.Second, nil)
		ctx, end := context.WithCancelCause(t.Context())
		lasting, stop := s.linger(ctx, srv)
		defer stop()
		end(roster.Errorf(roster.Unavailable, "another process has the store"))
		began := time.Now()
		<-lasting.Done()
		if took := time.Since(began); took != 0 {
			t.Errorf("it went on for %s", took)
		}
	})
}

// systemd is told when the program serves, and when it ends.
func TestNotify(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	var config net.ListenConfig
	socket, err := config.ListenPacket(t.Context(), "unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s, srv := draining(t, 0, map[string]string{"NOTIFY_SOCKET": path})
	ctx, end := context.WithCancel(t.Context())
	lasting, stop := s.linger(ctx, srv)
	s.notify(ctx, ready)
	end()
	<-lasting.Done()
	stop()
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		buffer := make([]byte, 64)
		if err := socket.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, _, err := socket.ReadFrom(buffer)
		if err != nil || string(buffer[:n]) != want {
			t.Errorf("systemd was told %q, %v, want %q", buffer[:n], err, want)
		}
	}
}
