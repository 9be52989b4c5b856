package main

import (
	"github.com/spf13/cobra"

	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// placedTable is a line of `roster db distribute`.
type placedTable struct {
	Table string `json:"table"`
	// Column is what the rows are spread by; a table without one stays where it is.
	Column    string `json:"column,omitempty"`
	Statement string `json:"statement,omitempty"`
	Why       string `json:"why"`
}

func (a *app) dbDistribute() *cobra.Command {
	cmd := &cobra.Command{
		Use: "distribute", Short: "Spread the tables over a Citus cluster (PostgreSQL)", Args: exactly(),
		Long: "Show by what the tables of a PostgreSQL database are spread over the nodes of a Citus cluster, in\n" +
			"the order in which it is done, and the statements for it. With --apply the statements are carried out\n" +
			"but for those that were before, and only those are shown. Nobody should serve the store meanwhile.",
		Example: "  roster db distribute --store postgres://roster@db.example/roster --apply",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	apply := cmd.Flags().Bool("apply", false, "carry the statements out")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.onStore(cmd); err != nil {
			return err
		}
		placed, err := open.Distribution(cmd.Context(), *dsn, *apply)
		if err != nil {
			return doing("distribute the tables", err)
		}
		return out.list(a.out, []string{"table", "column", "statement", "why"}, func(yield func(row) bool) {
			for _, p := range placed {
				if !yield(placementRow(p, *out)) {
					return
				}
			}
		})
	}
	return cmd
}

func placementRow(p store.Placement, out format) row {
	shown := placedTable{p.Table, p.Column, p.Statement(), p.Why}
	return row{shown, dashes(out, shown.Table, shown.Column, shown.Statement, shown.Why)}
}
