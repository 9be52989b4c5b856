package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// deletedRecords returns the commands about deleted records, one for each kind that can be restored.
func (a *app) deletedRecords() []*cobra.Command {
	return []*cobra.Command{
		deletedCommand(a, userKind(), &kind[roster.DeletedUser]{
			list: (*apiclient.Client).DeletedUsers, get: (*apiclient.Client).DeletedUser,
			cells: func(d *roster.DeletedUser) []string { return deletedCells(userCells(d.User), d.About()) },
		}),
		deletedCommand(a, groupKind(), &kind[roster.DeletedGroup]{
			list: (*apiclient.Client).DeletedGroups, get: (*apiclient.Client).DeletedGroup,
			cells: func(d *roster.DeletedGroup) []string {
				return deletedCells(groupKind().cells(d.Group), d.About())
			},
		}),
		deletedCommand(a, spaceKind(), &kind[roster.DeletedSpace]{
			list: (*apiclient.Client).DeletedSpaces, get: (*apiclient.Client).DeletedSpace,
			cells: func(d *roster.DeletedSpace) []string {
				return deletedCells(spaceKind().cells(d.Space), d.About())
			},
		}),
		deletedCommand(a, roleKind(), &kind[roster.DeletedRole]{
			list: (*apiclient.Client).DeletedRoles, get: (*apiclient.Client).DeletedRole,
			cells: func(d *roster.DeletedRole) []string { return deletedCells(roleKind().cells(d.Role), d.About()) },
		}),
	}
}

// deletedCells returns the cells of a record that was deleted.
func deletedCells(was []string, about *roster.Deletion) []string {
	return append(was, about.DeletedAt.String(), about.PurgeAt.String())
}

// deletedCommand returns the command about the deleted records of a kind; k has what the client and the columns need.
func deletedCommand[T, D any](a *app, of *kind[T], k *kind[D]) *cobra.Command {
	k.typ, k.one, k.many, k.arg = of.typ.Deleted(), "deleted "+of.one, "deleted "+of.many, of.arg
	k.refs, k.example = "a UUID or a number (7 or number:7)", "7"
	k.found = "`roster " + k.word() + " list` shows what can be restored"
	k.columns = append(of.columns, "deleted_at", "purge_at")
	return group(&cobra.Command{
		Use: k.word(), Short: "Show and list " + k.many + ", which can be restored for a while",
		Long: "Deleted " + of.many + " can be restored with `roster " + of.word() +
			" undelete` until their time is over.\nThey are named by " + k.refs + ".",
	}, k.showCommand(a), k.listCommand(a))
}

// undeleteCommand returns the command that restores a record; restore does it, and returns what could not be given
// back, nil for nothing.
func (k *kind[T]) undeleteCommand(
	a *app, restores string,
	restore func(*apiclient.Client, context.Context, roster.Ref, ...apiclient.Option) (*T, any, error),
) *cobra.Command {
	cmd := &cobra.Command{
		Use: "undelete --org SLUG " + k.arg, Short: "Restore a deleted " + k.one, Args: exactly(k.arg),
		Long:    "Restore a deleted " + k.one + " with the same id and number, " + restores,
		Example: "  roster " + k.word() + " undelete --org acme " + k.example,
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			e, gone, err := restore(api, cmd.Context(), ref, write.options()...)
			if err != nil {
				return hint(doing("restore the "+k.one, err),
					"`roster deleted-%s list` shows what can be restored", k.word())
			}
			write.note(a)
			if err := a.noteGone(gone); err != nil {
				return err
			}
			return out.one(a.out, k.columns, k.row(*out, e))
		})
	}
	return cmd
}

// noteGone says what a record that was restored lacks.
func (a *app) noteGone(gone any) error {
	if gone == nil {
		return nil
	}
	doc, err := json.Marshal(gone)
	if err == nil {
		_, err = fmt.Fprintf(a.err, "not there any more: %s\n", doc)
	}
	return err
}

// lacks is what a record lacks, nil for nothing.
func lacks[T any](gone *T) any {
	if gone == nil {
		return nil
	}
	return gone
}

func (a *app) userUndelete() *cobra.Command {
	const restores = "the same e-mail and identifier, and with what of\nits role, groups and spaces is still there."
	return userKind().undeleteCommand(a, restores, func(
		api *apiclient.Client, ctx context.Context, ref roster.Ref, options ...apiclient.Option,
	) (*roster.User, any, error) {
		u, err := api.UndeleteUser(ctx, ref, options...)
		if err != nil {
			return nil, nil, err
		}
		return u.User, lacks(u.Gone), nil
	})
}

func (a *app) groupUndelete() *cobra.Command {
	const restores = "and with those of its members who are still there."
	return groupKind().undeleteCommand(a, restores, func(
		api *apiclient.Client, ctx context.Context, ref roster.Ref, options ...apiclient.Option,
	) (*roster.Group, any, error) {
		g, err := api.UndeleteGroup(ctx, ref, options...)
		if err != nil {
			return nil, nil, err
		}
		return g.Group, lacks(g.Gone), nil
	})
}

func (a *app) spaceUndelete() *cobra.Command {
	const restores = "and with those of its members who are still there."
	return spaceKind().undeleteCommand(a, restores, func(
		api *apiclient.Client, ctx context.Context, ref roster.Ref, options ...apiclient.Option,
	) (*roster.Space, any, error) {
		s, err := api.UndeleteSpace(ctx, ref, options...)
		if err != nil {
			return nil, nil, err
		}
		return s.Space, lacks(s.Gone), nil
	})
}

func (a *app) roleUndelete() *cobra.Command {
	const restores = "and the same handle, unless another role has it by now."
	return roleKind().undeleteCommand(a, restores, func(
		api *apiclient.Client, ctx context.Context, ref roster.Ref, options ...apiclient.Option,
	) (*roster.Role, any, error) {
		r, err := api.UndeleteRole(ctx, ref, options...)
		if err != nil {
			return nil, nil, err
		}
		return r.Role, nil, nil
	})
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
