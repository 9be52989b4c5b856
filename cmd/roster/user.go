package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
)

func (a *app) users() *cobra.Command {
	return group(&cobra.Command{
		Use: "user", Short: "Make, show, change, delete and list users",
		Long: "Users are named by a reference: a UUID, a number (7 or number:7), an e-mail address (a@b.c or\n" +
			"email:a@b.c) or an identifier (ada or identifier:ada).",
	}, a.userCreate(), a.userShow(), a.userUpdate(), a.userDelete(), a.userList())
}

func userColumns() []string {
	return []string{"number", "identifier", "email", "name", "status", "kind", "user_type", "role", "id"}
}

func userRow(f format, u *roster.User) row {
	return row{u, dashes(f,
		strconv.FormatInt(u.Number, 10), u.Identifier, u.Email, u.Name, u.Status.String(), u.Kind.String(),
		u.UserType.String(), u.Role, u.ID.String(),
	)}
}

func (a *app) userCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create --org SLUG", Short: "Make a user", Args: exactly(),
		Example: "  roster user create --org acme --email ada@example.com --name 'Ada Moreno' --role admin",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	members := memberFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		doc, err := a.document(cmd, members)
		if err != nil {
			return doing("create the user", err)
		}
		record, err := roster.ParseEntity(roster.TypeUser, doc)
		if err != nil {
			return doing("create the user", err)
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			ops, err := in.Do(cmd.Context(), roster.Create{Record: record})
			if err != nil {
				return doing("create the user", err)
			}
			made := after(ops, func(*roster.User) bool { return true })
			return a.showUser(cmd.Context(), in, roster.Ref{ID: made.ID}, *out)
		})
	}
	return cmd
}

func (a *app) showUser(ctx context.Context, in account, ref roster.Ref, out format) error {
	u, err := in.User(ctx, ref)
	if err != nil {
		return hint(doing("find the user", err), "`roster user list --search TEXT` finds users")
	}
	return out.one(a.out, userColumns(), userRow(out, u))
}

func (a *app) userShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show --org SLUG USER", Short: "Show a user", Args: exactly("USER")}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := userArgument(cmd, args[0])
		if err != nil {
			return err
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			return a.showUser(cmd.Context(), in, ref, *out)
		})
	}
	return cmd
}

// userArgument reads the argument of commands on one user of an organization.
func userArgument(cmd *cobra.Command, arg string) (roster.Ref, error) {
	if err := require(cmd, "org"); err != nil {
		return roster.Ref{}, err
	}
	ref, err := roster.ParseRef(arg)
	if err != nil {
		return roster.Ref{}, usage(cmd, "the argument USER: %w", err)
	}
	return ref, nil
}

func (a *app) userUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update --org SLUG USER", Short: "Change members of a user; the others stay as they are",
		Args:    exactly("USER"),
		Example: "  roster user update --org acme ada@example.com --status suspended --set phone=null",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	members := memberFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := userArgument(cmd, args[0])
		if err != nil {
			return err
		}
		patch, err := a.document(cmd, members)
		if err != nil {
			return doing("update the user", err)
		}
		if string(patch) == "{}" {
			return usage(cmd, "there is nothing to change")
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			return a.updateUser(cmd.Context(), in, roster.Update{Type: roster.TypeUser, Ref: ref, Patch: patch}, *out)
		})
	}
	return cmd
}

func (a *app) updateUser(ctx context.Context, in account, c roster.Update, out format) error {
	before, err := in.User(ctx, c.Ref)
	if err == nil {
		c.Ref = roster.Ref{ID: before.ID} // the update may change what the user was named by
		_, err = in.Do(ctx, c)
	}
	if err != nil {
		return doing("update the user", err)
	}
	return a.showUser(ctx, in, c.Ref, out)
}

func (a *app) userDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete --org SLUG USER", Short: "Delete a user, with the invitations and tokens that act for it",
		Args: exactly("USER"),
	}
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := userArgument(cmd, args[0])
		if err != nil {
			return err
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			_, err := in.Do(cmd.Context(), roster.Delete{Type: roster.TypeUser, Ref: ref})
			return doing("delete the user", err)
		})
	}
	return cmd
}

func (a *app) userList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list --org SLUG", Short: "List users", Args: exactly(),
		Long: "A filter compares members with values, as in: status = (active OR invited) AND created_at > ago(30d)\n" +
			"AND NOT kind = virtual. docs/guides/filter.md has all of it.",
		Example: "  roster user list --org acme --filter 'status = active name:ada' --order-by 'created_at desc'",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	var q userQuery
	flags := cmd.Flags()
	flags.StringVar(&q.Filter, "filter", "", "filter that users must match, such as status=active")
	flags.StringVar(&q.Search, "search", "", "text to look for in id, identifier, e-mail, name and description")
	flags.StringVar(&q.OrderBy, "order-by", "", "members to order by, with commas between them and desc after one for "+
		"descending (default: best match first with --search, else number)")
	flags.IntVar(&q.Limit, "limit", 100, "how many users a page has; 0 for all users")
	flags.IntVar(&q.Page, "page", 1, "the number of the page")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		if err := q.check(a.time()); err != nil {
			return usage(cmd, "%w", err)
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			page, err := in.Users(cmd.Context(), q)
			if err != nil {
				return doing("list the users", err)
			}
			return a.listUsers(page, q.skip(), *out)
		})
	}
	return cmd
}

// check fails for what is no query, in the words of the flags.
func (q userQuery) check(now roster.Time) error {
	if q.Limit < 0 || q.Page < 1 {
		return roster.Errorf(roster.Invalid, "--limit must be at least 0 and --page at least 1")
	}
	if q.Limit == 0 && q.Page > 1 {
		return roster.Errorf(roster.Invalid, "there is only one --page where --limit 0 asks for all users")
	}
	_, err := q.query(now)
	if err == nil {
		return nil
	}
	e := roster.AsError(err)
	return roster.FieldErrorf("--"+strings.ReplaceAll(e.Field, "_", "-"), "%s", e.Message)
}

func (a *app) listUsers(page roster.Page, skipped int, out format) error {
	shown := 0
	err := out.list(a.out, userColumns(), func(yield func(row) bool) {
		for u := range page.Users {
			shown++
			if !yield(userRow(out, u)) {
				return
			}
		}
	})
	if err == nil && shown < page.Total && shown > 0 {
		_, _ = fmt.Fprintf(a.err, "%d to %d of %d users\n", skipped+1, skipped+shown, page.Total)
	}
	return err
}

// compact returns JSON without white space, or nil where it is none.
func compact(doc string) json.RawMessage {
	var value json.RawMessage
	if json.Unmarshal([]byte(doc), &value) != nil {
		return nil
	}
	return value
}
