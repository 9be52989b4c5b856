package kaiten

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// What stands for a value that a user does not have, where the page allows neither null nor an empty text.
const (
	noTheme          = "auto"
	noUIVersion      = 2
	noEmailFrequency = 2
	noAccess         = "by_invite"

	forEveryone = "for_everyone"
)

// fragment is about how many bytes of JSON a group or space has.
const fragment = 448

const (
	avatarGravatar = 1
	avatarInitials = 2
	avatarUploaded = 3

	roleOwner       = 1
	roleUser        = 2
	roleDeactivated = 3
)

// encoder writes users as [User] and the others are tagged or, when live, as [LiveUser] and the others are. Lists can
// be very long, and so it appends text instead of making values for encoding/json, and keeps what the members of a
// group or space have in common. It is for one request.
type encoder struct {
	view           dialect.View
	company        int64
	transfer, live bool
	groups, spaces map[int64][]byte // the objects by number, open at their end; nil where there is no such record
}

func newEncoder(view dialect.View, transfer bool) *encoder {
	return &encoder{
		view: view, company: view.Org().Number, transfer: transfer,
		groups: map[int64][]byte{}, spaces: map[int64][]byte{},
	}
}

// form names all that the texts depend on besides the users, their groups and their spaces.
func (e *encoder) form() roster.Form {
	name := "kaiten " + strconv.FormatInt(e.company, 10)
	if e.transfer {
		name += " with transfers"
	}
	if e.live {
		name += " live"
	}
	return roster.Form{Name: name}
}

// user appends a user.
func (e *encoder) user(b []byte, u *roster.User) []byte {
	m := person(dialect.NewMembers(b), u)
	m = m.Int("permissions", u.Permissions).Int("own_permissions", u.OwnPermissions)
	m = e.standing(m, u)
	m = notifications(m, u)
	m = e.activity(m, u).Bool("take_licence", u.TakesLicence)
	m = e.userSpaces(m, u)
	m = e.userGroups(m, u)
	if e.transfer {
		m = transfer(m, u.AccessTransfer)
	}
	return m.Close()
}

// companyUser appends a user as [CompanyUser] is tagged.
func (e *encoder) companyUser(b []byte, u *roster.User) []byte {
	m := person(dialect.NewMembers(b), u).Int("permissions", u.Permissions)
	return e.activity(notifications(e.standing(m, u), u), u).Close()
}

func person(m dialect.Members, u *roster.User) dialect.Members {
	return m.
		Int("id", u.Number).
		ID("uid", u.ID).
		Text("full_name", u.Name).
		Text("email", u.Email).
		Text("username", u.Identifier).
		Text("avatar_initials_url", u.Avatar.InitialsURL).
		TextOrNull("avatar_uploaded_url", u.Avatar.UploadedURL).
		Text("initials", string(initials(make([]byte, 0, fewInitials), u))).
		Int("avatar_type", avatarType(u.Avatar)).
		Text("lng", u.Language).
		Text("timezone", u.Timezone).
		Text("theme", or(u.Theme, noTheme)).
		Time("updated", u.UpdatedAt).
		Time("created", u.CreatedAt).
		Bool("activated", u.Activated).
		Int("ui_version", or(u.UIVersion, noUIVersion)).
		Bool("virtual", u.Kind == roster.Virtual).
		Time("email_blocked", u.EmailBlockedAt).
		TextOrNull("email_blocked_reason", u.EmailBlockedReason).
		Time("delete_requested_at", u.DeleteRequestedAt)
}

func (e *encoder) standing(m dialect.Members, u *roster.User) dialect.Members {
	return m.
		Int("user_id", u.Number).
		Int("company_id", e.company).
		IntOrNull("default_space_id", u.DefaultSpace).
		Int("role", role(u))
}

func notifications(m dialect.Members, u *roster.User) dialect.Members {
	m = m.
		Int("email_frequency", or(u.EmailFrequency, noEmailFrequency)).
		JSON("email_settings", Settings(u.EmailSettings).text()).
		IntOrNull("slack_id", u.Slack.ID).
		JSON("slack_settings", or(string(u.Slack.Settings), "null")).
		JSON("notification_settings", Settings(u.NotificationSettings).text())
	return texts(m.Name("notification_enabled_channels"), u.NotificationChannels).
		JSON("slack_private_channel_id", slackChannel(u.Slack.PrivateChannelID)).
		Bool("telegram_sd_bot_enabled", u.TelegramSDBot)
}

func (e *encoder) activity(m dialect.Members, u *roster.User) dialect.Members {
	m = e.apps(m, u)
	if u.InvitedAt == 0 {
		m = m.Text("invite_last_sent_at", "")
	} else {
		m = m.Time("invite_last_sent_at", u.InvitedAt)
	}
	return m.
		Bool("external", u.External).
		Time("last_request_date", u.LastRequestAt).
		TextOrNull("last_request_method", u.LastRequestMethod).
		JSON("work_time_settings", Settings(u.WorkTime).text()).
		JSON("personal_settings", Settings(u.PersonalSettings).text()).
		Bool("locked", u.Locked).
		Bool("temporarily_inactive", u.TemporarilyInactive)
}

