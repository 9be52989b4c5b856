package auth

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
)

// Why a signature was refused, besides the reasons that it shares with tokens.
var (
	ErrCoverage  = errors.New("signature does not cover what it must")
	ErrDate      = errors.New("date outside the window")
	ErrDigest    = errors.New("digest of another body")
	ErrInactive  = errors.New("signer does not count")
	ErrKey       = errors.New("unusable public key")
	ErrSignature = errors.New("signature of something else")
)

// How far the Date of a signed request may be from the present.
const (
	maxAge   = 60 * time.Second
	maxAhead = 5 * time.Second
)

// Signer is somebody whose signature may count: an API client with a public key.
type Signer struct {
	// Org is the organization that the user belongs to.
	Org roster.ID
	// User has the key, the state and the whitelisted addresses. It is shared and must not be modified.
	User *roster.User
	// Permissions are what the signer's principal gets.
	Permissions roster.Permissions
}

// Signers finds signers by the UUID that a signature names as its keyId.
type Signers interface {
	// Signers returns every user with the id, whatever its kind and state; none is no error. Ids are unique within an
	// organization only, and imports choose them, so there may be several: the first whose key made the signature is
	// who asks, so that nobody can take another organization's keyId away. Where the same key is in several, the one
	// meant by the request should come first. It must be safe for concurrent use.
	Signers(ctx context.Context, id roster.ID) ([]Signer, error)
}

// Verifier turns HTTP signatures (draft-cavage-http-signatures-12) into principals. It is safe for concurrent use.
//
// It does not remember signatures: whoever can read a signed request can send the same request again while its Date is
// in the window (up to 60 s), so signed requests need TLS, and writes among them an idempotency of their own.
type Verifier struct {
	signers Signers
	now     func() roster.Time
	keys    *keyCache
}

// NewVerifier returns a Verifier that asks signers for keys and now for the time.
func NewVerifier(signers Signers, now func() roster.Time) *Verifier {
	return &Verifier{signers: signers, now: now, keys: newKeyCache()}
}

// IsSigned reports whether a request carries a signature, well-formed or not: a Signature header or the Authorization
// scheme.
func IsSigned(h http.Header) bool {
	_, err := signatureHeader(h)
	return !errors.Is(err, ErrMissing)
}

// SignerOf returns the UUID that a request's signature names as its keyId, whether or not the signature counts; false
// where there is none that can be read.
func SignerOf(h http.Header) (roster.ID, bool) {
	header, err := signatureHeader(h)
	if err != nil {
		return roster.ID{}, false
	}
	p, err := parseSignature(header)
	if err != nil {
		return roster.ID{}, false
	}
	return p.keyID, true
}

// Verify returns the principal of the API client that signed r, sent from the address from.
//
// The signature must cover (request-target), host and date, and with a body content-type and digest. Date is an RFC
// 1123 or RFC 3339 time at most 60 s old and 5 s ahead; the parameters created and expires, where given, must agree.
// The digest must be the body's (SHA-256 or SHA-512). The algorithm is rsa-sha256 (RSA PKCS #1 v1.5 with SHA-256) or
// hs2019 (the same, or RSA-PSS with SHA-512). The signer must be an active API client, neither locked nor temporarily
// inactive, with an RSA key of 2048 bits or more. Everything else is [roster.Unauthenticated]. A genuine signature
// from an address outside the user's whitelisted ones is [roster.Forbidden]. Other failures of the lookup keep their
// code.
func (v *Verifier) Verify(ctx context.Context, r *Request, from netip.Addr) (roster.Principal, error) {
	p, message, err := v.read(r)
	if err != nil {
		return roster.Principal{}, refusal(err)
	}
	candidates, err := v.signers.Signers(ctx, p.keyID)
	if err != nil {
		return roster.Principal{}, fmt.Errorf("look up a signer: %w", err)
	}
	signer, err := v.signerOf(candidates, p, message)
	if err != nil {
		return roster.Principal{}, refusal(fmt.Errorf("key %s: %w", p.keyID, err))
	}
	if !allows(signer.User.WhitelistedIPs, from) {
		return roster.Principal{}, forbiddenAddress(fmt.Errorf("key %s: %w: %s", p.keyID, ErrAddress, from))
	}
	return roster.Principal{
		Org: signer.Org, Name: signer.User.Name, Kind: roster.TokenAccount,
		Permissions: signer.Permissions, ActsAs: signer.User.ID,
	}, nil
}

