package roster

import (
	"errors"
	"fmt"
	"strconv"
)

// Code says what kind of failure an [Error] is. A dialect maps each code to its own status.
type Code string

// The codes.
const (
	Invalid            Code = "invalid"                // the input breaks a rule; Field says where
	Unauthenticated    Code = "unauthenticated"        // no credential, or one that does not count (any more)
	Forbidden          Code = "forbidden"              // the credential does not allow this
	WrongTokenKind     Code = "wrong_token_kind"       // the credential is of a kind that this does not accept
	NotFound           Code = "not_found"              // no such record, path or organization
	MethodNotAllowed   Code = "method_not_allowed"     // the path exists, the method does not
	NotAcceptable      Code = "not_acceptable"         // no representation that the client accepts
	Conflict           Code = "conflict"               // a unique key is taken, or the state forbids it
	PreconditionFailed Code = "precondition_failed"    // the record is not at the version the caller names
	KeyReused          Code = "idempotency_key_reused" // the key of a request is that of another one
	TooLarge           Code = "too_large"              // a body, header or batch above its limit
	RateLimited        Code = "rate_limited"           // too many requests
	Gone               Code = "gone"                   // history that is no longer kept
	Unavailable        Code = "unavailable"            // try again later
	Internal           Code = "internal"               // our fault: logged, never shown
)

// The codes of single faults, in [Detail], that say more than the code of the error.
const (
	Unknown    Code = "unknown"     // there is no member or parameter of this name
	Required   Code = "required"    // it must be given
	NotAllowed Code = "not_allowed" // the value is none of those that are allowed
	Taken      Code = "taken"       // the value is that of another record, and must be unique
)

// Codes returns every code that an [Error] can have.
func Codes() []Code {
	return []Code{
		Invalid, Unauthenticated, Forbidden, WrongTokenKind, NotFound, MethodNotAllowed, NotAcceptable, Conflict,
		PreconditionFailed, KeyReused, TooLarge, RateLimited, Gone, Unavailable, Internal,
	}
}

// Error is a failure with a code. Message is for the client; Err is for the operator and is never shown to a client.
type Error struct {
	Code    Code
	Message string
	// Field is the member or parameter that is at fault, as the client wrote it; "" when there is no single one.
	Field string
	// Details lists every fault where there are several; the first one is also in Message and Field.
	Details []Detail
	// Record is what has another entity tag than was expected, as far as who asked may see it, and Tag the one that it
	// has: an [Entity], a [Member] or a [Job]. They are for [PreconditionFailed]; Record is nil where there is nothing
	// that has a tag.
	Record any
	Tag    string
	Err    error
}

// Detail is one fault of several.
type Detail struct {
	// Field is the member or parameter that is at fault, as the client wrote it.
	Field   string
	Message string
	// Code says what kind of fault it is, for programs; "" for the code of the error.
	Code Code
	// Allowed lists what may stand there where that is a short list, in the order of the documentation.
	Allowed []string
	// DidYouMean is the one allowed value or name that is much like what was given, or "".
	DidYouMean string
}

// Error returns the message, after the field and before the cause.
func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	for _, d := range e.Details[min(1, len(e.Details)):] {
		s += "; " + d.Field + ": " + d.Message
	}
	if _, said := errors.AsType[*TrimmedError](e.Err); e.Err != nil && !said {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error whose message is for the client.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// FieldErrorf returns an [Invalid] error about field.
func FieldErrorf(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the first Error in err's chain, [Internal] for any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// AsError returns the first Error in err's chain, or err as the cause of an [Internal] one.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Message: "internal error", Err: err}
}

// quote quotes client input for a message, cut to a length that a message can carry.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

// TrimmedError is the cause of a [Gone] error about changes that are not kept any more, whose message says so already.
type TrimmedError struct {
	// Since is the smallest version after which every change is still kept.
	Since Version
}

// Error says from where on changes are kept.
func (e *TrimmedError) Error() string {
	return fmt.Sprintf("changes are kept after version %d", e.Since)
}
