//go:build unix

package pgtest

import (
	"os/exec"
	"runtime"
)

// process is a program that runs.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
}

// launch starts a program, which ends with this process, however that ends.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// It ends with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := cmd.Start()
		if started <- err; err == nil {
			_ = cmd.Wait()
		}
	}()
	return p, <-started
}

// kill kills the program with SIGKILL, and waits until it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}
