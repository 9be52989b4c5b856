package auth

import (
	"fmt"
	"net/http"
	"strings"
)

// Request is a request as far as a signature covers it.
type Request struct {
	Method string
	// Target is the request target exactly as the client sent it, path and query: [http.Request.RequestURI]. The path
	// that is left after a prefix was stripped is not what the client signed.
	Target string
	// Host is the Host header, which net/http keeps apart: [http.Request.Host].
	Host   string
	Header http.Header
	// Body is the whole body; empty means that there is none.
	Body []byte
}

// signingString returns what is signed: a line for each of the signed headers (draft-cavage-http-signatures-12,
// section 2.3). A header that the request lacks is an error.
func signingString(r *Request, p *sigParams) (string, error) {
	var b strings.Builder
	for i, name := range p.headers {
		value, err := signedValue(r, p, name)
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(name)
		b.WriteString(": ")
		b.WriteString(value)
	}
	return b.String(), nil
}

func signedValue(r *Request, p *sigParams, name string) (string, error) {
	switch name {
	case requestTarget:
		return strings.ToLower(r.Method) + " " + r.Target, nil
	case createdField:
		return p.pseudo(name, p.created)
	case expiresField:
		return p.pseudo(name, p.expires)
	case "host":
		if r.Host == "" {
			return "", fmt.Errorf("%w: header %q is signed and absent", ErrMalformed, name)
		}
		return r.Host, nil
	}
	values := r.Header.Values(name)
	if len(values) == 0 {
		return "", fmt.Errorf("%w: header %q is signed and absent", ErrMalformed, name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Trim(v, " \t")
	}
	return strings.Join(trimmed, ", "), nil
}

// pseudo returns the value of (created) or (expires), which the draft forbids for algorithms named after a primitive.
func (p *sigParams) pseudo(name, value string) (string, error) {
	if p.algorithm != "hs2019" || value == "" {
		return "", fmt.Errorf("%w: %s is signed without its parameter or with %s", ErrMalformed, name, p.algorithm)
	}
	return value, nil
}
