package roster

import "slices"

// Field names one member of [User] in queries and in the table of fields.
type Field uint8

// The fields, in the order of the canonical JSON form.
const (
	FieldID Field = iota
	FieldNumber
	FieldIdentifier
	FieldEmail
	FieldName
	FieldFirstName
	FieldLastName
	FieldPhone
	FieldDescription
	FieldKind
	FieldStatus
	FieldUserType
	FieldOwner
	FieldTenantAdmin
	FieldRole
	FieldOwnPermissions
	FieldPermissions
	FieldGroups
	FieldSpaces
	FieldAppsAccess
	FieldTakesLicence
	FieldActivated
	FieldExternal
	FieldLocked
	FieldTemporarilyInactive
	FieldTwoFactor
	FieldEmailBlockedAt
	FieldEmailBlockedReason
	FieldDeleteRequestedAt
	FieldInvitedAt
	FieldAccessTransfer
	FieldAvatar
	FieldInitials
	FieldLanguage
	FieldTimezone
	FieldTheme
	FieldUIVersion
	FieldLastLoginAt
	FieldLastActionAt
	FieldLastSessionAt
	FieldLastRequestAt
	FieldLastRequestMethod
	FieldNotificationsCheckedAt
	FieldMinutesOfActivity
	FieldEmailFrequency
	FieldEmailSettings
	FieldNotificationSettings
	FieldNotificationChannels
	FieldWorkTime
	FieldPersonalSettings
	FieldSlack
	FieldTelegramSDBot
	FieldDefaultSpace
	FieldWhitelistedIPs
	FieldPublicKey
	FieldCreatedAt
	FieldUpdatedAt
	FieldCreatedBy
	FieldUpdatedBy
	FieldSource
	fieldCount
)

// FieldSet is a set of fields. Its zero value is empty.
type FieldSet uint64

// _ fails to compile when a set has no bit for the last field.
const _ = FieldSet(1) << (fieldCount - 1)

// FieldsOf returns the set of some fields.
func FieldsOf(fields ...Field) FieldSet {
	var s FieldSet
	for _, f := range fields {
		s |= 1 << f
	}
	return s
}

// Has reports whether a field is in the set.
func (s FieldSet) Has(f Field) bool { return s>>f&1 != 0 }

// FieldType is the type of a field's values.
type FieldType uint8

// The types of fields.
const (
	TypeText      FieldType = iota // compared under Fold
	TypeUUID                       // compared by bytes
	TypeInt                        // a number
	TypeMask                       // a set of bits
	TypeEnum                       // an index into FieldInfo.Enum
	TypeBool                       // 0 or 1; never without a value
	TypeTime                       // an instant
	TypeNumbers                    // a set of numbers of other records
	TypeTexts                      // a set of texts; users have none
	TypeDecimal                    // a number that need not be whole, see DecimalValue; users have none
	TypeStructure                  // neither compared nor searched
)

// FieldInfo is a row of the table of fields.
type FieldInfo struct {
	Field Field
	// Name is the member's name in the canonical JSON form.
	Name string
	Type FieldType
	// Sortable fields may be in Query.Sort.
	Sortable bool
	// Filterable fields may be in Query.Where.
	Filterable bool
	// Searchable fields may be in Search.Fields and in Contains.
	Searchable bool
	// Needs is the permission without which the field can be neither seen nor filtered, sorted or searched by.
	Needs Permission
	// ReadOnly fields are computed; they are ignored on input.
	ReadOnly bool
	// Enum holds the names of an enumeration's values by index.
	Enum []string

	ref   func(*User) any
	value func(*User) Value
	texts func(*User) string
}

// Fields returns the table of fields, indexed by [Field].
func Fields() []FieldInfo { return slices.Clone(fields[:]) }

// Info returns the field's row of the table.
func (f Field) Info() *FieldInfo { return &fields[f] }

// String returns the field's canonical name.
func (f Field) String() string { return fields[f].Name }

