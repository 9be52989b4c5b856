package sixeye

import (
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const (
	pageNumber  = "page[number]"
	pageSize    = "page[size]"
	fieldsUsers = "fields[users]"

	defaultPageSize = 100
	maxPageSize     = 1000
)

func pageParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: pageNumber, Type: dialect.Integer, Min: dialect.N(1), Mark: dialect.Ours,
			Doc: "The page to return, from 1; the first one where only page[size] is given. " +
				"Without both the whole site is returned.",
		},
		{
			Name: pageSize, Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(maxPageSize), Mark: dialect.Ours,
			Doc: "How many users a page has; 100 where only page[number] is given. " +
				"Without both the whole site is returned.",
		},
		{
			Name: "sort", Type: dialect.Strings, Mark: dialect.Ours, Example: "-lastLoginTime,email",
			Enum: []string{
				"id", "-id", "email", "-email", "lastLoginTime", "-lastLoginTime", "lastActionTime", "-lastActionTime",
			},
			Doc: "What to sort by, the foremost first; - makes it descending. Without it users come by number.",
		},
	}
}

func filterParams() []dialect.Param {
	param := func(attribute string, t dialect.ParamType, doc string) dialect.Param {
		return dialect.Param{Name: "filter[" + attribute + "]", Type: t, Doc: doc, Mark: dialect.Ours}
	}
	return []dialect.Param{
		param("id", dialect.UUID, "Only the user with this id."),
		param("firstName", dialect.String, "Only users with this first name."),
		param("lastName", dialect.String, "Only users with this last name."),
		param("email", dialect.Strings, "Only users with any of these e-mail addresses."),
		param("phoneNumber", dialect.String, "Only users with this phone number, written in the same way."),
		param("suspended", dialect.Boolean, "Only users who are suspended, or who are not."),
		param("twoFactorEnabled", dialect.Boolean, "Only users with two-factor authentication, or without."),
		param("tenantAdmin", dialect.Boolean, "Only users who administer the tenant, or who do not."),
	}
}

func fieldsParam() dialect.Param {
	return dialect.Param{
		Name: fieldsUsers, Type: dialect.Strings, Enum: attributeNames(), Example: "firstName,lastName",
		Mark: dialect.Ours, Doc: "The attributes to return (a sparse fieldset); all without it.",
	}
}

// check looks at what is not in the table of parameters: the Accept header, and members of families that JSON:API
// reserves.
func check(r *dialect.Request) error {
	if !acceptable(r.Header) {
		return roster.Errorf(roster.NotAcceptable,
			"%s is served without media type parameters other than ext and profile", mediaType)
	}
	return unknownMembers(r)
}

// unknownMembers refuses members of filter, fields and page that are not in the endpoint's table.
func unknownMembers(r *dialect.Request) error {
	var faults []roster.Detail
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		family, _, _ := strings.Cut(name, "[")
		known := slices.ContainsFunc(r.Endpoint.Params, func(p dialect.Param) bool {
			return p.Name == name || p.IsList() && p.Name+"[]" == name
		})
		if !known && slices.Contains([]string{"filter", "fields", "page"}, family) {
			faults = append(faults, roster.Detail{Field: name, Message: "is not known here"})
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &roster.Error{Code: roster.Invalid, Field: faults[0].Field, Message: faults[0].Message, Details: faults}
}

// acceptable is false where JSON:API is asked for, but never in a form that it is served in: such instances must be
// ignored, and a request with no others refused (JSON:API 1.1, server responsibilities).
func acceptable(h http.Header) bool {
	refused := false
	for _, accept := range h.Values("Accept") {
		for _, item := range acceptItems(accept) {
			t, params, err := mime.ParseMediaType(item)
			if err != nil || t != mediaType {
				continue
			}
			delete(params, "q") // the weight is not the media type's (RFC 9110)
			delete(params, "ext")
			delete(params, "profile")
			if len(params) == 0 {
				return true
			}
			refused = true
		}
	}
	return !refused
}

// acceptItems cuts an Accept header at the commas that do not stand in a quoted string.
func acceptItems(s string) []string {
	quoted, escaped := false, false
	return strings.FieldsFunc(s, func(r rune) bool {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		}
		return r == ',' && !quoted
	})
}

