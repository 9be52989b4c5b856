package auth

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/roster-dev/roster"
)

// Sign signs an outgoing request as the API client keyID at now, in the way that [Verifier.Verify] accepts and
// vendors' clients do: hs2019 with RSA PKCS #1 v1.5 and SHA-256 over (request-target), host and date, and with a body
// content-type and digest. It sets the headers Date, Signature and, with a body, Digest, in place of any that are
// there. It reads the body and puts it back; a request with a body must already have its Content-Type. The URL, host
// and body must not change afterwards.
func Sign(req *http.Request, keyID roster.ID, key *rsa.PrivateKey, now roster.Time) error {
	body, err := bodyOf(req)
	if err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	p := &sigParams{algorithm: "hs2019", headers: []string{requestTarget, "host", "date"}}
	req.Header.Set("Date", now.Std().Format(http.TimeFormat))
	if len(body) > 0 {
		req.Header.Set("Digest", digestOf(body))
		p.headers = append(p.headers, "content-type", "digest")
	}
	message, err := signingString(&Request{
		Method: cmp.Or(req.Method, http.MethodGet), Target: req.URL.RequestURI(), Host: cmp.Or(req.Host, req.URL.Host),
		Header: req.Header, Body: body,
	}, p)
	if err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	sum := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	req.Header.Set("Signature", fmt.Sprintf(`keyId="%s",algorithm="%s",headers="%s",signature="%s"`,
		keyID, p.algorithm, strings.Join(p.headers, " "), base64.StdEncoding.EncodeToString(signature)))
	return nil
}

// bodyOf reads a request's body and puts it back.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if err := errors.Join(err, req.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}
