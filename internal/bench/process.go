package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/roster-dev/roster"
)

// processes are the children that run.
type processes struct {
	running []*process
	started int
}

// kill ends every child that still runs.
func (p *processes) kill() {
	for _, child := range p.running {
		_ = child.cmd.Process.Kill()
		<-child.ended
	}
	p.running = nil
}

// process is a server: a child of ours, or a peer that somebody else has started (cmd is nil).
type process struct {
	addr, secret string
	pid          int
	users        int
	cmd          *exec.Cmd
	owner        *processes
	log          string        // the file with its standard error
	started      time.Time     // when it was asked to start
	ended        chan struct{} // closed when it is gone
	err          error         // how it ended; read it after ended is closed
}

// placing says where a child runs.
type placing struct {
	// alone puts it on the first core, with GOMAXPROCS=1.
	alone bool
}

// serve starts a roster server over a store and returns once it answers. Rate limits and the log line of each request
// are off.
func (r *runner) serve(ctx context.Context, s storeFile, where placing, more ...string) (*process, error) {
	args := []string{"serve", "--store", s.dsn, "--no-rate-limits", "--log-level", "warn"}
	p, err := r.start(ctx, where, append(args, more...)...)
	if err == nil {
		p.secret, p.users = s.secret, s.users
	}
	return p, err
}

// start starts a server with the flag --addr and returns once it accepts connections.
func (r *runner) start(ctx context.Context, where placing, args ...string) (*process, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	p, err := r.launch(ctx, child{addr: addr, placing: where}, append(args, "--addr", addr)...)
	if err != nil {
		return nil, err
	}
	return p, p.listening(ctx)
}

// child says what is to become of a process.
type child struct {
	placing

	addr string   // where it will listen
	out  *os.File // its standard output; nil for nowhere
}

// launch starts this program with arguments.
func (r *runner) launch(ctx context.Context, c child, args ...string) (*process, error) {
	r.children.started++
	p := &process{
		addr: c.addr, owner: &r.children, ended: make(chan struct{}),
		log: filepath.Join(r.Dir, fmt.Sprintf("%d.log", r.children.started)),
	}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), r.Program, args...) //nolint:gosec // the program is ours
	p.cmd.Stderr, p.cmd.Env = log, os.Environ()
	if c.out != nil {
		p.cmd.Stdout = c.out
	}
	begin := p.cmd.Start
	if c.alone {
		p.cmd.Env = append(p.cmd.Env, "GOMAXPROCS=1")
		begin = func() error { return onFirstCore(p.cmd.Start) }
	}
	p.started = r.Now()
	err = errors.Join(begin(), log.Close())
	if err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	p.pid = p.cmd.Process.Pid
	r.children.running = append(r.children.running, p)
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// freeAddr returns an address that nothing listens on.
func freeAddr(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// listening waits until the child accepts connections. A large organization takes its time to be made.
func (p *process) listening(ctx context.Context) error {
	const often = time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	var dialer net.Dialer
	for {
		if c, err := dialer.DialContext(ctx, "tcp", p.addr); err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			return p.fault("ended before it listened")
		case <-tick.C:
		}
	}
}

func (p *process) fault(what string) error {
	log, _ := os.ReadFile(p.log)
	return roster.Errorf(roster.Internal, "the server %s (%v): %s", what, p.err, trimmed(log))
}

// stop ends the child in peace and waits until it is gone.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop a server: %w", err)
	}
	<-p.ended
	for i, child := range p.owner.running {
		if child == p {
			p.owner.running = append(p.owner.running[:i], p.owner.running[i+1:]...)
			break
		}
	}
	if p.err != nil {
		return p.fault("failed")
	}
	return nil
}

// cpu returns the processor time that the process has taken, 0 where the system does not tell.
func (p *process) cpu() time.Duration { return processorTime(p.pid) }

// command runs a roster command to its end and returns its output and what the system says about the process.
func (r *runner) command(ctx context.Context, args ...string) ([]byte, *os.ProcessState, error) {
	cmd := exec.CommandContext(ctx, r.Program, args...) //nolint:gosec // the program is ours
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("roster %s: %w: %s", strings.Join(args, " "), err, tail(stderr.String()))
	}
	return out, cmd.ProcessState, nil
}

// tail returns the end of a text, where programs say why they failed.
func tail(text string) string {
	const most = 500
	return text[max(0, len(text)-most):]
}

// token makes a token that may do everything and returns its secret.
func (r *runner) token(ctx context.Context, dsn, org string) (string, error) {
	out, _, err := r.command(ctx, "token", "create", "--store", dsn, "--org", org, "--name", "bench",
		"--permission", "*", "-o", "json")
	if err != nil {
		return "", err
	}
	var made struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(out, &made); err != nil || made.Secret == "" {
		return "", roster.Errorf(roster.Internal, "roster token create prints no secret: %v", err)
	}
	return made.Secret, nil
}
