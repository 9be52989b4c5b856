package dialect

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// PageKey signs the page tokens of one run of a server. It is safe for concurrent use.
type PageKey struct {
	key [sha256.Size]byte
	run [runSize]byte // tells the tokens of this run from those of others
}

// NewPageKey returns a key that is made of random bytes. It fails where there are none.
func NewPageKey(random io.Reader) (*PageKey, error) {
	k := &PageKey{}
	if _, err := io.ReadFull(random, k.key[:]); err != nil {
		return nil, fmt.Errorf("make the key of page tokens: %w", err)
	}
	copy(k.run[:], k.mac([]byte("run")))
	return k, nil
}

// PageToken is what a token of a page says.
type PageToken struct {
	// Version is that of the organization at which the walk began.
	Version roster.Version
	// Position is how many records stand before the page, or what else the endpoint counts.
	Position int
	// Now is the [Request.Now] of the first page, none where that had none.
	Now roster.Time
	// After is the key of the record that the page begins after, of a list that is kept at no version.
	After string
}

// A token is, in base64url without padding:
//
//	format, 1 byte · run, 8 bytes · digests of the organization, of the endpoint and of the query, 8 bytes each ·
//	a number n and n bytes, a sum of each parameter of the query · version · position · instant,
//	where the answer depends on the time · MAC of all that, 16 bytes
//
// Numbers are unsigned varints. The sums only serve to say which parameter differs.
const (
	tokenFormat = 1
	runSize     = 8
	digestSize  = 8
	macSize     = 16
)

// mac returns the message authentication code (HMAC-SHA256, cut) of a text.
func (k *PageKey) mac(text []byte) []byte {
	h := hmac.New(sha256.New, k.key[:])
	_, _ = h.Write(text) // a hash does not fail
	return h.Sum(nil)[:macSize]
}

// PageToken returns the token of the page of the request's list that begins after so many records (or what else the
// endpoint counts, from 0), which goes on at the version of the request's View, or at Until. Equal requests at one
// version have equal tokens. It is "" where the server signs none.
func (r *Request) PageToken(position int) string { return r.PageTokenAfter(position, "") }

// PageTokenAfter is [Request.PageToken] of a list that is kept at no version: the page begins after the record with a
// key, which is of at most 64 bytes.
func (r *Request) PageTokenAfter(position int, key string) string {
	if r.PageKey == nil {
		return ""
	}
	b := append(append(make([]byte, 0, 96), tokenFormat), r.PageKey.run[:]...)
	b = r.appendScope(b)
	version := cmp.Or(r.Until, r.View.Version())
	b = binary.AppendUvarint(b, uint64(version)) //nolint:gosec // versions count from 1
	b = binary.AppendUvarint(b, uint64(max(0, position)))
	if r.Now != 0 || key != "" {
		b = binary.AppendUvarint(b, uint64(r.Now)) //nolint:gosec // it is read back as it was
	}
	b = append(b, key...)
	return base64.RawURLEncoding.EncodeToString(append(b, r.PageKey.mac(b)...))
}

// appendScope appends what a token is for: the organization, the endpoint, and the query but for the parameters that
// may change from page to page.
func (r *Request) appendScope(b []byte) []byte {
	b = append(b, digest(r.Principal.Org[:])...)
	b = append(b, digest([]byte(r.Endpoint.ID+" "+r.URL.EscapedPath()))...)
	var query, sums []byte
	for _, p := range r.scope() {
		from := len(query)
		_, values := r.raw(p, nil)
		if len(values) == 0 && p.Default != "" {
			values = []string{p.Default}
		}
		query = binary.AppendUvarint(query, uint64(len(values)))
		for _, v := range values {
			query = append(binary.AppendUvarint(query, uint64(len(v))), v...)
		}
		sums = append(sums, digest(query[from:])[0])
	}
	b = append(b, digest(query)...)
	return append(binary.AppendUvarint(b, uint64(len(sums))), sums...)
}

