// Command roster serves and administers a directory of users: see `roster help`.
//
// It is the one place where stores, the directory, dialects and the server are put together, and where the clock, the
// source of ids and randomness come from. Rules about records do not belong here.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is set when a release is linked.
var version = ""

func main() {
	keepWriting()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "roster:", explain(err))
	}
	os.Exit(exitCode(err))
}

// streams are the standard streams: data goes to out, everything else to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run carries out one command line. Its error is for explain and exitCode.
func run(ctx context.Context, args []string, getenv func(string) string, std streams) error {
	a := &app{streams: std, getenv: getenv, now: time.Now, random: rand.Reader}
	root := a.root() //nolint:contextcheck // cobra hands the context of ExecuteContext to the commands
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	return root.ExecuteContext(ctx)
}
