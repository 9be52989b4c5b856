package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/upkeep"
)

// verifiedOrg is a line of `roster db verify`.
type verifiedOrg struct {
	Org     string         `json:"organization"`
	Version roster.Version `json:"version"`
	Records int64          `json:"records"`
	Entries int64          `json:"audit_entries"`
	Head    roster.Digest  `json:"audit_head"`
	// Fault is the first thing that is wrong.
	Fault string `json:"fault,omitempty"`
}

// digestedOrg is a line of `roster db verify --digest`.
type digestedOrg struct {
	Org     string         `json:"organization"`
	Version roster.Version `json:"version"`
	Rows    int64          `json:"rows"`
	Digest  roster.Digest  `json:"digest"`
	Tables  []digestedPart `json:"tables"`
}

type digestedPart struct {
	Table  string        `json:"table"`
	Rows   int64         `json:"rows"`
	Digest roster.Digest `json:"digest"`
}

func (a *app) dbVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Say whether what is kept of each organization hangs together", Args: exactly(),
		Long: "Read everything, and hold that the history of each organization has every version, that each change\n" +
			"goes on from those before it, that they lead to the records that are there, that the audit is as it\n" +
			"was written, and that whatever records are looked up by says what they do. It names the first thing\n" +
			"that is wrong with an organization; with any, the exit code is 1. It loads nothing: `roster doctor`\n" +
			"also checks what is served from memory.\n\n" +
			"With --digest it only reads everything, and shows a digest of it for each organization: two stores\n" +
			"have the same if and only if they keep the same of it.",
		Example: "  roster db verify --store sqlite:roster.db\n  roster db verify --digest -o json",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	org := cmd.Flags().String("org", "", "only the organization with this slug")
	digest := cmd.Flags().Bool("digest", false, "show digests, and verify nothing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.reading(cmd, *dsn, func(r store.Reader) error {
			orgs, err := orgsOf(cmd.Context(), r, *org)
			if err != nil {
				return doing("read the store", err)
			}
			rows := orgRows{app: a, r: r, orgs: orgs, out: *out}
			if *digest {
				return rows.digest(cmd.Context())
			}
			return rows.verify(cmd.Context())
		})
	}
	return cmd
}

// orgsOf returns the organizations that a command is about: all, or the one with a slug.
func orgsOf(ctx context.Context, r store.Reader, slug string) ([]*roster.Organization, error) {
	all, err := r.Orgs(ctx)
	if err != nil || slug == "" {
		return all, err
	}
	for _, o := range all {
		if o.Slug == slug {
			return []*roster.Organization{o}, nil
		}
	}
	return nil, hint(roster.Errorf(roster.NotFound, "there is no organization %q", slug),
		"`roster db status --organizations` shows what there is")
}

// orgRows shows something of organizations, a line for each.
type orgRows struct {
	*app

	r    store.Reader
	orgs []*roster.Organization
	out  format
}

func (l *orgRows) verify(ctx context.Context) error {
	faults := 0
	columns := []string{"organization", "version", "records", "audit_entries", "audit_head", "fault"}
	err := l.show(ctx, columns, func(o *roster.Organization, s store.Snapshot, seen func()) (row, error) {
		report, err := upkeep.Verify(ctx, s, o.ID, seen)
		if report.Fault != "" {
			faults++
		}
		v := verifiedOrg{o.Slug, report.Version, report.Records, report.Entries, report.Head, report.Fault}
		return row{v, dashes(l.out, v.Org, strconv.FormatInt(int64(v.Version), 10), strconv.FormatInt(v.Records, 10),
			strconv.FormatInt(v.Entries, 10), v.Head.String(), v.Fault)}, err
	})
	if err == nil && faults > 0 {
		err = hint(fmt.Errorf("verify the store: something is wrong with %d of %d organizations", faults, len(l.orgs)),
			"keep a copy of it as it is, and report what is shown")
	}
	return err
}

func (l *orgRows) digest(ctx context.Context) error {
	columns := []string{"organization", "version", "rows", "digest"}
	return l.show(ctx, columns, func(o *roster.Organization, s store.Snapshot, seen func()) (row, error) {
		st, err := s.Standing(ctx)
		if err != nil {
			return row{}, err
		}
		sum, err := store.Digest(ctx, s, seen)
		d := digestedOrg{Org: o.Slug, Version: st.Version, Rows: sum.Rows, Digest: sum.Digest}
		for _, t := range sum.Tables {
			d.Tables = append(d.Tables, digestedPart(t))
		}
		return row{d, []string{
			d.Org, strconv.FormatInt(int64(d.Version), 10), strconv.FormatInt(d.Rows, 10), d.Digest.String(),
		}}, err
	})
}

// show shows what fn makes of each organization.
func (l *orgRows) show(
	ctx context.Context, columns []string, fn func(o *roster.Organization, s store.Snapshot, seen func()) (row, error),
) error {
	var failed error
	err := l.out.list(l.app.out, columns, func(yield func(row) bool) {
		for _, o := range l.orgs {
			seen, hide := l.rowsBar("reading "+o.Slug, o)
			var shown row
			failed = inSnapshot(ctx, l.r, o.ID, func(s store.Snapshot) (err error) {
				shown, err = fn(o, s, seen)
				return err
			})
			if hide(); failed != nil {
				failed = doing("read organization "+o.Slug, failed)
				return
			}
			if !yield(shown) {
				return
			}
		}
	})
	return errors.Join(failed, err)
}

// rowsBar shows on a terminal how many rows of an organization are read, until it is hidden. About how many there are
// is taken from its versions and the numbers in use.
func (a *app) rowsBar(title string, o *roster.Organization) (seen, hide func()) {
	progress, hide := a.bar(title, false)
	if progress == nil {
		return func() {}, hide
	}
	const often = 1000
	about := 2 * int64(o.Version)
	for _, t := range roster.Types() {
		about += o.Next.Next(t) - 1
	}
	rows := int64(0)
	return func() {
		if rows++; rows%often == 0 {
			progress(rows, about)
		}
	}, hide
}
