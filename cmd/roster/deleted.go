package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) deletedUsers() *cobra.Command {
	k := deletedKind()
	return group(&cobra.Command{
		Use: "deleted-user", Short: "Show and list deleted users, who can be restored for a while",
		Long: "Deleted users can be restored with `roster user undelete` until their time is over. They are named\n" +
			"by " + k.refs + ".",
	}, k.showCommand(a), k.listCommand(a))
}

func deletedKind() *kind[roster.DeletedUser] {
	return &kind[roster.DeletedUser]{
		typ: roster.TypeDeletedUser, one: "deleted user", many: "deleted users", arg: "USER",
		refs: "a UUID or a number (7 or number:7)", example: "7",
		found:   "`roster deleted-user list` shows who can be restored",
		columns: []string{"number", "identifier", "email", "name", "deleted_at", "purge_at", "id"},
		cells: func(u *roster.DeletedUser) []string {
			return []string{
				strconv.FormatInt(u.User.Number, 10), u.User.Identifier, u.User.Email, u.User.Name,
				u.DeletedAt.String(), u.PurgeAt.String(), u.ID.String(),
			}
		},
		list: (*apiclient.Client).DeletedUsers, get: (*apiclient.Client).DeletedUser,
	}
}

func (a *app) userUndelete() *cobra.Command {
	k := userKind()
	cmd := &cobra.Command{
		Use: "undelete --org SLUG USER", Short: "Restore a deleted user", Args: exactly("USER"),
		Long: "Restore a deleted user with the same id, number, e-mail and identifier, and with what of its role,\n" +
			"groups and spaces is still there.",
		Example: "  roster user undelete --org acme ada@example.com",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			u, err := api.UndeleteUser(cmd.Context(), ref, write.options()...)
			if err != nil {
				return hint(doing("restore the user", err), "`roster deleted-user list` shows who can be restored")
			}
			write.note(a)
			if err := a.noteGone(u.Gone); err != nil {
				return err
			}
			return out.one(a.out, k.columns, k.row(*out, u.User))
		})
	}
	return cmd
}

// noteGone says what a user who was restored lacks.
func (a *app) noteGone(g *apiclient.Gone) error {
	if g == nil {
		return nil
	}
	doc, err := json.Marshal(g)
	if err == nil {
		_, err = fmt.Fprintf(a.err, "not there any more: %s\n", doc)
	}
	return err
}

func (a *app) userErase() *cobra.Command {
	k := userKind()
	cmd := &cobra.Command{
		Use: "erase --org SLUG USER --yes", Short: "Erase a user for good, also from the history and the audit",
		Args: exactly("USER"),
		Long: "Erase a user, deleted or not, for good: the record, its invitations and tokens, and everything that\n" +
			"the history and the audit say about it; only ids stay. It can't be undone. See\n" +
			"docs/guides/deleting-people.md.",
		Example: "  roster user erase --org acme ada@example.com --yes --reason 'ticket 4711'",
	}
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	write := changeFlag(cmd)
	yes := cmd.Flags().Bool("yes", false, "really do it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		if !*yes {
			return usage(cmd, "this can't be undone: say --yes to erase %s", args[0])
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			if err := api.EraseUser(cmd.Context(), ref, write.options()...); err != nil {
				return doing("erase the user", err)
			}
			write.note(a)
			return nil
		})
	}
	return cmd
}
