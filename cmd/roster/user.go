package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) users() *cobra.Command {
	k := userKind()
	return group(&cobra.Command{
		Use: "user", Short: "Make, show, change, suspend, delete and list users",
		Long: "Users are named by a reference: " + k.refs + ".",
	},
		k.createCommand(a), a.userShow(), k.updateCommand(a), k.deleteCommand(a),
		a.userStand("suspend", "Suspend a user: tokens that act as the user do not count meanwhile",
			(*apiclient.Client).SuspendUser),
		a.userStand("restore", "Take the suspension of a user back", (*apiclient.Client).RestoreUser),
		a.userUndelete(), a.userErase(), a.userList(), a.userBatch(), a.userBulk(),
	)
}

func userKind() *kind[roster.User] {
	return &kind[roster.User]{
		typ: roster.TypeUser, one: "user", many: "users", arg: "USER",
		refs: "a UUID, a number (7 or number:7), an e-mail address (a@b.c or\n" +
			"email:a@b.c) or an identifier (ada or identifier:ada)",
		flags: userFlags(),
		made:  "--email ada@example.com --name 'Ada Moreno' --role admin", example: "ada@example.com",
		changed: "--status suspended --set phone=null",
		deleted: ", who can be restored; its tokens and invitations can't",
		found:   "`roster user list --search TEXT` finds users",
		columns: userColumns(), cells: userCells,
		get: (*apiclient.Client).User, create: (*apiclient.Client).CreateUser,
		update: (*apiclient.Client).UpdateUser, remove: (*apiclient.Client).DeleteUser,
	}
}

func userColumns() []string {
	return []string{"number", "identifier", "email", "name", "status", "kind", "user_type", "role", "id"}
}

func userCells(u *roster.User) []string {
	return []string{
		strconv.FormatInt(u.Number, 10), u.Identifier, u.Email, u.Name, u.Status.String(), u.Kind.String(),
		u.UserType.String(), u.Role, u.ID.String(),
	}
}

// standing is a call that suspends or restores a user.
type standing func(*apiclient.Client, context.Context, roster.Ref, ...apiclient.Option) (*roster.User, error)

func (a *app) userStand(verb, short string, call standing) *cobra.Command {
	k := userKind()
	cmd := &cobra.Command{
		Use: verb + " --org SLUG USER", Short: short, Args: exactly("USER"),
		Example: "  roster user " + verb + " --org acme ada@example.com --reason 'ticket 4711'",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			u, err := call(api, cmd.Context(), ref, write.options()...)
			if err != nil {
				return doing(verb+" the user", err)
			}
			write.note(a)
			return out.one(a.out, k.columns, k.row(*out, u))
		})
	}
	return cmd
}

func (a *app) userList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list --org SLUG", Short: "List users, or count them", Args: exactly(),
		Long: "A filter compares members with values, as in: status = (active OR invited) AND created_at > ago(30d)\n" +
			"AND NOT kind = virtual. docs/guides/filter.md has all of it.",
		Example: "  roster user list --org acme --filter 'status = active name:ada' --order-by 'created_at desc'\n" +
			"  roster user list --org acme --fields number,email,avatar.type --limit 0 -o csv\n" +
			"  roster user list --org acme --filter 'status = active' --facets role,kind",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	var q userQuery
	q.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		if err := q.check(a.time()); err != nil {
			return usage(cmd, "%w", err)
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			if len(q.Facets) > 0 {
				err := a.showCounts(cmd.Context(), api, []string{"users"}, q.options(), *out)
				return doing("list the users", err)
			}
			return doing("list the users", a.listUsers(cmd.Context(), api, q, *out))
		})
	}
	return cmd
}

// mostOnPage is how many users one request can ask for.
const mostOnPage = 1000

// listUsers asks for as many pages as it takes: for one where that can have all, and otherwise for all from the first
// on.
func (a *app) listUsers(ctx context.Context, api *apiclient.Client, q userQuery, out format) error {
	o := q.options()
	skip := q.skip()
	if q.Limit > 0 && q.Limit <= mostOnPage {
		o.PageSize, o.Page, skip = q.Limit, q.Page, 0
	}
	first, err := api.UserPage(ctx, o)
	if err != nil {
		return err
	}
	if o.Page > 0 {
		first.NextPageToken = "" // which is a page of its own
	}
	columns, show, err := q.shown(out)
	if err != nil {
		return err
	}
	shown := 0
	users := only(q.Limit, after(skip, allFrom(ctx, api, first, o)))
	err = listOf(out, a.out, columns, users, func(u *roster.User) row {
		shown++
		return show(u)
	})
	if err == nil && shown < first.Total && shown > 0 {
		from := q.skip()
		_, _ = fmt.Fprintf(a.err, "%d to %d of %d users\n", from+1, from+shown, first.Total)
	}
	return err
}

// allFrom yields the users of a page and those after it.
func allFrom(
	ctx context.Context, api *apiclient.Client, page apiclient.Page[roster.User], o apiclient.ListOptions,
) iter.Seq2[*roster.User, error] {
	return func(yield func(*roster.User, error) bool) {
		for _, u := range page.Items {
			if !yield(u, nil) {
				return
			}
		}
		if o.PageToken = page.NextPageToken; o.PageToken != "" {
			api.Users(ctx, o)(yield)
		}
	}
}

// count is how many users have a value of a field.
type count struct {
	Field string `json:"field"`
	Value string `json:"value"`
	Count int    `json:"count"`
}

// showCounts shows how many of the records of a list have each value of the fields that o names, the most frequent ones
// of each first.
func (a *app) showCounts(
	ctx context.Context, api *apiclient.Client, list []string, o apiclient.ListOptions, out format,
) error {
	if len(out.fields) > 0 {
		return roster.Errorf(roster.Invalid, "--fields shows records and --facets counts them: give one of both")
	}
	facets, err := api.Counts(ctx, list, o)
	if err != nil {
		return err
	}
	return out.list(a.out, []string{"field", "value", "count"}, func(yield func(row) bool) {
		for _, c := range counts(o.Facets, facets) {
			if !yield(row{c, dashes(out, c.Field, c.Value, strconv.Itoa(c.Count))}) {
				return
			}
		}
	})
}

// compact returns JSON without white space, or nil where it is none.
func compact(doc string) json.RawMessage {
	var value json.RawMessage
	if json.Unmarshal([]byte(doc), &value) != nil {
		return nil
	}
	return value
}
