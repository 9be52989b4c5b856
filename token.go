package roster

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// TokenKind is what a token stands for: a whole account, one source of it, or one sales channel of it.
type TokenKind string

// The kinds of tokens.
const (
	TokenAccount TokenKind = "account"
	TokenSource  TokenKind = "source"
	TokenChannel TokenKind = "channel"
)

// TokenKinds returns every kind of token.
func TokenKinds() []TokenKind { return []TokenKind{TokenAccount, TokenSource, TokenChannel} }

// Permission is something a token allows.
type Permission string

// The permissions.
const (
	UsersRead    Permission = "users:read"
	UsersWrite   Permission = "users:write"
	UsersErase   Permission = "users:erase"
	MetadataRead Permission = "metadata:read"
	MembersAdmin Permission = "members:admin"
	GroupsWrite  Permission = "groups:write"
	TokensWrite  Permission = "tokens:write"
	AuditRead    Permission = "audit:read"
	OrgsRead     Permission = "orgs:read"
	OrgsWrite    Permission = "orgs:write"
	Everything   Permission = "*"
)

// AllPermissions returns every permission.
func AllPermissions() []Permission {
	return []Permission{
		UsersRead, UsersWrite, UsersErase, MetadataRead, MembersAdmin, GroupsWrite, TokensWrite, AuditRead, OrgsRead,
		OrgsWrite, Everything,
	}
}

// Permissions is a set of permissions. Whoever may see or change more of users may also read them:
// users:write, metadata:read and members:admin each include users:read. Whoever may read users, or change
// organizations, may also read organizations: users:read and orgs:write include orgs:read.
type Permissions []Permission

// Has reports whether the set allows p. Every set allows "".
func (ps Permissions) Has(p Permission) bool {
	if p == "" || slices.Contains(ps, p) || slices.Contains(ps, Everything) {
		return true
	}
	switch p {
	case UsersRead:
		return slices.Contains(ps, UsersWrite) || slices.Contains(ps, MetadataRead) || slices.Contains(ps, MembersAdmin)
	case OrgsRead:
		return slices.Contains(ps, OrgsWrite) || ps.Has(UsersRead)
	default:
		return false
	}
}

// Token is a credential for one organization, or, where it belongs to the instance itself, for all of them. The secret
// is not kept, only its hash.
type Token struct {
	ID          ID          `json:"id"`
	Name        string      `json:"name"`
	Kind        TokenKind   `json:"kind"`
	Permissions Permissions `json:"permissions"`
	// ActsAs is the user on whose behalf the token acts, or none.
	ActsAs ID `json:"acts_as,omitzero"`
	// Dialects are the names of the dialects that accept the token; empty means all.
	Dialects []string `json:"dialects,omitempty"`
	// ExpiresAt is the first instant at which the token does not count any more; none means never.
	ExpiresAt Time `json:"expires_at,omitzero"`
	// RevokedAt is when the token was revoked, or none.
	RevokedAt Time `json:"revoked_at,omitzero" readonly:"yes"`
	// AllowedIPs are addresses or CIDR prefixes; empty allows all.
	AllowedIPs []string `json:"allowed_ips,omitempty"`
	// LastUsedAt is the least that the last use can be: what records have of the time before uses were kept apart as
	// [TokenUse].
	LastUsedAt Time `json:"last_used_at,omitzero" readonly:"yes"`
	CreatedAt  Time `json:"created_at,omitzero" readonly:"yes"`
	// CreatedBy is the user or the token that made the token, or none when the operator did.
	CreatedBy ID `json:"created_by,omitzero" readonly:"yes"`
	// Hash is [HashSecret] of the secret. It stays inside: no API and no export shows it.
	Hash string `json:"secret_sha256" input:"refuse"`
}

// Key implements [Entity].
func (t *Token) Key() Key { return Key{TypeToken, t.ID} }

// Keys implements [Entity].
func (t *Token) Keys() Keys { return Keys{Identifier: t.Hash} }

// TokenUse says when a token of an organization was last used. It is no part of the token's record: using a token
// changes no organization.
type TokenUse struct {
	Org, Token ID
	At         Time
}

// Invitation asks a user with status invited to join. Its single-use secret is not kept, only its hash.
type Invitation struct {
	ID         ID   `json:"id"`
	User       ID   `json:"user"`
	CreatedAt  Time `json:"created_at,omitzero" readonly:"yes"`
	ExpiresAt  Time `json:"expires_at,omitzero"`
	AcceptedAt Time `json:"accepted_at,omitzero" readonly:"yes"`
	// Hash is [HashSecret] of the secret.
	Hash string `json:"secret_sha256" input:"refuse"`
}

// Key implements [Entity].
func (i *Invitation) Key() Key { return Key{TypeInvitation, i.ID} }

// Keys implements [Entity].
func (i *Invitation) Keys() Keys { return Keys{Identifier: i.Hash} }

const (
	secretPrefix = "rst_"
	secretChars  = 43 // base62 digits of 32 bytes
	sumChars     = 6  // base62 digits of a CRC-32
)

// NewSecret returns a secret for a token or an invitation: "rst_", 32 bytes read from random in base62, and 6
// characters of CRC-32 over what stands before. It fails only when random does.
func NewSecret(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	body := string(base62(append(make([]byte, 0, len(secretPrefix)+secretChars), secretPrefix...), b[:], secretChars))
	return body + string(secretSum(nil, body)), nil
}

// WellFormedSecret reports whether s can be a secret: its form and its checksum are right. It tells typing errors and
// random guesses apart from secrets without looking anything up.
func WellFormedSecret(s string) bool {
	if len(s) != len(secretPrefix)+secretChars+sumChars || !strings.HasPrefix(s, secretPrefix) {
		return false
	}
	body := s[:len(s)-sumChars]
	var sum [sumChars]byte
	return string(secretSum(sum[:0], body)) == s[len(body):]
}

// HashSecret returns the SHA-256 of a secret in lower-case hexadecimal.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// secretSum appends the checksum of a secret's body to dst.
func secretSum(dst []byte, body string) []byte {
	var sum [crc32.Size]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return base62(dst, sum[:], sumChars)
}

// base62 appends a big-endian number to dst in base 62 (0-9, A-Z, a-z), padded with zeros to width. It overwrites
// number.
func base62(dst, number []byte, width int) []byte {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	dst = slices.Grow(dst, width)[:len(dst)+width]
	for i := range width {
		rest := 0
		for j, b := range number {
			rest = rest<<8 | int(b)
			number[j], rest = byte(rest/len(digits)), rest%len(digits) //nolint:gosec // rest is below 62 * 256
		}
		dst[len(dst)-1-i] = digits[rest]
	}
	return dst
}
