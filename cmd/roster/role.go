package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) roles() *cobra.Command {
	k := roleKind()
	return group(&cobra.Command{
		Use: "role", Short: "Make, show, change, delete and list roles",
		Long: "Roles are named levels of access that users hold. The built-in ones are admin, support and\n" +
			"read_only. Roles are named by " + k.refs + ".",
	}, k.createCommand(a), k.showCommand(a), k.updateCommand(a), k.deleteCommand(a), a.roleUndelete(),
		k.listCommand(a))
}

func roleKind() *kind[roster.Role] {
	return &kind[roster.Role]{
		typ: roster.TypeRole, one: "role", many: "roles", arg: "ROLE",
		refs: "a handle (auditor or handle:auditor), a UUID or a number (7 or number:7)",
		flags: []memberFlag{
			{name: "handle", doc: "handle, which users name the role by"},
			{name: "name", doc: "name"},
			{name: "number", doc: "number (default: the next free one)", value: int64Member{}},
			{name: "counts_as", doc: "handle of the built-in role that the role counts as"},
		},
		made: "--handle auditor --name Auditor --counts-as read_only", changed: "--name Auditors", example: "auditor",
		deleted: "; not a built-in one, nor one that users hold", found: "`roster role list` shows the roles",
		columns: []string{"number", "handle", "name", "counts_as", "id"},
		cells: func(r *roster.Role) []string {
			return []string{strconv.FormatInt(r.Number, 10), r.Handle, r.Name, r.CountsAs, r.ID.String()}
		},
		list: (*apiclient.Client).Roles, get: (*apiclient.Client).Role, create: (*apiclient.Client).CreateRole,
		update: (*apiclient.Client).UpdateRole, remove: (*apiclient.Client).DeleteRole,
	}
}
