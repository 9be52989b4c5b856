package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/filter"
)

// bulkFlags say what is to become of many users.
type bulkFlags struct {
	apiclient.BulkUpdate

	suspend, restore, remove bool
	join, leave, patch       string
	ifVersion                int64
	expect                   int
	reason                   string
	dryRun, noWait           bool
}

func (f *bulkFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Filter, "filter", "",
		"filter of the users to change, such as 'status = invited'; '' for all users")
	flags.StringVar(&f.Search, "search", "", "text that they must have as well")
	flags.BoolVar(&f.suspend, "suspend", false, "suspend them")
	flags.BoolVar(&f.restore, "restore", false, "take their suspension back")
	flags.BoolVar(&f.remove, "delete", false, "delete them")
	flags.StringVar(&f.join, "add-to-group", "", "add them to a group, by its number or UUID")
	flags.StringVar(&f.leave, "remove-from-group", "", "remove them from a group")
	flags.StringVar(&f.patch, "patch", "", `change members of them, as in {"language":"fr","phone":null}`)
	flags.Int64Var(&f.ifVersion, "if-version", 0, "only if the organization is at this version, as --dry-run shows it")
	flags.IntVar(&f.expect, "expect-changed", -1, "only if so many users are changed")
	without(flags, "expect-changed")
	flags.StringVar(&f.reason, "reason", "", "why, for the audit")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would become of them, and change nothing")
	flags.BoolVar(&f.noWait, "no-wait", false, "show the job at once, which goes on; needs --url")
}

// change returns the change that the flags describe.
func (f *bulkFlags) change(cmd *cobra.Command, now roster.Time) (apiclient.BulkUpdate, error) {
	if !cmd.Flags().Changed("filter") {
		return f.BulkUpdate, roster.FieldErrorf("--filter", "is required; '' is for all users")
	}
	if _, err := filter.Parse(f.Filter, nil, now); err != nil {
		return f.BulkUpdate, roster.FieldErrorf("--filter", "%s", roster.AsError(err).Message)
	}
	u, chosen := f.BulkUpdate, 0
	for _, action := range []struct {
		given bool
		is    roster.BulkAction
		group string
	}{
		{f.suspend, roster.BulkSuspend, ""},
		{f.restore, roster.BulkRestore, ""},
		{f.remove, roster.BulkDelete, ""},
		{f.join != "", roster.BulkJoin, f.join},
		{f.leave != "", roster.BulkLeave, f.leave},
		{f.patch != "", roster.BulkPatch, ""},
	} {
		if action.given {
			chosen++
			u.Action, u.Group = action.is, action.group
		}
	}
	if chosen != 1 {
		return u, roster.Errorf(roster.Invalid, "exactly one of --suspend, --restore, --delete, --add-to-group, "+
			"--remove-from-group and --patch is needed")
	}
	if f.patch != "" {
		if !json.Valid([]byte(f.patch)) || !strings.HasPrefix(strings.TrimSpace(f.patch), "{") {
			return u, roster.FieldErrorf("--patch", "must be a JSON object")
		}
		u.Patch = json.RawMessage(f.patch)
	}
	u.IfVersion = roster.Version(f.ifVersion)
	if f.expect >= 0 {
		u.ExpectChanged = &f.expect
	}
	return u, nil
}

func (a *app) userBulk() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bulk --org SLUG --filter FILTER", Short: "Change all users whom a filter lets through, as one change",
		Args: exactly(),
		Long: "Change all users whom a filter lets through: all of it is one change with one audit entry. Users who\n" +
			"can't be changed are left as they are, and `roster job rejects` says why. --dry-run shows how many\n" +
			"would be changed; `roster job undo` takes the change back within 24 hours.",
		Example: "  roster user bulk --org acme --filter 'status = invited AND invited_at < ago(90d)' --delete " +
			"--dry-run\n" +
			"  roster user bulk --org acme --filter 'groups:7' --suspend --expect-changed 12",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	var f bulkFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		change, err := f.change(cmd, a.time())
		if err != nil {
			return usage(cmd, "%w", err)
		}
		if f.noWait && a.url == "" {
			return usage(cmd, "--no-wait needs --url: without a server nobody would carry the job out")
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			api, err := in.API(cmd.Context())
			if err != nil {
				return err
			}
			c := &jobCall{app: a, in: in, api: api, out: *out}
			return doing("change the users", f.carryOut(cmd.Context(), c, change))
		})
	}
	return cmd
}

func (f *bulkFlags) carryOut(ctx context.Context, c *jobCall, change apiclient.BulkUpdate) error {
	if f.dryRun {
		return f.preview(ctx, c, change)
	}
	var options []apiclient.Option
	if f.reason != "" {
		options = append(options, apiclient.Reason(f.reason))
	}
	j, err := c.api.BulkUpdate(ctx, change, options...)
	switch {
	case err != nil:
		return err
	case f.noWait:
		return c.show(j)
	default:
		return c.wait(ctx, j.ID)
	}
}

// previewDoc is a preview as the formats for programs show it.
type previewDoc struct {
	Version   roster.Version            `json:"version"`
	Counts    roster.JobCounts          `json:"counts"`
	Changed   []apiclient.PreviewedUser `json:"changed"`
	Unchanged []apiclient.PreviewedUser `json:"unchanged"`
	Refused   []rejectDoc               `json:"refused"`
}

func (f *bulkFlags) preview(ctx context.Context, c *jobCall, change apiclient.BulkUpdate) error {
	p, err := c.api.PreviewBulkUpdate(ctx, change)
	if err != nil {
		return err
	}
	return c.showPreview(p)
}

// showPreview shows what would become of many users.
func (c *jobCall) showPreview(p *apiclient.BulkPreview) error {
	doc := previewDoc{p.Version, p.Counts, p.Changed, p.Unchanged, []rejectDoc{}}
	for _, r := range p.Refused {
		doc.Refused = append(doc.Refused, rejectDoc{
			ID: r.ID, Number: r.Number, Code: r.Err.Code, Field: r.Err.Field, Message: r.Err.Message,
		})
	}
	n := p.Counts
	_, _ = fmt.Fprintf(c.err, "dry run at version %d: of %d users %d would be changed, %d deleted, %d are so already, "+
		"%d can't be\n", p.Version, n.Total, n.Updated+n.Created, n.Deleted, n.Unchanged, n.Refused)
	if c.out.form == "table" || c.out.form == "csv" {
		return c.out.list(c.app.out, []string{"number", "identifier", "outcome"}, func(yield func(row) bool) {
			samples(c.out, p, yield)
		})
	}
	return c.out.one(c.app.out, nil, row{doc: doc})
}

// samples yields the first users of each outcome.
func samples(out format, p *apiclient.BulkPreview, yield func(row) bool) {
	show := func(users []apiclient.PreviewedUser, outcome string) bool {
		for _, u := range users {
			if !yield(row{u, dashes(out, fmt.Sprint(u.Before.Number), u.Before.Identifier, outcome)}) {
				return false
			}
		}
		return true
	}
	if !show(p.Changed, "changed") || !show(p.Unchanged, "unchanged") {
		return
	}
	for _, r := range p.Refused {
		if !yield(row{r, dashes(out, fmt.Sprint(r.Number), "", "refused: "+r.Err.Error())}) {
			return
		}
	}
}
