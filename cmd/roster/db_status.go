package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// storeStatus is what `roster db status` shows.
type storeStatus struct {
	Engine string `json:"engine"`
	// Schema is the version of the schema, and SchemaKnown the one that this program makes.
	Schema      int64 `json:"schema"`
	SchemaKnown int64 `json:"schema_known"`
	Bytes       int64 `json:"bytes"`
	// The others are not there while the schema is another one.
	Organizations int64       `json:"organizations"`
	Users         int64       `json:"users"`
	Changes       int64       `json:"changes"`
	LastChangeAt  roster.Time `json:"last_change_at,omitzero"`
}

// orgStatus is a line of `roster db status --organizations`.
type orgStatus struct {
	Org          string         `json:"organization"`
	ID           roster.ID      `json:"id"`
	Version      roster.Version `json:"version"`
	Users        int64          `json:"users"`
	LastChangeAt roster.Time    `json:"last_change_at"`
	Entries      int64          `json:"audit_entries"`
	Head         roster.Digest  `json:"audit_head"`
}

func (a *app) dbStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show what the store is and how much there is in it", Args: exactly(),
		Long: "Show what the store is and how much there is in it: its engine, the version of its schema, the room\n" +
			"that it takes, the organizations with their users that are not deleted, their versions, and when the\n" +
			"last change was made. With --organizations there is a line for each, with the last entry of its\n" +
			"audit, which `roster audit verify --known` takes; with --servers one for each server that has a\n" +
			"PostgreSQL database: where the others reach it if organizations are spread, and whether it does what\n" +
			"only one does.",
		Example: "  roster db status --store sqlite:roster.db --organizations -o json",
	}
	dsn, out := storeFlag(cmd), shownFlags(cmd)
	each := cmd.Flags().Bool("organizations", false, "show each organization")
	servers := cmd.Flags().Bool("servers", false, "show each server that has the database")
	cmd.MarkFlagsMutuallyExclusive("organizations", "servers")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.reading(cmd, *dsn, func(r store.Reader) error {
			switch {
			case *each:
				return a.listOrgs(cmd.Context(), r, *out)
			case *servers:
				return a.listServers(cmd.Context(), r, *out)
			}
			return a.showStore(cmd.Context(), r, *out)
		})
	}
	return cmd
}

// reading has fn read the store that a command's flags name.
func (a *app) reading(cmd *cobra.Command, dsn string, fn func(store.Reader) error) error {
	if err := a.onStore(cmd); err != nil {
		return err
	}
	if err := a.missing(dsn); err != nil {
		return err
	}
	r, err := open.Reader(cmd.Context(), dsn)
	if err != nil {
		return doing("open the store", err)
	}
	return errors.Join(fn(r), r.Close())
}

func (a *app) showStore(ctx context.Context, r store.Reader, out format) error {
	info, err := r.Info(ctx)
	if err != nil {
		return doing("read the store", err)
	}
	s := storeStatus{Engine: info.Engine, Schema: info.Schema, SchemaKnown: info.Knows, Bytes: info.Bytes}
	if info.Schema == info.Knows {
		err = eachOrg(ctx, r, func(o *roster.Organization, st store.Standing) bool {
			s.Organizations, s.Users, s.Changes = s.Organizations+1, s.Users+st.Users, s.Changes+int64(st.Version)
			s.LastChangeAt = max(s.LastChangeAt, st.ChangedAt)
			return true
		})
		if err != nil {
			return doing("read the store", err)
		}
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	columns := []string{
		"engine", "schema", "schema_known", "bytes", "organizations", "users", "changes", "last_change_at",
	}
	return out.one(a.out, columns, row{s, []string{
		s.Engine, number(s.Schema), number(s.SchemaKnown), number(s.Bytes), number(s.Organizations), number(s.Users),
		number(s.Changes), s.LastChangeAt.String(),
	}})
}

func (a *app) listOrgs(ctx context.Context, r store.Reader, out format) error {
	columns := []string{"organization", "version", "users", "last_change_at", "audit_entries", "audit_head"}
	var failed error
	err := out.list(a.out, columns, func(yield func(row) bool) {
		failed = eachOrg(ctx, r, func(o *roster.Organization, st store.Standing) bool {
			s := orgStatus{o.Slug, o.ID, st.Version, st.Users, st.ChangedAt, st.Entries, st.Head}
			return yield(row{s, []string{
				s.Org, strconv.FormatInt(int64(s.Version), 10), strconv.FormatInt(s.Users, 10), s.LastChangeAt.String(),
				strconv.FormatInt(s.Entries, 10), s.Head.String(),
			}})
		})
	})
	return errors.Join(doing("read the store", failed), err)
}

// eachOrg calls fn with every organization, until it returns false.
func eachOrg(
	ctx context.Context, r store.Reader, fn func(*roster.Organization, store.Standing) bool,
) error {
	orgs, err := r.Orgs(ctx)
	if err != nil {
		return err
	}
	for _, o := range orgs {
		var st store.Standing
		err := inSnapshot(ctx, r, o.ID, func(s store.Snapshot) (err error) {
			st, err = s.Standing(ctx)
			return err
		})
		if roster.CodeOf(err) == roster.NotFound { // deleted meanwhile
			continue
		}
		if err != nil || !fn(o, st) {
			return err
		}
	}
	return nil
}

// inSnapshot has fn read an organization.
func inSnapshot(ctx context.Context, r store.Reader, org roster.ID, fn func(store.Snapshot) error) error {
	s, err := r.Snapshot(ctx, org)
	if err != nil {
		return err
	}
	return errors.Join(fn(s), s.Close(ctx))
}