// scope returns the parameters of the query that stay as they are on every page.
func (r *Request) scope() []*Param {
	var list []*Param
	for i := range r.Endpoint.Params {
		p := &r.Endpoint.Params[i]
		w := r.Endpoint.Window
		isVersion := p.Name == MinVersion || p.Name == AsOf
		if p.In == Query && !isVersion && p.Name != w.Token && !slices.Contains(w.Free, p.Name) {
			list = append(list, p)
		}
	}
	return list
}

func digest(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:digestSize]
}

// OpenPageToken reads the token of a page from the request's URL; there may be none. It fails with [roster.Invalid] for
// a text that is no token of this server, and for a token of another organization, list or query, and with
// [roster.Gone] for one of an earlier run of the server.
func (r *Request) OpenPageToken() (token PageToken, found bool, err error) {
	w := r.Endpoint.Window
	if w == nil || w.Token == "" || !strings.Contains(r.URL.RawQuery, w.Token+"=") {
		return token, false, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return token, false, nil //nolint:nilerr // Decode says so
	}
	r.Query = query
	_, given := r.raw(r.Endpoint.queryParam(w.Token), nil)
	switch {
	case len(given) == 0:
		return token, false, nil
	case len(given) > 1:
		return token, false, roster.FieldErrorf(w.Token, "must be given once, not %d times", len(given))
	}
	body, err := r.verify(given[0])
	if err != nil {
		return token, false, err
	}
	token, err = r.read(body)
	return token, err == nil, err
}

// verify returns what a token of this run says after its run, without its MAC.
func (r *Request) verify(text string) ([]byte, error) {
	name := r.Endpoint.Window.Token
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < 1+runSize+3*digestSize+1+2+macSize || raw[0] != tokenFormat {
		return nil, roster.FieldErrorf(name, "is not a page token: take the next_page_token of an answer as it is")
	}
	if r.PageKey == nil || !bytes.Equal(raw[1:1+runSize], r.PageKey.run[:]) {
		return nil, &roster.Error{
			Code: roster.Gone, Field: name,
			Message: "is of an earlier run of the server: start again without " + name,
		}
	}
	signed, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(mac, r.PageKey.mac(signed)) {
		return nil, roster.FieldErrorf(name, "is not one that this server gave out: take the next_page_token of an "+
			"answer as it is")
	}
	return signed[1+runSize:], nil
}

// read reads what was signed, which is well-formed, and holds it against the request.
func (r *Request) read(body []byte) (PageToken, error) {
	name := r.Endpoint.Window.Token
	want := r.appendScope(nil)
	if !bytes.Equal(body[:digestSize], want[:digestSize]) {
		return PageToken{}, roster.FieldErrorf(name, "belongs to another organization")
	}
	if !bytes.Equal(body[digestSize:2*digestSize], want[digestSize:2*digestSize]) {
		return PageToken{}, roster.FieldErrorf(name, "belongs to another list")
	}
	if !bytes.HasPrefix(body, want) {
		return PageToken{}, r.otherQuery(body[3*digestSize:], want[3*digestSize:])
	}
	version, n := binary.Uvarint(body[len(want):])
	rest := body[len(want)+n:]
	position, n := binary.Uvarint(rest)
	rest = rest[n:]
	now, n := binary.Uvarint(rest) // 0 where there is none
	//nolint:gosec // they are what was signed
	return PageToken{
		Version: roster.Version(version), Position: int(position), Now: roster.Time(now), After: string(rest[n:]),
	}, nil
}

// otherQuery says what differs from the query that a token was made for, by the sums of both.
func (r *Request) otherQuery(was, is []byte) error {
	name := r.Endpoint.Window.Token
	sums, n := binary.Uvarint(was)
	scope := r.scope()
	if sums != uint64(len(scope)) { // of a server that knows other parameters
		scope = nil
	}
	var differ []string
	for i, p := range scope {
		if was[n+i] != is[n+i] {
			differ = append(differ, p.Name)
		}
	}
	what := "the other parameters"
	if len(differ) > 0 {
		what = strings.Join(differ, " and ")
	}
	return roster.FieldErrorf(name,
		"belongs to another query: %s must be as on the first page, or start again without %s", what, name)
}
