package roster

import (
	"slices"
	"strings"
)

// Kind says what sort of user a user is.
type Kind uint8

// The kinds of users.
const (
	Person    Kind = iota
	Virtual        // a placeholder without a login
	APIClient      // a program with a key of its own
)

var kindNames = []string{"person", "virtual", "api_client"}

// Kinds returns the names of the kinds, indexed by kind.
func Kinds() []string { return slices.Clone(kindNames) }

// String returns the canonical name.
func (k Kind) String() string { return enumName(kindNames, k) }

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(text []byte) error { return parseEnum(kindNames, text, k) }

// Status says where a user stands between invitation and departure.
type Status uint8

// The statuses of users, in the order of their names.
const (
	Active Status = iota
	Deactivated
	Inactive
	Invited
	Onboarding
	Risky
	Suspended
)

var statusNames = []string{"active", "deactivated", "inactive", "invited", "onboarding", "risky", "suspended"}

// Statuses returns the names of the statuses, indexed by status.
func Statuses() []string { return slices.Clone(statusNames) }

// String returns the canonical name.
func (s Status) String() string { return enumName(statusNames, s) }

// MarshalText implements [encoding.TextMarshaler].
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Status) UnmarshalText(text []byte) error { return parseEnum(statusNames, text, s) }

// UserType is the coarse level of a user in a product sold to companies. The zero UserType asks for the default.
type UserType uint8

// The types of users.
const (
	SaasAdmin UserType = iota + 1
	SaasUser
	SaasUserClient
)

var userTypeNames = []string{"", "saas_admin", "saas_user", "saas_user_client"}

// UserTypes returns the names of the types of users, indexed by type; the first one is empty.
func UserTypes() []string { return slices.Clone(userTypeNames) }

// String returns the canonical name.
func (t UserType) String() string { return enumName(userTypeNames, t) }

// MarshalText implements [encoding.TextMarshaler].
func (t UserType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *UserType) UnmarshalText(text []byte) error { return parseEnum(userTypeNames, text, t) }

func enumName[E ~uint8](names []string, e E) string {
	if int(e) < len(names) {
		return names[e]
	}
	return "?"
}

func parseEnum[E ~uint8](names []string, text []byte, e *E) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		allowed := slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
		fault := NotOneOf("", string(text), allowed)
		return &Error{Code: Invalid, Message: fault.Message, Details: []Detail{fault}}
	}
	*e = E(i)
	return nil
}

// NotOneOf returns the fault of a text in a field that is none of those that are allowed.
func NotOneOf(field, text string, allowed []string) Detail {
	return Detail{
		Field: field, Code: NotAllowed, Allowed: allowed, DidYouMean: Closest(text, allowed),
		Message: "must be one of " + strings.Join(allowed, ", ") + ", not " + quote(text),
	}
}
