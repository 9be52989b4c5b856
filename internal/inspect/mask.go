package inspect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// masked stands in the place of a secret.
const masked = "***"

// leastSecret is how long a value is, at least, that is masked wherever it stands: a shorter one is masked only where
// its name says what it is.
const leastSecret = 4

// mask hides the secrets of one exchange.
type mask struct {
	forms []string // of secrets, as they can be written, the longest first
}

func newMask(x *exchange) *mask {
	var secrets []string
	for name, value := range values(x.header) {
		secrets = append(secrets, inHeader(name, value)...)
	}
	secrets = append(secrets, x.credential.Secret)
	if x.url.User != nil {
		password, _ := x.url.User.Password()
		secrets = append(secrets, password)
	}
	for name, value := range pairs(x.url.RawQuery) {
		if isSecret(name) {
			secrets = append(secrets, value)
		}
	}
	m := &mask{forms: forms(append(secrets, inBody(x.body)...))}
	for _, raw := range strings.FieldsFunc(x.uri, func(r rune) bool { return strings.ContainsRune("/?&=;", r) }) {
		if plain := unescaped(raw); raw != plain && m.text(plain) != plain {
			m.forms = append([]string{raw}, m.forms...) // which an answer may repeat as it was written
		}
	}
	return m
}

// secretNames are parts of the names of what is secret; secretWords are such names as a whole.
func secretNames() []string {
	return []string{
		"token", "secret", "password", "passwd", "apikey", "authorization", "signature", "cookie", "credential",
		"privatekey", "accesskey", "sessionid",
	}
}

// schemes are words before a credential that are none.
func schemes() []string { return []string{"bearer", "basic", "digest", "token", "apikey"} }

func secretWords() []string { return []string{"key", "auth", "sig", "pwd", "pass", "jwt"} }

// isSecret reports whether what has a name is secret.
func isSecret(name string) bool {
	n := named(name)
	return slices.Contains(secretWords(), n) ||
		slices.ContainsFunc(secretNames(), func(part string) bool { return strings.Contains(n, part) })
}

// inHeader returns the secrets in the value of a header.
func inHeader(name, value string) []string {
	if !isSecret(name) {
		return nil
	}
	list := []string{value}
	if scheme, rest, ok := strings.Cut(strings.TrimSpace(value), " "); ok {
		list = append(list, strings.TrimSpace(rest))
		if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil &&
			strings.EqualFold(scheme, "basic") {
			user, password, _ := strings.Cut(string(plain), ":")
			list = append(list, user, password)
		}
	}
	for _, s := range signature().FindAllStringSubmatch(value, -1) {
		list = append(list, s[1])
	}
	if named(name) == "cookie" {
		for part := range strings.SplitSeq(value, ";") {
			_, v, _ := strings.Cut(part, "=")
			list = append(list, strings.TrimSpace(v))
		}
	}
	return list
}

// inBody returns the secrets that the members of a JSON text or the fields of a form have by their names. The text may
// be cut off.
func inBody(body []byte) []string {
	var list []string
	for _, m := range member().FindAllSubmatch(body, -1) {
		var name, value string
		if json.Unmarshal(m[1], &name) == nil && isSecret(name) {
			if json.Unmarshal(m[2], &value) != nil { // it is cut off
				value = strings.Trim(string(m[2]), `"`)
			}
			list = append(list, value)
		}
	}
	if bytes.IndexByte(body, '{') < 0 {
		for name, value := range pairs(string(body)) {
			if isSecret(name) {
				list = append(list, value)
			}
		}
	}
	return list
}

var (
	// signature finds the signature of a signed request.
	signature = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`signature="([^"]*)"?`) })
	// member finds a member of a JSON text whose value is a string.
	member = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*"?)`)
	})
	// ours finds what begins as a token of ours does.
	ours = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(rst|whsec)_[0-9A-Za-z+/=]+`) })
)

// pairs yields the names and values of a query, decoded as far as they can be.
func pairs(raw string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for part := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == '&' || r == ';' }) {
			name, value, _ := strings.Cut(part, "=")
			if !yield(unescaped(name), unescaped(value)) {
				return
			}
		}
	}
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// forms returns secrets in every form in which they can be written down.
func forms(secrets []string) []string {
	var list []string
	for _, s := range secrets {
		if len(s) < leastSecret {
			continue
		}
		escaped, _ := json.Marshal(s) // a text can be encoded
		var plain bytes.Buffer
		e := json.NewEncoder(&plain)
		e.SetEscapeHTML(false)
		_ = e.Encode(s) // likewise
		inJSON := strings.TrimSuffix(plain.String(), "\n")
		list = append(list, s, url.QueryEscape(s), url.PathEscape(s), string(escaped[1:len(escaped)-1]),
			inJSON[1:len(inJSON)-1])
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(list)
}

// text masks the secrets in a text.
func (m *mask) text(s string) string {
	for _, form := range m.forms {
		s = strings.ReplaceAll(s, form, masked)
	}
	return ours().ReplaceAllString(s, masked)
}

// uri masks the path and the query of a request, each value by itself so that no way to escape it hides a secret.
func (m *mask) uri(uri string) string {
	path, query, asked := strings.Cut(uri, "?")
	if plain, err := url.PathUnescape(path); err == nil && m.text(plain) != plain {
		path = m.text(plain)
	}
	if !asked {
		return m.text(path)
	}
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		parts = append(parts, m.pair(part))
	}
	return m.text(path) + "?" + strings.Join(parts, "&")
}

func (m *mask) pair(part string) string {
	rawName, raw, given := strings.Cut(part, "=")
	name, value := unescaped(rawName), unescaped(raw)
	switch {
	case m.text(name) != name:
		rawName = m.text(name)
	case !given:
		return rawName
	}
	if raw != "" && (isSecret(name) || m.text(value) != value) {
		raw = masked
	}
	return m.text(rawName + "=" + raw)
}

func (m *mask) headers(h http.Header) http.Header {
	shown := make(http.Header, len(h))
	for name, value := range values(h) {
		shown[name] = append(shown[name], m.header(name, value))
	}
	return shown
}

// header masks a value; of one that is secret it leaves the scheme, and of a signature all but the signature itself.
func (m *mask) header(name, value string) string {
	if !isSecret(name) {
		return m.text(value)
	}
	if strings.Contains(value, "keyId=") && signature().MatchString(value) {
		return m.text(signature().ReplaceAllString(value, `signature="`+masked+`"`))
	}
	scheme, _, _ := strings.Cut(value, " ")
	if slices.Contains(schemes(), strings.ToLower(scheme)) {
		return scheme + " " + masked
	}
	return masked
}

// body masks the secrets in a body; cut says that there is more of it, so that its end can be the beginning of a
// secret.
func (m *mask) body(body []byte, cut bool) string {
	s := m.text(strings.ToValidUTF8(string(body), "\uFFFD"))
	if !cut {
		return s
	}
	for _, form := range m.forms {
		for n := min(len(form)-1, len(s)); n > 0; n-- {
			if strings.HasSuffix(s, form[:n]) {
				return s[:len(s)-n] + masked
			}
		}
	}
	return s
}
