package auth

import (
	"context"

	"github.com/roster-dev/roster"
)

// OperatorToken is a [Tokens] with one token, which no store has: that of the operator in an organization.
type OperatorToken struct {
	// Hash is that of the token's secret.
	Hash string
	Org  roster.ID
}

// Token implements [Tokens].
func (t OperatorToken) Token(_ context.Context, hash string) (*roster.Token, *roster.Organization, error) {
	if hash != t.Hash {
		return nil, nil, roster.Errorf(roster.NotFound, "there is no such token")
	}
	by := roster.Operator()
	token := &roster.Token{Hash: hash, Name: by.Name, Kind: by.Kind, Permissions: by.Permissions}
	return token, &roster.Organization{ID: t.Org}, nil
}
