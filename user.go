package roster

// User is the one record of a person, a virtual user or an API client. Its JSON form is the canonical one:
// snake_case, absent where optional and without a value. Texts are NFC and trimmed; "" means none.
//
// A User that a view hands out shares its texts and slices with the view: treat it as read only.
type User struct {
	ID ID `json:"id"`
	// Number is 1 to [MaxNumber], unique in the organization.
	Number int64 `json:"number"`
	// Identifier is unique in the organization under [Fold].
	Identifier string `json:"identifier"`
	// Email is unique in the organization under [Fold]; only virtual users and API clients may lack it.
	Email       string `json:"email,omitempty"`
	Name        string `json:"name"`
	FirstName   string `json:"first_name,omitempty"`
	LastName    string `json:"last_name,omitempty"`
	Phone       string `json:"phone,omitempty"`
	Description string `json:"description,omitempty"`

	Kind        Kind     `json:"kind"`
	Status      Status   `json:"status"`
	UserType    UserType `json:"user_type"`
	Owner       bool     `json:"owner,omitempty"`
	TenantAdmin bool     `json:"tenant_admin,omitempty"`
	// Role is the handle of one of the organization's roles, or "".
	Role string `json:"role,omitempty"`
	// OwnPermissions is a mask of the permission bits granted to the user in person.
	OwnPermissions int64 `json:"own_permissions,omitempty"`
	// Permissions is OwnPermissions and those of every group of the user. It is computed by whoever hands out the
	// user, ignored on input and never stored.
	Permissions int64 `json:"permissions,omitempty" input:"ignore"`
	// Groups are the numbers of the user's groups, ascending.
	Groups []int64 `json:"groups,omitempty"`
	// Spaces are the spaces the user is invited to, by number ascending.
	Spaces []SpaceAccess `json:"spaces,omitempty"`
	// AppsAccess is 0, 1, 2, 4, 5 or 6: bit 1 full and bit 2 guest access to the main product, bit 4 access to its
	// service desk.
	AppsAccess   int64 `json:"apps_access"`
	TakesLicence bool  `json:"takes_licence"`

	Activated           bool   `json:"activated,omitempty"`
	External            bool   `json:"external,omitempty"`
	Locked              bool   `json:"locked,omitempty"`
	TemporarilyInactive bool   `json:"temporarily_inactive,omitempty"`
	TwoFactor           bool   `json:"two_factor,omitempty"`
	EmailBlockedAt      Time   `json:"email_blocked_at,omitzero"`
	EmailBlockedReason  string `json:"email_blocked_reason,omitempty"`
	DeleteRequestedAt   Time   `json:"delete_requested_at,omitzero"`
	InvitedAt           Time   `json:"invited_at,omitzero"`

	AccessTransfer AccessTransfer `json:"access_transfer,omitzero"`
	Avatar         Avatar         `json:"avatar,omitzero"`
	Initials       string         `json:"initials,omitempty"`
	Language       string         `json:"language,omitempty"`
	Timezone       string         `json:"timezone,omitempty"`
	Theme          string         `json:"theme,omitempty"`      // light, dark, auto
	UIVersion      int64          `json:"ui_version,omitempty"` // 1, 2

	LastLoginAt            Time   `json:"last_login_at,omitzero"`
	LastActionAt           Time   `json:"last_action_at,omitzero"`
	LastSessionAt          Time   `json:"last_session_at,omitzero"`
	LastRequestAt          Time   `json:"last_request_at,omitzero"`
	LastRequestMethod      string `json:"last_request_method,omitempty"`
	NotificationsCheckedAt Time   `json:"notifications_checked_at,omitzero"`
	MinutesOfActivity      int64  `json:"minutes_of_activity,omitempty"`

	EmailFrequency       int64    `json:"email_frequency,omitempty"` // 1 never, 2 instantly
	EmailSettings        Object   `json:"email_settings,omitempty"`
	NotificationSettings Object   `json:"notification_settings,omitempty"`
	NotificationChannels []string `json:"notification_channels,omitempty"`
	WorkTime             Object   `json:"work_time,omitempty"`
	PersonalSettings     Object   `json:"personal_settings,omitempty"`
	Slack                Slack    `json:"slack,omitzero"`
	TelegramSDBot        bool     `json:"telegram_sd_bot,omitempty"`
	// DefaultSpace is the number of a space, or 0.
	DefaultSpace int64 `json:"default_space,omitempty"`

	// WhitelistedIPs are addresses or CIDR prefixes; empty allows all.
	WhitelistedIPs []string `json:"whitelisted_ips,omitempty"`
	// PublicKey is a PEM block "PUBLIC KEY" with an RSA key.
	PublicKey string `json:"public_key,omitempty"`

	CreatedAt Time   `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt Time   `json:"updated_at,omitzero" readonly:"yes"`
	CreatedBy ID     `json:"created_by,omitzero" readonly:"yes"`
	UpdatedBy ID     `json:"updated_by,omitzero" readonly:"yes"`
	Source    Source `json:"source,omitzero"`
}

// SpaceAccess is a user's invitation to a space.
type SpaceAccess struct {
	Number int64 `json:"number"`
	// Role is the access mode in the space: reader, writer or manager.
	Role string `json:"role"`
}

// AccessTransfer says how far the handing over of a user's access to somebody else is.
type AccessTransfer struct {
	Status    string `json:"status"` // pending, in_progress, done, failed
	CreatedAt Time   `json:"created_at,omitzero"`
	UpdatedAt Time   `json:"updated_at,omitzero"`
}

// Avatar is a user's picture. Type is gravatar, initials or uploaded.
type Avatar struct {
	Type        string `json:"type"`
	InitialsURL string `json:"initials_url,omitempty"`
	UploadedURL string `json:"uploaded_url,omitempty"`
}

// Slack is a user's account at Slack, as the vendor who linked it numbers it.
type Slack struct {
	ID               int64  `json:"id,omitempty"`
	PrivateChannelID string `json:"private_channel_id,omitempty"`
	Settings         Object `json:"settings,omitempty"`
}

// Source names the system that a record was imported from and its id there.
type Source struct {
	System     string `json:"system"`
	ExternalID string `json:"external_id"`
}

// Key implements [Entity].
func (u *User) Key() Key { return Key{TypeUser, u.ID} }

// Keys implements [Entity].
func (u *User) Keys() Keys {
	return Keys{Number: u.Number, Email: Fold(u.Email), Identifier: Fold(u.Identifier), Owner: u.Owner}
}
