package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
		Example: "  roster user list --org acme --search ada --status active,invited --sort -created_at --limit 20",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	search := cmd.Flags().String("search", "", "text to look for in id, identifier, e-mail, name and description")
	statuses := cmd.Flags().StringSlice("status", nil, "status that users must have; may be repeated")
	keys := cmd.Flags().StringSlice("sort", nil,
		"members to order by, - before one for descending (default: best match first with --search, else number)")
	limit := cmd.Flags().Int("limit", 100, "how many users at the most; 0 for all")
	offset := cmd.Flags().Int("offset", 0, "how many users to leave out at the beginning")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		q := userQuery{Search: *search, Limit: *limit, Offset: *offset}
		if err := q.parse(*statuses, *keys); err != nil {
			return usage(cmd, "%w", err)
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			page, err := in.Users(cmd.Context(), q)
			if err != nil {
				return doing("list the users", err)
			}
			return a.listUsers(page, q.Offset, *out)
		})
	}
	return cmd
}

func (a *app) listUsers(page roster.Page, offset int, out format) error {
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
		_, _ = fmt.Fprintf(a.err, "%d to %d of %d users\n", offset+1, offset+shown, page.Total)
	}
	return err
}

// parse reads the statuses and the keys of the order.
func (q *userQuery) parse(statuses, keys []string) error {
	for _, name := range statuses {
		i := slices.Index(roster.Statuses(), name)
		if i < 0 {
			return roster.FieldErrorf("--status", "must be one of %s, not %q",
				strings.Join(roster.Statuses(), ", "), name)
		}
		q.Statuses = append(q.Statuses, roster.Status(i)) //nolint:gosec // there are seven
	}
	for _, key := range keys {
		name, desc := strings.CutPrefix(key, "-")
		f, ok := roster.FieldByName(name)
		if !ok || !f.Info().Sortable {
			return roster.FieldErrorf("--sort", "must be one of %s, not %q", sortable(), name)
		}
		q.Sort = append(q.Sort, roster.Sort{Field: f, Desc: desc})
	}
	if q.Limit < 0 || q.Offset < 0 {
		return roster.Errorf(roster.Invalid, "--limit and --offset must not be negative")
	}
	return nil
}

func sortable() string {
	var names []string
	for _, f := range roster.Fields() {
		if f.Sortable {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}

// compact returns JSON without white space, or nil where it is none.
func compact(doc string) json.RawMessage {
	var value json.RawMessage
	if json.Unmarshal([]byte(doc), &value) != nil {
		return nil
	}
	return value
}
