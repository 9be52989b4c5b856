package kaiten

import (
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// maxPage is the page's default of limit and, as the vendor was seen to do, the most that a limit counts for.
const maxPage = 100

func listUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:  http.MethodGet,
		Path:    "/api/latest/company/users",
		Aliases: []string{"/api/v1/company/users"},
		ID:      "getCompanyUsers",
		Summary: "Get Company Users list",
		Description: "Get Company Users list filtered by query parameters. To use this route you need access to the " +
			`Administrative section "Members".`,
		Mark:     dialect.Seed,
		Allow:    allowMembers,
		AllowDoc: membersOnly,
		Params:   append(flagParams(), memberParams()...),
		Window:   &dialect.Window{Start: "offset", Size: "limit"},
		Laws:     laws(),
		Returns:  returns(),
		Serve:    serveUsers,
	}
}

// membersOnly says what [allowMembers] asks for.
const membersOnly = "The user that the token acts as must have the permission bit 1 (Members), in person or by a " +
	"group. A token that acts as nobody must have the permission members:admin instead."

// members and paged are what a parameter can need.
func members() []string { return []string{"for_members_section"} }

func paged() []string { return []string{"for_members_section", "only_virtual"} }

func flagParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "invitesOnly", Type: dialect.Boolean, Mark: dialect.Seed,
			Doc: "Filter to return only invites: users who are not activated and were sent an invitation",
		},
		{
			Name: "withTransferAccessStatus", Type: dialect.Boolean, Mark: dialect.Seed,
			Doc: "Data about the user rights transfer process is added: the member transfer_access_status",
		},
		{
			Name: "for_members_section", Type: dialect.Boolean, Mark: dialect.Seed,
			Doc: `When this flag is enabled, users for the "Members" administrative section are returned and result ` +
				"of the request is displayed page by page (See limit and offset params)",
		},
		{
			Name: "owner_only", Type: dialect.Boolean, Mark: dialect.Seed,
			Doc: "When this flag is enabled the company owner is returned, in an array of one",
		},
		{
			Name: "only_paid", Type: dialect.Boolean, Mark: dialect.Seed,
			Doc: "Only users with paid access are returned: those who take a licence and are not deactivated",
		},
		{
			Name: "only_records_count", Type: dialect.Boolean, With: paged(), Mark: dialect.Seed,
			Doc: "Only the number of users is returned, under the same filters and before limit and offset",
		},
		{
			Name: "only_virtual", Type: dialect.Boolean, Mark: dialect.Seed,
			Doc: "Only virtual users are returned and result of the request is displayed page by page (See limit and " +
				"offset params)",
		},
	}
}

func memberParams() []dialect.Param {
	return []dialect.Param{
		inPages(offsetParam(dialect.Seed)), inPages(limitParam(dialect.Seed)),
		{
			Name: "query", Type: dialect.String, With: members(), Mark: dialect.Seed,
			Doc: "Filter by email and full_name: users who have this text in one of them",
		},
		accessTypeParam(members()),
		{
			Name: "sd_access_type", Type: dialect.String, With: members(), Mark: dialect.Seen,
			Enum: []string{"any", "has_access", "has_no_access"},
			Doc:  "Filter by access to Service Desk",
		},
		{
			Name: "take_licence", Type: dialect.String, With: members(), Mark: dialect.Seen,
			Enum: []string{"any", "yes", "no"},
			Doc:  "Filter by users consuming the license",
		},
		{
			Name: "temporarily_inactive_status", Type: dialect.String, With: members(), Default: "all_users",
			Mark: dialect.Seen, Enum: []string{"all_users", "only_temporarily_inactive_users", "only_active_users"},
			Doc: "Filter by temporarily inactive users",
		},
		{
			Name: "group_ids", Type: dialect.Integers, With: members(), JSON: true, Mark: dialect.Seed,
			Doc: "Filter by group ids: members of any of these groups", Example: "1,2",
		},
		{
			Name: "permissions", Type: dialect.Integers, With: members(), JSON: true, Mark: dialect.Seed,
			Min: dialect.N(1), Max: dialect.N(roster.MaxNumber),
			Doc: "Filter by access granted to users: those who have any of these permission bits", Example: "1,1024",
		},
	}
}

func offsetParam(mark dialect.Mark) dialect.Param {
	return dialect.Param{
		Name: "offset", Type: dialect.Integer, Min: dialect.N(0), Max: dialect.N(roster.MaxNumber), Clip: true,
		Doc: "Number of records to skip", Mark: mark,
	}
}

func limitParam(mark dialect.Mark) dialect.Param {
	return dialect.Param{
		Name: "limit", Type: dialect.Integer, Default: "100", Min: dialect.N(0), Max: dialect.N(maxPage), Clip: true,
		Doc: "Maximum amount of users in response", Mark: mark,
	}
}

// inPages has a parameter count only where the list of the company's users is paged.
func inPages(p dialect.Param) dialect.Param {
	p.With, p.Freed = paged(), roster.Live
	return p
}

func accessTypeParam(with []string) dialect.Param {
	return dialect.Param{
		Name: "access_type_permissions", Type: dialect.String, With: with, Mark: dialect.Seen,
		Enum: []string{"member", "guest", "denied"},
		Doc:  "Filter by access to Kaiten: full access, guest access or neither",
	}
}

