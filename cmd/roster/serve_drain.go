package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

// checkDrain fails for values of --drain that mean nothing.
func (f *serveFlags) checkDrain() error {
	const most = time.Hour
	if f.drain < 0 || f.drain > most {
		return roster.FieldErrorf("--drain", "must be from 0 to %s, such as 10s, not %s", most, f.drain)
	}
	return nil
}

// linger returns a context that ends as long after ctx as the process is to go on when it is told to end, and has the
// server say meanwhile that it is not ready. Where ctx ends for another reason, which it has a cause for, it does not
// wait. The context is over once stop has been called.
func (s *service) linger(ctx context.Context, srv *server.Server) (lasting context.Context, stop func()) {
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		defer end()
		select {
		case <-ctx.Done():
		case <-lasting.Done():
			return
		}
		s.notify(ctx, stopping)
		if s.drain == 0 || roster.CodeOf(context.Cause(ctx)) == roster.Unavailable {
			return
		}
		srv.Leave()
		s.log.InfoContext(ctx, "draining", "for", s.drain)
		select {
		case <-time.After(s.drain):
		case <-lasting.Done():
		}
	}()
	return lasting, func() {
		end()
		<-watching
	}
}

// What systemd is told, by the words of sd_notify(3).
const (
	ready    = "READY=1"
	stopping = "STOPPING=1"
)

// notify tells systemd how things stand, where it has started the process and asks for that.
func (s *service) notify(ctx context.Context, state string) {
	path := s.getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	var dialer net.Dialer
	to, err := dialer.DialContext(context.WithoutCancel(ctx), "unixgram", path)
	if err == nil {
		_, err = to.Write([]byte(state))
		err = errors.Join(err, to.Close())
	}
	if err != nil {
		s.log.WarnContext(ctx, "systemd was not told", "state", state, "error", err)
	}
}
