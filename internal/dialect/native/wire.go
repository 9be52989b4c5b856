package native

import "github.com/roster-dev/roster"

// Organization is an organization on the wire.
type Organization struct {
	ID        roster.ID `json:"id" required:"yes"`
	Number    int64     `json:"number" required:"yes" doc:"Unique in the instance."`
	Slug      string    `json:"slug" required:"yes" doc:"A DNS label, unique in the instance."`
	Name      string    `json:"name" required:"yes"`
	BrandName string    `json:"brand_name,omitempty"`

	Version   roster.Version `json:"version" required:"yes" readonly:"yes" doc:"The number of changes so far."`
	CreatedAt roster.Time    `json:"created_at,omitzero" readonly:"yes"`
	UpdatedAt roster.Time    `json:"updated_at,omitzero" readonly:"yes"`

	Contracts map[string]roster.Contract `json:"contracts,omitempty" doc:"The contract of each dialect by name."`
	Limits    map[string]roster.Limit    `json:"limits,omitempty" doc:"The rate limits of dialects by name."`
	DeletedAt roster.Time                `json:"deleted_at,omitzero" readonly:"yes" doc:"When it was deleted."`
	PurgeAt   roster.Time                `json:"purge_at,omitzero" readonly:"yes" doc:"Until then it can be restored."`
	// DeletedBy is shown to those who may see it.
	DeletedBy roster.ID `json:"deleted_by,omitzero" readonly:"yes" doc:"The user or the token that deleted it."`
	// Deleted is a member of the instance itself.
	Deleted *roster.DeletedOrganization `json:"deleted,omitempty" readonly:"yes" doc:"The last one, of the instance."`
}

// wireOrganization returns an organization at a version.
func wireOrganization(o *roster.Organization, at roster.Version) Organization {
	return Organization{
		ID: o.ID, Number: o.Number, Slug: o.Slug, Name: o.Name, BrandName: o.BrandName, Version: at,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Contracts: o.Contracts, Limits: o.Limits, Deleted: o.Deleted,
		DeletedAt: o.DeletedAt, PurgeAt: o.PurgeAt, DeletedBy: o.DeletedBy,
	}
}

// wire returns the form on the wire of a record that is shown.
func wire(shown any) any {
	switch e := shown.(type) {
	case *roster.Organization:
		return wireOrganization(e, e.Version)
	case *roster.Token:
		return wireToken(e)
	case *roster.Invitation:
		return wireInvitation(e)
	case *roster.Webhook:
		return wireWebhook(e)
	case roster.Member:
		return Member(e)
	default:
		return e
	}
}

// Token is a token on the wire, without its secret.
type Token struct {
	ID          roster.ID          `json:"id" required:"yes"`
	Name        string             `json:"name" required:"yes"`
	Kind        roster.TokenKind   `json:"kind" required:"yes" enum:"account,source,channel"`
	Permissions roster.Permissions `json:"permissions" required:"yes"`
	ActsAs      roster.ID          `json:"acts_as,omitzero" doc:"The user on whose behalf the token acts."`
	Dialects    []string           `json:"dialects,omitempty" doc:"The dialects that accept the token; absent: all."`
	ExpiresAt   roster.Time        `json:"expires_at,omitzero"`
	RevokedAt   roster.Time        `json:"revoked_at,omitzero" readonly:"yes"`
	AllowedIPs  []string           `json:"allowed_ips,omitempty" doc:"Addresses and CIDR prefixes; absent: all."`
	LastUsedAt  roster.Time        `json:"last_used_at,omitzero" readonly:"yes"`
	CreatedAt   roster.Time        `json:"created_at,omitzero" readonly:"yes"`
	// CreatedBy is shown to those who may see it.
	CreatedBy roster.ID `json:"created_by,omitzero" readonly:"yes" needs:"metadata:read" doc:"Needs metadata:read."`
}

// NewToken is a token that was just made.
type NewToken struct {
	Token
	Secret string `json:"secret,omitempty" doc:"What requests carry. It is shown once: a repeated request gets none."`
}

// TokenRequest is what a token is made from.
type TokenRequest struct {
	Name        string             `json:"name" required:"yes"`
	Kind        roster.TokenKind   `json:"kind,omitempty" enum:"account,source,channel" doc:"account by default."`
	Permissions roster.Permissions `json:"permissions,omitempty" doc:"None by default, at most those of the maker."`
	ActsAs      roster.ID          `json:"acts_as,omitzero" doc:"The id of a user."`
	Dialects    []string           `json:"dialects,omitempty" doc:"All by default."`
	ExpiresAt   roster.Time        `json:"expires_at,omitzero" doc:"Never by default."`
	AllowedIPs  []string           `json:"allowed_ips,omitempty" doc:"All by default."`
}

// wireToken returns a token that is shown, without its last use, which is no part of the record.
func wireToken(t *roster.Token) Token {
	w := Token{
		ID: t.ID, Name: t.Name, Kind: t.Kind, Permissions: t.Permissions, ActsAs: t.ActsAs, Dialects: t.Dialects,
		ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, AllowedIPs: t.AllowedIPs, CreatedAt: t.CreatedAt,
		CreatedBy: t.CreatedBy,
	}
	if w.Permissions == nil {
		w.Permissions = roster.Permissions{}
	}
	return w
}

// TokenList is a page of tokens.
type TokenList list[Token]

// GroupList is a page of groups.
type GroupList list[roster.Group]

// SpaceList is a page of spaces.
type SpaceList list[roster.Space]

// RoleList is a page of roles.
type RoleList list[roster.Role]

// wireUser returns a copy of a user without what the principal may not see.
func wireUser(u *roster.User, by roster.Principal) *roster.User {
	shown, _ := roster.Shown(u, by.Permissions).(*roster.User)
	return shown
}
