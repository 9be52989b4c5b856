package roster

import "slices"

// Sponsor is who asked for what goes on without them, a job or a webhook, and on whose behalf that is done.
type Sponsor struct {
	Token ID     `json:"token,omitzero"`
	User  ID     `json:"user,omitzero"`
	Name  string `json:"name"`
	// Kind and Permissions are those of then.
	Kind        TokenKind   `json:"kind,omitempty"`
	Permissions Permissions `json:"permissions,omitempty"`
	// Instance says that Token is an instance-wide one.
	Instance bool `json:"instance,omitempty"`
	// Request and Reason are those of the [Cause].
	Request ID     `json:"request,omitzero"`
	Reason  string `json:"reason,omitempty"`
}

// Sponsor returns the principal as one who asks for what goes on without them.
func (p Principal) Sponsor() Sponsor {
	return Sponsor{
		Token: p.Token, User: p.ActsAs, Name: p.Name, Kind: p.Kind, Permissions: slices.Clone(p.Permissions),
		Instance: p.Instance != nil, Request: p.Cause.Request, Reason: p.Cause.Reason,
	}
}

// Principal returns the sponsor in an organization, with the permissions of then. Of an instance-wide token Instance is
// not set.
func (s Sponsor) Principal(org ID) Principal {
	p := Principal{
		Org: org, Token: s.Token, Name: s.Name, Kind: s.Kind, Permissions: s.Permissions, ActsAs: s.User,
		Cause: Cause{Request: s.Request, Reason: s.Reason},
	}
	if s.IsOperator() {
		p.Org = ID{}
	}
	return p
}

// IsOperator reports whether the operator is the sponsor.
func (s Sponsor) IsOperator() bool { return s.Token.IsZero() && s.User.IsZero() }

// Lookup returns the present record of an organization with a type and an id, nil where there is none.
type Lookup = func(org ID, t Type, id ID) (Entity, error)

// Present returns the sponsor in an organization as of now: with the permissions that the token has now. It fails with
// [Unauthenticated] where the token, or the user whom it acts as, does not count any more.
func (s Sponsor) Present(org ID, now Time, find Lookup) (Principal, error) {
	by := s.Principal(org)
	if !s.Token.IsZero() {
		token, err := s.token(org, now, find)
		if err != nil {
			return by, err
		}
		if by.Permissions = token.Permissions; s.Instance {
			by.Instance = token
		}
	}
	return by, s.acting(org, find)
}

// token returns the token as it is now.
func (s Sponsor) token(org ID, now Time, find Lookup) (*Token, error) {
	if s.Instance {
		org = InstanceID()
	}
	e, err := find(org, TypeToken, s.Token)
	if err != nil {
		return nil, err
	}
	token, ok := e.(*Token)
	if !ok || token.RevokedAt != 0 || token.ExpiresAt != 0 && now >= token.ExpiresAt {
		return nil, Errorf(Unauthenticated, "the token that asked for it does not count any more")
	}
	return token, nil
}

// acting fails where the user whom the token acts as is not active any more.
func (s Sponsor) acting(org ID, find Lookup) error {
	if s.User.IsZero() {
		return nil
	}
	e, err := find(org, TypeUser, s.User)
	if err != nil {
		return err
	}
	if u, ok := e.(*User); !ok || u.Status == Deactivated || u.Status == Suspended {
		return Errorf(Unauthenticated, "the user who asked for it is not active any more")
	}
	return nil
}
