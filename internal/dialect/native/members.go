package native

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Member is a user as a member of a group or a space.
type Member struct {
	User       roster.ID `json:"user" required:"yes" doc:"The user's id."`
	Number     int64     `json:"number" required:"yes"`
	Identifier string    `json:"identifier" required:"yes"`
	Email      string    `json:"email,omitempty"`
	Name       string    `json:"name" required:"yes"`
	Role       string    `json:"role,omitempty" enum:"reader,writer,manager" doc:"The role in a space."`
}

// MemberList is a page of the members of a group or a space.
type MemberList list[Member]

// MemberRole is what a member of a space can do there.
type MemberRole struct {
	Role string `json:"role" required:"yes" enum:"reader,writer,manager" expect:"a string"`
}

// members are the members of a type of record.
type members struct{ *resource }

func memberEndpoints(k *resource) []dialect.Endpoint {
	m := members{k}
	user := dialect.Param{
		Name: "user", In: dialect.Path, Mark: dialect.Ours, Example: "email:ada@example.com",
		Doc: "The user: " + users().refs + ".",
	}
	path := k.recordPath() + "/members"
	one := []dialect.Param{k.refParam(), user}
	write := append(one[:2:2], ifMatchParam(), dryRunParam())
	put := dialect.Endpoint{
		Method: http.MethodPut, Path: path + "/{user}", ID: "put" + k.One + "Member",
		Summary: "Make a user a member of a " + k.one, Needs: roster.UsersWrite,
		Params: write, Serve: m.put,
		Returns: append([]dialect.Return{ok(Member{})},
			returns(created(Member{}), badRequest, notFound, notExpected, tooMany)...),
	}
	put.Returns[0].Doc = "The user is a member already, or would be made one with dry_run"
	if k.typ == roster.TypeSpace {
		put.Summary = "Make a user a member of a space, or change the role"
		put.Returns = withStatus(put.Returns, tooLarge)
		put.Body = &dialect.RequestBody{
			Doc: "What the member can do.", Body: MemberRole{}, Example: `{"role":"writer"}`,
		}
	}
	return []dialect.Endpoint{
		paged(dialect.Endpoint{
			Method: http.MethodGet, Path: path, ID: "list" + k.One + "Members",
			Summary:     "List the members of a " + k.one,
			Description: "By number. They are chosen, ordered and counted by the fields of users.",
			Needs:       roster.UsersRead, Timed: isTimed,
			Params:  append(append([]dialect.Param{k.refParam()}, userChoiceParams()...), userFacetsParam()),
			Returns: returns(ok(MemberList{}), badRequest, notFound, tooMany), Serve: m.list,
		}),
		{
			Method: http.MethodGet, Path: path + "/{user}", ID: "get" + k.One + "Member",
			Summary: "Get a member of a " + k.one, Needs: roster.UsersRead, Tagged: true,
			Params:  append(one[:2:2], fieldsParam()),
			Returns: returns(ok(Member{}), badRequest, notFound, tooMany), Serve: m.get,
		},
		put,
		{
			Method: http.MethodDelete, Path: path + "/{user}", ID: "delete" + k.One + "Member",
			Summary: "End the membership of a user in a " + k.one, Needs: roster.UsersWrite,
			Params:  write,
			Returns: returns(noContent(), badRequest, notFound, notExpected, tooMany), Serve: m.remove,
		},
	}
}

// number returns the number of the group or space that the path names.
func (m members) number(r *dialect.Request) (int64, error) {
	ref, err := m.ref(r)
	if err != nil {
		return 0, err
	}
	e, err := find(r.View, m.typ, ref)
	if err != nil {
		return 0, err
	}
	return e.Keys().Number, nil
}

