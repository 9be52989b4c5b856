package native

import "github.com/roster-dev/roster"

// The tables of the lists that are all at hand: by which members of the records on the wire each can be filtered,
// ordered, searched and counted. Secrets and their hashes are on no wire, and so in no table.

func groupColumns() columns {
	return columnsOf[roster.Group]("groups",
		member("id").searched(), member("number"), member("name").searched(), member("permissions").bits(),
		member("add_to_cards_and_spaces_enabled"), member("created_at"), member("updated_at"))
}

func spaceColumns() columns {
	return columnsOf[roster.Space]("spaces",
		member("id").searched(), member("number"), member("title").searched(), member("external_id").searched(),
		member("path"), member("sort_order"), member("parent"), member("archived"),
		member("access").of([]string{"by_invite", "for_everyone"}), member("for_everyone_access_role"),
		member("created_at"), member("updated_at"))
}

func roleColumns() columns {
	return columnsOf[roster.Role]("roles",
		member("id").searched(), member("number"), member("handle").searched(), member("name").searched(),
		member("counts_as").of([]string{roster.RoleAdmin, roster.RoleSupport, roster.RoleReadOnly}),
		member("created_at"), member("updated_at"))
}

func tokenColumns() columns {
	return columnsOf[Token]("tokens",
		member("id").searched(), member("name").searched(), member("kind"), member("permissions").of(permissionNames()),
		member("acts_as"), member("dialects"), member("expires_at"), member("revoked_at"), member("allowed_ips"),
		member("last_used_at"), member("created_at"), member("created_by"))
}

func permissionNames() []string {
	var names []string
	for _, p := range roster.AllPermissions() {
		names = append(names, string(p))
	}
	return names
}

func invitationColumns() columns {
	return columnsOf[Invitation]("invitations",
		member("id").searched(), member("user").searched(), member("created_at"), member("expires_at"),
		member("accepted_at"))
}

func webhookColumns() columns {
	return columnsOf[Webhook]("webhooks",
		member("id").searched(), member("name").searched(), member("url").searched(), member("types").of(typeNames()),
		member("filter"), member("permissions").of(permissionNames()), member("enabled"),
		member("disabled_reason").searched(), member("since"),
		member("made_by.token").hidden(), member("made_by.user").hidden(),
		member("made_by.name").hidden(), member("created_at"), member("updated_at"),
		member("delivery.position"), member("delivery.lag"), member("delivery.attempts"),
		member("delivery.next_attempt_at"), member("delivery.last_success_at"), member("delivery.failing_since"))
}

func typeNames() []string {
	var names []string
	for _, t := range roster.Types() {
		names = append(names, string(t))
	}
	return names
}

func deliveryColumns() columns {
	return columnsOf[Delivery]("messages",
		member("id").searched(), member("version"), member("round"), member("state"), member("attempts"),
		member("last_attempt.at"), member("last_attempt.succeeded"), member("last_attempt.status"),
		member("last_attempt.error").searched(), member("last_attempt.latency_ms"))
}

func jobColumns() columns {
	return columnsOf[Job]("jobs",
		member("id").searched(), member("type"), member("state"), member("created_at"), member("started_at"),
		member("ended_at"), member("actor").hidden(),
		member("actor_name").hidden().searched(), member("reason").searched(), member("progress"),
		member("counts.total"), member("counts.done"), member("counts.created"), member("counts.updated"),
		member("counts.deleted"), member("counts.unchanged"), member("counts.skipped"), member("counts.refused"),
		member("version"), member("import.format"), member("import.dry_run"), member("undoes"), member("error.code"))
}

func orgColumns() columns {
	return columnsOf[Organization]("organizations",
		member("id").searched(), member("number"), member("slug").searched(), member("name").searched(),
		member("brand_name").searched(), member("version"), member("created_at"), member("updated_at"))
}

func deletedOrgColumns() columns {
	return columnsOf[Organization]("deleted organizations",
		member("id").searched(), member("number"), member("slug").searched(), member("name").searched(),
		member("brand_name").searched(), member("version"), member("created_at"), member("updated_at"),
		member("deleted_at"), member("purge_at"), member("deleted_by").hidden())
}

func deletedUserColumns() columns {
	return columnsOf[roster.DeletedUser]("deleted users",
		member("id").searched(), member("user.number"), member("user.identifier").searched(),
		member("user.email").searched(), member("user.name").searched(), member("user.description").searched(),
		member("user.kind").of(roster.Kinds()), member("user.status").of(roster.Statuses()),
		member("user.user_type").of(roster.UserTypes()), member("user.role"), member("user.created_at"),
		member("user.updated_at"), member("deleted_at"), member("purge_at"),
		member("deleted_by").hidden())
}

func deletedGroupColumns() columns {
	return columnsOf[roster.DeletedGroup]("deleted groups",
		member("id").searched(), member("group.number"), member("group.name").searched(),
		member("group.permissions").bits(), member("group.created_at"), member("group.updated_at"),
		member("deleted_at"), member("purge_at"), member("deleted_by").hidden())
}

func deletedSpaceColumns() columns {
	return columnsOf[roster.DeletedSpace]("deleted spaces",
		member("id").searched(), member("space.number"), member("space.title").searched(),
		member("space.external_id").searched(), member("space.archived"), member("space.created_at"),
		member("space.updated_at"), member("deleted_at"), member("purge_at"),
		member("deleted_by").hidden())
}

func deletedRoleColumns() columns {
	return columnsOf[roster.DeletedRole]("deleted roles",
		member("id").searched(), member("role.number"), member("role.handle").searched(),
		member("role.name").searched(), member("role.created_at"), member("role.updated_at"), member("deleted_at"),
		member("purge_at"), member("deleted_by").hidden())
}
