package flxpoint

import (
	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// User is a user on the wire. Members without required are left out where the user has no value.
type User struct {
	ID                         int64  `json:"id" mark:"seed"`
	FirstName                  string `json:"firstName" required:"yes" mark:"seed"`
	LastName                   string `json:"lastName" required:"yes" mark:"seed"`
	Email                      string `json:"email" required:"yes" mark:"seed"`
	IsPrimary                  bool   `json:"isPrimary" mark:"seed" doc:"Whether the user owns the account."`
	InsertedAt                 string `json:"insertedAt,omitempty" format:"date-time" mark:"seed"`
	UpdatedAt                  string `json:"updatedAt,omitempty" format:"date-time" mark:"seed"`
	LastLoginAt                string `json:"lastLoginAt,omitempty" format:"date-time" mark:"seed"`
	NotificationsLastCheckedAt string `json:"notificationsLastCheckedAt,omitempty" format:"date-time" mark:"seed"`
	LastSessionAt              string `json:"lastSessionAt,omitempty" format:"date-time" mark:"seed"`
	MinutesOfActivity          int64  `json:"minutesOfActivity,omitempty" mark:"seed"`
	Role                       *Role  `json:"role,omitempty" mark:"seed"`
}

// Role is a user's role on the wire.
type Role struct {
	ID     int64  `json:"id" required:"yes" mark:"seed"`
	Name   string `json:"name" required:"yes" enum:"Admin,Support Specialist,Read Only" mark:"seed"`
	Handle string `json:"handle" required:"yes" enum:"admin,support,read_only" mark:"seed"`
}

// Account is the organization on the wire. The last three have no counterpart in a directory of users and are
// always null.
type Account struct {
	ID                          int64  `json:"id" mark:"seen"`
	Subdomain                   string `json:"subdomain" mark:"seen"`
	BrandName                   string `json:"brandName" mark:"seen"`
	CompanyName                 string `json:"companyName" mark:"seen"`
	ProductPriceWorkflowEventID *int64 `json:"productPriceWorkflowEventId" mark:"seen"`
	DefaultOrderRoutingGroupID  *int64 `json:"defaultOrderRoutingGroupId" mark:"seen"`
	OrderRoutingWorkflowEventID *int64 `json:"orderRoutingWorkflowEventId" mark:"seen"`
}

type problem struct {
	Message string `json:"message" required:"yes" mark:"ours"`
}

// userExample is the page's example with values in the place of its zeros.
const userExample = `[{"id":1,"firstName":"Ada","lastName":"Moreno","email":"ada@example.com","isPrimary":true,` +
	`"insertedAt":"2026-04-20T00:00:00Z","updatedAt":"2026-04-20T00:00:00Z","lastLoginAt":"2026-04-20T00:00:00Z",` +
	`"notificationsLastCheckedAt":"2026-04-20T00:00:00Z","lastSessionAt":"2026-04-20T00:00:00Z",` +
	`"minutesOfActivity":12,"role":{"id":1,"name":"Admin","handle":"admin"}}]`

const accountExample = `{"id":1,"subdomain":"demo","brandName":"Demo","companyName":"Demo Inc.",` +
	`"productPriceWorkflowEventId":null,"defaultOrderRoutingGroupId":null,"orderRoutingWorkflowEventId":null}`

// encoder appends users as [User] is tagged. It is for one request.
type encoder struct {
	view  dialect.View
	roles map[string]string // the JSON text of roles by handle; "" where there is none
}

// form is that of the users that an encoder appends: roles are the same for all.
func form() roster.Form {
	return roster.Form{Name: "flxpoint", Shows: roster.FieldsOf(
		roster.FieldNumber, roster.FieldName, roster.FieldFirstName, roster.FieldLastName, roster.FieldEmail,
		roster.FieldOwner, roster.FieldCreatedAt, roster.FieldUpdatedAt, roster.FieldLastLoginAt,
		roster.FieldNotificationsCheckedAt, roster.FieldLastSessionAt, roster.FieldMinutesOfActivity, roster.FieldRole,
	)}
}

func (e *encoder) user(b []byte, u *roster.User) []byte {
	first, last := dialect.FirstLast(u)
	m := dialect.NewMembers(b).
		Int("id", u.Number).
		Text("firstName", first).
		Text("lastName", last).
		Text("email", u.Email).
		Bool("isPrimary", u.Owner)
	m = secondsIfAny(m, "insertedAt", u.CreatedAt)
	m = secondsIfAny(m, "updatedAt", u.UpdatedAt)
	m = secondsIfAny(m, "lastLoginAt", u.LastLoginAt)
	m = secondsIfAny(m, "notificationsLastCheckedAt", u.NotificationsCheckedAt)
	m = secondsIfAny(m, "lastSessionAt", u.LastSessionAt)
	if u.MinutesOfActivity != 0 {
		m = m.Int("minutesOfActivity", u.MinutesOfActivity)
	}
	if role := e.role(u.Role); role != "" {
		m = m.JSON("role", role)
	}
	return m.Close()
}

func secondsIfAny(m dialect.Members, name string, t roster.Time) dialect.Members {
	if t == 0 {
		return m
	}
	return m.Seconds(name, t)
}

// role returns the built-in role that a role is or counts as, as [Role] is tagged.
func (e *encoder) role(handle string) string {
	text, known := e.roles[handle]
	if known {
		return text
	}
	if role := e.view.Role(handle); role != nil {
		if role = e.view.Role(role.BuiltIn()); role != nil {
			m := dialect.NewMembers(nil).Int("id", role.Number).Text("name", role.Name).Text("handle", role.Handle)
			text = string(m.Close())
		}
	}
	e.roles[handle] = text
	return text
}

func wireAccount(o *roster.Organization) Account {
	brand := o.BrandName
	if brand == "" {
		brand = o.Name
	}
	return Account{ID: o.Number, Subdomain: o.Slug, BrandName: brand, CompanyName: o.Name}
}
