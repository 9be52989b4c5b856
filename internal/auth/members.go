package auth

import (
	"context"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
)

// Members finds users by id across organizations.
type Members interface {
	// Memberships returns the user with an id of every organization that has one, by organization.
	Memberships(ctx context.Context, user roster.ID) (map[roster.ID]*roster.User, error)
}

// SignersAmong returns the [Signers] that are the API clients among members. Their principals may read users.
func SignersAmong(m Members) Signers { return memberSigners{m} }

type memberSigners struct{ members Members }

func (m memberSigners) Signers(ctx context.Context, id roster.ID) ([]Signer, error) {
	found, err := m.members.Memberships(ctx, id)
	if err != nil {
		return nil, err
	}
	signers := make([]Signer, 0, len(found))
	for _, org := range slices.SortedFunc(maps.Keys(found), roster.ID.Compare) {
		signers = append(signers, Signer{Org: org, User: found[org], Permissions: roster.Permissions{roster.UsersRead}})
	}
	return signers, nil
}
