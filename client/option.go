package client

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// The headers of requests.
const (
	idempotencyKey = "Idempotency-Key"
	versionAtLeast = "If-Roster-Version-At-Least"
	reasonHeader   = "Roster-Reason"
)

// Option says more about one call. The server refuses an option that means nothing to it, with [roster.Invalid].
type Option func(*request)

// Tag is the entity tag of a record as it was at some time, its quotes included; "" is none.
type Tag string

// AnyTag is what every record has, whatever its tag.
const AnyTag Tag = "*"

// Info is what an answer says besides its body.
type Info struct {
	// Tag is that of the record that the answer has, for [IfMatch]; of a failure with [roster.PreconditionFailed] that
	// of the record as it is. It is "" where the answer has not one record, and in a dry run.
	Tag Tag
	// Version is the version of the organization that the answer is true for, of a write one that has it; 0 where the
	// server does not say.
	Version roster.Version
	// Replayed is set where the write was carried out before, by a request with the same key.
	Replayed bool
	// RequestID is what the server's log knows the request by.
	RequestID string
}

// Tell has what the answer says besides its body put into info, also where the call fails.
func Tell(info *Info) Option { return func(r *request) { r.info = info } }

// IfMatch has a write carried out only where the record still has one of some tags. Otherwise it fails with
// [roster.PreconditionFailed], and the Record of the [roster.Error] is the record as it is: a [roster.Entity], a
// [Member] or a [Job], each as a pointer.
func IfMatch(tags ...Tag) Option {
	return func(r *request) {
		for _, tag := range tags {
			r.addHeader("If-Match", string(tag))
		}
	}
}

// DryRun has a write answered as if it were done, and changes nothing. New records have ids that they will not have,
// and no secrets.
func DryRun() Option { return func(r *request) { r.set("dry_run", "true") } }

// Reason says for the audit why a write is done, in up to 256 characters on one line.
func Reason(text string) Option {
	return func(r *request) {
		text, err := roster.ParseReason(text)
		if err != nil {
			r.err = cmp.Or(r.err, error(roster.FieldErrorf("reason", "%s", roster.AsError(err).Message)))
		}
		if text != "" {
			r.setHeader(reasonHeader, text)
		}
	}
}

// IdempotencyKey names a write, in 1 to 255 printable ASCII characters: for 24 hours the same write with the same key
// is answered as it was the first time, and does nothing, whichever process sends it. Without it each call has a key of
// its own.
func IdempotencyKey(key string) Option {
	return func(r *request) {
		if key == "" || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
			r.err = cmp.Or(r.err, error(roster.FieldErrorf("idempotency key", "must be printable ASCII characters")))
			return
		}
		r.setHeader(idempotencyKey, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key)+`"`)
	}
}

// MinVersion has a read wait for a version of the organization, such as that of a write of another client. Where it
// does not come in time, it fails with [roster.Unavailable].
func MinVersion(v roster.Version) Option {
	return func(r *request) { r.setHeader(versionAtLeast, strconv.FormatInt(int64(v), 10)) }
}

// AsOf has a read of records answered as it would have been at a version, or at an instant, which means the last
// version at or before it. It fails with [roster.Invalid] for one in the future, with [roster.Gone] because of a
// [roster.TrimmedError] for a version that the server does not keep any more, and with [roster.Unavailable] for one
// that is too far away.
func AsOf(m roster.Moment) Option { return func(r *request) { r.set("as_of", m.String()) } }

// Fields has only some members of the record filled, as in id and avatar.type.
func Fields(names ...string) Option {
	return func(r *request) { r.set("fields", strings.Join(names, ",")) }
}

// apply applies the options of a call to its request.
func (r request) apply(options []Option) request {
	query := url.Values{}
	maps.Copy(query, r.query)
	r.query, r.header = query, http.Header{}
	for _, set := range options {
		set(&r)
	}
	return r
}

func (r *request) set(name, value string) { r.query.Set(name, value) }

func (r *request) setHeader(name, value string) { r.header.Set(name, value) }

func (r *request) addHeader(name, value string) { r.header.Add(name, value) }

// tell puts what the header of an answer says where the caller wants it.
func (r *request) tell(header http.Header) {
	if r.info == nil {
		return
	}
	*r.info = Info{
		Tag: Tag(header.Get("ETag")), Version: versionOf(header), Replayed: header.Get("Idempotent-Replayed") == "true",
		RequestID: header.Get("X-Request-Id"),
	}
}
