package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
)

// finding is a line of `roster doctor`.
type finding struct {
	store.Finding

	// Organization is set where the line is about one.
	Organization *diagnosis `json:"organization,omitempty"`
}

// diagnosis is what is found out about an organization.
type diagnosis struct {
	Org     string         `json:"slug"`
	Version roster.Version `json:"version"`
	Users   int            `json:"users"`
	// Bytes is what the organization takes up in memory: its records with their orders, and the index over texts.
	Bytes       int64 `json:"bytes"`
	RecordBytes int64 `json:"record_bytes"`
	TextBytes   int64 `json:"text_bytes"`
	// PerUser is Bytes for each user, rounded; 0 where there are none.
	PerUser  int64       `json:"bytes_per_user"`
	Parts    []usagePart `json:"parts"`
	Problems []string    `json:"problems"`
}

// usagePart is what a part of an organization takes up in memory.
type usagePart struct {
	Part    string `json:"part"`
	Bytes   int64  `json:"bytes"`
	PerUser int64  `json:"bytes_per_user"`
}

func diagnose(o *roster.Organization, r directory.Report) diagnosis {
	d := diagnosis{
		Org: o.Slug, Version: r.Version, Users: r.Users, Bytes: r.Bytes + r.TextBytes,
		RecordBytes: r.Bytes, TextBytes: r.TextBytes, Problems: append([]string{}, r.Problems...),
	}
	users := int64(r.Users)
	d.PerUser = perUser(d.Bytes, users)
	for _, p := range r.Parts {
		d.Parts = append(d.Parts, usagePart{p.Name, p.Bytes, perUser(p.Bytes, users)})
	}
	return d
}

// perUser divides, rounded to the nearest; it is 0 where there are no users.
func perUser(bytes, users int64) int64 {
	if users == 0 {
		return 0
	}
	return (bytes + users/2) / users
}

// finding says what it means.
func (d *diagnosis) finding() finding {
	f := finding{store.Finding{Check: "organization " + d.Org, Severity: store.OK}, d}
	bytes, each := size(d.Bytes), size(d.PerUser)
	f.Found = fmt.Sprintf("version %d, users: %d, %s in memory, %s a user", d.Version, d.Users, &bytes, &each)
	if len(d.Problems) > 0 {
		f.Severity, f.Found = store.Fail, strings.Join(d.Problems, "; ")
		f.Advice = "keep a copy of the store as it is, restore the last backup, and report it"
	}
	return f
}

func doctorColumns() []string { return []string{"check", "severity", "found", "advice"} }

func (f finding) row() row { return row{f, []string{f.Check, string(f.Severity), f.Found, f.Advice}} }

func (a *app) doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look into a store and at the machine, and say what is wrong and what to do",
		Args: exactly(),
		Long: "Look into a store and at the machine: whether the store can be read and written to, what\n" +
			"acknowledged changes survive, how far its clock is off, and whether there is enough disk, memory and\n" +
			"file descriptors for `roster serve`. Of every organization, that its history has every version and\n" +
			"leads to the records that the store has, and that what is served from memory is exactly those.\n\n" +
			"Each line is OK, WARN or FAIL. With any FAIL the exit code is 1, and problems of organizations go to\n" +
			"standard error as well. A store that only one process may have must not be in use. Sizes are\n" +
			"estimates; -o json and jsonl list every part, in bytes.",
		Example: "  roster doctor --store sqlite:roster.db --memory 2GiB",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	var memory size
	cmd.Flags().Var(&memory, "memory", "what `roster serve` is given as --memory; 0 for as much as the machine has")
	env(cmd.Flags(), "memory")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if a.url != "" || a.token != "" {
			return usage(cmd, "it looks into a store, not at a server: leave out --url and --token")
		}
		if err := a.missing(*dsn); err != nil {
			return err
		}
		e := &examination{app: a, machine: thisMachine(), memory: int64(memory)}
		return e.show(cmd.Context(), *dsn, *out)
	}
	return cmd
}

// examination is one run of `roster doctor`.
type examination struct {
	*app

	machine machine
	memory  int64 // that organizations may take up, 0 for any amount

	yield            func(row) bool
	failed, problems int
	total, largest   int64 // bytes of organizations
}

// show writes what is found as it is found, and fails where something is wrong.
func (e *examination) show(ctx context.Context, dsn string, out format) error {
	var failed error
	err := out.list(e.out, doctorColumns(), func(yield func(row) bool) {
		e.yield = yield
		failed = e.examine(ctx, dsn)
	})
	switch err = errors.Join(err, failed); {
	case err != nil:
		return err
	case e.problems > 0:
		return hint(fmt.Errorf("the store has problems: %d", e.problems), "keep a copy of it as it is, and report them")
	case e.failed > 0:
		return fmt.Errorf("of what was looked at %d failed", e.failed)
	}
	return nil
}

// tell writes a line.
func (e *examination) tell(findings ...finding) {
	for _, f := range findings {
		if f.Severity == store.Fail {
			e.failed++
		}
		e.yield(f.row())
	}
}

func (e *examination) examine(ctx context.Context, dsn string) error {
	l, err := e.openStore(ctx, dsn)
	if err != nil {
		e.tell(finding{Finding: store.Finding{Check: "store", Severity: store.Fail, Found: explain(err)}})
		return err
	}
	if examiner, ok := l.store.(store.Examiner); ok {
		for _, f := range examiner.Examine(ctx) {
			e.tell(finding{Finding: f})
		}
	}
	err = e.organizations(ctx, l)
	e.tell(finding{Finding: e.machine.foundMemory(e.memory, e.total, e.largest)})
	e.tell(finding{Finding: e.machine.foundFiles()})
	return errors.Join(err, l.Close())
}

// organizations looks at each organization.
func (e *examination) organizations(ctx context.Context, l *local) error {
	orgs, err := l.Orgs(ctx)
	if err != nil {
		return doing("list the organizations", err)
	}
	for _, o := range orgs {
		d, err := check(ctx, l, o)
		if err != nil {
			return err
		}
		for _, p := range d.Problems {
			_, _ = fmt.Fprintf(e.err, "organization %s: %s\n", o.Slug, p)
		}
		e.problems += len(d.Problems)
		e.total, e.largest = e.total+d.Bytes, max(e.largest, d.Bytes)
		e.tell(d.finding())
	}
	return nil
}

// check examines an organization, of which nothing stays in memory.
func check(ctx context.Context, l *local, o *roster.Organization) (diagnosis, error) {
	defer l.Evict(o.ID)
	report, err := l.Check(ctx, o.ID)
	if err != nil {
		return diagnosis{}, doing("check organization "+o.Slug, err)
	}
	return diagnose(o, report), nil
}