func (m members) list(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	number, err := m.number(r)
	if err != nil {
		return dialect.Response{}, err
	}
	field := roster.FieldGroups
	if m.typ == roster.TypeSpace {
		field = roster.FieldSpaces
	}
	w, err := windowOf(r)
	if err != nil {
		return dialect.Response{}, err
	}
	q, err := whichUsers(r)
	if err != nil {
		return dialect.Response{}, err
	}
	isMember := roster.In{Field: field, Values: []roster.Value{roster.IntValue(number)}}
	if q.Where == nil {
		q.Where = isMember
	} else {
		q.Where = roster.And{isMember, q.Where}
	}
	q.Offset, q.Limit = w.from, w.size
	page, err := r.View.Users(q)
	if err != nil {
		return dialect.Response{}, err
	}
	counts, err := countUsers(r, q, countedFields(r))
	if err != nil {
		return dialect.Response{}, err
	}
	items := dialect.Map(page.Users, func(u *roster.User) Member {
		member, _ := roster.MemberOf(u, m.typ, number)
		return Member(member)
	})
	return answer(r, w, page.Total, items, counts), nil
}

// user reads the name of the user in the path, or fails with [roster.NotFound].
func user(r *dialect.Request) (roster.Ref, error) {
	ref, err := roster.ParseRef(r.String("user"))
	if err != nil {
		return ref, roster.Errorf(roster.NotFound, "%s", roster.AsError(err).Message)
	}
	return ref, nil
}

func (m members) get(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	number, err := m.number(r)
	if err != nil {
		return dialect.Response{}, err
	}
	ref, err := user(r)
	if err != nil {
		return dialect.Response{}, err
	}
	u, err := r.View.User(ref)
	if err != nil {
		return dialect.Response{}, err
	}
	member, is := roster.MemberOf(u, m.typ, number)
	if !is {
		err = roster.Errorf(roster.NotFound, "user %d is no member of %s %d", u.Number, m.one, number)
		return dialect.Response{}, err
	}
	return showMember(r, member), nil
}

// showMember answers with a member.
func showMember(r *dialect.Request, m roster.Member) dialect.Response {
	response := dialect.Response{Body: dialect.JSON(Member(m))}
	if !isDryRun(r) {
		response.Tag = m.Tag()
	}
	return response
}

func (m members) put(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	leave, err := m.named(r)
	if err != nil {
		return dialect.Response{}, err
	}
	cmd := roster.Join{Type: leave.Type, Ref: leave.Ref, User: leave.User, IfMatch: leave.IfMatch}
	if m.typ == roster.TypeSpace {
		body, err := parseBody[MemberRole](r.Body)
		if err != nil {
			return dialect.Response{}, inBody(err)
		}
		cmd.Role = body.Role
	}
	outcome, err := doOne(ctx, r, cmd)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	return m.joined(ctx, r, cmd, outcome)
}

// joined answers to a command that was carried out.
func (m members) joined(
	ctx context.Context, r *dialect.Request, cmd roster.Join, outcome roster.Outcome,
) (dialect.Response, error) {
	view, err := r.Writer.View(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	of, err := find(view, m.typ, cmd.Ref)
	if err != nil {
		return dialect.Response{}, err
	}
	number := of.Keys().Number
	u, _ := left(outcome, roster.TypeUser).(*roster.User)
	member, _ := roster.MemberOf(u, m.typ, number)
	response := showMember(r, member)
	if len(outcome.Ops) > 0 && !isDryRun(r) {
		before, _ := outcome.Ops[0].Before.(*roster.User)
		if _, was := roster.MemberOf(before, m.typ, number); !was {
			response.Status = http.StatusCreated
			response.Header = http.Header{"Location": {itself(r)}}
		}
	}
	return response, nil
}

// named returns the command that ends the membership which the path names, and which is as If-Match says.
func (m members) named(r *dialect.Request) (cmd roster.Leave, err error) {
	cmd.Type = m.typ
	if cmd.Ref, err = m.ref(r); err != nil {
		return cmd, err
	}
	if cmd.User, err = user(r); err != nil {
		return cmd, err
	}
	cmd.IfMatch, err = ifMatch(r)
	return cmd, err
}

// itself returns the URL of a request without the query.
func itself(r *dialect.Request) string {
	u := *r.URL
	u.RawQuery = ""
	return u.String()
}

func (m members) remove(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	cmd, err := m.named(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return done(ctx, r, cmd)
}
