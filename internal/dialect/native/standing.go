package native

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// standingEndpoints returns the endpoints that suspend and restore a user.
func standingEndpoints() []dialect.Endpoint {
	k := users()
	params := []dialect.Param{k.refParam(), ifMatchParam(), dryRunParam()}
	list := returns(ok(roster.User{}), badRequest, notFound, conflict, notExpected, tooMany)
	return []dialect.Endpoint{
		{
			Method: http.MethodPost, Path: k.recordPath() + ":suspend", ID: "suspendUser", Summary: "Suspend a user",
			Description: "The status becomes suspended. Tokens that act as the user do not count until the user is " +
				"restored. Suspending a suspended user does nothing.",
			Needs: roster.UsersWrite, Params: params, Returns: list,
			Serve: func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
				return k.stand(ctx, r, func(ref roster.Ref, tags []string) roster.Command {
					return roster.Suspend{Ref: ref, IfMatch: tags}
				})
			},
		},
		{
			Method: http.MethodPost, Path: k.recordPath() + ":restore", ID: "restoreUser",
			Summary: "Take the suspension of a user back",
			Description: "The status becomes active, or invited where the user has not accepted the invitation yet. " +
				"Restoring a user who is not suspended does nothing.",
			Needs: roster.UsersWrite, Params: params, Returns: list,
			Serve: func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
				return k.stand(ctx, r, func(ref roster.Ref, tags []string) roster.Command {
					return roster.Restore{Ref: ref, IfMatch: tags}
				})
			},
		},
	}
}

// stand carries out a command about the record that the path names, which is as If-Match says, and answers with it.
func (k *resource) stand(
	ctx context.Context, r *dialect.Request, cmd func(roster.Ref, []string) roster.Command,
) (dialect.Response, error) {
	ref, tags, err := k.target(r)
	if err != nil {
		return dialect.Response{}, err
	}
	response, err := k.changed(ctx, r, cmd(ref, tags))
	return response, inPath(err)
}
