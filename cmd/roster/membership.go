package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func memberColumns() []string {
	return []string{"number", "identifier", "email", "name", "role", "user"}
}

func memberRow(f format, m *apiclient.Member) row {
	return row{m, dashes(f,
		strconv.FormatInt(m.Number, 10), m.Identifier, m.Email, m.Name, m.Role, m.User.String(),
	)}
}

func (a *app) groupMembers() *cobra.Command {
	return group(&cobra.Command{Use: "member", Short: "List, show, add and remove the members of a group"},
		a.memberList(roster.TypeGroup), a.memberShow(roster.TypeGroup), a.memberAdd(roster.TypeGroup),
		a.memberRemove(roster.TypeGroup))
}

func (a *app) spaceMembers() *cobra.Command {
	return group(&cobra.Command{Use: "member", Short: "List, show, add and remove the members of a space"},
		a.memberList(roster.TypeSpace), a.memberShow(roster.TypeSpace), a.memberAdd(roster.TypeSpace),
		a.memberRemove(roster.TypeSpace))
}

func (a *app) memberList(t roster.Type) *cobra.Command {
	of, arg := string(t), strings.ToUpper(string(t))
	cmd := &cobra.Command{
		Use: "list --org SLUG " + arg, Short: "List the members of a " + of + " by number", Args: exactly(arg),
		Example: "  roster " + of + " member list --org acme 1",
	}
	dsn, org, out, at := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd), asOfFlag(cmd)
	which := choiceFlags(cmd, "members, who are users,")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		ref, err := parseRef(cmd, arg, t, args[0])
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			list := api.GroupMembers
			if t == roster.TypeSpace {
				list = api.SpaceMembers
			}
			o := which.options(*at)
			if len(o.Facets) > 0 {
				path := []string{of + "s", ref.String(), "members"}
				return doing("count the members of the "+of, a.showCounts(cmd.Context(), api, path, o, *out))
			}
			all := list(cmd.Context(), ref, o)
			err := listOf(*out, a.out, memberColumns(), all, func(m *apiclient.Member) row {
				return memberRow(*out, m)
			})
			return doing("list the members of the "+of, err)
		})
	}
	return cmd
}

// membership reads the arguments of a command on one membership.
func membership(cmd *cobra.Command, t roster.Type, args []string) (of, user roster.Ref, err error) {
	if err := require(cmd, "org"); err != nil {
		return of, user, err
	}
	if of, err = parseRef(cmd, strings.ToUpper(string(t)), t, args[0]); err != nil {
		return of, user, err
	}
	user, err = parseRef(cmd, "USER", roster.TypeUser, args[1])
	return of, user, err
}

func (a *app) memberShow(t roster.Type) *cobra.Command {
	of, arg := string(t), strings.ToUpper(string(t))
	cmd := &cobra.Command{
		Use: "show --org SLUG " + arg + " USER", Short: "Show a user as a member of a " + of,
		Args: exactly(arg, "USER"), Example: "  roster " + of + " member show --org acme 1 ada@example.com",
	}
	dsn, org, out, at, show := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd), asOfFlag(cmd), etagFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, user, err := membership(cmd, t, args)
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			get := api.GroupMember
			if t == roster.TypeSpace {
				get = api.SpaceMember
			}
			m, err := get(cmd.Context(), ref, user, append(at.options(), show.tell())...)
			if err != nil {
				return doing("find the member", err)
			}
			return show.one(a, out, memberColumns(), memberRow(*out, m))
		})
	}
	return cmd
}

func (a *app) memberAdd(t roster.Type) *cobra.Command {
	of, arg := string(t), strings.ToUpper(string(t))
	cmd := &cobra.Command{
		Use: "add --org SLUG " + arg + " USER", Short: "Make a user a member of a " + of, Args: exactly(arg, "USER"),
		Example: "  roster " + of + " member add --org acme 1 ada@example.com",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	role := ""
	if t == roster.TypeSpace {
		roles := strings.Join(roster.AccessRoles(), ", ")
		cmd.Short += ", or change the member's role"
		cmd.Example += " --role writer"
		cmd.Flags().StringVar(&role, "role", "reader", "what the member can do: "+roles)
	}
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, user, err := membership(cmd, t, args)
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			var m *apiclient.Member
			if t == roster.TypeSpace {
				m, err = api.PutSpaceMember(cmd.Context(), ref, user, role, write.options()...)
			} else {
				m, err = api.AddGroupMember(cmd.Context(), ref, user, write.options()...)
			}
			if err != nil {
				return doing("add the member", err)
			}
			write.note(a)
			return out.one(a.out, memberColumns(), memberRow(*out, m))
		})
	}
	return cmd
}

func (a *app) memberRemove(t roster.Type) *cobra.Command {
	of, arg := string(t), strings.ToUpper(string(t))
	cmd := &cobra.Command{
		Use: "remove --org SLUG " + arg + " USER", Short: "End the membership of a user in a " + of,
		Args: exactly(arg, "USER"), Example: "  roster " + of + " member remove --org acme 1 ada@example.com",
	}
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, user, err := membership(cmd, t, args)
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			remove := api.RemoveGroupMember
			if t == roster.TypeSpace {
				remove = api.RemoveSpaceMember
			}
			if err := remove(cmd.Context(), ref, user, write.options()...); err != nil {
				return doing("remove the member", err)
			}
			write.note(a)
			return nil
		})
	}
	return cmd
}
