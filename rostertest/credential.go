package rostertest

import (
	"crypto/rsa"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

// Credential is a way to ask the API: one that counts, or one that is refused as the vendor refuses it.
type Credential struct {
	// Name says what it is, such as "account token", "expired token" or "source token".
	Name string
	// Status is what requests with it are answered as far as the credential is concerned: 200 for one that counts.
	Status int
	// Header and Value are the header that carries it, Secret the secret in it; none for a signature.
	Header, Value, Secret string
	// KeyID and Key are of the API client that signs; none for a token.
	KeyID string
	Key   *rsa.PrivateKey

	server *Server
}

// Token returns the secret of the first token that counts: "" for [Fipto], where requests are signed.
func (s *Server) Token() string { return s.Credential().Secret }

// Credential returns the first credential that counts.
func (s *Server) Credential() Credential { return s.Credentials()[0] }

// Credentials returns credentials of every kind that the vendor has, first one that counts, and those that are refused:
// for want of permission, since they have expired or were revoked, or since the vendor wants another kind.
func (s *Server) Credentials() []Credential {
	var list []Credential
	for _, c := range s.instance.APIs[0].Credentials {
		list = append(list, Credential{
			Name: c.Name, Status: c.Status, Header: c.Header, Value: c.Value, Secret: c.Secret,
			KeyID: c.KeyID, Key: c.Key, server: s,
		})
	}
	return list
}

// Authorize has a request carry the credential. A signature is of the present time on the API's clock, and the request
// must not be changed afterwards.
func (c Credential) Authorize(r *http.Request) error {
	if c.Key == nil {
		r.Header.Set(c.Header, c.Value)
		return nil
	}
	id, err := roster.ParseID(c.KeyID)
	if err != nil {
		return err
	}
	return auth.Sign(r, id, c.Key, roster.TimeOf(c.server.Now()))
}
