package kaiten

import "github.com/roster-dev/roster"

// User is a user on the wire as the page has it. [encoder] writes it.
type User userOf[string]

// LiveUser is a user on the wire as the vendor's API was seen to send it. [encoder] writes it.
type LiveUser userOf[int64]

// userOf has the members of the page's table in its order, and three more that are marked.
type userOf[Apps string | int64] struct {
	Person

	Permissions    int64 `json:"permissions" required:"yes" doc:"With those of the user's groups."`
	OwnPermissions int64 `json:"own_permissions" required:"yes"`

	standing
	notices
	activityOf[Apps]

	TakeLicence bool    `json:"take_licence" required:"yes"`
	Spaces      []Space `json:"spaces" required:"yes"`
	Groups      []Group `json:"groups" required:"yes"`

	Transfer *Transfer `json:"transfer_access_status,omitempty" nullable:"yes" mark:"ours" doc:"See the parameter."`
}

// CompanyUser is a user as [User] is, without what only administrators of members see. [encoder] writes it.
type CompanyUser companyUserOf[string]

// LiveCompanyUser is a [CompanyUser] as the vendor's API was seen to send it.
type LiveCompanyUser companyUserOf[int64]

type companyUserOf[Apps string | int64] struct {
	Person

	Permissions int64 `json:"permissions" required:"yes" doc:"With those of the user's groups."`

	standing
	notices
	activityOf[Apps]
}

// SpaceUser is a user as one who has access to a space. [encoder] writes it.
type SpaceUser spaceUserOf[string]

// LiveSpaceUser is a [SpaceUser] as the vendor's API was seen to send it.
type LiveSpaceUser spaceUserOf[int64]

type spaceUserOf[Apps string | int64] struct {
	Person

	AppsPermissions Apps `json:"apps_permissions" enum:"0,1,2,4,5,6" required:"yes"`

	AccessMod string `json:"access_mod" enum:"reader,writer,manager" required:"yes" doc:"With what is inherited."`

	OwnAccessMod *string `json:"own_access_mod" enum:"reader,writer,manager" required:"yes" doc:"In the space itself."`

	Current bool `json:"current" required:"yes" doc:"Whether it is the user whom the token acts as."`
}

// Person is what every list shows of a user. Its members have no mark: theirs is that of the list.
type Person struct {
	ID                int64   `json:"id" required:"yes" doc:"The user's number."`
	UID               string  `json:"uid" format:"uuid" required:"yes"`
	FullName          string  `json:"full_name" required:"yes"`
	Email             string  `json:"email" required:"yes" doc:"Empty for virtual users without one."`
	Username          string  `json:"username" required:"yes" mark:"seen"`
	AvatarInitialsURL string  `json:"avatar_initials_url" required:"yes"`
	AvatarUploadedURL *string `json:"avatar_uploaded_url" required:"yes"`
	Initials          string  `json:"initials" required:"yes"`

	AvatarType int `json:"avatar_type" enum:"1,2,3" required:"yes" doc:"1 gravatar, 2 initials, 3 upload."`

	Language  string `json:"lng" required:"yes"`
	Timezone  string `json:"timezone" required:"yes"`
	Theme     string `json:"theme" enum:"light,dark,auto" required:"yes"`
	Updated   string `json:"updated" format:"date-time" required:"yes"`
	Created   string `json:"created" format:"date-time" required:"yes"`
	Activated bool   `json:"activated" required:"yes"`

	UIVersion int64 `json:"ui_version" enum:"1,2" required:"yes" doc:"1 old, 2 new."`

	Virtual bool `json:"virtual" required:"yes"`

	EmailBlocked       *string `json:"email_blocked" format:"date-time" required:"yes"`
	EmailBlockedReason *string `json:"email_blocked_reason" required:"yes"`
	DeleteRequestedAt  *string `json:"delete_requested_at" format:"date-time" required:"yes"`
}

type standing struct {
	UserID         int64  `json:"user_id" required:"yes" doc:"The same as id."`
	CompanyID      int64  `json:"company_id" required:"yes"`
	DefaultSpaceID *int64 `json:"default_space_id" required:"yes"`

	Role int `json:"role" enum:"1,2,3" required:"yes" doc:"1 owner, 2 user, 3 deactivated."`
}

