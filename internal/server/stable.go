package server

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// revalidate is the Cache-Control of stable answers: what one credential sees is not for others, and no copy of it may
// be shown before the server has said that it still holds.
const revalidate = "private, no-cache"

// stable is a request whose answer stays the same as long as the organization does.
type stable struct {
	// key is all that the answer depends on. Equal keys mean equal answers, and others are never equal.
	key string
	// tag is the answer's entity tag; "" until somebody needs it.
	tag string
	// made is when the version was made that the answer shows, 0 where that is not known, and own how much of the key
	// comes first that depends on what this process has seen, and then does not count.
	made roster.Time
	own  int
}

// settle makes req one whose answer depends on nothing but the key that it returns.
func (x *exchange) settle(req *dialect.Request, below string) string {
	req.Principal = roster.Principal{
		Org: req.Principal.Org, Kind: req.Principal.Kind, Permissions: req.Principal.Permissions,
	}
	if !x.walk.on {
		req.URL.RawQuery = canonicalQuery(req.URL.RawQuery)
	}
	req.URL.ForceQuery, req.URL.User = false, nil
	b := make([]byte, 0, 384)
	b = binary.AppendVarint(b, int64(x.erased)) // an old version is another one since then
	if x.SharedTags {
		x.stable.made, x.stable.own = req.View.MadeAt(), len(b)
	}
	b = append(b, req.Principal.Org[:]...)
	b = binary.AppendVarint(b, int64(req.View.Version()))
	b = binary.AppendVarint(b, int64(req.View.Org().CreatedAt)) // one that is made again begins at version 1
	b = binary.AppendUvarint(b, uint64(len(below)))             // with the path this tells mounts apart
	for _, text := range [...]string{
		x.dialect.Name, x.endpoint.ID, string(req.Contract), string(req.Principal.Kind),
		req.URL.Scheme, req.URL.Host, req.URL.EscapedPath(), req.URL.RawQuery,
	} {
		b = appendPart(b, text)
	}
	b = binary.AppendUvarint(b, uint64(len(req.Principal.Permissions)))
	for _, p := range req.Principal.Permissions {
		b = appendPart(b, string(p))
	}
	for _, name := range x.varies[x.endpoint.ID].names {
		values := req.Header.Values(name)
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, value := range values {
			b = appendPart(b, value)
		}
	}
	return string(b)
}

// appendPart appends a text so that its end can be told from the beginning of the next.
func appendPart(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// canonicalQuery returns a query with its parameters in the order of their names. The values of one name stay in their
// order, which counts.
func canonicalQuery(raw string) string {
	if inOrder(raw) {
		return raw
	}
	parts := strings.Split(raw, "&")
	slices.SortStableFunc(parts, func(a, b string) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return strings.Join(parts, "&")
}

// inOrder reports whether the parameters of a query are in the order of their names.
func inOrder(raw string) bool {
	last := ""
	for part := range strings.SplitSeq(raw, "&") {
		name := nameOf(part)
		if name < last {
			return false
		}
		last = name
	}
	return true
}

// nameOf returns the decoded name of a part of a query, or the name as it is where it can't be decoded.
func nameOf(part string) string {
	name, _, _ := strings.Cut(part, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		return decoded
	}
	return name
}

// tagOf returns the entity tag of an answer. It is weak: the request's id in a body may differ, and so does the
// encoding.
//
// Of a version of which it is known when it was made, every process has the same tag: a version that is made again
// after a restore, or a failover that has lost it, is made at another time. Of other views, as of the past, which lacks
// who was erased since, it is that of this run of this process.
func (s *Server) tagOf(of stable) string {
	epoch, key := s.Epoch, of.key
	if of.made != 0 {
		epoch, key = "made "+strconv.FormatInt(int64(of.made), 10), key[of.own:]
	}
	hash := sha256.New()
	_, _ = hash.Write(appendPart(appendPart(nil, epoch), s.Software)) // a hash does not fail
	_, _ = hash.Write([]byte(key))
	return `W/"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15]) + `"`
}

// validate sets the headers with which a client can ask whether an answer still holds.
func (x *exchange) validate() {
	if x.stable.key == "" {
		return
	}
	x.ensureTag()
	header := x.w.Header()
	header["Etag"] = []string{x.stable.tag}
	header["Cache-Control"] = []string{revalidate}
	x.vary()
}

// vary names the headers that the answer depends on.
func (x *exchange) vary() { x.w.Header()["Vary"] = x.varies[x.endpoint.ID].vary }

func (x *exchange) ensureTag() {
	if x.stable.tag == "" {
		x.stable.tag = x.tagOf(x.stable)
	}
}

// invalidate makes the answer one that does not hold any longer than now, as a failure.
func (x *exchange) invalidate() {
	header := x.w.Header()
	delete(header, "Etag")
	delete(header, "Cache-Control")
	x.stable = stable{}
}

// unchanged reports whether the client has the answer already, by the If-None-Match of the request (RFC 9110, section
// 13.1.2).
func (x *exchange) unchanged() bool {
	given := x.r.Header["If-None-Match"]
	if len(given) == 0 {
		return false
	}
	x.ensureTag()
	ours := strings.TrimPrefix(x.stable.tag, "W/")
	return anyTag(given, func(tag string) bool { return strings.TrimPrefix(tag, "W/") == ours })
}

// hasAny reports whether the client would have any answer already, whatever its tag.
func (x *exchange) hasAny() bool {
	return x.stable.key != "" && anyTag(x.r.Header["If-None-Match"], func(tag string) bool { return tag == "*" })
}

// anyTag reports whether a tag of a header is so. A comma inside a tag does no harm: ours have none.
func anyTag(header []string, is func(tag string) bool) bool {
	for _, line := range header {
		for tag := range strings.SplitSeq(line, ",") {
			if is(strings.TrimSpace(tag)) {
				return true
			}
		}
	}
	return false
}

// notModified tells the client that what it has still holds.
func (x *exchange) notModified() {
	x.validate()
	x.head(http.StatusNotModified)
}
