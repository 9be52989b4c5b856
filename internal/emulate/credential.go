package emulate

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
)

// Credential is one way to ask an emulated API.
type Credential struct {
	// Name says what it is, such as "account token" or "revoked token".
	Name string `json:"name"`
	// Status is what requests with it are answered as far as the credential is concerned: 200 for one that counts.
	Status int `json:"status"`
	// Header and Value are the header that carries it; none for a signature.
	Header string `json:"header,omitempty"`
	Value  string `json:"value,omitempty"`
	// Secret is the token's secret alone.
	Secret string `json:"secret,omitempty"`
	// KeyID is the id of the API client that signs, Key its private key, and KeyFile a file with that (PEM, PKCS #8).
	KeyID   string          `json:"key_id,omitempty"`
	Key     *rsa.PrivateKey `json:"-"`
	KeyFile string          `json:"key_file,omitempty"`
	// Curl is a shell line that asks for the first operation with it.
	Curl string `json:"curl"`
}

// FirstPath returns the path, below its root, of a dialect's first operation that asks for a credential, in the demo
// organization.
func FirstPath(d *dialect.Dialect) string {
	for i := range d.Endpoints {
		if e := &d.Endpoints[i]; !e.Public {
			return strings.ReplaceAll(e.Path, "{company_id}", demo.Organization().ID.String())
		}
	}
	return "/"
}

// keyring has the tokens of an instance.
type keyring []keyringToken

type keyringToken struct {
	*roster.Token

	secret string
	// refused is why requests are refused; "" for a token that counts.
	refused roster.Code
}

// newKeyring makes a token that counts, which acts as the owner, one of each other kind, and those that do not count.
func newKeyring(o Options) (*keyring, error) {
	const before = 24 * time.Hour
	now, read := o.time(), roster.Permissions{roster.UsersRead, roster.MetadataRead, roster.MembersAdmin}
	account := &roster.Token{
		Name: "account token", Kind: roster.TokenAccount, Permissions: append(read[:3:3], roster.UsersWrite),
	}
	if o.Users > 0 {
		account.ActsAs = demo.Owner()
	}
	ring := keyring{
		{Token: account},
		{Token: &roster.Token{Name: "token without permission", Kind: roster.TokenAccount}, refused: roster.Forbidden},
		{
			Token:   &roster.Token{Name: "expired token", Kind: roster.TokenAccount, Permissions: read, ExpiresAt: now},
			refused: roster.Unauthenticated,
		},
		{
			Token:   &roster.Token{Name: "revoked token", Kind: roster.TokenAccount, Permissions: read, RevokedAt: now},
			refused: roster.Unauthenticated,
		},
	}
	for _, kind := range roster.TokenKinds() {
		if kind != roster.TokenAccount {
			t := &roster.Token{Name: string(kind) + " token", Kind: kind, Permissions: read}
			ring = append(ring, keyringToken{Token: t, refused: roster.WrongTokenKind})
		}
	}
	for i := range ring {
		t := &ring[i]
		var err, broken error
		t.ID, err = o.NewID()
		t.secret, broken = roster.NewSecret(o.Random)
		if err := errors.Join(err, broken); err != nil {
			return nil, err
		}
		t.Hash, t.CreatedAt = roster.HashSecret(t.secret), now.Add(-before)
	}
	return &ring, nil
}

// each yields the tokens' records and reports whether yield wants more.
func (k keyring) each(yield func(roster.Entity) bool) bool {
	for _, t := range k {
		if !yield(t.Token) {
			return false
		}
	}
	return true
}

// of returns what makes the credentials of an API. Keys that sign are written to dir.
func (k keyring) of(g *demo.Generator, dir string) func(*API) ([]Credential, error) {
	return func(a *API) ([]Credential, error) {
		var list []Credential
		tellsRefusals := true
		for _, s := range a.dialect.Schemes {
			if s.Kind == dialect.HTTPSignature {
				signing, err := a.signing(g, dir)
				if err != nil {
					return nil, err
				}
				list = append(list, signing...)
				continue
			}
			list = append(list, a.bearers(k, s, len(list) == 0, tellsRefusals)...)
			tellsRefusals = false
		}
		return list, nil
	}
}

