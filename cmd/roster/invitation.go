package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) invitations() *cobra.Command {
	return group(&cobra.Command{
		Use: "invitation", Short: "Invite users, and show, repeat, accept and delete invitations",
		Long: "An invitation has a secret, which is shown once and makes the invited user active when the\n" +
			"invitation is accepted. Invitations are named by a UUID.",
	}, a.invitationCreate(), a.invitationShow(), a.invitationUpdate(), a.invitationResend(), a.invitationAccept(),
		a.invitationDelete(), a.invitationList())
}

// shownInvitation is an invitation as it is shown, with the secret only when it is made.
type shownInvitation struct {
	ID         roster.ID   `json:"id"`
	Secret     string      `json:"secret,omitempty"`
	User       roster.ID   `json:"user"`
	Status     string      `json:"status"`
	CreatedAt  roster.Time `json:"created_at,omitzero"`
	ExpiresAt  roster.Time `json:"expires_at,omitzero"`
	AcceptedAt roster.Time `json:"accepted_at,omitzero"`
}

func invitationColumns() []string {
	return []string{"id", "user", "status", "created_at", "expires_at", "accepted_at"}
}

func (a *app) invitationRow(f format, i *roster.Invitation, secret string) row {
	status := "open"
	switch {
	case i.AcceptedAt != 0:
		status = "accepted"
	case i.ExpiresAt != 0 && i.ExpiresAt <= a.time():
		status = "expired"
	}
	shown := &shownInvitation{i.ID, secret, i.User, status, i.CreatedAt, i.ExpiresAt, i.AcceptedAt}
	return row{shown, dashes(f,
		i.ID.String(), i.User.String(), status, i.CreatedAt.String(), i.ExpiresAt.String(), i.AcceptedAt.String(),
	)}
}

// showInvited shows an invitation that was just made.
func (a *app) showInvited(out format, i *apiclient.Invited) error {
	r := a.invitationRow(out, &i.Invitation, i.Secret)
	r.cells = append([]string{i.Secret}, r.cells...)
	return out.one(a.out, append([]string{"secret"}, invitationColumns()...), r)
}

// expiry adds the flag for how long an invitation counts.
func (a *app) expiry(cmd *cobra.Command) func() roster.Time {
	in := cmd.Flags().Duration("expires-in", 0, "how long the invitation can be accepted (default: seven days)")
	return func() roster.Time {
		if *in == 0 {
			return 0
		}
		return a.time().Add(*in)
	}
}

func (a *app) invitationCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create --org SLUG", Short: "Invite a user, and show the secret of the invitation, once", Args: exactly(),
		Long: "Make a user with the status invited, or take one that has it (--user), and an invitation in the\n" +
			"place of earlier ones.",
		Example: "  roster invitation create --org acme --email ada@example.com --name 'Ada Moreno'\n" +
			"  roster invitation create --org acme --user ada@example.com --expires-in 72h",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	user := cmd.Flags().String("user", "", "a user who is invited already, instead of one to make")
	members, expires, write := memberFlags(cmd, userFlags()), a.expiry(cmd), writeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		invite, err := a.inviter(cmd, *user, members)
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			made, err := invite(api, expires(), write.options())
			if err != nil {
				return doing("invite the user", err)
			}
			write.note(a)
			return a.showInvited(*out, made)
		})
	}
	return cmd
}

// inviter is what invites.
type inviter func(*apiclient.Client, roster.Time, []apiclient.Option) (*apiclient.Invited, error)

// inviter returns what invites the user that the flags of a command describe.
func (a *app) inviter(cmd *cobra.Command, user string, m *members) (inviter, error) {
	if user == "" {
		u, err := userKind().record(a, cmd, m)
		return func(api *apiclient.Client, expires roster.Time, o []apiclient.Option) (*apiclient.Invited, error) {
			return api.Invite(cmd.Context(), u, expires, o...)
		}, doing("invite the user", err)
	}
	if doc, err := a.document(cmd, m); err != nil || string(doc) != "{}" {
		return nil, usage(cmd, "--user names a user who is there: the members of one to make do not go with it")
	}
	ref, err := parseRef(cmd, "--user", roster.TypeUser, user)
	return func(api *apiclient.Client, expires roster.Time, o []apiclient.Option) (*apiclient.Invited, error) {
		return api.InviteAgain(cmd.Context(), ref, expires, o...)
	}, err
}

