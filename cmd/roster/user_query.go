package main

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/filter"
)

// userQuery asks for users in the ways that the command line knows.
type userQuery struct {
	Filter, Search, OrderBy string
	Fields, Facets          []string
	// Limit is how many users a page has, 0 for all users, and Page the number of the page, from 1.
	Limit, Page int
	// AsOf is when the users are of; zero is now.
	AsOf asOf
}

// asOf is the flag --as-of.
type asOf roster.Moment

func (m *asOf) String() string { return roster.Moment(*m).String() }

func (*asOf) Type() string { return "VERSION|TIME" }

func (m *asOf) Set(s string) error {
	moment, err := roster.ParseMoment(s)
	*m = asOf(moment)
	return err
}

func (m *asOf) add(cmd *cobra.Command) {
	cmd.Flags().Var(m, "as-of", "show what was at a version, or at a time such as 2026-01-31T00:00:00Z")
}

// asOfFlag adds the flag --as-of to a command that shows one record.
func asOfFlag(cmd *cobra.Command) *asOf {
	m := &asOf{}
	m.add(cmd)
	return m
}

// options returns the options of a call that reads a record.
func (m *asOf) options() []apiclient.Option {
	if *m == (asOf{}) {
		return nil
	}
	return []apiclient.Option{apiclient.AsOf(roster.Moment(*m))}
}

func (q *userQuery) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&q.Filter, "filter", "", "filter that users must match, such as status=active")
	flags.StringVar(&q.Search, "search", "", "text to look for in id, identifier, e-mail, name and description")
	flags.StringVar(&q.OrderBy, "order-by", "", "members to order by, with commas between them and desc after one for "+
		"descending (default: best match first with --search, else number)")
	flags.StringSliceVar(&q.Fields, "fields", nil, "members to show, with commas between, as in email,avatar.type")
	flags.StringSliceVar(&q.Facets, "facets", nil, "count the users by the values of these members instead")
	flags.IntVar(&q.Limit, "limit", 100, "how many users a page has; 0 for all users")
	flags.IntVar(&q.Page, "page", 1, "the number of the page")
	q.AsOf.add(cmd)
}

// skip returns how many users stand before the page.
func (q *userQuery) skip() int { return dialect.Offset(int64(q.Page), int64(q.Limit)) }

func (q *userQuery) options() apiclient.ListOptions {
	return apiclient.ListOptions{
		Filter: q.Filter, Search: q.Search, OrderBy: q.OrderBy, Fields: q.Fields, Facets: q.Facets,
		PageSize: mostOnPage, AsOf: roster.Moment(q.AsOf),
	}
}

// check fails for what is no query, in the words of the flags. What only a server knows, it says.
func (q *userQuery) check(now roster.Time) error {
	if q.Limit < 0 || q.Page < 1 {
		return roster.Errorf(roster.Invalid, "--limit must be at least 0 and --page at least 1")
	}
	if q.Limit == 0 && q.Page > 1 {
		return roster.Errorf(roster.Invalid, "there is only one --page where --limit 0 asks for all users")
	}
	if len(q.Fields) > 0 && len(q.Facets) > 0 {
		return roster.Errorf(roster.Invalid, "--fields shows users and --facets counts them: give one of both")
	}
	_, badFilter := filter.Parse(q.Filter, nil, now)
	_, badOrder := filter.ParseOrder(q.OrderBy, nil)
	_, badFields := roster.Select(q.Fields, nil)
	for _, f := range []struct {
		flag string
		err  error
	}{{"--filter", badFilter}, {"--order-by", badOrder}, {"--fields", badFields}} {
		if f.err != nil {
			return roster.FieldErrorf(f.flag, "%s", roster.AsError(f.err).Message)
		}
	}
	return nil
}

// shown returns the columns of a list, and how it shows a user.
func (q *userQuery) shown(out format) (columns []string, show func(*roster.User) row, err error) {
	if len(q.Fields) == 0 {
		k := userKind()
		return k.columns, func(u *roster.User) row { return k.row(out, u) }, nil
	}
	selection, err := roster.Select(q.Fields, nil)
	if err != nil {
		return nil, nil, err
	}
	return q.Fields, func(u *roster.User) row { return choose(selection, u).row(out, q.Fields) }, nil
}

// after yields what comes after some elements of a list.
func after[T any](skip int, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := skip
		for e, err := range list {
			if left--; left >= 0 && err == nil {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// counts returns the counts of the fields in order, the most frequent values of each first.
func counts(fields []string, facets map[string]map[string]int) []count {
	var list []count
	for _, field := range fields {
		of := make([]count, 0, len(facets[field]))
		for value, n := range facets[field] {
			of = append(of, count{field, value, n})
		}
		slices.SortFunc(of, func(a, b count) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		list = append(list, of...)
	}
	return list
}
