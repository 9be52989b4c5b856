package fipto

import (
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// UserList is the answer on the wire as the page has it.
type UserList listOf[User]

// LiveUserList is the answer on the wire of the vendor's later API.
type LiveUserList listOf[LiveUser]

type listOf[U User | LiveUser] struct {
	Meta Meta `json:"meta" required:"yes" mark:"seed"`
	Data []U  `json:"data" required:"yes" mark:"seed"`
}

// Meta is what the answer says of itself on the wire.
type Meta struct {
	RequestID       string         `json:"request_id" format:"uuid" required:"yes" doc:"Of this request." mark:"seed"`
	QueryParameters map[string]any `json:"query_parameters" required:"yes" doc:"All, given or implicit." mark:"seed"`
	TotalResults    int            `json:"total_results" required:"yes" doc:"How many users match." mark:"seen"`
}

// User is a user on the wire.
type User struct {
	ID         string     `json:"id" format:"uuid" required:"yes" mark:"seed"`
	Type       string     `json:"type" enum:"user" required:"yes" mark:"seed"`
	Attributes Attributes `json:"attributes" required:"yes" mark:"seed"`
}

// LiveUser is a user on the wire of the vendor's later API.
type LiveUser struct {
	ID         string         `json:"id" format:"uuid" required:"yes" mark:"seed"`
	Type       string         `json:"type" enum:"api_client,person" required:"yes" mark:"seen"`
	Attributes LiveAttributes `json:"attributes" required:"yes" mark:"seed"`
}

// LiveAttributes are the attributes of the vendor's later API.
type LiveAttributes struct {
	Attributes

	Role *string `json:"role" required:"yes" doc:"The handle of the user's role; null for none." mark:"seen"`

	//nolint:lll // a tag can't be wrapped
	CreatedBy *string `json:"created_by" format:"uuid" required:"yes" doc:"Who made the user; null where that is not known, or without the permission metadata:read." mark:"seen"`
}

// Attributes are what a user is like on the wire: an API client has the members of [APIClient], anybody else those of
// [Person].
type Attributes struct {
	//nolint:lll // a tag can't be wrapped
	Status         string   `json:"status" enum:"active,invitation_sent,require_kyc,inactive,suspended,risky,deactivated" required:"yes" mark:"seed"`
	WhitelistedIPs []string `json:"whitelisted_ips" required:"yes" doc:"Empty for all addresses." mark:"seed"`
	*APIClient
	*Person
}

// APIClient has the attributes that only an API client has.
type APIClient struct {
	PublicKey string `json:"public_key" doc:"PEM. Only of an API client." mark:"seed"`
	Name      string `json:"name" doc:"Only of an API client." mark:"seed"`
}

// Person has the attributes that an API client does not have.
type Person struct {
	Email     string `json:"email" format:"email" doc:"Not of an API client." mark:"seen"`
	FirstName string `json:"firstname" doc:"Not of an API client." mark:"seen"`
	LastName  string `json:"lastname" doc:"Not of an API client." mark:"seen"`
}

type problem struct {
	Errors []fault `json:"errors" required:"yes" mark:"seen"`
}

type fault struct {
	Source *source     `json:"source,omitempty" doc:"What is at fault, where it is one parameter." mark:"seen"`
	Detail string      `json:"detail" required:"yes" mark:"seen"`
	Code   roster.Code `json:"code" required:"yes" mark:"seen"`
}

type source struct {
	Parameter string `json:"parameter" required:"yes" mark:"ours"`
}

// listExample is the page's example with values in the place of its "string"s, and liveExample the same of the later
// API.
const (
	listExample = exampleHead + `"user"` + exampleTail + `}}]}`
	liveExample = exampleHead + `"api_client"` + exampleTail +
		`,"role":"admin","created_by":"98d91cd7-860d-4869-937a-5af32eff2f4a"}}]}`
)

const exampleHead = `{"meta":{"request_id":"0190a000-0000-7000-8000-0000000000aa",` +
	`"query_parameters":{"page_number":1,"page_size":100,"sort":"created_at"},"total_results":1},` +
	`"data":[{"id":"3f0c6a52-8d0e-4c5b-9a44-6f1f6f0f2c11","type":`

const exampleTail = `,"attributes":{"status":"active",` +
	`"whitelisted_ips":["203.0.113.7"],"public_key":"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A` +
	`MIIBCgKCAQEA` +
	`x5ENo5B+OJn92GpUn4qm\ni0m5c3scBfoowMLZlSa5q1lnaEfp7eiI1rNemcH8djt7d2T/YzWIsYywmwtzhQjw\nCxJtRFGGhTk6oFLgCGCl` +
	`wKi3SRODgZYyL` +
	`GXgqKYstbODX5LDefY/SIqB4o7T3Asu\nd2aYu2pXmeiJYOsHf8S16e1+J2uDgsuPpLc+E4NGZTJ9KcqgV/PuOkqDlFpMSo5l\nTF/OBqRtc` +
	`O8om2wILgPk8G` +
	`vEqb7xjptwuqEkyvTZE+sKXDffPlwBqkhGLGEMe1vR\nnzBptA+DxeSIyxXPRYcAdHEWKKUu8gZeVrUl1QDsv68ubqruVfNrdtujMPrhPqcE` +
	`\nVQIDAQAB\n` +
	`-----END PUBLIC KEY-----\n","name":"Johnny Nguyen"`

// The types of users that user_type tells apart.
const (
	typeAPIClient = "api_client"
	typePerson    = "person"
)

// encoder appends users as [User] is tagged or, when live, as [LiveUser] is.
type encoder struct {
	live     bool
	metadata bool // who asks may know who made a user
}

func newEncoder(r *dialect.Request) encoder {
	live := r.Contract == roster.Live
	return encoder{live, live && r.Principal.Permissions.Has(roster.MetadataRead)}
}

func (e encoder) form() roster.Form {
	form := roster.Form{Name: "fipto", Shows: roster.FieldsOf(
		roster.FieldID, roster.FieldStatus, roster.FieldKind, roster.FieldWhitelistedIPs, roster.FieldPublicKey,
		roster.FieldName, roster.FieldFirstName, roster.FieldLastName, roster.FieldEmail,
	)}
	if e.live {
		form.Name += " live"
		form.Shows |= roster.FieldsOf(roster.FieldRole)
	}
	if e.metadata {
		form.Name += " with metadata"
		form.Shows |= roster.FieldsOf(roster.FieldCreatedBy)
	}
	return form
}

func (e encoder) user(b []byte, u *roster.User) []byte {
	m := dialect.NewMembers(b).ID("id", u.ID).Text("type", e.typeOf(u)).Name("attributes")
	a := dialect.NewMembers(m).Text("status", shown(u.Status))
	a = appendTexts(a.Name("whitelisted_ips"), u.WhitelistedIPs)
	if u.Kind == roster.APIClient {
		a = a.Text("public_key", u.PublicKey).Text("name", u.Name)
	} else {
		first, last := dialect.FirstLast(u)
		a = a.Text("email", u.Email).Text("firstname", first).Text("lastname", last)
	}
	if e.live {
		a = e.later(a, u)
	}
	return dialect.Members(a.Close()).Close()
}

// typeOf returns what a user is called.
func (e encoder) typeOf(u *roster.User) string {
	switch {
	case !e.live:
		return "user"
	case u.Kind == roster.APIClient:
		return typeAPIClient
	default:
		return typePerson
	}
}

// later appends what the attributes have only in the vendor's later API.
func (e encoder) later(a dialect.Members, u *roster.User) dialect.Members {
	a = a.TextOrNull("role", u.Role)
	if !e.metadata {
		return a.Null("created_by")
	}
	return a.ID("created_by", u.CreatedBy)
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = roster.AppendString(b, text, false)
	}
	return append(b, ']')
}

// statuses are the statuses that are shown, the vendor's own first.
func statuses() []string {
	return []string{"active", "invitation_sent", "require_kyc", "inactive", "suspended", "risky", "deactivated"}
}

// shown returns the vendor's name of a status, or ours where the vendor has none.
func shown(s roster.Status) string {
	switch s {
	case roster.Invited:
		return "invitation_sent"
	case roster.Onboarding:
		return "require_kyc"
	default:
		return s.String()
	}
}

// shownAs returns the statuses that are shown as any of names.
func shownAs(names []string) []roster.Value {
	var values []roster.Value
	for i := range roster.Statuses() {
		if slices.Contains(names, shown(roster.Status(i))) {
			values = append(values, roster.IntValue(int64(i)))
		}
	}
	return values
}