// bearers returns the credentials of tokens that are carried as a scheme says. Where the scheme is not the first, the
// name says which it is.
func (a *API) bearers(k keyring, s dialect.Scheme, first, tellsRefusals bool) []Credential {
	var list []Credential
	for _, t := range k {
		switch {
		case t.refused == "":
			c := a.bearer(s, t)
			if !first {
				c.Name += " in " + c.Header
			}
			list = append(list, c)
		case tellsRefusals && (t.refused != roster.WrongTokenKind || a.tellsKinds()):
			list = append(list, a.bearer(s, t))
		}
	}
	return list
}

// tellsKinds reports whether some kinds of tokens are refused.
func (a *API) tellsKinds() bool {
	return slices.ContainsFunc(a.dialect.Endpoints, func(e dialect.Endpoint) bool { return len(e.Kinds) > 0 })
}

// bearer returns the credential of a token that is carried in a header.
func (a *API) bearer(s dialect.Scheme, t keyringToken) Credential {
	c := Credential{
		Name: t.Name, Status: a.status(t.refused), Secret: t.secret,
		Header: "Authorization", Value: "Bearer " + t.secret,
	}
	if s.Kind == dialect.HeaderKey {
		c.Header, c.Value = s.Header, t.secret
	}
	c.Curl = fmt.Sprintf("curl -sS -H '%s: %s' '%s%s'", c.Header, c.Value, a.BaseURL, a.path)
	return c
}

// status returns the status that the dialect has for a refusal.
func (a *API) status(refused roster.Code) int {
	if refused == "" {
		return http.StatusOK
	}
	return a.dialect.Fail(dialect.Failure{
		Error: roster.Errorf(refused, "refused"), Status: a.dialect.Status(refused), Contract: a.contract,
	}).Status
}

// signing returns an API client that counts, and one that does not exist.
func (a *API) signing(g *demo.Generator, dir string) ([]Credential, error) {
	key, client := g.SigningKey()
	file := filepath.Join(dir, "client.pem")
	if err := WriteKey(file, key); err != nil {
		return nil, err
	}
	known := Credential{
		Name: "signature of an API client", Status: http.StatusOK, KeyID: client.String(), Key: key, KeyFile: file,
	}
	known.Curl = Signed(known.KeyID, file, a.BaseURL, a.path)
	unknown := known
	unknown.Name, unknown.Status = "signature of a client that there is not", a.status(roster.Unauthenticated)
	unknown.KeyID = "00000000-0000-4000-8000-000000000000"
	unknown.Curl = Signed(unknown.KeyID, file, a.BaseURL, a.path)
	return []Credential{known, unknown}, nil
}

// WriteKey writes a private key (PEM, PKCS #8) to a file that only its owner can read.
func WriteKey(path string, key *rsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the signing key: %w", err)
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// Signed returns a shell line that asks for a path below a base URL with a request that openssl signs.
func Signed(keyID, keyFile, baseURL, path string) string {
	_, host, _ := strings.Cut(baseURL, "://")
	return fmt.Sprintf(`D=$(LC_ALL=C date -u '+%%a, %%d %%b %%Y %%H:%%M:%%S GMT'); `+
		`S=$(printf '(request-target): get %s\nhost: %s\ndate: %%s' "$D" | `+
		`openssl dgst -sha256 -sign '%s' | openssl base64 -A); `+
		`curl -sS -H "Date: $D" -H "Signature: keyId=\"%s\",algorithm=\"hs2019\",`+
		`headers=\"(request-target) host date\",signature=\"$S\"" '%s%s'`,
		path, host, keyFile, keyID, baseURL, path)
}
