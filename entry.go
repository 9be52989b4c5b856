package roster

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
)

// Digest is a SHA-256. The zero Digest means none.
type Digest [32]byte

// String returns the 64-character lower-case hexadecimal form.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is none.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes. Anything else is [Invalid].
func (d *Digest) UnmarshalText(text []byte) error {
	var read Digest
	if len(text) != hex.EncodedLen(len(read)) {
		return Errorf(Invalid, "%s is not a SHA-256 of 64 hexadecimal digits", quote(string(text)))
	}
	if _, err := hex.Decode(read[:], text); err != nil {
		return Errorf(Invalid, "%s is not a SHA-256 of 64 hexadecimal digits", quote(string(text)))
	}
	*d = read
	return nil
}

// Cause is what is known of the request that commands come from. The zero Cause is for commands that come from none, as
// those of a command line.
type Cause struct {
	// Request is the request's id.
	Request ID
	// Reason is why the client says that it does this, as [ParseReason] returns it.
	Reason string
	// Once has the commands carried out only once; nil carries them out whenever they come.
	Once *Once
}

// ParseReason returns a reason trimmed and in NFC; a blank one is "". It fails with [Invalid] for a text that is not
// UTF-8, has control characters or more than [MaxText] characters.
func ParseReason(s string) (string, error) { return CleanText(s) }

// OnceFor is for how long the answer to a request is kept for who repeats the request.
const OnceFor Time = 24 * 60 * 60 * 1000 // ms

// Once is how a request that is repeated with the same key is told from a new one.
type Once struct {
	// Key is the digest of the client's key and of who the client is, and Request that of all that the request says.
	Key, Request Digest
	// Answer returns what the request is to be answered, given the change as the caller of the commands gets it and,
	// where commands are refused one by one, what became of each. It is called inside the transaction, maybe by another
	// goroutine and more than once, and must have no effect.
	Answer func(Change, []Outcome) ([]byte, error)
}

// Answer is what a request was answered, to be answered again to who repeats it within [OnceFor] of At.
type Answer struct {
	Key, Request Digest
	At           Time
	Content      []byte
}

// RepeatedError is what a write fails with whose request was carried out before: it has what that was answered.
type RepeatedError struct{ Answer Answer }

// Error implements [error].
func (e *RepeatedError) Error() string { return "the request was carried out before" }

// Check returns e, or an error with [KeyReused] where the request that is now made with the key is another one.
func (e *RepeatedError) Check(now Digest) error {
	if e.Answer.Request == now {
		return e
	}
	return Errorf(KeyReused, "the key was used before for another request; keys are kept for 24 hours")
}

// Entry is what the audit keeps of one write: who, when, why, and which ops of a change are its own. The entries of an
// organization are a chain of hashes, which has no gaps: see package internal/audit.
type Entry struct {
	// Seq is the place of the entry in the chain, from 1. Whoever stores the entry sets it, Prev and Hash.
	Seq int64
	// Version, At and Actor are those of the change.
	Version Version
	At      Time
	Actor   ID
	// User is the user on whose behalf the actor wrote, or none.
	User ID
	// Name is the actor's name as of then: that of the token, of the API client, or "operator".
	Name string
	// Request and Reason are those of the [Cause].
	Request ID
	Reason  string
	// From and To say which ops of the change the write did: those from From and before To.
	From, To int
	// Salt keeps the digests of what was written from being guessed from the hash. It is random, and zero once
	// something of what was written is erased.
	Salt [16]byte
	// Form says what the hash covers: 1 the name and the reason, 2 digests of them, so that they can be erased. Whoever
	// stores the entry makes it 2.
	Form int
	// NameSeal and ReasonSeal are what is left of the two where something was erased.
	NameSeal, ReasonSeal TextSeal
	// Prev is the hash of the entry before, none for the first one, and Hash that of the entry itself.
	Prev, Hash Digest
}

// NewEntry returns the entry of a principal's write, its range and salt not set.
func (p Principal) NewEntry() Entry {
	return Entry{
		Actor: p.Actor(), User: p.ActsAs, Name: p.Name, Request: p.Cause.Request, Reason: p.Cause.Reason,
	}
}

// IsAudited reports whether a write that does the op has an entry in the audit. The others change nothing but members
// about what a user does (last_login_at, ...), or which numbers of an organization are taken.
func (o Op) IsAudited() bool {
	switch before := o.Before.(type) {
	case *User:
		after, ok := o.After.(*User)
		return !ok || !sameButActivity(before, after)
	case *Organization:
		return !o.IsBookkeeping()
	default:
		return true
	}
}

// IsBookkeeping reports whether the op changes nothing of an organization's record but which numbers are taken.
func (o Op) IsBookkeeping() bool {
	before, was := o.Before.(*Organization)
	after, is := o.After.(*Organization)
	if !was || !is {
		return false
	}
	a, b := *before, *after
	a.Next, b.Next = Numbers{}, Numbers{}
	a.Version, b.Version = 0, 0
	return reflect.DeepEqual(a, b) || sameDocument(&a, &b) // the former is quick: their maps are the same
}

func sameButActivity(before, after *User) bool {
	return sameUser(before, after, "last_login_at", "last_action_at", "last_session_at", "last_request_at",
		"last_request_method", "notifications_checked_at", "minutes_of_activity", "updated_at", "updated_by")
}

func sameDocument(a, b Entity) bool {
	docA, errA := EncodeEntity(a)
	docB, errB := EncodeEntity(b)
	return errA == nil && errB == nil && bytes.Equal(docA, docB)
}

// IsAudited reports whether any of several ops is.
func IsAudited(ops []Op) bool {
	made := func(op Op) bool { return op.Before == nil || op.After == nil } // which is seen at once
	return slices.ContainsFunc(ops, made) || slices.ContainsFunc(ops, Op.IsAudited)
}

// EntryQuery says which entries of an organization are asked for; zero members let all through.
type EntryQuery struct {
	// Actor is who wrote: the actor of an entry or its User.
	Actor ID
	// Type and ID are those of a record that the write is about: entries with an op that fits both. ID counts as it is
	// digested: in a rare case an entry is among the answers that has no op on the record.
	Type Type
	ID   ID
	// From is the first instant, and To the first one after, and likewise FirstVersion and LastVersion, which is
	// included.
	From, To                  Time
	FirstVersion, LastVersion Version
	// Before lets only entries before a place through.
	Before int64
	// Limit is how many entries are returned at the most.
	Limit int
	// Ops asks for the ops as well.
	Ops bool
}

// What can have happened to an entry.
const (
	Altered = "altered" // it, or what it says was written, is not what it was
	Dropped = "dropped" // it is not there
	Moved   = "moved"   // it stands where another one was
)

// AuditFault is the first entry of a log that is not as it was written.
type AuditFault struct {
	// Seq is the entry's place, and Version that of its change as far as it is known, else 0.
	Seq     int64
	Version Version
	// Kind is Altered, Dropped or Moved.
	Kind string
	// Detail says how it shows.
	Detail string
}

// AuditReport is what is found out about the audit of an organization.
type AuditReport struct {
	// Entries is how many entries were found to be as they were written, and Head the hash of the last of them; none
	// where there is none. Whoever notes both somewhere else can hold a log to them later.
	Entries int64
	Head    Digest
	// Fault is nil where all is well.
	Fault *AuditFault
}
