package kaiten

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// CompanyUserChange is what can be changed of a user.
type CompanyUserChange struct {
	AppsPermissions *int64 `json:"apps_permissions,omitempty" enum:"0,1,2,4,5,6"`

	TemporarilyInactive *bool `json:"temporarily_inactive,omitempty" doc:"In the company, but can't sign in."`
}

type removedUser struct {
	ID int64 `json:"id" required:"yes" doc:"The user's number."`
}

func updateCompanyUser() dialect.Endpoint {
	return dialect.Endpoint{
		Method:   http.MethodPatch,
		Path:     "/api/latest/company/users/{id}",
		Aliases:  []string{"/api/v1/company/users/{id}"},
		ID:       "updateCompanyUser",
		Summary:  "Update user",
		Mark:     dialect.Seen,
		Needs:    roster.UsersWrite,
		Allow:    allowMembers,
		AllowDoc: membersOnly,
		Params:   []dialect.Param{userParam()},
		Body: &dialect.RequestBody{
			Doc: "Members that are absent stay as they are, and others do not count.", Body: CompanyUserChange{},
			Example: `{"apps_permissions":1,"temporarily_inactive":false}`,
		},
		Returns: slices.Concat(
			companyUsers(CompanyUser{}, LiveCompanyUser{}, "", ""),
			[]dialect.Return{badValue("apps_permissions must be one of the integers 0, 1, 2, 4, 5, 6, not 3")},
			refusals(), []dialect.Return{tooLarge()},
		),
		Serve: serveUpdate,
	}
}

func removeVirtualUser() dialect.Endpoint {
	return dialect.Endpoint{
		Method:   http.MethodDelete,
		Path:     "/api/latest/company/users/{id}",
		Aliases:  []string{"/api/v1/company/users/{id}"},
		ID:       "removeVirtualUser",
		Summary:  "Remove virtual user",
		Mark:     dialect.Seen,
		Needs:    roster.UsersWrite,
		Allow:    allowMembers,
		AllowDoc: membersOnly,
		Params:   []dialect.Param{userParam()},
		Returns: append([]dialect.Return{
			{Status: http.StatusOK, Doc: "Success", Body: removedUser{}, Example: `{"id":14}`, Mark: dialect.Seen},
			{
				Status: http.StatusBadRequest, Doc: "The user is not virtual", Body: problem{},
				Example: `{"message":"id must be that of a virtual user"}`, Mark: dialect.Ours,
			},
		}, refusals()...),
		Serve: serveRemove,
	}
}

func companyUserFacts() []dialect.Fact {
	return []dialect.Fact{
		{
			Text: "Changing and removing users needs the permission users:write of the token besides the section " +
				"Members.", Mark: dialect.Ours,
		},
		{
			Text: "A removed virtual user is deactivated, not deleted: in the plain list with role 3, and in none " +
				"of the others. Removing one again is answered 404, removing one who is not virtual 400.",
			Mark: dialect.Ours,
		},
		{
			Text: "temporarily_inactive does not change take_licence, nor whether tokens that act as the user count.",
			Mark: dialect.Ours,
		},
		{
			Text: "In the body of PATCH /company/users/{id} null is the same as no member. apps_permissions is an " +
				"integer there in both contracts.",
			Mark: dialect.Ours,
		},
	}
}

func userParam() dialect.Param {
	return dialect.Param{
		Name: "id", In: dialect.Path, Type: dialect.Integer, Mark: dialect.Seen, Doc: "User ID", Example: "14",
	}
}

func tooLarge() dialect.Return {
	return dialect.Return{
		Status: http.StatusRequestEntityTooLarge, Doc: "The body is too long", Body: problem{}, Mark: dialect.Ours,
	}
}

func serveUpdate(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	patch, err := parseChange(r.Body)
	if err != nil {
		return dialect.Response{}, err
	}
	ref := roster.Ref{Number: r.Int("id")}
	if _, err := r.View.User(ref); err != nil {
		return dialect.Response{}, err
	}
	if _, err := r.Writer.Do(ctx, roster.Update{Type: roster.TypeUser, Ref: ref, Patch: patch}); err != nil {
		return dialect.Response{}, err
	}
	view, err := r.Writer.View(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	u, err := view.User(ref)
	if err != nil {
		return dialect.Response{}, err
	}
	return showCompanyUser(r, view, u), nil
}

func serveRemove(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref := roster.Ref{Number: r.Int("id")}
	u, err := r.View.User(ref)
	switch {
	case err != nil:
		return dialect.Response{}, err
	case u.Kind != roster.Virtual:
		return dialect.Response{}, roster.FieldErrorf("id", "must be that of a virtual user")
	case u.Status == roster.Deactivated:
		return dialect.Response{}, roster.Errorf(roster.NotFound, "the user was removed before")
	}
	patch := fmt.Appendf(nil, `{"status":%q}`, roster.Deactivated)
	if _, err := r.Writer.Do(ctx, roster.Update{Type: roster.TypeUser, Ref: ref, Patch: patch}); err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Body: dialect.JSON(removedUser{ID: u.Number})}, nil
}

// parseChange returns the patch of a user that a body asks for, or fails with [roster.Invalid].
func parseChange(body []byte) ([]byte, error) {
	var change CompanyUserChange
	err := json.Unmarshal(body, &change)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) && mistyped.Field != "":
		return nil, roster.FieldErrorf(mistyped.Field, "must be %s", expected(mistyped.Field))
	case err != nil || !strings.HasPrefix(strings.TrimSpace(string(body)), "{"):
		return nil, roster.Errorf(roster.Invalid, "the body must be a JSON object")
	}
	patch := map[string]any{}
	if n := change.AppsPermissions; n != nil {
		if !slices.Contains(allApps(), *n) {
			return nil, roster.FieldErrorf("apps_permissions", "must be %s, not %d", expected("apps_permissions"), *n)
		}
		patch["apps_access"] = *n
	}
	if change.TemporarilyInactive != nil {
		patch["temporarily_inactive"] = *change.TemporarilyInactive
	}
	return json.Marshal(patch)
}

// expected says what a member of a [CompanyUserChange] must be.
func expected(member string) string {
	if member == "apps_permissions" {
		return "one of the integers 0, 1, 2, 4, 5, 6"
	}
	return "true or false"
}

// allApps are the masks of access that the page knows: full access and guest access exclude each other.
func allApps() []int64 {
	return []int64{0, bitMember, bitGuest, bitDesk, bitMember | bitDesk, bitGuest | bitDesk}
}

// showCompanyUser answers with one user as a view has it.
func showCompanyUser(r *dialect.Request, view dialect.View, u *roster.User) dialect.Response {
	e := newEncoder(view, false)
	e.live = r.Contract == roster.Live
	return dialect.Response{Body: dialect.Text(string(e.companyUser(nil, u)))}
}
