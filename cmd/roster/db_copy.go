package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
	"github.com/roster-dev/roster/internal/upkeep"
)

// copiedOrg is a line of `roster db copy`.
type copiedOrg struct {
	Org     string         `json:"organization"`
	Version roster.Version `json:"version"`
	Rows    int64          `json:"rows"`
	Digest  roster.Digest  `json:"digest"`
	// State is copied, or there where it was before.
	State string `json:"state"`
}

func (a *app) dbCopy() *cobra.Command {
	cmd := &cobra.Command{
		Use: "copy --from STORE --to STORE", Short: "Copy a store into another one, of any engine", Args: exactly(),
		Long: "Copy a store into another one, of any engine: each organization with all that is kept of it, its\n" +
			"history, audit, deleted users, jobs, answers, uses of tokens and places of webhooks. What was copied\n" +
			"is read again and held to what was read first. An organization is copied as it is at one moment and\n" +
			"is complete in --to or not there; those that are there are left out. So a copy that was interrupted\n" +
			"is gone on with by the same command. Nobody may serve --to. To move, stop who serves --from as well:\n" +
			"what is written after an organization was read is not in the copy.",
		Example: "  roster db copy --from sqlite:roster.db --to postgres://roster@db.example/roster",
	}
	out := outputFlag(cmd)
	from := cmd.Flags().String("from", "", "the store to read")
	to := cmd.Flags().String("to", "", "the store to write, which is made where there is none")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(a.onStore(cmd), require(cmd, "from", "to")); err != nil {
			return err
		}
		if err := a.missing(*from); err != nil {
			return err
		}
		c, err := openCopy(cmd.Context(), *from, *to)
		if err != nil {
			return inUse(doing("open the stores", err))
		}
		c.orgRows = orgRows{app: a, r: c.from, out: *out}
		return errors.Join(c.run(cmd.Context()), c.close())
	}
	return cmd
}

// storeCopy is a copy under way.
type storeCopy struct {
	orgRows

	from store.Reader
	to   upkeep.Target
	// closers close what is open, in the reverse order.
	closers []interface{ Close() error }
}

func (c *storeCopy) close() (err error) {
	for i := range c.closers {
		err = errors.Join(err, c.closers[len(c.closers)-1-i].Close())
	}
	return err
}

// openCopy opens both stores.
func openCopy(ctx context.Context, from, to string) (*storeCopy, error) {
	c := &storeCopy{}
	err := c.open(ctx, from, to)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *storeCopy) open(ctx context.Context, from, to string) (err error) {
	if c.from, err = open.Reader(ctx, from); err != nil {
		return err
	}
	c.closers = append(c.closers, c.from)
	target, err := open.Store(ctx, to)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, target)
	var ok bool
	if c.to.Filler, ok = target.(store.Filler); !ok {
		return roster.Errorf(roster.Invalid, "what is copied to %s is gone with the process", to)
	}
	if c.to.Reader, err = open.Reader(ctx, to); err != nil {
		return err
	}
	c.closers = append(c.closers, c.to.Reader)
	return nil
}

// run copies every organization.
func (c *storeCopy) run(ctx context.Context) (err error) {
	if c.orgs, err = c.from.Orgs(ctx); err != nil {
		return doing("read the store", err)
	}
	var failed error
	columns := []string{"organization", "version", "rows", "digest", "state"}
	err = c.out.list(c.app.out, columns, func(yield func(row) bool) {
		for i, o := range c.orgs {
			seen, hide := c.rowsBar(fmt.Sprintf("copying %s (%d of %d)", o.Slug, i+1, len(c.orgs)), o)
			var copied upkeep.Copied
			copied, failed = upkeep.Copy(ctx, c.from, c.to, o.ID, seen)
			if hide(); failed != nil {
				failed = hint(doing("copy organization "+o.Slug, failed),
					"the same command goes on with those that are not there yet")
				return
			}
			if !yield(copiedRow(o.Slug, copied)) {
				return
			}
		}
	})
	return errors.Join(failed, err)
}

func copiedRow(slug string, c upkeep.Copied) row {
	shown := copiedOrg{slug, c.Version, c.Rows, c.Digest, "copied"}
	if c.WasThere {
		shown.State = "there"
	}
	return row{shown, []string{
		shown.Org, strconv.FormatInt(int64(shown.Version), 10), strconv.FormatInt(shown.Rows, 10),
		shown.Digest.String(), shown.State,
	}}
}