// FieldByName finds a field by its canonical name.
func FieldByName(name string) (Field, bool) {
	i := slices.IndexFunc(fields[:], func(info FieldInfo) bool { return info.Name == name })
	return Field(max(i, 0)), i >= 0 //nolint:gosec // there are fewer than 256 fields
}

// Value returns what u holds in the field, in the form in which values are compared. It is no value for
// TypeNumbers and TypeStructure.
func (f Field) Value(u *User) Value {
	if get := fields[f].value; get != nil {
		return get(u)
	}
	return Value{}
}

// SearchText returns the text of a searchable field as it is searched, folded with [FoldSearch].
func (f Field) SearchText(u *User) string {
	if get := fields[f].texts; get != nil {
		return FoldSearch(get(u))
	}
	return ""
}

// Numbers returns the set of a TypeNumbers field, ascending.
func (f Field) Numbers(u *User) []int64 {
	switch f {
	case FieldGroups:
		return u.Groups
	case FieldSpaces:
		numbers := make([]int64, len(u.Spaces))
		for i, s := range u.Spaces {
			numbers[i] = s.Number
		}
		return numbers
	default:
		return nil
	}
}

func text(f Field, name string, ref func(*User) *string) FieldInfo {
	return FieldInfo{
		Field: f, Name: name, Type: TypeText, Filterable: true,
		ref:   func(u *User) any { return ref(u) },
		value: func(u *User) Value { return TextValue(*ref(u)) },
		texts: func(u *User) string { return *ref(u) },
	}
}

func integer(f Field, name string, ref func(*User) *int64) FieldInfo {
	return FieldInfo{
		Field: f, Name: name, Type: TypeInt, Filterable: true,
		ref:   func(u *User) any { return ref(u) },
		value: func(u *User) Value { return IntValue(*ref(u)) },
	}
}

func flag(f Field, name string, ref func(*User) *bool) FieldInfo {
	return FieldInfo{
		Field: f, Name: name, Type: TypeBool, Filterable: true,
		ref:   func(u *User) any { return ref(u) },
		value: func(u *User) Value { return BoolValue(*ref(u)) },
	}
}

func instant(f Field, name string, ref func(*User) *Time) FieldInfo {
	return FieldInfo{
		Field: f, Name: name, Type: TypeTime, Filterable: true,
		ref:   func(u *User) any { return ref(u) },
		value: func(u *User) Value { return TimeValue(*ref(u)) },
	}
}

func uuid(f Field, name string, ref func(*User) *ID) FieldInfo {
	return FieldInfo{
		Field: f, Name: name, Type: TypeUUID, Filterable: true, Sortable: true,
		ref:   func(u *User) any { return ref(u) },
		value: func(u *User) Value { return IDValue(*ref(u)) },
	}
}

func enumeration[E ~uint8](f Field, name string, names []string, ref func(*User) *E) FieldInfo {
	return FieldInfo{
		Field: f, Name: name, Type: TypeEnum, Filterable: true, Sortable: true, Enum: names,
		ref:   func(u *User) any { return ref(u) },
		value: func(u *User) Value { return IntValue(int64(*ref(u))) },
	}
}

func numbers(f Field, name string, ref func(*User) any) FieldInfo {
	return FieldInfo{Field: f, Name: name, Type: TypeNumbers, Filterable: true, ref: ref}
}

func structure(f Field, name string, ref func(*User) any) FieldInfo {
	return FieldInfo{Field: f, Name: name, Type: TypeStructure, ref: ref}
}

func (info FieldInfo) sortable() FieldInfo { info.Sortable = true; return info }

func (info FieldInfo) searchable() FieldInfo { info.Searchable = true; return info }

func (info FieldInfo) mask() FieldInfo { info.Type = TypeMask; return info }

func (info FieldInfo) readOnly() FieldInfo { info.ReadOnly = true; return info }

func (info FieldInfo) needs(p Permission) FieldInfo { info.Needs = p; return info }

// searchableID makes a UUID searchable by its text form.
func searchableID(info FieldInfo, ref func(*User) *ID) FieldInfo {
	info.Searchable = true
	info.texts = func(u *User) string { return ref(u).String() }
	return info
}

