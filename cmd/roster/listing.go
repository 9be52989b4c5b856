package main

import (
	"context"
	"iter"
	"strings"

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

// choice says which records to list, and in which order.
type choice struct {
	filter, search, orderBy string
	facets                  []string
}

// choiceFlags adds the flags that choose what a command lists. What they can name, the server knows and says.
func choiceFlags(cmd *cobra.Command, many string) *choice {
	c, flags := &choice{}, cmd.Flags()
	flags.StringVar(&c.filter, "filter", "", "filter that the "+many+" must match, such as 'created_at > ago(30d)'")
	flags.StringVar(&c.search, "search", "", "text to look for in the "+many)
	flags.StringVar(&c.orderBy, "order-by", "",
		"members to order by, with commas between them and desc after one for descending")
	flags.StringSliceVar(&c.facets, "facets", nil, "count the "+many+" by the values of these members instead")
	return c
}

// options returns the options of a list of what was chosen.
func (c *choice) options(at asOf) apiclient.ListOptions {
	return apiclient.ListOptions{
		Filter: c.filter, Search: c.search, OrderBy: c.orderBy, Facets: c.facets, AsOf: roster.Moment(at),
	}
}

// listing makes a command one that lists the records of an organization.
func (l listing[T]) command(a *app, cmd *cobra.Command) *cobra.Command {
	dsn, org, out, which := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd), choiceFlags(cmd, l.many)
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
			return l.write(cmd.Context(), a, api, which.options(at), *out)
		})
	}
	return cmd
}

// write lists the records of an API that options choose.
func (l listing[T]) write(
	ctx context.Context, a *app, api *apiclient.Client, o apiclient.ListOptions, out format,
) error {
	if len(o.Facets) > 0 {
		list := []string{strings.ReplaceAll(l.many, " ", "-")}
		return doing("count the "+l.many, a.showCounts(ctx, api, list, o, out))
	}
	all := l.all(api, ctx, o)
	err := listOf(out, a.out, l.columns, all, func(e *T) row { return l.row(out, e) })
	return doing("list the "+l.many, err)
}
