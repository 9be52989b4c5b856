package native

import (
	"context"
	"encoding/json"
	"net/http"
	"path"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Invitation is an invitation on the wire, without its secret.
type Invitation struct {
	ID         roster.ID   `json:"id" required:"yes"`
	User       roster.ID   `json:"user" required:"yes" doc:"The id of who is invited."`
	CreatedAt  roster.Time `json:"created_at,omitzero" readonly:"yes"`
	ExpiresAt  roster.Time `json:"expires_at,omitzero" doc:"The first instant at which it can't be accepted any more."`
	AcceptedAt roster.Time `json:"accepted_at,omitzero" readonly:"yes"`
}

// NewInvitation is an invitation that was just made.
type NewInvitation struct {
	Invitation
	Secret string `json:"secret,omitempty" doc:"What it is accepted with. It is shown only here and not kept."`
}

// InvitationList is a page of invitations.
type InvitationList list[Invitation]

// InviteRequest says who is invited: a user to make, or one who is invited already.
type InviteRequest struct {
	User      json.RawMessage `json:"user,omitempty" type:"object" doc:"The user to make, in the canonical form."`
	Ref       string          `json:"ref,omitempty" expect:"a string" doc:"A user with the status invited."`
	ExpiresAt roster.Time     `json:"expires_at,omitzero" expect:"a time (RFC 3339)" doc:"In seven days by default."`
}

// AcceptRequest is what an invitation is accepted with.
type AcceptRequest struct {
	Secret string `json:"secret" required:"yes" expect:"a string"`
}

func invitations() *resource {
	return &resource{
		typ: roster.TypeInvitation, path: "/invitations", one: "invitation", many: "invitations",
		One: "Invitation", Many: "Invitations", refs: "its id", example: "0190a000-0000-7000-8000-000000000001",
		wire: Invitation{}, table: invitationColumns(), writes: roster.UsersWrite,
		change:    `{"expires_at":"2026-12-24T00:00:00Z"}`,
		deleteDoc: "Its secret works no more. The user stays as it is.",
	}
}

func invitationEndpoints() []dialect.Endpoint {
	k := invitations()
	all := k.listEndpoint(InvitationList{})
	all.Description = "In the order of their creation, those that can't be accepted any more among them."
	update := k.updateEndpoint()
	update.Description = "Sets expires_at, also of one that can't be accepted any more: then its secret works again. " +
		"Who is invited with which role and groups is said by the user, whom updateUser changes. One that was " +
		"accepted can't be changed."
	update.Returns = withStatus(update.Returns, conflict)
	return []dialect.Endpoint{
		all,
		{
			Method: http.MethodPost, Path: k.path, ID: "createInvitation", Summary: "Invite a user",
			Description: "Makes a user with the status invited, or takes one that has it, and an invitation in the " +
				"place of earlier ones.",
			Needs: k.writes, Params: []dialect.Param{dryRunParam()},
			Body: &dialect.RequestBody{
				Doc: "Who is invited: either user or ref.", Body: InviteRequest{},
				Example: `{"user":{"email":"ada@example.com","name":"Ada Moreno"},` +
					`"expires_at":"2026-11-30T00:00:00Z"}`,
			},
			Returns: append([]dialect.Return{wouldBe(NewInvitation{})},
				returns(created(NewInvitation{}), badRequest, notFound, conflict, tooLarge, tooMany)...), Serve: invite,
		},
		k.getEndpoint(),
		{
			Method: http.MethodPost, Path: k.recordPath() + ":resend", ID: "resendInvitation",
			Summary:     "Make an invitation again",
			Description: "Makes another invitation of the same user, with a new secret, in the place of this one.",
			Needs:       k.writes,
			Params: []dialect.Param{k.refParam(), {
				Name: "expires_at", Type: dialect.DateTime, Mark: dialect.Ours, Example: "2026-11-30T00:00:00Z",
				Doc: "When the new one can't be accepted any more, in seven days by default.",
			}, ifMatchParam(), dryRunParam()},
			Returns: append([]dialect.Return{wouldBe(NewInvitation{})},
				returns(created(NewInvitation{}), badRequest, notFound, conflict, notExpected, tooMany)...),
			Serve: k.resend,
		},
		update, k.deleteEndpoint(),
		{
			Method: http.MethodPost, Path: k.path + ":accept", ID: "acceptInvitation", Summary: "Accept an invitation",
			Description: "Makes the user active. It needs no permission: whoever has the secret was invited. The " +
				"secret works once.",
			Params:  []dialect.Param{dryRunParam()},
			Body:    &dialect.RequestBody{Doc: "The secret of the invitation.", Body: AcceptRequest{}},
			Returns: returns(ok(Invitation{}), badRequest, notFound, tooLarge, tooMany), Serve: accept,
		},
	}
}

func wireInvitation(i *roster.Invitation) Invitation {
	return Invitation{
		ID: i.ID, User: i.User, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, AcceptedAt: i.AcceptedAt,
	}
}

func invite(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	body, err := parseBody[InviteRequest](r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	u, from, err := body.invitee(r.View)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	list := *r.URL
	list.RawQuery = ""
	response, err := invited(ctx, r, roster.Invite{User: u, ExpiresAt: body.ExpiresAt}, list.String())
	switch e := roster.AsError(err); {
	case err == nil, e.Field == "", e.Field == "expires_at":
	case from == "ref":
		err = within(from, inPath(err))
	default:
		err = within(from, err)
	}
	return response, inBody(err)
}

// invitee returns the user to invite, and the member of the body that the user comes from.
func (q InviteRequest) invitee(view dialect.View) (u *roster.User, from string, err error) {
	if (q.Ref == "") == (len(q.User) == 0) {
		return nil, "", roster.FieldErrorf("user", "must be given, or else ref, and not both")
	}
	if q.Ref == "" {
		record, err := roster.ParseEntity(roster.TypeUser, q.User)
		if err != nil {
			return nil, "", within("user", err)
		}
		u, _ = record.(*roster.User)
		return u, "user", nil
	}
	ref, err := roster.ParseRef(q.Ref)
	if err != nil {
		return nil, "", within("ref", err)
	}
	u, err = view.User(ref)
	if err != nil {
		return nil, "", within("ref", err)
	}
	return &roster.User{ID: u.ID}, "ref", nil
}

// invited carries out an invitation with a new secret and answers with it. list is the URL of all invitations.
func invited(ctx context.Context, r *dialect.Request, cmd roster.Invite, list string) (dialect.Response, error) {
	secret, err := r.NewSecret()
	if err != nil {
		return dialect.Response{}, err
	}
	cmd.Hash = roster.HashSecret(secret)
	change, err := do(ctx, r, cmd)
	if err != nil {
		return dialect.Response{}, err
	}
	i, _ := createdBy(change.Ops, roster.TypeInvitation).(*roster.Invitation)
	response := dialect.Response{Header: http.Header{"Cache-Control": {"no-store"}}}
	w := NewInvitation{Invitation: wireInvitation(i), Secret: secret}
	if r.Bool("dry_run") {
		w.Secret = ""
	} else {
		response.Status = http.StatusCreated
		response.Header.Set("Location", list+"/"+i.ID.String())
		response.Tag = roster.Tag(roster.Shown(i, r.Principal.Permissions))
	}
	response.Body = dialect.JSON(w)
	return response, nil
}

func (k *resource) resend(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	e, tags, err := k.named(r)
	if err != nil {
		return dialect.Response{}, err
	}
	list := *r.URL
	list.RawQuery, list.RawPath, list.Path = "", "", path.Dir(list.Path)
	cmd := roster.Invite{Again: e.Key().ID, ExpiresAt: r.Time("expires_at"), IfMatch: tags}
	response, err := invited(ctx, r, cmd, list.String())
	if roster.AsError(err).Field == "expires_at" {
		return response, err // it is a parameter
	}
	return response, inPath(err)
}

func accept(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	body, err := parseBody[AcceptRequest](r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	change, err := do(ctx, r, roster.Accept{Hash: roster.HashSecret(body.Secret)})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	return show(leftBy(change.Ops, roster.TypeInvitation), r), nil
}
