package d3lay

import (
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// User is a user on the wire.
type User struct {
	ID         string `json:"id" format:"uuid" required:"yes" mark:"seed"`
	Identifier string `json:"identifier" required:"yes" mark:"seed"`
	Name       string `json:"name" required:"yes" mark:"seed"`
	Email      string `json:"email" format:"email" required:"yes" mark:"seed"`
	UserType   string `json:"user_type" enum:"saas_admin,saas_user,saas_user_client" required:"yes" mark:"seed"`
	Status     string `json:"status" enum:"active,onboarding,inactive,suspended,risky" required:"yes" mark:"seed"`
	CreatedAt  string `json:"created_at" format:"date-time" required:"yes" mark:"seed"`
	UpdatedAt  string `json:"updated_at" format:"date-time" required:"yes" mark:"seed"`
	CreatedBy  string `json:"created_by,omitempty" format:"uuid" doc:"Needs the permission metadata:read." mark:"seed"`
	UpdatedBy  string `json:"updated_by,omitempty" format:"uuid" doc:"Needs the permission metadata:read." mark:"seed"`
}

type problem struct {
	Message string  `json:"message" required:"yes" mark:"ours"`
	Errors  []fault `json:"errors" required:"yes" doc:"One for each parameter at fault." mark:"ours"`
}

type fault struct {
	Field   string      `json:"field" required:"yes" doc:"The parameter." mark:"ours"`
	Code    roster.Code `json:"code" required:"yes" enum:"invalid,forbidden" mark:"ours"`
	Message string      `json:"message" required:"yes" mark:"ours"`
}

// userExample is the page's example.
const userExample = `[{"id":"d4add56e-c345-4ac9-b392-7a890a60559a","identifier":"ben","name":"Benjamin Zhang",` +
	`"email":"ben@example.com","user_type":"saas_admin","status":"active",` +
	`"created_at":"2023-05-06T00:00:00Z","updated_at":"2023-05-06T00:00:00Z",` +
	`"created_by":"98d91cd7-860d-4869-937a-5af32eff2f4a","updated_by":"98d91cd7-860d-4869-937a-5af32eff2f4a"},` +
	`{"id":"e513d2c8-319e-4bc3-898b-3933ab39b452","identifier":"john","name":"John Jiang",` +
	`"email":"john@example.com","user_type":"saas_user","status":"onboarding",` +
	`"created_at":"2023-05-06T00:00:00Z","updated_at":"2023-05-06T00:00:00Z",` +
	`"created_by":"98d91cd7-860d-4869-937a-5af32eff2f4a","updated_by":"98d91cd7-860d-4869-937a-5af32eff2f4a"}]`

const problemExample = `{"message":"page must be an integer from 1, not 0","errors":[{"field":"page",` +
	`"code":"invalid",` +
	`"message":"must be an integer from 1, not 0"}]}`

// form is that of [appendUser].
func form(metadata bool) roster.Form {
	shows := roster.FieldsOf(
		roster.FieldID, roster.FieldIdentifier, roster.FieldName, roster.FieldEmail, roster.FieldUserType,
		roster.FieldStatus, roster.FieldCreatedAt, roster.FieldUpdatedAt,
	)
	if !metadata {
		return roster.Form{Name: "d3lay", Shows: shows}
	}
	return roster.Form{
		Name: "d3lay with metadata", Shows: shows | roster.FieldsOf(roster.FieldCreatedBy, roster.FieldUpdatedBy),
	}
}

// appendUser appends a user as [User] is tagged, with the members that need the metadata permission or without.
func appendUser(b []byte, u *roster.User, metadata bool) []byte {
	m := dialect.NewMembers(b).
		ID("id", u.ID).
		Text("identifier", u.Identifier).
		Text("name", u.Name).
		Text("email", u.Email).
		Text("user_type", u.UserType.String()).
		Text("status", shown(u.Status)).
		Seconds("created_at", u.CreatedAt).
		Seconds("updated_at", u.UpdatedAt)
	if metadata && !u.CreatedBy.IsZero() {
		m = m.ID("created_by", u.CreatedBy)
	}
	if metadata && !u.UpdatedBy.IsZero() {
		m = m.ID("updated_by", u.UpdatedBy)
	}
	return m.Close()
}

// userTypes are the page's types of users.
func userTypes() []string { return []string{"saas_admin", "saas_user", "saas_user_client"} }

// statuses are the page's statuses.
func statuses() []string { return []string{"active", "onboarding", "inactive", "suspended", "risky"} }

// shown returns the one of the page's statuses that stands for a status.
func shown(s roster.Status) string {
	switch s {
	case roster.Invited:
		return roster.Onboarding.String()
	case roster.Deactivated:
		return roster.Inactive.String()
	default:
		return s.String()
	}
}

// shownAs returns the statuses that are shown as one of the page's.
func shownAs(name string) []roster.Value {
	var values []roster.Value
	for i := range roster.Statuses() {
		if shown(roster.Status(i)) == name {
			values = append(values, roster.IntValue(int64(i)))
		}
	}
	return values
}

// statusRanks orders statuses by what is shown, A to Z.
func statusRanks() []int64 {
	names := slices.Sorted(slices.Values(statuses()))
	ranks := make([]int64, len(roster.Statuses()))
	for i := range ranks {
		ranks[i] = int64(slices.Index(names, shown(roster.Status(i))))
	}
	return ranks
}