// onInvitation returns a command on one invitation.
func (a *app) onInvitation(
	cmd *cobra.Command, call func(cmd *cobra.Command, api *apiclient.Client, id roster.ID) error,
) *cobra.Command {
	return a.onID(cmd, roster.TypeInvitation, nil,
		func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, _ []string) error {
			return call(cmd, api, id)
		})
}

func (a *app) invitationShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show --org SLUG ID", Short: "Show an invitation, without its secret",
		Example: "  roster invitation show --org acme 0190a000-0000-7000-8000-000000000001",
	}
	out, at, show := shownFlags(cmd), asOfFlag(cmd), etagFlag(cmd)
	return a.onInvitation(cmd, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID) error {
		i, err := api.Invitation(cmd.Context(), id, append(at.options(), show.tell())...)
		if err != nil {
			return doing("find the invitation", err)
		}
		return show.one(a, out, invitationColumns(), a.invitationRow(*out, i, ""))
	})
}

func (a *app) invitationUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update --org SLUG ID", Short: "Change for how long an invitation can be accepted, from now on",
		Long: "Change for how long an invitation can be accepted. The secret of one that has expired works again.\n" +
			"With what role and groups somebody is invited is said by the user: `roster user update` changes it.",
		Example: "  roster invitation update --org acme 0190a000-0000-7000-8000-000000000001 --expires-in 72h",
	}
	out, expires, write := outputFlag(cmd), a.expiry(cmd), changeFlag(cmd)
	return a.onInvitation(cmd, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID) error {
		patch := []byte(`{"expires_at":null}`)
		if at := expires(); at != 0 {
			patch = fmt.Appendf(nil, `{"expires_at":%q}`, at)
		}
		i, err := api.UpdateInvitation(cmd.Context(), id, patch, write.options()...)
		if err != nil {
			return doing("change the invitation", err)
		}
		write.note(a)
		return out.one(a.out, invitationColumns(), a.invitationRow(*out, i, ""))
	})
}

func (a *app) invitationResend() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resend --org SLUG ID", Short: "Invite the same user again, with a new secret, in place of it",
		Example: "  roster invitation resend --org acme 0190a000-0000-7000-8000-000000000001 --expires-in 72h",
	}
	out, expires, write := outputFlag(cmd), a.expiry(cmd), changeFlag(cmd)
	return a.onInvitation(cmd, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID) error {
		made, err := api.ResendInvitation(cmd.Context(), id, expires(), write.options()...)
		if err != nil {
			return doing("resend the invitation", err)
		}
		write.note(a)
		return a.showInvited(*out, made)
	})
}

func (a *app) invitationDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete --org SLUG ID", Short: "Delete an invitation: its secret works no more",
		Example: "  roster invitation delete --org acme 0190a000-0000-7000-8000-000000000001",
	}
	write := changeFlag(cmd)
	return a.onInvitation(cmd, func(cmd *cobra.Command, api *apiclient.Client, id roster.ID) error {
		if err := api.DeleteInvitation(cmd.Context(), id, write.options()...); err != nil {
			return doing("delete the invitation", err)
		}
		write.note(a)
		return nil
	})
}

func (a *app) invitationAccept() *cobra.Command {
	cmd := &cobra.Command{
		Use: "accept --org SLUG SECRET", Short: "Accept an invitation: its user becomes active",
		Args:    exactly("SECRET"),
		Example: "  roster invitation accept --org acme rst_...",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	write := writeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			i, err := api.AcceptInvitation(cmd.Context(), args[0], write.options()...)
			if err != nil {
				return doing("accept the invitation", err)
			}
			write.note(a)
			return out.one(a.out, invitationColumns(), a.invitationRow(*out, i, ""))
		})
	}
	return cmd
}

func (a *app) invitationList() *cobra.Command {
	return listing[roster.Invitation]{
		many: "invitations", columns: invitationColumns(), all: (*apiclient.Client).Invitations,
		row: func(f format, i *roster.Invitation) row { return a.invitationRow(f, i, "") },
	}.command(a, &cobra.Command{
		Use: "list --org SLUG", Short: "List the invitations in the order of their creation, without their secrets",
		Example: "  roster invitation list --org acme -o jsonl",
	})
}