type notices struct {
	EmailFrequency int64 `json:"email_frequency" enum:"1,2" required:"yes" doc:"1 never, 2 instantly."`

	EmailSettings         Settings      `json:"email_settings" type:"object" required:"yes"`
	SlackID               *int64        `json:"slack_id" required:"yes"`
	SlackSettings         roster.Object `json:"slack_settings" required:"yes"`
	NotificationSettings  Settings      `json:"notification_settings" type:"object" required:"yes"`
	NotificationChannels  []string      `json:"notification_enabled_channels" required:"yes"`
	SlackPrivateChannelID *int64        `json:"slack_private_channel_id" required:"yes"`
	TelegramSDBotEnabled  bool          `json:"telegram_sd_bot_enabled" required:"yes"`
}

type activityOf[Apps string | int64] struct {
	AppsPermissions Apps `json:"apps_permissions" enum:"0,1,2,4,5,6" required:"yes"`

	InviteLastSentAt string `json:"invite_last_sent_at" required:"yes" doc:"Empty where there was none."`

	External            bool     `json:"external" required:"yes"`
	LastRequestDate     *string  `json:"last_request_date" format:"date-time" required:"yes"`
	LastRequestMethod   *string  `json:"last_request_method" required:"yes"`
	WorkTimeSettings    Settings `json:"work_time_settings" type:"object" required:"yes"`
	PersonalSettings    Settings `json:"personal_settings" type:"object" required:"yes"`
	Locked              bool     `json:"locked" required:"yes"`
	TemporarilyInactive bool     `json:"temporarily_inactive" required:"yes" mark:"seen"`
}

// Space is a space that a user is invited to.
type Space struct {
	ID                      int64   `json:"id" required:"yes" mark:"seen"`
	UID                     string  `json:"uid" format:"uuid" required:"yes" mark:"seen"`
	Title                   string  `json:"title" required:"yes" mark:"seen"`
	ExternalID              *string `json:"external_id" required:"yes" mark:"seen"`
	CompanyID               int64   `json:"company_id" required:"yes" mark:"seen"`
	Path                    string  `json:"path" required:"yes" mark:"seen"`
	SortOrder               float64 `json:"sort_order" required:"yes" mark:"seen"`
	ParentEntityUID         *string `json:"parent_entity_uid" format:"uuid" required:"yes" mark:"seen"`
	Archived                bool    `json:"archived" required:"yes" mark:"seen"`
	Access                  string  `json:"access" enum:"by_invite,for_everyone" required:"yes" mark:"seen"`
	ForEveryoneAccessRoleID *string `json:"for_everyone_access_role_id" format:"uuid" required:"yes" mark:"seen"`
	EntityUID               string  `json:"entity_uid" format:"uuid" required:"yes" mark:"seen"`
	UserID                  int64   `json:"user_id" required:"yes" mark:"seen"`
	AccessMod               string  `json:"access_mod" enum:"reader,writer,manager" required:"yes" mark:"ours"`

	Role int64 `json:"role" enum:"1,2,3" required:"yes" mark:"ours" doc:"1 reader, 2 writer, 3 manager."`
}

// Group is a group that a user is a member of.
type Group struct {
	CompanyGroup

	UserID  int64 `json:"user_id" required:"yes" mark:"seen"`
	GroupID int64 `json:"group_id" required:"yes" mark:"seen" doc:"The same as id."`
}

// CompanyGroup is a group of the company.
type CompanyGroup struct {
	ID                         int64  `json:"id" required:"yes" mark:"seen"`
	UID                        string `json:"uid" format:"uuid" required:"yes" mark:"seen"`
	Name                       string `json:"name" required:"yes" mark:"seen"`
	CompanyID                  int64  `json:"company_id" required:"yes" mark:"seen"`
	Permissions                int64  `json:"permissions" required:"yes" mark:"seen"`
	AddToCardsAndSpacesEnabled bool   `json:"add_to_cards_and_spaces_enabled" required:"yes" mark:"seen"`
	Created                    string `json:"created" format:"date-time" required:"yes" mark:"seen"`
	Updated                    string `json:"updated" format:"date-time" required:"yes" mark:"seen"`
}

// ListedGroup is a group of the company in the list of them.
type ListedGroup struct {
	CompanyGroup

	UsersCount *int64 `json:"users_count,omitempty" mark:"ours" doc:"With with_users_count only."`
}

const groupExample = `[{"id":2,"uid":"0190a000-0000-7000-8000-000000000102","name":"Space builders","company_id":1,` +
	`"permissions":48,"add_to_cards_and_spaces_enabled":false,"created":"2026-01-10T08:00:00.000Z",` +
	`"updated":"2026-01-10T08:00:00.000Z"}]`

