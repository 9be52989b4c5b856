package demo_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

func parseKey(t *testing.T, text string) *rsa.PublicKey {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		t.Fatalf("not one PUBLIC KEY block: %q", text)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("got a %T, want an RSA key", key)
	}
	return public
}

func TestSigningKey(t *testing.T) {
	g := demo.New(42, 300)
	private, id := g.SigningKey()
	digest := sha256.Sum256([]byte("(request-target): get /companies/x/users"))
	signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	accepted := []roster.ID{}
	for u := range g.Users() {
		if u.Kind != roster.APIClient {
			continue
		}
		public := parseKey(t, u.PublicKey)
		if public.N.BitLen() != 2048 || public.E != 65537 {
			t.Errorf("user %d: a key of %d bits with e = %d, want 2048 and 65537", u.Number, public.N.BitLen(), public.E)
		}
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil {
			accepted = append(accepted, u.ID)
			if u.Number != 8 || u.Status != roster.Active || len(u.WhitelistedIPs) > 0 {
				t.Errorf("the signing client is user %d, %s, from %v", u.Number, u.Status, u.WhitelistedIPs)
			}
		}
	}
	if len(accepted) != 1 || accepted[0] != id {
		t.Errorf("the signature counts for %v, want only %v", accepted, id)
	}
}

func TestKeysFollowFromSeed(t *testing.T) {
	one, _ := demo.New(42, 1).SigningKey()
	again, _ := demo.New(42, 1000).SigningKey()
	other, _ := demo.New(43, 1).SigningKey()
	if !one.Equal(again) {
		t.Error("the same seed gave two keys")
	}
	if one.Equal(other) {
		t.Error("two seeds gave the same key")
	}
}

// TestKeyPool: API clients share a few keys, so that a million users don't take days.
func TestKeyPool(t *testing.T) {
	keys := map[string]int{}
	for u := range demo.New(42, 3000).Users() {
		if u.PublicKey != "" {
			keys[u.PublicKey]++
		}
	}
	if want := 5; len(keys) != want { // Johnny's, the signing client's, and three
		t.Errorf("got %d different keys, want %d", len(keys), want)
	}
}

func BenchmarkKeys(b *testing.B) {
	for seed := uint64(0); b.Loop(); seed++ {
		demo.New(seed, 1).SigningKey()
	}
}
