package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) spaces() *cobra.Command {
	k := spaceKind()
	return group(&cobra.Command{
		Use: "space", Short: "Make, show, change, delete and list spaces, and their members",
		Long: "Spaces are places of work that users have a role in: " + strings.Join(roster.AccessRoles(), ", ") +
			". They are named by " + k.refs + ".",
	}, k.createCommand(a), k.showCommand(a), k.updateCommand(a), k.deleteCommand(a), a.spaceUndelete(),
		k.listCommand(a), a.spaceMembers())
}

func spaceKind() *kind[roster.Space] {
	return &kind[roster.Space]{
		typ: roster.TypeSpace, one: "space", many: "spaces", arg: "SPACE", refs: "a UUID or a number (7 or number:7)",
		flags: []memberFlag{
			{name: "title", doc: "title"},
			{name: "number", doc: "number (default: the next free one)", value: int64Member{}},
			{name: "access", doc: "by_invite or for_everyone"},
			{name: "external_id", doc: "id in another system"},
			{name: "parent", doc: "UUID of the space above"},
			{name: "archived", doc: "the space is not used any more", value: boolMember{}},
		},
		made: "--title Warehouse --access by_invite", changed: "--archived", example: "1",
		deleted: ", which is taken from its users, too; it can be restored",
		found:   "`roster space list` shows the spaces",
		columns: []string{"number", "title", "access", "archived", "id"},
		cells: func(s *roster.Space) []string {
			return []string{
				strconv.FormatInt(s.Number, 10), s.Title, s.Access, strconv.FormatBool(s.Archived), s.ID.String(),
			}
		},
		list: (*apiclient.Client).Spaces, get: (*apiclient.Client).Space, create: (*apiclient.Client).CreateSpace,
		update: (*apiclient.Client).UpdateSpace, remove: (*apiclient.Client).DeleteSpace,
	}
}
