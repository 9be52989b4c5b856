package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/bench"
)

// benchFlags are what a benchmark is made from.
type benchFlags struct {
	users   []int
	seconds float64
	rounds  int
	seed    uint64
	dir     string
	against []string
	only    []string
	output  string
}

func (a *app) bench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure this program on this machine against its performance goals",
		Long: "Measure this program on this machine: make organizations from a seed, serve them from a core of\n" +
			"their own, drive them from another, and say which performance goals are met. Everything is\n" +
			"measured in turn, so that what disturbs the machine disturbs everything. What the figures mean\n" +
			"stands in BENCHMARKS.md. Only servers on this machine are ever talked to.",
		Example: "  roster bench --users 100000,1000000 -o json",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runBench(cmd, &f) },
	}
	flags := cmd.Flags()
	flags.IntSliceVar(&f.users, "users", []int{100_000, 1_000_000},
		"sizes of the organizations; writes and peers take the first")
	flags.Float64Var(&f.seconds, "seconds", 1, "how long a round of a measure takes")
	flags.IntVar(&f.rounds, "rounds", 5, "how many rounds each measure has; figures are medians over them")
	flags.Uint64Var(&f.seed, "seed", 1, "what the data and the requests follow from")
	flags.StringVar(&f.dir, "dir", "",
		"folder for the stores, on the disk to measure writes with (default: the system's)")
	flags.StringArrayVar(&f.against, "against", nil,
		"pocketbase=URL[,pid=N]: give another server on this machine the same work; may be repeated")
	flags.StringSliceVar(&f.only, "only", nil,
		"part to measure: "+strings.Join(bench.Parts(), ", ")+"; may be repeated (default: all)")
	flags.StringVarP(&f.output, "output", "o", "table", "form of the output: table or json")
	cmd.AddCommand(a.benchFixed())
	return cmd
}

func (a *app) runBench(cmd *cobra.Command, f *benchFlags) (err error) {
	c, err := f.config(a)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return misused(cmd, err)
	}
	if c.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if c.Dir, err = os.MkdirTemp(f.dir, "roster-bench-"); err != nil {
		return fmt.Errorf("make a folder for the stores: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.Dir)) }()
	report, err := bench.Run(cmd.Context(), c)
	if err != nil {
		return err
	}
	if f.output == "json" {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	return report.WriteTable(a.out)
}

// config returns what the flags say. It fails with [roster.Invalid].
func (f *benchFlags) config(a *app) (bench.Config, error) {
	c := bench.Config{
		Users: f.users, Round: time.Duration(f.seconds * float64(time.Second)), Rounds: f.rounds, Seed: f.seed,
		Now: a.now, Log: a.err, Only: f.only,
	}
	if f.output != "table" && f.output != "json" {
		return c, roster.FieldErrorf("--output", "must be table or json, not %q", f.output)
	}
	for _, given := range f.against {
		peer, err := bench.ParsePeer(given)
		if err != nil {
			return c, err
		}
		c.Peers = append(c.Peers, peer)
	}
	return c, nil
}

// benchFixed is what a benchmark holds this program against: the least that net/http can do.
func (a *app) benchFixed() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fixed", Short: "Serve the same bytes to every request, for comparison", Args: exactly(), Hidden: true,
	}
	addr := cmd.Flags().String("addr", "127.0.0.1:0", "address to listen on")
	size := cmd.Flags().Int("size", 40_000, "how many bytes to answer")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *size < 0 {
			return usage(cmd, "--size must not be negative")
		}
		return a.serveFixed(cmd.Context(), *addr, *size)
	}
	return cmd
}

// serveFixed serves size bytes to every request until ctx ends.
func (a *app) serveFixed(ctx context.Context, addr string, size int) error {
	s, err := a.newService(&serveFlags{addr: addr, logFormat: "text", logLevel: "warn", walks: defaultWalks()})
	if err != nil {
		return err
	}
	l, err := s.listen(ctx, "fixed bytes", addr, fixed(size))
	if err != nil {
		return err
	}
	httpServer := &http.Server{Handler: l.Handler, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = httpServer.Close() })
	defer stop()
	if err := httpServer.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// fixed answers size bytes of JSON's media type.
func fixed(size int) http.Handler {
	body := make([]byte, size)
	for i := range body {
		body[i] = ' '
	}
	length := strconv.Itoa(size)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
	})
}
