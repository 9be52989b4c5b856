package sixeye

import (
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// UserList is a list of users on the wire as the page has it.
type UserList listOf[User]

// LiveUserList is a list of users on the wire as the vendor's API was seen to send it.
type LiveUserList listOf[LiveUser]

type listOf[U User | LiveUser] struct {
	Data  []U    `json:"data" required:"yes" mark:"seed"`
	Links *Links `json:"links,omitempty" doc:"Only with page[number] or page[size]." mark:"ours"`
	Meta  *Meta  `json:"meta,omitempty" doc:"Only with page[number] or page[size]." mark:"ours"`
}

// SingleUser is one user on the wire as the page has it.
type SingleUser single[User]

// LiveSingleUser is one user on the wire as the vendor's API was seen to send it.
type LiveSingleUser single[LiveUser]

type single[U User | LiveUser] struct {
	Data U `json:"data" required:"yes" mark:"seed"`
}

// User is a resource object.
type User struct {
	ID         string     `json:"id" format:"uuid" required:"yes" mark:"seed"`
	Type       string     `json:"type" enum:"users" required:"yes" mark:"seed"`
	Attributes Attributes `json:"attributes" required:"yes" mark:"seed"`
}

// LiveUser is a resource object with links.
type LiveUser struct {
	ID            string         `json:"id" format:"uuid" required:"yes" mark:"seed"`
	Type          string         `json:"type" enum:"users" required:"yes" mark:"seed"`
	Links         Self           `json:"links" required:"yes" mark:"seen"`
	Attributes    Attributes     `json:"attributes" required:"yes" mark:"seed"`
	Relationships *Relationships `json:"relationships,omitempty" doc:"Not with fields[users]." mark:"seen"`
}

// Self is the link of a resource object to itself.
type Self struct {
	Self string `json:"self" format:"uri" required:"yes" mark:"seen"`
}

// Relationships are what a user is related to.
type Relationships struct {
	Projects            Relationship `json:"projects" required:"yes" mark:"seen"`
	ProjectSuites       Relationship `json:"projectSuites" required:"yes" mark:"seen"`
	ReceivedInvitations Relationship `json:"receivedInvitations" required:"yes" mark:"seen"`
	SentInvitations     Relationship `json:"sentInvitations" required:"yes" mark:"seen"`
}

// Relationship says where to find what a user is related to, and no more.
type Relationship struct {
	Links RelationshipLinks `json:"links" required:"yes" mark:"seen"`
}

// RelationshipLinks are the links of a relationship.
type RelationshipLinks struct {
	Self    string `json:"self" format:"uri" required:"yes" mark:"seen" doc:"Of the relationship."`
	Related string `json:"related" format:"uri" required:"yes" mark:"seen" doc:"Of the related resources."`
}

// Attributes are a user's attributes. With fields[users] only those named there are sent.
type Attributes struct {
	FirstName        string  `json:"firstName" doc:"The first name." mark:"seed"`
	LastName         string  `json:"lastName" doc:"The last name." mark:"seed"`
	Email            string  `json:"email" doc:"The email address." mark:"seed"`
	PhoneNumber      *string `json:"phoneNumber" doc:"The contact phone number." mark:"seed"`
	Suspended        bool    `json:"suspended" doc:"Whether the account is suspended." mark:"seed"`
	LastLoginTime    *string `json:"lastLoginTime" format:"date-time" doc:"The last login." mark:"seed"`
	LastActionTime   *string `json:"lastActionTime" format:"date-time" doc:"The last action triggered." mark:"seed"`
	TwoFactorEnabled bool    `json:"twoFactorEnabled" doc:"Whether two-factor authentication is enabled." mark:"seed"`
	TenantAdmin      bool    `json:"tenantAdmin" doc:"Whether the user administers the tenant" mark:"seed"`
}

// Links are the pages around the one that was asked for.
type Links struct {
	First string  `json:"first" format:"uri" required:"yes" mark:"ours"`
	Prev  *string `json:"prev" format:"uri" required:"yes" mark:"ours"`
	Next  *string `json:"next" format:"uri" required:"yes" mark:"ours"`
	Last  string  `json:"last" format:"uri" required:"yes" mark:"ours"`
}

// Meta is what a page says of the whole list.
type Meta struct {
	Total int `json:"total" required:"yes" doc:"How many users match, on whatever page." mark:"ours"`
}

// Version says what software answers and which versions of the API it speaks.
type Version struct {
	BackendVersion string      `json:"backendVersion" required:"yes" doc:"Roster's own version." mark:"seen"`
	API            APIVersions `json:"API" required:"yes" mark:"seen"`
}

// APIVersions are the versions of the API.
type APIVersions struct {
	DefaultVersion    string       `json:"defaultVersion" required:"yes" mark:"seen"`
	SupportedVersions []APIVersion `json:"supportedVersions" required:"yes" mark:"seen"`
}

// APIVersion is a version of the API.
type APIVersion struct {
	Version       string `json:"version" required:"yes" mark:"seen"`
	VersionNumber int    `json:"versionNumber" required:"yes" mark:"seen"`
}

type problem struct {
	Errors []fault `json:"errors" required:"yes" mark:"seen"`
}

type fault struct {
	Title  string  `json:"title" required:"yes" mark:"seen"`
	Detail string  `json:"detail" required:"yes" mark:"seen"`
	Code   string  `json:"code" required:"yes" mark:"seen"`
	Status string  `json:"status" required:"yes" mark:"seen"`
	Source *source `json:"source,omitempty" doc:"What is at fault, where it is one parameter." mark:"ours"`
}

type source struct {
	Parameter string `json:"parameter" required:"yes" mark:"ours"`
}

// joe and bob are the users of the page's examples.
const (
	joe     = joeHead + joeRest + `}`
	joeHead = `{"id":"465acd55-6e48-4297-839f-bc0f7d70020b","type":"users",`
	joeRest = `"attributes":{"firstName":"Joe",` +
		`"lastName":"Manager","email":"joe.manager@example.com","phoneNumber":"123456789","suspended":false,` +
		`"lastLoginTime":"2023-03-08T10:18:38.501+00:00","lastActionTime":"2023-03-16T13:32:26.056+00:00",` +
		`"twoFactorEnabled":true,"tenantAdmin":false}`
	bob = `{"id":"dfd54e1f-3bce-4322-a935-f98ba97a9201","type":"users","attributes":{"firstName":"Bob",` +
		`"lastName":"User","email":"bob.user@example.com","phoneNumber":"+1 234 567 890","suspended":false,` +
		`"lastLoginTime":"2023-03-13T10:37:02.176+00:00","lastActionTime":"2023-03-14T16:12:51.626+00:00",` +
		`"twoFactorEnabled":false,"tenantAdmin":false}}`

	listExample   = `{"data":[` + joe + `,` + bob + `]}`
	singleExample = `{"data":` + bob + `}`

	joeURL  = "https://roster.example/sixeye/users/465acd55-6e48-4297-839f-bc0f7d70020b"
	liveJoe = joeHead + `"links":{"self":"` + joeURL + `"},` + joeRest + `,"relationships":{` +
		`"projects":{"links":{"self":"` + joeURL + `/relationships/projects",` +
		`"related":"` + joeURL + `/projects"}},` +
		`"projectSuites":{"links":{"self":"` + joeURL + `/relationships/projectSuites",` +
		`"related":"` + joeURL + `/projectSuites"}},` +
		`"receivedInvitations":{"links":{"self":"` + joeURL + `/relationships/receivedInvitations",` +
		`"related":"` + joeURL + `/receivedInvitations"}},` +
		`"sentInvitations":{"links":{"self":"` + joeURL + `/relationships/sentInvitations",` +
		`"related":"` + joeURL + `/sentInvitations"}}}}`
	liveListExample   = `{"data":[` + liveJoe + `]}`
	liveSingleExample = `{"data":` + liveJoe + `}`

	problemExample = `{"errors":[{"title":"Record not found",` +
		`"detail":"The record identified by dfd54e1f-3bce-4322-a935-f98ba97a9202 could not be found.",` +
		`"code":"404","status":"404"}]}`
	versionExample = `{"backendVersion":"1.0.0","API":{"defaultVersion":"v1",` +
		`"supportedVersions":[{"version":"v1","versionNumber":1}]}}`
)

// attributeNames returns the names of the attributes in their order.
func attributeNames() []string {
	return []string{
		"firstName", "lastName", "email", "phoneNumber", "suspended", "lastLoginTime", "lastActionTime",
		"twoFactorEnabled", "tenantAdmin",
	}
}

func appendAttribute(m dialect.Members, name string, u *roster.User) dialect.Members {
	first, last := dialect.FirstLast(u)
	switch name {
	case "firstName":
		return m.Text(name, first)
	case "lastName":
		return m.Text(name, last)
	case "email":
		return m.Text(name, u.Email)
	case "phoneNumber":
		return m.TextOrNull(name, u.Phone)
	case "suspended":
		return m.Bool(name, u.Status == roster.Suspended)
	case "lastLoginTime":
		return millis(m, name, u.LastLoginAt)
	case "lastActionTime":
		return millis(m, name, u.LastActionAt)
	case "twoFactorEnabled":
		return m.Bool(name, u.TwoFactor)
	default:
		return m.Bool(name, u.TenantAdmin)
	}
}

// millis appends a time in the form of the page's examples, 2023-03-08T10:18:38.501+00:00, or null for none.
func millis(m dialect.Members, name string, t roster.Time) dialect.Members {
	if t == 0 {
		return m.Null(name)
	}
	m = append(m.Name(name), '"')
	return append(t.Std().AppendFormat(m, "2006-01-02T15:04:05.000-07:00"), '"')
}

// encoder appends users as [User] is tagged or, where it has an address, as [LiveUser] is.
type encoder struct {
	attributes []string // the names of those to write, in their order
	address    string   // the URL of the list of users, "" under the contract documented
	related    bool     // with relationships
}

// newEncoder returns an encoder of what a request chooses by fields[users]; without it, of everything.
func newEncoder(r *dialect.Request) encoder {
	e := encoder{attributes: slices.DeleteFunc(attributeNames(), func(name string) bool {
		return r.Given(fieldsUsers) && !slices.Contains(r.Strings(fieldsUsers), name)
	})}
	if r.Contract == roster.Live {
		e.address, e.related = address(r), !r.Given(fieldsUsers)
	}
	return e
}

// address returns the URL of the list of users as the client sees it.
func address(r *dialect.Request) string {
	at := *r.URL
	at.RawQuery, at.ForceQuery = "", false
	whole := at.String()
	if r.Endpoint.Takes(dialect.Path, userUUID) {
		whole = whole[:strings.LastIndexByte(whole, '/')]
	}
	return whole
}

// form is kept only for all attributes, since there are many choices of some, and without links: clients choose the
// host in them.
func (e encoder) form() roster.Form {
	form := roster.Form{Shows: roster.FieldsOf(
		roster.FieldID, roster.FieldName, roster.FieldFirstName, roster.FieldLastName, roster.FieldEmail,
		roster.FieldPhone, roster.FieldStatus, roster.FieldLastLoginAt, roster.FieldLastActionAt,
		roster.FieldTwoFactor, roster.FieldTenantAdmin,
	)}
	if len(e.attributes) == len(attributeNames()) && e.address == "" {
		form.Name = "sixeye"
	}
	return form
}

func (e encoder) user(b []byte, u *roster.User) []byte {
	m := dialect.NewMembers(b).ID("id", u.ID).Text("type", "users")
	self := ""
	if e.address != "" {
		self = e.address + "/" + u.ID.String()
		m = dialect.NewMembers(m.Name("links")).Text("self", self).Close()
	}
	chosen := dialect.NewMembers(m.Name("attributes"))
	for _, name := range e.attributes {
		chosen = appendAttribute(chosen, name, u)
	}
	m = chosen.Close()
	if e.related {
		m = appendRelationships(m, self)
	}
	return m.Close()
}

// appendRelationships appends links to what the user at a URL is related to.
func appendRelationships(m dialect.Members, self string) dialect.Members {
	all := dialect.NewMembers(m.Name("relationships"))
	for _, name := range [...]string{"projects", "projectSuites", "receivedInvitations", "sentInvitations"} {
		one := dialect.NewMembers(all.Name(name))
		links := dialect.NewMembers(one.Name("links")).
			Text("self", self+"/relationships/"+name).
			Text("related", self+"/"+name)
		all = dialect.Members(links.Close()).Close()
	}
	return all.Close()
}

func pageLinks(r *dialect.Request, total int64) Links {
	number, size := window(r)
	last := dialect.LastPage(size, total)
	pages := dialect.PagesAt(r.URL, pageNumber)
	to := func(page int64) *string {
		target := pages.URL(page)
		return &target
	}
	links := Links{First: *to(1), Last: *to(last)}
	if number > 1 {
		links.Prev = to(min(number-1, last))
	}
	if number < last {
		links.Next = to(number + 1)
	}
	return links
}

func wireVersion(software string) Version {
	return Version{BackendVersion: software, API: APIVersions{
		DefaultVersion: "v1", SupportedVersions: []APIVersion{{Version: "v1", VersionNumber: 1}},
	}}
}
