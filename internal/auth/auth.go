// Package auth says who is asking and how often they may: bearer tokens, HTTP signatures, the caller's address, the
// last use of each token, and rate limits. It turns a credential into a [roster.Principal] and nothing more.
//
// It must not know routes, dialects' wire formats or how records are stored: who has the records implements [Tokens]
// and [Signers]. Clocks are injected. Refusals are [roster.Unauthenticated] or [roster.Forbidden] with one short
// message for the client, the same for every credential that does not count; which rule refused is one of the Err
// values, for the operator's log.
package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/roster-dev/roster"
)

// Why a credential was refused. They are in the Err of the [roster.Error], for logs and counters, and never in its
// message.
var (
	ErrMissing   = errors.New("no credential")
	ErrMalformed = errors.New("malformed credential")
	ErrUnknown   = errors.New("unknown credential")
	ErrExpired   = errors.New("expired credential")
	ErrRevoked   = errors.New("revoked credential")
	ErrDialect   = errors.New("credential for other dialects")
	ErrAddress   = errors.New("address not allowed")
)

// Tokens finds tokens by the hash of their secret.
type Tokens interface {
	// Token returns the token whose Hash is hash and its organization; both are shared and must not be modified. It
	// fails with [roster.NotFound] where there is no such token. It must be safe for concurrent use.
	Token(ctx context.Context, hash string) (*roster.Token, *roster.Organization, error)
}

// Authenticator turns the secrets of bearer tokens into principals. It is safe for concurrent use.
type Authenticator struct {
	// Tokens and Now are required.
	Tokens Tokens
	Now    func() roster.Time
	// InstanceDialects are the dialects that accept the tokens of the instance itself; optional.
	InstanceDialects []string
	// LastUse, where set, is told of every token that was accepted but those of visitors.
	LastUse *LastUse
	// Visitors, where set, need no token of their own.
	Visitors *Visitors
}

// Bearer returns the principal of a token's secret that was presented to a dialect by the client at from.
//
// A secret that is absent, malformed or mistyped (its checksum is wrong) is [roster.Unauthenticated] without a lookup;
// so is a token that is unknown, expired, revoked or not for the dialect. The principal of a token of the instance
// itself is used on the instance until somebody says otherwise. A token that allows only some addresses is
// [roster.Forbidden] from any other and from an unknown one (the zero Addr). Other failures of the lookup keep their
// code.
func (a *Authenticator) Bearer(
	ctx context.Context, secret, dialect string, from netip.Addr,
) (roster.Principal, error) {
	if secret == "" {
		return roster.Principal{}, refuse(roster.Unauthenticated, "an API token is required", ErrMissing)
	}
	if !roster.WellFormedSecret(secret) {
		return roster.Principal{}, invalidToken(ErrMalformed)
	}
	if a.Visitors != nil {
		if visitor, ok := a.Visitors.principal(secret); ok {
			return visitor, nil
		}
	}
	hash := roster.HashSecret(secret)
	token, org, err := a.Tokens.Token(ctx, hash)
	if roster.CodeOf(err) == roster.NotFound {
		return roster.Principal{}, invalidToken(fmt.Errorf("%w: %w", ErrUnknown, err))
	}
	if err != nil {
		return roster.Principal{}, fmt.Errorf("look up a token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Hash), []byte(hash)) != 1 {
		return roster.Principal{}, invalidToken(ErrUnknown)
	}
	now := a.Now()
	if err := usable(token, dialect, from, now); err != nil {
		return roster.Principal{}, err
	}
	if org.IsInstance() && !slices.Contains(a.InstanceDialects, dialect) {
		return roster.Principal{}, invalidToken(fmt.Errorf("token %s of the instance: %w", token.ID, ErrDialect))
	}
	if a.LastUse != nil {
		a.LastUse.Touch(org.ID, token, now)
	}
	return principalOf(token, org), nil
}

// usable says why a token that was found does not count here and now.
func usable(t *roster.Token, dialect string, from netip.Addr, now roster.Time) error {
	switch {
	case t.RevokedAt != 0:
		return invalidToken(fmt.Errorf("token %s: %w", t.ID, ErrRevoked))
	case t.ExpiresAt != 0 && now >= t.ExpiresAt:
		return invalidToken(fmt.Errorf("token %s: %w", t.ID, ErrExpired))
	case len(t.Dialects) > 0 && !slices.Contains(t.Dialects, dialect):
		return invalidToken(fmt.Errorf("token %s: %w, not %s", t.ID, ErrDialect, dialect))
	case !allows(t.AllowedIPs, from):
		return forbiddenAddress(fmt.Errorf("token %s: %w: %s", t.ID, ErrAddress, from))
	}
	return nil
}

func principalOf(t *roster.Token, org *roster.Organization) roster.Principal {
	p := roster.Principal{
		Org: org.ID, Token: t.ID, Name: t.Name, Kind: t.Kind, Permissions: t.Permissions, ActsAs: t.ActsAs,
	}
	if org.IsInstance() {
		p.Instance = t
		if !t.ID.IsZero() { // which that of the operator has not
			p.Name += " (instance)"
		}
	}
	return p
}

func invalidToken(why error) error {
	return refuse(roster.Unauthenticated, "the API token is not valid", why)
}

func forbiddenAddress(why error) error {
	return refuse(roster.Forbidden, "the credential may not be used from this address", why)
}

func refuse(code roster.Code, message string, why error) error {
	return &roster.Error{Code: code, Message: message, Err: why}
}