// Transfer says how far the handing over of a user's access to somebody else is.
type Transfer struct {
	Status  string  `json:"status" enum:"pending,in_progress,done,failed" required:"yes" mark:"ours"`
	Created *string `json:"created" format:"date-time" required:"yes" mark:"ours"`
	Updated *string `json:"updated" format:"date-time" required:"yes" mark:"ours"`
}

// Settings is an object of settings that is never null: {} where nothing is set.
type Settings roster.Object

// MarshalJSON returns the object.
func (s Settings) MarshalJSON() ([]byte, error) { return []byte(s.text()), nil }

// UnmarshalJSON reads an object, or null as {}. Anything else is [roster.Invalid].
func (s *Settings) UnmarshalJSON(data []byte) error { return (*roster.Object)(s).UnmarshalJSON(data) }

func (s Settings) text() string {
	if s == "" {
		return "{}"
	}
	return string(s)
}

type recordsCount struct {
	Count int `json:"count" required:"yes" mark:"ours"`
}

type problem struct {
	Message string `json:"message" required:"yes" mark:"seen"`
}

// The examples are a user who has most of what a user can have.
const (
	userExample = "[" + personExample + `,"permissions":49,"own_permissions":1` + standingExample +
		`,"apps_permissions":"5"` + activityExample + memberExample
	liveExample = "[" + personExample + `,"permissions":49,"own_permissions":1` + standingExample +
		`,"apps_permissions":5` + activityExample + memberExample

	companyUserExample = personExample + `,"permissions":49` + standingExample + `,"apps_permissions":"5"` +
		activityExample + "}"
	liveCompanyUserExample = personExample + `,"permissions":49` + standingExample + `,"apps_permissions":5` +
		activityExample + "}"

	spaceUserExample = "[" + personExample + `,"apps_permissions":"5"` + accessExample + "}]"

	liveSpaceUserExample = "[" + personExample + `,"apps_permissions":5` + accessExample + "}]"
)

const personExample = `{"id":1,"uid":"98d91cd7-860d-4869-937a-5af32eff2f4a","full_name":"Ada Moreno",` +
	`"email":"ada@example.com",` +
	`"username":"ada","avatar_initials_url":"https://avatars.example.com/am.svg","avatar_uploaded_url":null,` +
	`"initials":"AM","avatar_type":2,"lng":"en","timezone":"Europe/London","theme":"auto",` +
	`"updated":"2026-07-09T15:13:12.241Z","created":"2026-01-05T12:00:00.500Z","activated":true,"ui_version":2,` +
	`"virtual":false,"email_blocked":null,"email_blocked_reason":null,"delete_requested_at":null`

const standingExample = `,"user_id":1,"company_id":1,"default_space_id":7,"role":1,` +
	`"email_frequency":2,"email_settings":{"deadlines":true,"subject_by":"card_title"},"slack_id":null,` +
	`"slack_settings":null,"notification_settings":{"mention":["app","email"]},` +
	`"notification_enabled_channels":["app","email"],"slack_private_channel_id":null,` +
	`"telegram_sd_bot_enabled":false`

const activityExample = `,"invite_last_sent_at":"2026-01-05T12:00:00.000Z",` +
	`"external":false,"last_request_date":"2026-07-09T15:13:12.241Z","last_request_method":"GET",` +
	`"work_time_settings":{"work_days":[1,2,3,4,5],"hours_count":8},` +
	`"personal_settings":{"current_card_view_id":1},"locked":false,"temporarily_inactive":false`

const memberExample = `,"take_licence":true,` +
	`"spaces":[{"id":7,"uid":"0190a000-0000-7000-8000-000000000201","title":"Company",` +
	`"external_id":null,"company_id":1,"path":"7","sort_order":1.5,"parent_entity_uid":null,"archived":false,` +
	`"access":"by_invite","for_everyone_access_role_id":null,"entity_uid":"0190a000-0000-7000-8000-000000000201",` +
	`"user_id":1,"access_mod":"manager","role":3}],"groups":[{"id":2,` +
	`"uid":"0190a000-0000-7000-8000-000000000102","name":"Space builders","company_id":1,"permissions":48,` +
	`"add_to_cards_and_spaces_enabled":false,"created":"2026-01-10T08:00:00.000Z",` +
	`"updated":"2026-01-10T08:00:00.000Z","user_id":1,"group_id":2}]}]`

const accessExample = `,"access_mod":"manager","own_access_mod":null,"current":false`
