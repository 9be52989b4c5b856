package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) groups() *cobra.Command {
	k := groupKind()
	return group(&cobra.Command{
		Use: "group", Short: "Make, show, change, delete and list groups, and their members",
		Long: "Groups are sets of users who share permission bits. They are named by " + k.refs + ".",
	}, k.createCommand(a), k.showCommand(a), k.updateCommand(a), k.deleteCommand(a), a.groupUndelete(),
		k.listCommand(a), a.groupMembers())
}

func groupKind() *kind[roster.Group] {
	return &kind[roster.Group]{
		typ: roster.TypeGroup, one: "group", many: "groups", arg: "GROUP", refs: "a UUID or a number (7 or number:7)",
		flags: []memberFlag{
			{name: "name", doc: "name"},
			{name: "number", doc: "number (default: the next free one)", value: int64Member{}},
			{name: "permissions", doc: "mask of the permission bits that every member has", value: int64Member{}},
		},
		made: "--name 'Night shift' --permissions 4", changed: "--permissions 6", example: "1",
		deleted: ", which is taken from its users, too; it can be restored",
		found:   "`roster group list` shows the groups",
		columns: []string{"number", "name", "permissions", "id"},
		cells: func(g *roster.Group) []string {
			return []string{
				strconv.FormatInt(g.Number, 10), g.Name, strconv.FormatInt(g.Permissions, 10), g.ID.String(),
			}
		},
		list: (*apiclient.Client).Groups, get: (*apiclient.Client).Group, create: (*apiclient.Client).CreateGroup,
		update: (*apiclient.Client).UpdateGroup, remove: (*apiclient.Client).DeleteGroup,
	}
}
