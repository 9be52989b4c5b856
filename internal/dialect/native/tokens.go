package native

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func tokens() *resource {
	return &resource{
		typ: roster.TypeToken, path: "/tokens", one: "token", many: "tokens", One: "Token", Many: "Tokens",
		refs: "its id", example: "0190a000-0000-7000-8000-000000000001", wire: Token{}, writes: roster.TokensWrite,
		table:  tokenColumns(),
		change: `{"name":"reports","expires_at":"2027-01-01T00:00:00Z"}`,
	}
}

func tokenEndpoints() []dialect.Endpoint {
	k := tokens()
	get := k.getEndpoint()
	get.Needs, get.Volatile, get.Serve = roster.TokensWrite, true, k.getToken
	update := k.updateEndpoint()
	update.Description = "Nobody can give a token more than they have themselves."
	update.Body.Body = TokenRequest{}
	revoke := k.deleteEndpoint()
	revoke.ID, revoke.Summary, revoke.Serve = "revokeToken", "Revoke a token", k.revoke
	revoke.Description = "The token counts no more. It stays in the list. Revoking it again does nothing."
	return []dialect.Endpoint{
		paged(choosing(dialect.Endpoint{
			Method: http.MethodGet, Path: "/tokens", ID: "listTokens", Summary: "List tokens",
			Description: "All tokens in the order of their creation, those that do not count any more among them. " +
				"When they were last used is as of now on every page.",
			Needs: roster.TokensWrite, Volatile: true, // using a token is no change
			Returns: returns(ok(TokenList{}), badRequest, tooMany), Serve: k.serveTokens,
		}, k.table)),
		{
			Method: http.MethodPost, Path: "/tokens", ID: "createToken", Summary: "Create a token",
			Needs: roster.TokensWrite, Params: []dialect.Param{dryRunParam()}, Body: &dialect.RequestBody{
				Doc: "What the token is to be like.", Body: TokenRequest{},
				Example: `{"name":"reports","permissions":["users:read"]}`,
			},
			Returns: append([]dialect.Return{wouldBe(NewToken{})},
				returns(created(NewToken{}), badRequest, tooLarge, tooMany)...), Serve: createToken,
		},
		get, update, revoke,
	}
}

func (k *resource) serveTokens(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	uses, err := r.Writer.TokenUses(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	response, err := listed(r, k.table, r.View.Tokens(), func(t *roster.Token) Token { return usedToken(t, r, uses) })
	if err != nil {
		return dialect.Response{}, err
	}
	response.Header.Set("Cache-Control", "no-store")
	return response, nil
}

// usedToken returns a token as the principal may see it, with its last use.
func usedToken(t *roster.Token, r *dialect.Request, uses map[roster.ID]roster.Time) Token {
	shown, _ := roster.Shown(t, r.Principal.Permissions).(*roster.Token)
	w := wireToken(shown)
	w.LastUsedAt = uses[t.ID]
	return w
}

// getToken answers with a token and its last use, which its entity tag does not know of.
func (k *resource) getToken(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, err := k.ref(r)
	if err != nil {
		return dialect.Response{}, err
	}
	e, err := find(r.View, k.typ, ref)
	if err != nil {
		return dialect.Response{}, err
	}
	uses, err := r.Writer.TokenUses(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	response := show(e, r)
	response.Header = http.Header{"Cache-Control": {"no-store"}}
	t, _ := e.(*roster.Token)
	response.Body = dialect.JSON(usedToken(t, r, uses))
	return response, nil
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
	change, err := do(ctx, r, roster.Create{Record: token})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	shown, _ := roster.Shown(createdBy(change.Ops, roster.TypeToken), r.Principal.Permissions).(*roster.Token)
	response := made(r, shown, show(shown, r))
	w := NewToken{Token: wireToken(shown)}
	if !isDryRun(r) {
		w.Secret = secret
		response.Header.Set("Cache-Control", "no-store")
	}
	response.Body = dialect.JSON(w)
	return response, nil
}

// parseToken reads a [TokenRequest].
func parseToken(body []byte) (*roster.Token, error) {
	if err := isObject(body); err != nil {
		return nil, inBody(err)
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

func (k *resource) revoke(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, tags, err := k.target(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return done(ctx, r, roster.Revoke{Token: ref.ID, IfMatch: tags})
}
