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

func wireUser(u *roster.User, view dialect.View) User {
	first, last := dialect.FirstLast(u)
	return User{
		ID: u.Number, FirstName: first, LastName: last, Email: u.Email, IsPrimary: u.Owner,
		InsertedAt: dialect.Seconds(u.CreatedAt), UpdatedAt: dialect.Seconds(u.UpdatedAt),
		LastLoginAt:                dialect.Seconds(u.LastLoginAt),
		NotificationsLastCheckedAt: dialect.Seconds(u.NotificationsCheckedAt),
		LastSessionAt:              dialect.Seconds(u.LastSessionAt),
		MinutesOfActivity:          u.MinutesOfActivity, Role: wireRole(u.Role, view),
	}
}

// wireRole returns the built-in role that the user's role is or counts as.
func wireRole(handle string, view dialect.View) *Role {
	role := view.Role(handle)
	if role == nil {
		return nil
	}
	if role = view.Role(role.BuiltIn()); role == nil {
		return nil
	}
	return &Role{ID: role.Number, Name: role.Name, Handle: role.Handle}
}

func wireAccount(o *roster.Organization) Account {
	brand := o.BrandName
	if brand == "" {
		brand = o.Name
	}
	return Account{ID: o.Number, Subdomain: o.Slug, BrandName: brand, CompanyName: o.Name}
}
