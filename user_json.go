package roster

// member is one member of the JSON form of a T.
type member[T any] struct {
	// head is the comma, the name and the colon.
	head string
	// always says that the member is written even without a value.
	always bool
	// at returns a pointer to the member's value.
	at func(*T) any
}

// name returns the member's name.
func (m *member[T]) name() string { return m.head[len(`,"`) : len(m.head)-len(`":`)] }

// members are the members of the JSON form of a T in the order in which they are written: what the tags of T say, for
// reading and writing without reflection. There are at most 128.
type members[T any] []member[T]

// always is a member that is written even without a value.
func always[T any](name string, at func(*T) any) member[T] {
	return member[T]{`,"` + name + `":`, true, at}
}

// filled is a member that is written where it has a value.
func filled[T any](name string, at func(*T) any) member[T] {
	return member[T]{`,"` + name + `":`, false, at}
}

var userMembers = members[User]{
	always("id", func(u *User) any { return &u.ID }),
	always("number", func(u *User) any { return &u.Number }),
	always("identifier", func(u *User) any { return &u.Identifier }),
	filled("email", func(u *User) any { return &u.Email }),
	always("name", func(u *User) any { return &u.Name }),
	filled("first_name", func(u *User) any { return &u.FirstName }),
	filled("last_name", func(u *User) any { return &u.LastName }),
	filled("phone", func(u *User) any { return &u.Phone }),
	filled("description", func(u *User) any { return &u.Description }),

	always("kind", func(u *User) any { return &u.Kind }),
	always("status", func(u *User) any { return &u.Status }),
	always("user_type", func(u *User) any { return &u.UserType }),
	filled("owner", func(u *User) any { return &u.Owner }),
	filled("tenant_admin", func(u *User) any { return &u.TenantAdmin }),
	filled("role", func(u *User) any { return &u.Role }),
	filled("own_permissions", func(u *User) any { return &u.OwnPermissions }),
	filled("permissions", func(u *User) any { return &u.Permissions }),
	filled("groups", func(u *User) any { return &u.Groups }),
	filled("spaces", func(u *User) any { return &u.Spaces }),
	always("apps_access", func(u *User) any { return &u.AppsAccess }),
	always("takes_licence", func(u *User) any { return &u.TakesLicence }),

	filled("activated", func(u *User) any { return &u.Activated }),
	filled("external", func(u *User) any { return &u.External }),
	filled("locked", func(u *User) any { return &u.Locked }),
	filled("temporarily_inactive", func(u *User) any { return &u.TemporarilyInactive }),
	filled("two_factor", func(u *User) any { return &u.TwoFactor }),
	filled("email_blocked_at", func(u *User) any { return &u.EmailBlockedAt }),
	filled("email_blocked_reason", func(u *User) any { return &u.EmailBlockedReason }),
	filled("delete_requested_at", func(u *User) any { return &u.DeleteRequestedAt }),
	filled("invited_at", func(u *User) any { return &u.InvitedAt }),

	filled("access_transfer", func(u *User) any { return &u.AccessTransfer }),
	filled("avatar", func(u *User) any { return &u.Avatar }),
	filled("initials", func(u *User) any { return &u.Initials }),
	filled("language", func(u *User) any { return &u.Language }),
	filled("timezone", func(u *User) any { return &u.Timezone }),
	filled("theme", func(u *User) any { return &u.Theme }),
	filled("ui_version", func(u *User) any { return &u.UIVersion }),

	filled("last_login_at", func(u *User) any { return &u.LastLoginAt }),
	filled("last_action_at", func(u *User) any { return &u.LastActionAt }),
	filled("last_session_at", func(u *User) any { return &u.LastSessionAt }),
	filled("last_request_at", func(u *User) any { return &u.LastRequestAt }),
	filled("last_request_method", func(u *User) any { return &u.LastRequestMethod }),
	filled("notifications_checked_at", func(u *User) any { return &u.NotificationsCheckedAt }),
	filled("minutes_of_activity", func(u *User) any { return &u.MinutesOfActivity }),

	filled("email_frequency", func(u *User) any { return &u.EmailFrequency }),
	filled("email_settings", func(u *User) any { return &u.EmailSettings }),
	filled("notification_settings", func(u *User) any { return &u.NotificationSettings }),
	filled("notification_channels", func(u *User) any { return &u.NotificationChannels }),
	filled("work_time", func(u *User) any { return &u.WorkTime }),
	filled("personal_settings", func(u *User) any { return &u.PersonalSettings }),
	filled("slack", func(u *User) any { return &u.Slack }),
	filled("telegram_sd_bot", func(u *User) any { return &u.TelegramSDBot }),
	filled("default_space", func(u *User) any { return &u.DefaultSpace }),

	filled("whitelisted_ips", func(u *User) any { return &u.WhitelistedIPs }),
	filled("public_key", func(u *User) any { return &u.PublicKey }),

	filled("created_at", func(u *User) any { return &u.CreatedAt }),
	filled("updated_at", func(u *User) any { return &u.UpdatedAt }),
	filled("created_by", func(u *User) any { return &u.CreatedBy }),
	filled("updated_by", func(u *User) any { return &u.UpdatedBy }),
	filled("source", func(u *User) any { return &u.Source }),
}

var spaceAccessMembers = members[SpaceAccess]{
	always("number", func(s *SpaceAccess) any { return &s.Number }),
	always("role", func(s *SpaceAccess) any { return &s.Role }),
}

var accessTransferMembers = members[AccessTransfer]{
	always("status", func(a *AccessTransfer) any { return &a.Status }),
	filled("created_at", func(a *AccessTransfer) any { return &a.CreatedAt }),
	filled("updated_at", func(a *AccessTransfer) any { return &a.UpdatedAt }),
}

var avatarMembers = members[Avatar]{
	always("type", func(a *Avatar) any { return &a.Type }),
	filled("initials_url", func(a *Avatar) any { return &a.InitialsURL }),
	filled("uploaded_url", func(a *Avatar) any { return &a.UploadedURL }),
}

var slackMembers = members[Slack]{
	filled("id", func(s *Slack) any { return &s.ID }),
	filled("private_channel_id", func(s *Slack) any { return &s.PrivateChannelID }),
	filled("settings", func(s *Slack) any { return &s.Settings }),
}

var sourceMembers = members[Source]{
	always("system", func(s *Source) any { return &s.System }),
	always("external_id", func(s *Source) any { return &s.ExternalID }),
}
