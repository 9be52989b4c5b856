package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/control"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
)

// emulateFlags are the flags of `roster emulate`.
type emulateFlags struct {
	emulate.Options
	failOn

	contract, logLevel string
	form               string
	printEnv, untilEOF bool

	faultPlan string
	faults    []string
}

func (a *app) emulate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "emulate DIALECT...",
		Short: "Stand in for vendors' APIs, with made-up users, the vendors' limits and credentials to try",
		Long: "Stand in for vendors' APIs from memory until Ctrl-C: each dialect at the root of its own address, so\n" +
			"that a client needs another base URL and nothing else. The vendors' rate limits count. Standard output\n" +
			"has the base URLs, and credentials of every kind: some that count, and some that are refused as the\n" +
			"vendor refuses them. At the end it has what was asked for, how that was answered, and what the\n" +
			"client did wrong: see `roster inspect`.\n\n" +
			"Dialects are " + strings.Join(emulate.Dialects(), ", ") + ".",
		Example: "  roster emulate kaiten\n  roster emulate flxpoint fipto --users 1000000 --port 9000 -o json",
		Args: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				return usage(cmd, "the argument DIALECT is missing: one or more of %s",
					strings.Join(emulate.Dialects(), ", "))
			}
			return nil
		},
		ValidArgs: emulate.Dialects(),
	}
	f := emulateFlags{Options: emulate.Options{
		Software: software(), Now: a.now, NewID: a.newID, Random: a.random,
	}}
	flags := cmd.Flags()
	flags.IntVar(&f.Users, "users", 10_000, "how many users to make up")
	flags.Uint64Var(&f.Seed, "seed", 1, "what the data follows from: the same seed makes the same users")
	flags.StringVar(&f.contract, "contract", string(roster.Documented),
		"what to follow: documented, the vendor's page, or live, what the vendor's API was seen to do")
	flags.StringVar(&f.Host, "host", "127.0.0.1", "address to listen on")
	flags.IntVar(&f.Port, "port", 0, "port of the first dialect, others take those after it; 0 for any that are free")
	flags.StringVar(&f.Control, "control", "127.0.0.1:0",
		"address of the control API: see docs/guides/control.md; '' for none")
	flags.StringVarP(&f.form, "output", "o", "text", "form of the output: text or json")
	flags.BoolVar(&f.printEnv, "print-env", false, "print assignments for a shell instead, such as KAITEN_BASE_URL")
	flags.StringVar(&f.logLevel, "log-level", "warn", "what to log: warn, or info for the line of each request")
	flags.StringVar(&f.faultPlan, "fault-plan", "", "JSON file with what goes wrong: see docs/guides/faults.md")
	flags.StringArrayVar(&f.faults, "fault", nil,
		"something that goes wrong, such as kind=status,status=503,probability=0.1; may be given several times")
	flags.BoolVar(&f.Sparse, "sparse", false, "make users who have only what no vendor's page calls optional")
	flags.BoolVar(&f.untilEOF, "until-eof", false, "end with standard input, as that of a test that has crashed ends")
	f.failOn.flag(flags)
	env(flags, "users", "seed", "log-level", "fail-on")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		f.Dialects, f.Contract = names, roster.Contract(f.contract)
		return misused(cmd, f.run(cmd.Context(), a))
	}
	return cmd
}

// run emulates what the flags say.
func (f *emulateFlags) run(ctx context.Context, a *app) error {
	show, err := f.shows(a)
	if err == nil {
		f.Options.Faults, err = f.plan()
	}
	if err == nil {
		f.Log, err = a.logger(f.logLevel)
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return err
	}
	if f.untilEOF {
		var stop context.CancelFunc
		ctx, stop = context.WithCancel(ctx)
		defer stop()
		go func() {
			_, _ = io.Copy(io.Discard, a.in) // nobody can wait for who may never end it
			stop()
		}()
	}
	return a.runEmulation(ctx, f, show)
}

// plan returns what goes wrong: what the file says, then what the flags say; nil where neither is given.
func (f *emulateFlags) plan() (*fault.Plan, error) {
	if f.faultPlan == "" && len(f.faults) == 0 {
		return nil, nil // nothing stands around the API then
	}
	plan := &fault.Plan{Seed: f.Seed}
	if f.faultPlan != "" {
		text, err := os.ReadFile(f.faultPlan)
		if err != nil {
			return nil, fmt.Errorf("read the plan of faults: %w", err)
		}
		if plan, err = fault.Parse(text); err != nil {
			return nil, err
		}
	}
	for _, text := range f.faults {
		rule, err := fault.ParseRule(text)
		if err != nil {
			return nil, err
		}
		plan.Rules = append(plan.Rules, rule)
	}
	return plan, nil
}