// read checks all that can be checked without the key and returns what was signed.
func (v *Verifier) read(r *Request) (*sigParams, string, error) {
	header, err := signatureHeader(r.Header)
	if err != nil {
		return nil, "", err
	}
	p, err := parseSignature(header)
	if err != nil {
		return nil, "", err
	}
	if err := checkCoverage(p, len(r.Body) > 0); err != nil {
		return nil, "", err
	}
	if err := checkTimes(r.Header, p, v.now()); err != nil {
		return nil, "", err
	}
	if len(r.Body) > 0 || slices.Contains(p.headers, "digest") {
		if err := checkDigest(r.Header, r.Body); err != nil {
			return nil, "", err
		}
	}
	message, err := signingString(r, p)
	return p, message, err
}

func checkCoverage(p *sigParams, body bool) error {
	must := []string{requestTarget, "host", "date"}
	if body {
		must = append(must, "content-type", "digest")
	}
	for _, name := range must {
		if !slices.Contains(p.headers, name) {
			return fmt.Errorf("%w: %s", ErrCoverage, name)
		}
	}
	return nil
}

// checkTimes holds the Date header and the parameters created and expires against the present.
func checkTimes(h http.Header, p *sigParams, now roster.Time) error {
	dates := h.Values("Date")
	if len(dates) != 1 {
		return fmt.Errorf("%w: %d Date headers", ErrDate, len(dates))
	}
	date, err := parseDate(strings.Trim(dates[0], " \t"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDate, err)
	}
	if date < now.Add(-maxAge) || date > now.Add(maxAhead) {
		return fmt.Errorf("%w: %s at %s", ErrDate, date, now)
	}
	if p.created != "" && unixTime(p.created) > now.Add(maxAhead) {
		return fmt.Errorf("%w: created %s at %s", ErrDate, p.created, now)
	}
	if p.expires != "" && unixTime(p.expires) < now {
		return fmt.Errorf("%w: expires %s at %s", ErrDate, p.expires, now)
	}
	return nil
}

// parseDate reads RFC 1123 with GMT or a numeric zone, or RFC 3339. Names of other zones are refused: they mean
// nothing certain.
func parseDate(s string) (roster.Time, error) {
	for _, layout := range []string{http.TimeFormat, time.RFC1123Z} {
		if t, err := time.Parse(layout, s); err == nil {
			return roster.TimeOf(t), nil
		}
	}
	return roster.ParseTime(s)
}

// signerOf returns the first of the candidates whose key made the signature; otherwise why the last one did not.
func (v *Verifier) signerOf(candidates []Signer, p *sigParams, message string) (*Signer, error) {
	err := ErrUnknown
	for i := range candidates {
		if err = v.check(candidates[i].User, p, message); err == nil {
			return &candidates[i], nil
		}
	}
	return nil, err
}

func (v *Verifier) check(u *roster.User, p *sigParams, message string) error {
	if u.Kind != roster.APIClient || u.Status != roster.Active || u.Locked || u.TemporarilyInactive {
		return fmt.Errorf("%w: %s, %s", ErrInactive, u.Kind, u.Status)
	}
	key, err := v.keys.parse(u.PublicKey)
	if err != nil {
		return err
	}
	return verifyRSA(key, p, message)
}

// verifyRSA checks a signature by its algorithm.
func verifyRSA(key *rsa.PublicKey, p *sigParams, message string) error {
	sum := sha256.Sum256([]byte(message))
	err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], p.signature)
	if err != nil && p.algorithm == "hs2019" {
		sum := sha512.Sum512([]byte(message))
		err = rsa.VerifyPSS(key, crypto.SHA512, sum[:], p.signature, nil)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// refusal puts the message for the client on why a signature was refused: what the client can see in its own request
// is said, what depends on the key is not told apart.
func refusal(why error) error {
	message := "the signature is not valid"
	switch {
	case errors.Is(why, ErrMissing):
		message = "a signature is required"
	case errors.Is(why, ErrMalformed):
		message = "the signature is malformed"
	case errors.Is(why, ErrCoverage):
		message = "the signature must cover (request-target), host and date, and with a body content-type and digest"
	case errors.Is(why, ErrDate):
		message = "the Date header or the time of the signature is not within 60 seconds of now"
	case errors.Is(why, ErrDigest):
		message = "the Digest header is not that of the body"
	}
	return refuse(roster.Unauthenticated, message, why)
}
