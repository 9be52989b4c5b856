// Package roster is the vocabulary of a directory of users: the records of an organization (users, groups, spaces,
// roles, tokens, invitations), what a query over its users means, and every rule about changing them.
//
// Everything here is pure: no I/O, no clock, no randomness and no state, so that a store, a read model and a
// dialect can share one definition of what is right. [Query.Match] and [Query.Compare] are the executable
// specification of reads; [Decide] is the specification of writes. The package must not know how records are
// stored, indexed or shown on a wire.
package roster

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// Version counts the changes of one organization. The first change (its creation) makes version 1; there are no gaps.
// 0 means that the organization does not exist.
type Version int64

// MaxNumber is the largest number a record can have: 2^53-1, the largest integer that every JSON reader keeps exact.
const MaxNumber = 1<<53 - 1

// ID is a UUID (RFC 9562) in its binary form. The zero ID means none. Its order is that of its text form.
type ID [16]byte

// NewID returns a UUID version 7: 48 bits of now and 74 bits read from random.
// It fails only when random does.
func NewID(now Time, random io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return ID{}, fmt.Errorf("make a UUID: %w", err)
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(now, 0)))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// ParseID reads the 36-character text form, in either case. Any other form is [Invalid].
func ParseID(s string) (ID, error) {
	id, ok := parseID(s)
	if !ok {
		return ID{}, Errorf(Invalid, "%s is not a UUID", quote(s))
	}
	return id, nil
}

func parseID[S string | []byte](s S) (ID, bool) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, false
	}
	at := 0
	for i := range id {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			at++
		}
		high, low := hexDigit(s[at]), hexDigit(s[at+1])
		if high|low < 0 {
			return ID{}, false
		}
		id[i] = byte(high<<4 | low) //nolint:gosec // two digits of 4 bits
		at += 2
	}
	return id, true
}

// MustParseID is [ParseID] for constants: it panics where ParseID fails.
func MustParseID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// String returns the 36-character lower-case form.
func (id ID) String() string { return string(id.AppendText(make([]byte, 0, 36))) }

// AppendText appends the 36-character lower-case form to b.
func (id ID) AppendText(b []byte) []byte {
	const digits = "0123456789abcdef"
	text := [36]byte{8: '-', 13: '-', 18: '-', 23: '-'}
	at := 0
	for i, c := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			at++
		}
		text[at], text[at+1] = digits[c>>4], digits[c&15]
		at += 2
	}
	return append(b, text[:]...)
}

// IsZero reports whether id is none.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders ids as their bytes, which is as their text.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// MarshalText implements [encoding.TextMarshaler]; none is the empty text.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id.AppendText(nil), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]; the empty text is none.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Type names a type of record.
type Type string

// The types of records. Each has its own ids and numbers.
const (
	TypeOrganization Type = "organization"
	TypeUser         Type = "user"
	TypeGroup        Type = "group"
	TypeSpace        Type = "space"
	TypeRole         Type = "role"
	TypeToken        Type = "token"
	TypeInvitation   Type = "invitation"
	TypeWebhook      Type = "webhook"
	TypeDeletedUser  Type = "deleted_user"
	TypeDeletedGroup Type = "deleted_group"
	TypeDeletedSpace Type = "deleted_space"
	TypeDeletedRole  Type = "deleted_role"
)

// Types lists every type of record, in the order in which a store hands them out: what others refer to comes first.
func Types() []Type {
	return []Type{
		TypeOrganization, TypeRole, TypeGroup, TypeSpace, TypeUser, TypeToken, TypeInvitation, TypeWebhook,
		TypeDeletedUser, TypeDeletedGroup, TypeDeletedSpace, TypeDeletedRole,
	}
}

// Key identifies a record within an organization.
type Key struct {
	Type Type
	ID   ID
}

// String returns "type id".
func (k Key) String() string { return string(k.Type) + " " + k.ID.String() }

// Keys are what a store keeps unique among the records of one type in one organization, besides the id.
// Zero values are not kept: any number of records may lack a key.
type Keys struct {
	Number int64
	// Email is folded with [Fold].
	Email string
	// Identifier is a user's folded identifier, a role's handle, or the hash of a token's or an invitation's secret.
	Identifier string
	// Owner is true for the one user who owns the organization.
	Owner bool
}

// Entity is a record of an organization: *Organization, *User, *Group, *Space, *Role, *Token, *Invitation,
// *Webhook or one of the [Deleted]; in the history also [Erased].
// An entity handed out by a store, a view or [Decide] is shared and must not be modified.
type Entity interface {
	Key() Key
	Keys() Keys
}

// Ref names one record of a known type the way a person would: by UUID, number, e-mail or identifier. Exactly one
// is set.
type Ref struct {
	ID         ID
	Number     int64
	Email      string
	Identifier string
}

// ParseRef reads "number:7", "email:a@b.c", "identifier:x", a UUID, a bare number, a bare address (anything with @)
// or a bare identifier. An empty or malformed reference is [Invalid].
func ParseRef(s string) (Ref, error) {
	kind, rest, tagged := cutTag(s)
	switch {
	case s == "" || tagged && rest == "":
		return Ref{}, Errorf(Invalid, "a reference is a UUID, number:N, email:ADDRESS or identifier:NAME, not %s",
			quote(s))
	case kind == "email":
		return Ref{Email: Fold(rest)}, nil
	case kind == "identifier":
		return Ref{Identifier: Fold(rest)}, nil
	case kind == "number":
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || n < 1 {
			return Ref{}, Errorf(Invalid, "%s is not a number from 1", quote(rest))
		}
		return Ref{Number: n}, nil
	}
	id, err := ParseID(rest)
	if err == nil && id.IsZero() {
		err = Errorf(Invalid, "%s is the UUID of nothing", rest)
	}
	return Ref{ID: id}, err
}

func cutTag(s string) (kind, rest string, tagged bool) {
	for _, tag := range []string{"email", "identifier", "number", "id"} {
		if len(s) > len(tag) && s[:len(tag)] == tag && s[len(tag)] == ':' {
			return tag, s[len(tag)+1:], true
		}
	}
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return "number", s, false
	}
	if _, err := ParseID(s); err == nil {
		return "id", s, false
	}
	for i := range len(s) {
		if s[i] == '@' {
			return "email", s, false
		}
	}
	return "identifier", s, false
}

// String returns the reference in the form [ParseRef] reads.
func (r Ref) String() string {
	switch {
	case r.Number != 0:
		return "number:" + strconv.FormatInt(r.Number, 10)
	case r.Email != "":
		return "email:" + r.Email
	case r.Identifier != "":
		return "identifier:" + r.Identifier
	default:
		return r.ID.String()
	}
}