func returns() []dialect.Return {
	return append([]dialect.Return{
		{
			Status: http.StatusOK, Doc: "Success, apps_permissions as a string", Body: []User{}, Example: userExample,
			Mark: dialect.Seed, Contract: roster.Documented,
		},
		{
			Status: http.StatusOK, Doc: "Success, apps_permissions as an integer", Body: []LiveUser{},
			Example: liveExample, Mark: dialect.Seen, Contract: roster.Live,
		},
		{
			Status: http.StatusOK, Doc: "With only_records_count the number of users", Body: recordsCount{},
			Example: `{"count":42}`, Mark: dialect.Ours,
		},
		{
			Status: http.StatusBadRequest, Doc: "A parameter that counts has a bad value", Body: problem{},
			Example: `{"message":"limit must be an integer from 0, not \"-1\""}`, Mark: dialect.Seen,
		},
	}, refusals()...)
}

// allowMembers is the whole rule about who may ask: it needs no permission to read users besides.
func allowMembers(p roster.Principal, view dialect.View) error {
	refused := roster.Errorf(roster.Forbidden, "this needs access to the administrative section Members")
	if p.ActsAs.IsZero() {
		if !p.Permissions.Has(roster.MembersAdmin) {
			return refused
		}
		return nil
	}
	u, err := view.User(roster.Ref{ID: p.ActsAs})
	if roster.CodeOf(err) == roster.NotFound {
		return refused
	}
	if err != nil {
		return err
	}
	if u.Permissions&bitMembers == 0 {
		return refused
	}
	return nil
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	q := query(r)
	page, err := r.View.Users(q)
	if err != nil {
		return dialect.Response{}, err
	}
	if r.Bool("only_records_count") {
		return dialect.Response{Body: dialect.JSON(recordsCount{Count: page.Total})}, nil
	}
	e := newEncoder(r.View, r.Bool("withTransferAccessStatus"))
	e.live = r.Contract == roster.Live
	return dialect.Response{
		Body: dialect.Users("[", page, "]", e.form(), e.user), More: dialect.More(q, page.Total),
	}, nil
}

// query asks for what the flags and filters leave, by number.
func query(r *dialect.Request) roster.Query {
	var q roster.Query
	where := append(flags(r), filters(r)...)
	if len(where) > 0 {
		q.Where = where
	}
	if r.Contract != roster.Live && !r.Bool("for_members_section") && !r.Bool("only_virtual") {
		return q
	}
	if r.Bool("only_records_count") {
		q.Limit = 1 // the page's total is what counts
		return q
	}
	return paging(r, where)
}

func flags(r *dialect.Request) roster.And {
	var where roster.And
	if r.Bool("invitesOnly") {
		where = append(where, is(roster.FieldActivated, false), roster.Has{Field: roster.FieldInvitedAt})
	}
	if r.Bool("owner_only") {
		where = append(where, is(roster.FieldOwner, true))
	}
	if r.Bool("only_paid") {
		where = append(where, is(roster.FieldTakesLicence, true))
	}
	if r.Bool("only_paid") || r.Bool("for_members_section") || r.Bool("only_virtual") {
		where = append(where, notDeactivated())
	}
	if r.Bool("only_virtual") {
		where = append(where, equal(roster.FieldKind, int64(roster.Virtual)))
	}
	return where
}

// filters are the conditions of the members section; without it their parameters have no values.
func filters(r *dialect.Request) roster.And {
	where := slices.Concat(accessType(r), deskAccess(r), licences(r), named(r))
	if ids := r.Integers("group_ids"); len(ids) > 0 {
		where = append(where, in(roster.FieldGroups, ids...))
	}
	if bits := r.Integers("permissions"); len(bits) > 0 {
		granted := roster.Bits{Field: roster.FieldPermissions}
		for _, bit := range bits {
			granted.Mask |= bit
		}
		where = append(where, granted)
	}
	return where
}

// accessType is the condition on access to Kaiten.
func accessType(r *dialect.Request) roster.And {
	switch r.String("access_type_permissions") {
	case "member":
		return roster.And{hasApp(bitMember)}
	case "guest":
		return roster.And{hasApp(bitGuest)}
	case "denied":
		return roster.And{roster.Not{Expr: hasApp(bitMember | bitGuest)}}
	}
	return nil
}

// deskAccess is the condition on access to the service desk.
func deskAccess(r *dialect.Request) roster.And {
	switch r.String("sd_access_type") {
	case "has_access":
		return roster.And{hasApp(bitDesk)}
	case "has_no_access":
		return roster.And{roster.Not{Expr: hasApp(bitDesk)}}
	}
	return nil
}

// licences are the conditions on licences and on breaks.
func licences(r *dialect.Request) roster.And {
	var where roster.And
	switch r.String("take_licence") {
	case "yes":
		where = append(where, is(roster.FieldTakesLicence, true))
	case "no":
		where = append(where, is(roster.FieldTakesLicence, false))
	}
	switch r.String("temporarily_inactive_status") {
	case "only_temporarily_inactive_users":
		where = append(where, is(roster.FieldTemporarilyInactive, true))
	case "only_active_users":
		where = append(where, is(roster.FieldTemporarilyInactive, false))
	}
	return where
}

func is(f roster.Field, b bool) roster.Expr { return roster.Cmp{Field: f, Value: roster.BoolValue(b)} }

func equal(f roster.Field, n int64) roster.Expr {
	return roster.Cmp{Field: f, Value: roster.IntValue(n)}
}

func hasApp(mask int64) roster.Expr { return roster.Bits{Field: roster.FieldAppsAccess, Mask: mask} }
