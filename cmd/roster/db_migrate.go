package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// migrated is what `roster db migrate` shows.
type migrated struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (a *app) dbMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the schema of the store up to date", Args: exactly(),
		Long: "Bring the schema of the store up to date, or make it in a PostgreSQL database that is empty, and\n" +
			"show from which version to which. Every command that opens the store for itself does so, `roster\n" +
			"serve` too: this one is for those who want to see it done before. There is no way back but a backup.",
		Example: "  roster db migrate --store postgres://roster@db.example/roster",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m := migrated{}
		err := a.reading(cmd, *dsn, func(r store.Reader) (err error) {
			m.From, m.To, err = schemas(cmd.Context(), r)
			return err
		})
		if err == nil && m.From != m.To {
			err = bringUpToDate(cmd.Context(), *dsn)
		}
		if err != nil {
			return inUse(doing("migrate the store", err))
		}
		return out.one(a.out, []string{"from", "to"}, row{m, []string{
			strconv.FormatInt(m.From, 10), strconv.FormatInt(m.To, 10),
		}})
	}
	return cmd
}

func schemas(ctx context.Context, r store.Reader) (has, knows int64, err error) {
	info, err := r.Info(ctx)
	return info.Schema, info.Knows, err
}

// bringUpToDate opens a store, which is all that it takes.
func bringUpToDate(ctx context.Context, dsn string) error {
	s, err := open.Store(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(s.Close())
}
