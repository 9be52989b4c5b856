package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/control"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/inspect"
)

// inspectFlags are the flags of `roster inspect`.
type inspectFlags struct {
	failOn

	url, form        string
	follow, requests bool
}

func (a *app) inspect() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Show what a client of an emulated API does wrong",
		Long: "Show what the clients of `roster emulate` have done wrong so far, by the vendors' rules. Each\n" +
			"finding says what, where, in which requests, and what to do about it. The rules are in\n" +
			"docs/guides/inspect.md.",
		Example: "  roster inspect --control-url http://127.0.0.1:8099 --fail-on warning\n  roster inspect --follow",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return misused(cmd, f.run(cmd.Context(), a)) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.url, "control-url", "", "URL of the control API, as roster emulate prints it")
	flags.StringVarP(&f.form, "output", "o", "text", "form of the output: text or json")
	flags.BoolVar(&f.follow, "follow", false,
		"go on until the emulation or Ctrl-C ends it, and show findings as they come")
	flags.BoolVar(&f.requests, "requests", false, "show the requests as well, without secrets")
	f.failOn.flag(flags)
	env(flags, "control-url", "fail-on")
	return cmd
}

// failOn is from which severity on findings make a command fail: "" for none.
type failOn string

func (f *failOn) flag(flags *pflag.FlagSet) {
	flags.StringVar((*string)(f), "fail-on", "",
		"exit with 1 for a finding as bad as this or worse: error, warning or info")
}

func (f failOn) check() error {
	if f == "" || slices.Contains(inspect.Severities(), inspect.Severity(f)) {
		return nil
	}
	return roster.FieldErrorf("--fail-on", "must be error, warning or info, not %q", string(f))
}

// judge fails where there are findings as bad as f says.
func (f failOn) judge(findings []inspect.Finding) error {
	bad := 0
	for i := range findings {
		if f != "" && findings[i].Severity.AtLeast(inspect.Severity(f)) {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d findings are as bad as %s, or worse", bad, len(findings), f)
}

func (f *inspectFlags) run(ctx context.Context, a *app) error {
	switch {
	case f.url == "":
		return roster.FieldErrorf("--control-url",
			"is required: roster emulate prints it, and with --print-env sets $ROSTER_CONTROL_URL")
	case f.form != "text" && f.form != "json":
		return roster.FieldErrorf("--output", "must be text or json, not %q", f.form)
	case f.follow && f.requests:
		return roster.FieldErrorf("--requests", "can't be given with --follow")
	}
	if err := f.check(); err != nil {
		return err
	}
	if _, err := serverURL("--control-url", f.url); err != nil {
		return err
	}
	// Both are printed: the URL for variables, and for people the one that answers.
	f.url = strings.TrimSuffix(strings.TrimRight(f.url, "/"), control.Root)
	if f.follow {
		return f.goOn(ctx, a.out)
	}
	var found emulate.FindingList
	if err := f.fetch(ctx, "/findings", &found); err != nil {
		return err
	}
	var asked emulate.RequestList
	if f.requests {
		if err := f.fetch(ctx, "/requests", &asked); err != nil {
			return err
		}
	}
	if err := f.show(a.out, asked.Requests, found.Findings); err != nil {
		return err
	}
	return f.judge(found.Findings)
}

// fetch reads what a path of the control API has.
func (f *inspectFlags) fetch(ctx context.Context, path string, into any) error {
	target := f.url + control.Root + path
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return roster.FieldErrorf("--control-url", "is no URL: %v", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return hint(fmt.Errorf("ask the emulation: %w", err), "is `roster emulate` still running?")
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the emulation: %s is answered %s", r.URL, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("read what the emulation answers: %w", err)
	}
	return nil
}

func (f *inspectFlags) show(w io.Writer, requests []inspect.Request, findings []inspect.Finding) error {
	if f.form == "json" {
		shown := map[string]any{"findings": findings}
		if f.requests {
			shown["requests"] = requests
		}
		return json.NewEncoder(w).Encode(shown)
	}
	var b strings.Builder
	for i := range requests {
		writeRequest(&b, &requests[i])
	}
	writeFindings(&b, findings)
	if len(findings) == 0 {
		b.WriteString("Nothing was found.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// interval is how often a command that goes on asks for news.
const interval = 300 * time.Millisecond

// goOn shows findings as they come, and at the end those that were open.
func (f *inspectFlags) goOn(ctx context.Context, w io.Writer) error {
	var last emulate.FindingList
	shown := map[string]bool{}
	each := time.NewTicker(interval)
	defer each.Stop()
	for {
		var now emulate.FindingList
		switch err := f.fetch(ctx, "/findings", &now); {
		case ctx.Err() != nil || len(shown) > 0 && errors.Is(err, syscall.ECONNREFUSED):
			return cmp.Or(f.news(w, last.Findings, shown, true), f.judge(last.Findings))
		case err != nil:
			return err
		}
		shown[""] = true // the emulation was there
		last = now
		if err := f.news(w, now.Findings, shown, false); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-each.C:
		}
	}
}

// news shows the findings that were not shown before, of those that are open only at the end.
func (f *inspectFlags) news(w io.Writer, findings []inspect.Finding, shown map[string]bool, end bool) error {
	for i := range findings {
		one := &findings[i]
		key := strings.Join([]string{one.Rule, one.Dialect, one.Operation, one.Client, one.Where}, "\n")
		if shown[key] || one.Open && !end {
			continue
		}
		shown[key] = true
		var b strings.Builder
		if f.form == "json" {
			text, err := json.Marshal(one)
			if err != nil {
				return err
			}
			b.Write(append(text, '\n'))
		} else {
			writeFinding(&b, one)
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}

func writeRequest(b *strings.Builder, r *inspect.Request) {
	fmt.Fprintf(b, "%6d  %s  %d  %s %s  %.1f ms  %s\n", r.Number, r.Dialect, r.Response.Status, r.Method,
		printable(r.URL), r.Milliseconds, strings.Join(slices.Concat(r.Faults, r.Findings), ", "))
}

// writeFindings writes findings for people; nothing for none.
func writeFindings(b *strings.Builder, findings []inspect.Finding) {
	if len(findings) > 0 {
		b.WriteString("Findings:\n")
	}
	for i := range findings {
		writeFinding(b, &findings[i])
	}
}

func writeFinding(b *strings.Builder, f *inspect.Finding) {
	where := ""
	if f.Where != "" {
		where = ", " + f.Where
	}
	fmt.Fprintf(b, "  %-7s  %s  %s %s%s (%s)\n", f.Severity, f.Rule, f.Dialect, printable(f.Operation),
		printable(where), printable(f.Client))
	fmt.Fprintf(b, "           %s; %s\n", printable(f.What), inRequests(f))
	fmt.Fprintf(b, "           source: %s\n", f.Source)
	fmt.Fprintf(b, "           fix: %s\n", f.Fix)
}

// inRequests says in which requests something was found, and how often.
func inRequests(f *inspect.Finding) string {
	const most = 5
	var numbers []string
	for _, n := range f.Requests[:min(most, len(f.Requests))] {
		numbers = append(numbers, fmt.Sprint(n))
	}
	text := "request " + strings.Join(numbers, ", ")
	if len(f.Requests) > most {
		text += " and others"
	}
	if f.Count > 1 {
		text += fmt.Sprintf(" (%d times)", f.Count)
	}
	return text
}
