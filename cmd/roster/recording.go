package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/record"
)

// recordingFlags are the flags of `roster record`.
type recordingFlags struct {
	dialect, contract, upstream, dir, host string
	port                                   int
}

func (a *app) recording() *cobra.Command {
	var f recordingFlags
	cmd := &cobra.Command{
		Use:   "record --dialect DIALECT --upstream URL --out DIR",
		Short: "Write what goes by between a client and a vendor's API as cases with nothing of anybody in them",
		Long: "Stand between a client and a vendor's API until Ctrl-C: requests go to the vendor as they are, and\n" +
			"each different one is written with its answer as a golden case (txtar), one file for each operation.\n" +
			"Names, e-mail addresses, ids and tokens are replaced, each by the same every time; what the dialect's\n" +
			"tables do not know is not kept. Signatures that include the host do not count at the vendor's.",
		Example: "  roster record --dialect kaiten --upstream https://example.flowfast.io --out cases --port 9000",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return misused(cmd, f.run(cmd.Context(), a)) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dialect, "dialect", "", "what the vendor speaks: "+strings.Join(emulate.Dialects(), ", "))
	flags.StringVar(&f.contract, "contract", string(roster.Live),
		"what the cases are for: live, what the vendor's API is seen to do, or documented")
	flags.StringVar(&f.upstream, "upstream", "", "the vendor's base URL")
	flags.StringVar(&f.dir, "out", "", "folder for the cases; files that are there are not touched")
	flags.StringVar(&f.host, "host", "127.0.0.1", "address to listen on")
	flags.IntVar(&f.port, "port", 0, "port to listen on; 0 for any that is free")
	return cmd
}

// options checks the flags and makes options of them.
func (f *recordingFlags) options(random io.Reader) (record.Options, error) {
	o := record.Options{Dialect: all.ByName(f.dialect), Contract: roster.Contract(f.contract), Dir: f.dir}
	err := oneOf("--dialect", f.dialect, emulate.Dialects())
	if err == nil {
		err = oneOf("--contract", f.contract, []string{string(roster.Documented), string(roster.Live)})
	}
	if err == nil {
		o.Upstream, err = serverURL("--upstream", f.upstream)
	}
	if err == nil && f.dir == "" {
		err = roster.FieldErrorf("--out", "is required")
	}
	if err == nil && (f.port < 0 || f.port > 65535) {
		err = roster.FieldErrorf("--port", "must be from 0 to 65535, not %d", f.port)
	}
	if err != nil {
		return o, err
	}
	// Times are moved by up to ten years, so that they are nobody's; what is between them stays.
	var drawn [8]byte
	if _, err := io.ReadFull(random, drawn[:]); err != nil {
		return o, fmt.Errorf("choose by how much times are moved: %w", err)
	}
	const most = 10 * 365 * 24 * 60 * 60
	o.Shift = -time.Duration(1+binary.BigEndian.Uint64(drawn[:])%most) * time.Second
	return o, nil
}

func (f *recordingFlags) run(ctx context.Context, a *app) error {
	o, err := f.options(a.random)
	if err != nil {
		return err
	}
	recorder, err := record.New(o)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", net.JoinHostPort(f.host, strconv.Itoa(f.port)))
	if err != nil {
		return err
	}
	const patience = 10 * time.Second
	server := &http.Server{Handler: recorder.Handler(), ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(socket) }()
	_, err = fmt.Fprintf(a.out, "%s at %s is recorded by http://%s until Ctrl-C.\n",
		o.Dialect.Title, o.Upstream.Redacted(), socket.Addr())
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-ended:
			return err
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err = errors.Join(err, server.Shutdown(last))
	written, skipped, failed := recorder.Cases()
	_, told := fmt.Fprintf(a.out, "%d cases in %s, %d answers were too large\n", written, o.Dir, skipped)
	return errors.Join(err, failed, told)
}
