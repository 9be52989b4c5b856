package auth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// Limits on what a signature may look like, so that reading one that nobody signed stays cheap.
const (
	maxSignatureHeader = 8 << 10 // bytes
	maxSignedHeaders   = 32
)

const (
	requestTarget = "(request-target)"
	createdField  = "(created)"
	expiresField  = "(expires)"
)

// sigParams are the parameters of a signature (draft-cavage-http-signatures-12, section 2.1).
type sigParams struct {
	keyID     roster.ID
	algorithm string // hs2019 or rsa-sha256
	signature []byte
	headers   []string // lower-case, each once
	// created and expires are as they were written, "" where they are absent.
	created, expires string
}

// signatureHeader returns the parameters' text: the Signature header's, or that of Authorization with the scheme
// Signature.
func signatureHeader(h http.Header) (string, error) {
	found := slices.Clone(h.Values("Signature"))
	for _, line := range h.Values("Authorization") {
		scheme, rest, _ := strings.Cut(line, " ")
		if strings.EqualFold(scheme, "Signature") {
			found = append(found, rest)
		}
	}
	switch {
	case len(found) == 0:
		return "", ErrMissing
	case len(found) > 1:
		return "", fmt.Errorf("%w: %d signatures", ErrMalformed, len(found))
	case len(found[0]) > maxSignatureHeader:
		return "", fmt.Errorf("%w: a signature of %d bytes", ErrMalformed, len(found[0]))
	}
	return found[0], nil
}

// parseSignature reads parameters strictly: name="quoted" or name=token, separated by commas, no name twice. Unknown
// ones are ignored, but must be well-formed. Errors are [ErrMalformed].
func parseSignature(s string) (*sigParams, error) {
	texts := map[string]string{}
	for rest := s; ; {
		param, after, err := parseParam(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if _, twice := texts[param.name]; twice {
			return nil, fmt.Errorf("%w: parameter %q twice", ErrMalformed, param.name)
		}
		texts[param.name] = param.value
		if after == "" {
			break
		}
		rest = after[1:] // parseParam stops at the end or at a comma
	}
	p := &sigParams{algorithm: "hs2019"}
	if err := p.set(texts); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return p, nil
}

// set takes the texts of the parameters by their lower-case names.
func (p *sigParams) set(texts map[string]string) error {
	var err error
	if p.keyID, err = roster.ParseID(texts["keyid"]); err != nil {
		return fmt.Errorf("keyId: %w", err)
	}
	if algorithm, given := texts["algorithm"]; given {
		p.algorithm = algorithm
	}
	if p.algorithm != "hs2019" && p.algorithm != "rsa-sha256" {
		return fmt.Errorf("algorithm %q", p.algorithm)
	}
	if p.signature, err = base64.StdEncoding.Strict().DecodeString(texts["signature"]); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if len(p.signature) == 0 {
		return fmt.Errorf("no signature")
	}
	p.created, p.expires = texts["created"], texts["expires"]
	headers, given := texts["headers"]
	if !given {
		headers = createdField // the draft's default
	}
	return p.setHeaders(headers)
}

func (p *sigParams) setHeaders(list string) error {
	p.headers = strings.Split(strings.ToLower(list), " ")
	if len(p.headers) > maxSignedHeaders {
		return fmt.Errorf("%d signed headers", len(p.headers))
	}
	for i, name := range p.headers {
		if slices.Contains(p.headers[:i], name) {
			return fmt.Errorf("header %q signed twice", name)
		}
		switch name {
		case requestTarget, createdField, expiresField:
		default:
			if !isToken(name) {
				return fmt.Errorf("signed header %q", name)
			}
		}
	}
	return nil
}

// param is one parameter of a signature.
type param struct {
	name, value string // the name in lower case
	quoted      bool
}

// parseParam reads one parameter from the beginning of s, with the white space around it. rest is empty or begins with
// a comma.
func parseParam(s string) (p param, rest string, err error) {
	const space = " \t"
	name, s, found := strings.Cut(strings.TrimLeft(s, space), "=")
	if !found || !isToken(name) {
		return param{}, "", fmt.Errorf("parameter %q", name)
	}
	p = param{name: strings.ToLower(name), quoted: strings.HasPrefix(s, `"`)}
	if p.quoted {
		p.value, rest, err = unquote(s[1:])
	} else {
		p.value, rest = cutToken(s)
	}
	rest = strings.TrimLeft(rest, space)
	switch {
	case err != nil:
		return param{}, "", fmt.Errorf("parameter %q: %w", name, err)
	case rest != "" && rest[0] != ',' || !p.quoted && p.value == "":
		return param{}, "", fmt.Errorf("the value of parameter %q", name)
	}
	return p, rest, p.check()
}

// check holds the known parameters to the form that the draft gives them: texts are quoted, times are not.
func (p param) check() error {
	switch p.name {
	case "keyid", "algorithm", "signature", "headers":
		if !p.quoted {
			return fmt.Errorf("parameter %q is not quoted", p.name)
		}
	case "created", "expires":
		if _, err := strconv.ParseUint(whole(p.name, p.value), 10, 48); err != nil || p.quoted {
			return fmt.Errorf("parameter %q is not a Unix time", p.name)
		}
	}
	return nil
}

// whole returns the seconds of a time; only expires may have a decimal fraction.
func whole(name, value string) string {
	seconds, fraction, found := strings.Cut(value, ".")
	digits := strings.Trim(fraction, "0123456789") == "" && fraction != ""
	if !found || name != "expires" || !digits {
		return value
	}
	return seconds
}

// unixTime reads a time that param.check let through, cut to the millisecond.
func unixTime(value string) roster.Time {
	seconds, fraction, _ := strings.Cut(value, ".")
	n, _ := strconv.ParseInt(seconds+(fraction + "000")[:3], 10, 64)
	return roster.Time(n)
}

// unquote reads an RFC 9110 quoted-string after its opening quote, and returns what follows the closing one.
func unquote(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], nil
		case c == '\\' && i+1 < len(s) && s[i+1] >= ' ' && s[i+1] != 0x7f:
			i++
			b.WriteByte(s[i])
		case c == '\\' || c < ' ' && c != '\t' || c == 0x7f:
			return "", "", fmt.Errorf("byte %#x in a quoted string", c)
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("quoted string without an end")
}

func cutToken(s string) (token, rest string) {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isToken(s string) bool {
	token, rest := cutToken(s)
	return token != "" && rest == ""
}

// isTokenByte is RFC 9110's tchar.
func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