var fields = [fieldCount]FieldInfo{
	FieldID:     searchableID(uuid(FieldID, "id", refID), refID),
	FieldNumber: integer(FieldNumber, "number", func(u *User) *int64 { return &u.Number }).sortable(),
	FieldIdentifier: text(FieldIdentifier, "identifier", func(u *User) *string { return &u.Identifier }).
		sortable().searchable(),
	FieldEmail:     text(FieldEmail, "email", func(u *User) *string { return &u.Email }).sortable().searchable(),
	FieldName:      text(FieldName, "name", func(u *User) *string { return &u.Name }).sortable().searchable(),
	FieldFirstName: text(FieldFirstName, "first_name", func(u *User) *string { return &u.FirstName }),
	FieldLastName:  text(FieldLastName, "last_name", func(u *User) *string { return &u.LastName }),
	FieldPhone:     text(FieldPhone, "phone", func(u *User) *string { return &u.Phone }),
	FieldDescription: text(FieldDescription, "description", func(u *User) *string { return &u.Description }).
		searchable(),

	FieldKind:   enumeration(FieldKind, "kind", kindNames, func(u *User) *Kind { return &u.Kind }),
	FieldStatus: enumeration(FieldStatus, "status", statusNames, func(u *User) *Status { return &u.Status }),
	FieldUserType: enumeration(FieldUserType, "user_type", userTypeNames,
		func(u *User) *UserType { return &u.UserType }),
	FieldOwner:       flag(FieldOwner, "owner", func(u *User) *bool { return &u.Owner }),
	FieldTenantAdmin: flag(FieldTenantAdmin, "tenant_admin", func(u *User) *bool { return &u.TenantAdmin }),
	FieldRole:        text(FieldRole, "role", func(u *User) *string { return &u.Role }),
	FieldOwnPermissions: integer(FieldOwnPermissions, "own_permissions",
		func(u *User) *int64 { return &u.OwnPermissions }).mask(),
	FieldPermissions: integer(FieldPermissions, "permissions",
		func(u *User) *int64 { return &u.Permissions }).mask().readOnly(),
	FieldGroups:       numbers(FieldGroups, "groups", func(u *User) any { return &u.Groups }),
	FieldSpaces:       numbers(FieldSpaces, "spaces", func(u *User) any { return &u.Spaces }),
	FieldAppsAccess:   integer(FieldAppsAccess, "apps_access", func(u *User) *int64 { return &u.AppsAccess }).mask(),
	FieldTakesLicence: flag(FieldTakesLicence, "takes_licence", func(u *User) *bool { return &u.TakesLicence }),

	FieldActivated: flag(FieldActivated, "activated", func(u *User) *bool { return &u.Activated }),
	FieldExternal:  flag(FieldExternal, "external", func(u *User) *bool { return &u.External }),
	FieldLocked:    flag(FieldLocked, "locked", func(u *User) *bool { return &u.Locked }),
	FieldTemporarilyInactive: flag(FieldTemporarilyInactive, "temporarily_inactive",
		func(u *User) *bool { return &u.TemporarilyInactive }),
	FieldTwoFactor: flag(FieldTwoFactor, "two_factor", func(u *User) *bool { return &u.TwoFactor }),
	FieldEmailBlockedAt: instant(FieldEmailBlockedAt, "email_blocked_at",
		func(u *User) *Time { return &u.EmailBlockedAt }),
	FieldEmailBlockedReason: text(FieldEmailBlockedReason, "email_blocked_reason",
		func(u *User) *string { return &u.EmailBlockedReason }),
	FieldDeleteRequestedAt: instant(FieldDeleteRequestedAt, "delete_requested_at",
		func(u *User) *Time { return &u.DeleteRequestedAt }),
	FieldInvitedAt: instant(FieldInvitedAt, "invited_at", func(u *User) *Time { return &u.InvitedAt }),

	FieldAccessTransfer: structure(FieldAccessTransfer, "access_transfer",
		func(u *User) any { return &u.AccessTransfer }),
	FieldAvatar:    structure(FieldAvatar, "avatar", func(u *User) any { return &u.Avatar }),
	FieldInitials:  text(FieldInitials, "initials", func(u *User) *string { return &u.Initials }),
	FieldLanguage:  text(FieldLanguage, "language", func(u *User) *string { return &u.Language }),
	FieldTimezone:  text(FieldTimezone, "timezone", func(u *User) *string { return &u.Timezone }),
	FieldTheme:     text(FieldTheme, "theme", func(u *User) *string { return &u.Theme }),
	FieldUIVersion: integer(FieldUIVersion, "ui_version", func(u *User) *int64 { return &u.UIVersion }),

	FieldLastLoginAt: instant(FieldLastLoginAt, "last_login_at",
		func(u *User) *Time { return &u.LastLoginAt }).sortable(),
	FieldLastActionAt: instant(FieldLastActionAt, "last_action_at",
		func(u *User) *Time { return &u.LastActionAt }).sortable(),
	FieldLastSessionAt: instant(FieldLastSessionAt, "last_session_at",
		func(u *User) *Time { return &u.LastSessionAt }),
	FieldLastRequestAt: instant(FieldLastRequestAt, "last_request_at",
		func(u *User) *Time { return &u.LastRequestAt }),
	FieldLastRequestMethod: text(FieldLastRequestMethod, "last_request_method",
		func(u *User) *string { return &u.LastRequestMethod }),
	FieldNotificationsCheckedAt: instant(FieldNotificationsCheckedAt, "notifications_checked_at",
		func(u *User) *Time { return &u.NotificationsCheckedAt }),
	FieldMinutesOfActivity: integer(FieldMinutesOfActivity, "minutes_of_activity",
		func(u *User) *int64 { return &u.MinutesOfActivity }),

	FieldEmailFrequency: integer(FieldEmailFrequency, "email_frequency",
		func(u *User) *int64 { return &u.EmailFrequency }),
	FieldEmailSettings: structure(FieldEmailSettings, "email_settings",
		func(u *User) any { return &u.EmailSettings }),
	FieldNotificationSettings: structure(FieldNotificationSettings, "notification_settings",
		func(u *User) any { return &u.NotificationSettings }),
	FieldNotificationChannels: structure(FieldNotificationChannels, "notification_channels",
		func(u *User) any { return &u.NotificationChannels }),
	FieldWorkTime: structure(FieldWorkTime, "work_time", func(u *User) any { return &u.WorkTime }),
	FieldPersonalSettings: structure(FieldPersonalSettings, "personal_settings",
		func(u *User) any { return &u.PersonalSettings }),
	FieldSlack:         structure(FieldSlack, "slack", func(u *User) any { return &u.Slack }),
	FieldTelegramSDBot: flag(FieldTelegramSDBot, "telegram_sd_bot", func(u *User) *bool { return &u.TelegramSDBot }),
	FieldDefaultSpace:  integer(FieldDefaultSpace, "default_space", func(u *User) *int64 { return &u.DefaultSpace }),
	FieldWhitelistedIPs: structure(FieldWhitelistedIPs, "whitelisted_ips",
		func(u *User) any { return &u.WhitelistedIPs }),
	FieldPublicKey: structure(FieldPublicKey, "public_key", func(u *User) any { return &u.PublicKey }),

	FieldCreatedAt: instant(FieldCreatedAt, "created_at", func(u *User) *Time { return &u.CreatedAt }).sortable(),
	FieldUpdatedAt: instant(FieldUpdatedAt, "updated_at", func(u *User) *Time { return &u.UpdatedAt }).sortable(),
	FieldCreatedBy: uuid(FieldCreatedBy, "created_by", func(u *User) *ID { return &u.CreatedBy }).needs(MetadataRead),
	FieldUpdatedBy: uuid(FieldUpdatedBy, "updated_by", func(u *User) *ID { return &u.UpdatedBy }).needs(MetadataRead),
	FieldSource:    structure(FieldSource, "source", func(u *User) any { return &u.Source }),
}

func refID(u *User) *ID { return &u.ID }
