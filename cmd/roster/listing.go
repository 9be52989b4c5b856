package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// listing is what a command shows that lists the records of a type.
type listing[T any] struct {
	// many names the records.
	many    string
	columns []string
	// all asks for them, and row shows one.
	all func(*apiclient.Client, context.Context, apiclient.ListOptions, ...apiclient.Option) iter.Seq2[*T, error]
	row func(format, *T) row
	// present is set where only the present state is known.
	present bool
}

// listing makes a command one that lists the records of an organization.
func (l listing[T]) command(a *app, cmd *cobra.Command) *cobra.Command {
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd)
	var at asOf
	if !l.present {
		at.add(cmd)
	}
	cmd.Args = exactly()
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			return l.write(cmd.Context(), a, api, at, *out)
		})
	}
	return cmd
}

// write lists the records that an API knows, as they were at a moment or are now.
func (l listing[T]) write(ctx context.Context, a *app, api *apiclient.Client, at asOf, out format) error {
	all := l.all(api, ctx, apiclient.ListOptions{AsOf: roster.Moment(at)})
	err := listOf(out, a.out, l.columns, all, func(e *T) row { return l.row(out, e) })
	return doing("list the "+l.many, err)
}