// logger returns a log of lines of text on standard error.
func (a *app) logger(level string) (*slog.Logger, error) {
	var options slog.HandlerOptions
	switch level {
	case "info":
	case "warn":
		options.Level = slog.LevelWarn
	default:
		return nil, roster.FieldErrorf("--log-level", "must be info or warn, not %q", level)
	}
	return slog.New(slog.NewTextHandler(a.err, &options)), nil
}

// makingPercent returns how much garbage there may be while users are made, in percent of the memory in use: of few
// users so much that making them does not wait for the collector.
func makingPercent(users int) int {
	const each, most = 3 << 10, 1000
	return max(mostGarbage, 100*2*enoughGarbage/max(users*each, 100*2*enoughGarbage/most))
}

// runEmulation emulates until ctx ends.
func (a *app) runEmulation(ctx context.Context, f *emulateFlags, show emulationShown) (err error) {
	collects := a.getenv("GOGC") == ""
	if collects {
		defer debug.SetGCPercent(debug.SetGCPercent(makingPercent(f.Users)))
	}
	i, err := emulate.Start(ctx, f.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	if err := show.started(a.out, i); err != nil {
		return err
	}
	debug.FreeOSMemory() // to make users leaves as much behind as they are
	if collects {
		debug.SetGCPercent(garbagePercent(liveBytes()))
	}
	if err := errors.Join(i.Wait(), i.Close()); err != nil {
		return err // closed before anything is written: who reads it may have gone, and that ends the process
	}
	seen := i.Inspector()
	end := emulationSummary{append([]inspect.Count{}, seen.Counts()...), i.Faults(), seen.Findings()}
	if err := show.ended(a.out, end); err != nil {
		return err
	}
	return f.judge(end.Findings)
}

// emulationShown is how an emulation is shown when it starts and when it ends.
type emulationShown struct {
	started func(io.Writer, *emulate.Instance) error
	ended   func(io.Writer, emulationSummary) error
}

func (f *emulateFlags) shows(a *app) (emulationShown, error) {
	switch {
	case f.printEnv && f.form == "json":
		return emulationShown{}, roster.FieldErrorf("--print-env", "can't be given with --output json")
	case f.printEnv:
		return emulationShown{printEnvironment, func(_ io.Writer, s emulationSummary) error {
			return printSummary(a.err, s)
		}}, nil
	case f.form == "json":
		return emulationShown{encodeAPIs, encodeSummary}, nil
	case f.form == "text":
		return emulationShown{printAPIs, printSummary}, nil
	}
	return emulationShown{}, roster.FieldErrorf("--output", "must be text or json, not %q", f.form)
}

func printAPIs(w io.Writer, i *emulate.Instance) error {
	var b strings.Builder
	for _, api := range i.APIs {
		fmt.Fprintf(&b, "%s on %s\n", api.Title, api.BaseURL)
		for _, c := range api.Credentials {
			fmt.Fprintf(&b, "\n# %s: %s\n%s\n", c.Name, outcome(c.Status), c.Curl)
		}
		fmt.Fprintf(&b, "\n# in a browser\n%s/docs/\n\n", api.BaseURL)
	}
	if i.ControlURL != "" {
		fmt.Fprintf(&b, "Control API on %s%s\n\n", i.ControlURL, control.Root)
	}
	b.WriteString("Until Ctrl-C.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func outcome(status int) string {
	if status == http.StatusOK {
		return "counts"
	}
	return fmt.Sprintf("refused with %d", status)
}

// printEnvironment prints assignments that a POSIX shell can evaluate: the base URL of each API, and the first
// credential of it.
func printEnvironment(w io.Writer, i *emulate.Instance) error {
	var b strings.Builder
	for _, api := range i.APIs {
		name, first := strings.ToUpper(api.Dialect), api.Credentials[0]
		fmt.Fprintf(&b, "export %s_BASE_URL='%s'\n", name, api.BaseURL)
		for _, v := range [][2]string{{"TOKEN", first.Secret}, {"KEY_ID", first.KeyID}, {"KEY_FILE", first.KeyFile}} {
			if v[1] != "" {
				fmt.Fprintf(&b, "export %s_%s='%s'\n", name, v[0], v[1])
			}
		}
	}
	if i.ControlURL != "" {
		fmt.Fprintf(&b, "export ROSTER_CONTROL_URL='%s'\n", i.ControlURL)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shownEmulation is what is emulated, in JSON.
type shownEmulation struct {
	APIs       []*emulate.API `json:"apis"`
	ControlURL string         `json:"control_url,omitempty"`
}

func encodeAPIs(w io.Writer, i *emulate.Instance) error {
	return json.NewEncoder(w).Encode(shownEmulation{i.APIs, i.ControlURL})
}