func (e *encoder) apps(m dialect.Members, u *roster.User) dialect.Members {
	if e.live {
		return m.Int("apps_permissions", u.AppsAccess)
	}
	return m.Text("apps_permissions", strconv.FormatInt(u.AppsAccess, 10))
}

func (e *encoder) userSpaces(m dialect.Members, u *roster.User) dialect.Members {
	m = append(m.Name("spaces"), '[')
	first := len(m)
	for _, access := range u.Spaces {
		space := cached(e.spaces, access.Number, e.space)
		if space == nil {
			continue
		}
		m = append(next(m, first), space...)
		m = m.
			Int("user_id", u.Number).
			Text("access_mod", access.Role).
			Int("role", spaceRole(access.Role)).
			Close()
	}
	return append(m, ']')
}

func (e *encoder) userGroups(m dialect.Members, u *roster.User) dialect.Members {
	m = append(m.Name("groups"), '[')
	first := len(m)
	for _, number := range u.Groups {
		group := cached(e.groups, number, e.group)
		if group == nil {
			continue
		}
		m = append(next(m, first), group...)
		m = m.Int("user_id", u.Number).Int("group_id", number).Close()
	}
	return append(m, ']')
}

// next makes room for one more value of an array whose first value begins at first.
func next(m dialect.Members, first int) dialect.Members {
	if len(m) > first {
		return append(m, ',')
	}
	return m
}

func cached(known map[int64][]byte, number int64, encode func(int64) []byte) []byte {
	object, ok := known[number]
	if !ok {
		object = encode(number)
		known[number] = object
	}
	return object
}

func (e *encoder) space(number int64) []byte {
	s := e.view.Space(number)
	if s == nil {
		return nil
	}
	return dialect.NewMembers(make([]byte, 0, fragment)).
		Int("id", s.Number).
		ID("uid", s.ID).
		Text("title", s.Title).
		TextOrNull("external_id", s.ExternalID).
		Int("company_id", e.company).
		Text("path", s.Path).
		Float("sort_order", s.SortOrder).
		ID("parent_entity_uid", s.Parent).
		Bool("archived", s.Archived).
		Text("access", or(s.Access, noAccess)).
		ID("for_everyone_access_role_id", s.ForEveryoneAccessRole).
		ID("entity_uid", s.ID)
}

func (e *encoder) group(number int64) []byte {
	g := e.view.Group(number)
	if g == nil {
		return nil
	}
	return groupMembers(make([]byte, 0, fragment), e.company, g)
}

// groupMembers appends a group as [CompanyGroup] is tagged, open at its end.
func groupMembers(b []byte, company int64, g *roster.Group) dialect.Members {
	return dialect.NewMembers(b).
		Int("id", g.Number).
		ID("uid", g.ID).
		Text("name", g.Name).
		Int("company_id", company).
		Int("permissions", g.Permissions).
		Bool("add_to_cards_and_spaces_enabled", g.AddToCardsAndSpacesEnabled).
		Time("created", g.CreatedAt).
		Time("updated", g.UpdatedAt)
}

func transfer(m dialect.Members, t roster.AccessTransfer) dialect.Members {
	const name = "transfer_access_status"
	if t.Status == "" {
		return m.Null(name)
	}
	return dialect.NewMembers(m.Name(name)).
		Text("status", t.Status).
		Time("created", t.CreatedAt).
		Time("updated", t.UpdatedAt).
		Close()
}

func texts(m dialect.Members, list []string) dialect.Members {
	m = append(m, '[')
	first := len(m)
	for _, s := range list {
		m = roster.AppendString(next(m, first), s, false)
	}
	return append(m, ']')
}

func or[T comparable](value, none T) T {
	var zero T
	if value == zero {
		return none
	}
	return value
}

// fewInitials is room for the bytes of most initials.
const fewInitials = 32

// initials appends the user's initials or, without any, those of the first two words of the name.
func initials(b []byte, u *roster.User) []byte {
	if u.Initials != "" {
		return append(b, u.Initials...)
	}
	words := 0
	for word := range strings.FieldsSeq(u.Name) {
		first, _ := utf8.DecodeRuneInString(word)
		b = utf8.AppendRune(b, unicode.ToUpper(first))
		if words++; words == 2 {
			break
		}
	}
	return b
}

func avatarType(a roster.Avatar) int64 {
	switch {
	case a.Type == "gravatar":
		return avatarGravatar
	case a.Type == "uploaded" || a.Type == "" && a.UploadedURL != "":
		return avatarUploaded
	default:
		return avatarInitials
	}
}

func role(u *roster.User) int64 {
	switch {
	case u.Owner:
		return roleOwner
	case u.Status == roster.Deactivated:
		return roleDeactivated
	default:
		return roleUser
	}
}

func spaceRole(mode string) int64 {
	switch mode {
	case "manager":
		return 3
	case "writer":
		return 2
	default:
		return 1
	}
}

// slackChannel returns the JSON of the page's type, integer or null, for an id that other systems write as a text.
func slackChannel(id string) string {
	if id == "" { // as that of most users, for whom an error would only be made
		return "null"
	}
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 {
		return strconv.FormatInt(n, 10)
	}
	return "null"
}
