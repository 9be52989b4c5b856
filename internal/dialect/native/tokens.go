package native

import (
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func tokenEndpoints() []dialect.Endpoint {
	return []dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/tokens", ID: "listTokens", Summary: "List tokens",
			Description: "All tokens in the order of their creation, those that do not count any more among them.",
			Needs:       roster.TokensWrite, Volatile: true, // using a token is no change
			Returns: returns(ok(TokenList{}), badRequest, tooMany), Serve: serveTokens,
		},
		{
			Method: http.MethodPost, Path: "/tokens", ID: "createToken", Summary: "Create a token",
			Needs: roster.TokensWrite, Body: &dialect.RequestBody{
				Doc: "What the token is to be like.", Body: TokenRequest{},
				Example: `{"name":"reports","permissions":["users:read"]}`,
			},
			Returns: returns(created(NewToken{}), badRequest, tooLarge, tooMany), Serve: createToken,
		},
		{
			Method: http.MethodDelete, Path: "/tokens/{id}", ID: "revokeToken", Summary: "Revoke a token",
			Description: "The token counts no more. It stays in the list. Revoking it again does nothing.",
			Needs:       roster.TokensWrite, Params: []dialect.Param{
				{Name: "id", In: dialect.Path, Type: dialect.UUID, Doc: "The token's id.", Mark: dialect.Ours},
			},
			Returns: returns(noContent(), badRequest, notFound, tooMany), Serve: revokeToken,
		},
	}
}

func serveTokens(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	uses, err := r.Writer.TokenUses(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	tokens := r.View.Tokens()
	items := dialect.Map(slices.Values(tokens), func(t *roster.Token) Token {
		w := wireToken(t, r.Principal)
		w.LastUsedAt = uses[t.ID]
		return w
	})
	return dialect.Response{
		Header: http.Header{"Cache-Control": {"no-store"}},
		Body:   dialect.List(`{"items":[`, items, tail(len(tokens), r.View.Version())),
	}, nil
}

func createToken(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	token, err := parseToken(r.Body)
	if err != nil {
		return dialect.Response{}, err
	}
	secret, err := r.NewSecret()
	if err != nil {
		return dialect.Response{}, err
	}
	token.Hash = roster.HashSecret(secret)
	change, err := r.Writer.Do(ctx, roster.Create{Record: token})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	made, _ := change.Ops[0].After.(*roster.Token)
	header := http.Header{"Location": {location(r.URL, made.ID)}, "Cache-Control": {"no-store"}}
	return dialect.Response{
		Status: http.StatusCreated, Header: header,
		Body: dialect.JSON(NewToken{Token: wireToken(made, r.Principal), Secret: secret}),
	}, nil
}

// parseToken reads a [TokenRequest].
func parseToken(body []byte) (*roster.Token, error) {
	if err := isObject(body); err != nil {
		return nil, err
	}
	record, err := roster.ParseEntity(roster.TypeToken, body)
	if err != nil {
		return nil, inBody(err)
	}
	token := record.(*roster.Token) //nolint:forcetypeassert // by its type
	for _, member := range []struct {
		name  string
		given bool
	}{
		{"id", !token.ID.IsZero()},
		{"revoked_at", token.RevokedAt != 0},
		{"last_used_at", token.LastUsedAt != 0},
		{"created_at", token.CreatedAt != 0},
		{"created_by", !token.CreatedBy.IsZero()},
	} {
		if member.given {
			return nil, inBody(roster.FieldErrorf(member.name, "is set by the server"))
		}
	}
	if token.Kind == "" {
		token.Kind = roster.TokenAccount
	}
	return token, nil
}

func revokeToken(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if _, err := r.Writer.Do(ctx, roster.Revoke{Token: r.UUID("id")}); err != nil {
		return dialect.Response{}, inPath(err)
	}
	return dialect.Response{Status: http.StatusNoContent}, nil
}
