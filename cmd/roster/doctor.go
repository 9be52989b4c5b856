package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
)

// diagnosis is a line of `roster doctor`.
type diagnosis struct {
	Org     string         `json:"organization"`
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

func doctorColumns() []string {
	return []string{
		"organization", "version", "users", "bytes", "record_bytes", "text_bytes", "bytes_per_user", "problems",
	}
}

func (d *diagnosis) row() row {
	return row{d, []string{
		d.Org, strconv.FormatInt(int64(d.Version), 10), strconv.Itoa(d.Users), strconv.FormatInt(d.Bytes, 10),
		strconv.FormatInt(d.RecordBytes, 10), strconv.FormatInt(d.TextBytes, 10), strconv.FormatInt(d.PerUser, 10),
		strconv.Itoa(len(d.Problems)),
	}}
}

func (a *app) doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check every organization of a store, and tell what it takes up in memory",
		Args: exactly(),
		Long: "Check every organization of a store: that its history has every version and leads to the records\n" +
			"that the store has, and that what is served from memory is exactly those. Problems go to standard\n" +
			"error; with any, the exit code is 1. The store must not be in use.\n\n" +
			"Sizes are estimates in bytes: record_bytes of the records and their orders, text_bytes of the index\n" +
			"that searches need. -o json and jsonl list every part.",
		Example: "  roster doctor --store sqlite:roster.db",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if a.url != "" || a.token != "" {
			return usage(cmd, "it looks into a store, not at a server: leave out --url and --token")
		}
		if err := a.missing(*dsn); err != nil {
			return err
		}
		l, err := a.openStore(cmd.Context(), *dsn)
		if err != nil {
			return err
		}
		return errors.Join(a.examine(cmd.Context(), l, *out), l.Close())
	}
	return cmd
}

// examine writes a line for each organization and fails where there is a problem.
func (a *app) examine(ctx context.Context, l *local, out format) error {
	orgs, err := l.Orgs(ctx)
	if err != nil {
		return doing("list the organizations", err)
	}
	problems := 0
	var failed error
	err = out.list(a.out, doctorColumns(), func(yield func(row) bool) {
		for _, o := range orgs {
			var d diagnosis
			if d, failed = check(ctx, l, o); failed != nil {
				return
			}
			for _, p := range d.Problems {
				_, _ = fmt.Fprintf(a.err, "organization %s: %s\n", o.Slug, p)
			}
			if problems += len(d.Problems); !yield(d.row()) {
				return
			}
		}
	})
	if err = errors.Join(err, failed); err == nil && problems > 0 {
		err = hint(fmt.Errorf("the store has problems: %d", problems), "keep a copy of it as it is, and report them")
	}
	return err
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