// query asks for all users but the deactivated ones.
func query(r *dialect.Request) roster.Query {
	q := roster.Query{Where: filter(r), Sort: order(r)}
	if paged(r) {
		number, size := window(r)
		q.Offset, q.Limit = dialect.Offset(number, size), int(size)
	}
	return q
}

func paged(r *dialect.Request) bool { return r.Given(pageNumber) || r.Given(pageSize) }

func window(r *dialect.Request) (number, size int64) {
	number, size = max(1, r.Int(pageNumber)), r.Int(pageSize)
	if size == 0 {
		size = defaultPageSize
	}
	return number, size
}

func order(r *dialect.Request) []roster.Sort {
	fields := map[string]roster.Field{
		"id": roster.FieldID, "email": roster.FieldEmail,
		"lastLoginTime": roster.FieldLastLoginAt, "lastActionTime": roster.FieldLastActionAt,
	}
	var keys []roster.Sort
	for _, item := range r.Strings("sort") {
		name, desc := strings.CutPrefix(item, "-")
		keys = append(keys, roster.Sort{Field: fields[name], Desc: desc})
	}
	return keys
}

func filter(r *dialect.Request) roster.Expr {
	where := roster.And{roster.Not{Expr: status(roster.Deactivated)}}
	if r.Given("filter[id]") {
		where = append(where, roster.Cmp{Field: roster.FieldID, Value: roster.IDValue(r.UUID("filter[id]"))})
	}
	if name := "filter[firstName]"; r.Given(name) {
		where = append(where, firstName(r.String(name)))
	}
	if name := "filter[lastName]"; r.Given(name) {
		where = append(where, lastName(r.String(name)))
	}
	if name := "filter[phoneNumber]"; r.Given(name) {
		where = append(where, equal(roster.FieldPhone, r.String(name)))
	}
	if r.Given("filter[email]") {
		in := roster.In{Field: roster.FieldEmail}
		for _, email := range r.Strings("filter[email]") {
			in.Values = append(in.Values, roster.TextValue(email))
		}
		where = append(where, in)
	}
	return append(where, flags(r)...)
}

func flags(r *dialect.Request) roster.And {
	var where roster.And
	if name := "filter[suspended]"; r.Given(name) {
		suspended := roster.Expr(status(roster.Suspended))
		if !r.Bool(name) {
			suspended = roster.Not{Expr: suspended}
		}
		where = append(where, suspended)
	}
	if name := "filter[twoFactorEnabled]"; r.Given(name) {
		where = append(where, roster.Cmp{Field: roster.FieldTwoFactor, Value: roster.BoolValue(r.Bool(name))})
	}
	if name := "filter[tenantAdmin]"; r.Given(name) {
		where = append(where, roster.Cmp{Field: roster.FieldTenantAdmin, Value: roster.BoolValue(r.Bool(name))})
	}
	return where
}

func status(s roster.Status) roster.Cmp {
	return roster.Cmp{Field: roster.FieldStatus, Value: roster.IntValue(int64(s))}
}

func equal(field roster.Field, text string) roster.Cmp {
	return roster.Cmp{Field: field, Value: roster.TextValue(text)}
}

// firstName compares with what [dialect.FirstLast] shows: the first name or, without one, the last name or the whole
// name.
func firstName(text string) roster.Expr {
	noFirst := roster.Not{Expr: roster.Has{Field: roster.FieldFirstName}}
	noLast := roster.Not{Expr: roster.Has{Field: roster.FieldLastName}}
	return roster.Or{
		equal(roster.FieldFirstName, text),
		roster.And{noFirst, equal(roster.FieldLastName, text)},
		roster.And{noFirst, noLast, equal(roster.FieldName, text)},
	}
}

// lastName compares with what [dialect.FirstLast] shows: nothing without a first name.
func lastName(text string) roster.Expr {
	return roster.And{roster.Has{Field: roster.FieldFirstName}, equal(roster.FieldLastName, text)}
}
