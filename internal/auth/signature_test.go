package auth_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

var (
	key      = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	weakKey  = sync.OnceValue(func() *rsa.PrivateKey { return generate(2040) })
)

func generate(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func publicPEM(k *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func newClient(k *rsa.PrivateKey) *roster.User {
	return &roster.User{
		ID: userID, Kind: roster.APIClient, Status: roster.Active, Name: "Johnny Nguyen", PublicKey: publicPEM(k),
	}
}

// signers is a directory of signers that counts how often it is asked.
type signers struct {
	list  []auth.Signer
	err   error
	asked int
}

func (s *signers) Signers(_ context.Context, id roster.ID) ([]auth.Signer, error) {
	s.asked++
	if id != userID {
		return nil, s.err
	}
	return s.list, s.err
}

// signing says how a test signs a request: every part in the open, unlike [auth.Sign].
type signing struct {
	request auth.Request
	// names are the signed headers, text the other parameters.
	names, text string
	key         *rsa.PrivateKey
	pss         bool
	// lines are what is signed, one for each name; "" is the right one.
	lines map[string]string
}

func newSigning(body string) *signing {
	s := &signing{
		request: auth.Request{
			Method: "GET", Target: "/fipto/companies/1/users?page_size=2&sort=email", Host: "roster.example",
			Header: http.Header{"Date": {noon.Std().Format(http.TimeFormat)}},
		},
		names: "(request-target) host date",
		text:  `keyId="` + userID.String() + `",algorithm="hs2019"`,
		key:   key(),
	}
	if body != "" {
		sum := sha256.Sum256([]byte(body))
		s.request.Method = "POST"
		s.request.Body = []byte(body)
		s.request.Header.Set("Content-Type", "application/json")
		s.request.Header.Set("Digest", "SHA-256="+base64.StdEncoding.EncodeToString(sum[:]))
		s.names += " content-type digest"
	}
	return s
}

// message returns what is signed, made independently of the package.
func (s *signing) message() string {
	var lines []string
	for name := range strings.SplitSeq(s.names, " ") {
		value := strings.Join(s.request.Header.Values(name), ", ")
		switch name {
		case "(request-target)":
			value = strings.ToLower(s.request.Method) + " " + s.request.Target
		case "host":
			value = s.request.Host
		}
		if line, given := s.lines[name]; given {
			value = line
		}
		lines = append(lines, strings.ToLower(name)+": "+value)
	}
	return strings.Join(lines, "\n")
}

// signed returns the request with its signature.
func (s *signing) signed(t *testing.T) *auth.Request {
	t.Helper()
	var signature []byte
	var err error
	if s.pss {
		sum := sha512.Sum512([]byte(s.message()))
		signature, err = rsa.SignPSS(rand.Reader, s.key, crypto.SHA512, sum[:], nil)
	} else {
		sum := sha256.Sum256([]byte(s.message()))
		signature, err = rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	s.request.Header.Set("Signature",
		s.text+`,headers="`+s.names+`",signature="`+base64.StdEncoding.EncodeToString(signature)+`"`)
	return &s.request
}

func rfc3339(t roster.Time) string { return t.Std().Format(time.RFC3339Nano) }

func unix(t roster.Time) string { return strconv.FormatInt(int64(t)/1000, 10) }

func TestVerifyAccepts(t *testing.T) {
	sum := sha512.Sum512([]byte(`{"a":1}`))
	sha512Digest := "SHA-512=" + base64.StdEncoding.EncodeToString(sum[:])
	tests := []struct {
		name, body string
		change     func(*signing, *roster.User)
		after      func(*auth.Request)
	}{
		{"hs2019 with PKCS #1 v1.5", "", nil, nil},
		{"hs2019 with PSS", "", func(s *signing, _ *roster.User) { s.pss = true }, nil},
		{"rsa-sha256", "", func(s *signing, _ *roster.User) {
			s.text = strings.Replace(s.text, "hs2019", "rsa-sha256", 1)
		}, nil},
		{"no algorithm", "", func(s *signing, _ *roster.User) {
			s.text = strings.Replace(s.text, `,algorithm="hs2019"`, "", 1)
		}, nil},
		{"a body", `{"a":1}`, nil, nil},
		{"two digests and one unknown", `{"a":1}`, func(s *signing, _ *roster.User) {
			s.request.Header.Set("Digest", "md5=x, "+s.request.Header.Get("Digest")+","+sha512Digest)
		}, nil},
		{"SHA-512 alone", `{"a":1}`, func(s *signing, _ *roster.User) {
			s.request.Header.Set("Digest", strings.ToLower(sha512Digest[:7])+sha512Digest[7:])
		}, nil},
		{"60 s old", "", func(s *signing, _ *roster.User) {
			s.request.Header.Set("Date", (noon - 60_000).Std().Format(http.TimeFormat))
		}, nil},
		{"5 s ahead", "", func(s *signing, _ *roster.User) {
			s.request.Header.Set("Date", (noon + 5_000).Std().Format(http.TimeFormat))
		}, nil},
		{"RFC 3339", "", func(s *signing, _ *roster.User) { s.request.Header.Set("Date", rfc3339(noon-1)) }, nil},
		{"RFC 3339 with an offset", "", func(s *signing, _ *roster.User) {
			s.request.Header.Set("Date", noon.Std().In(time.FixedZone("", 7200)).Format(time.RFC3339))
		}, nil},
		{"RFC 1123 with an offset", "", func(s *signing, _ *roster.User) {
			s.request.Header.Set("Date", noon.Std().In(time.FixedZone("", -3600)).Format(time.RFC1123Z))
		}, nil},
		{"created and expires", "", func(s *signing, _ *roster.User) {
			s.names += " (created) (expires)"
			s.text += ",created=" + unix(noon) + ",expires=" + unix(noon) + ".5"
			s.lines = map[string]string{"(created)": unix(noon), "(expires)": unix(noon) + ".5"}
		}, nil},
		{"other headers", "", func(s *signing, _ *roster.User) {
			s.names += " X-Many x-empty"
			s.request.Header["X-Many"] = []string{"a", "b,c"}
			s.request.Header["X-Empty"] = []string{""}
		}, nil},
		{"white space around values", "", func(s *signing, _ *roster.User) {
			s.names += " x-a"
			s.request.Header.Set("X-A", " \ta b\t ")
			s.lines = map[string]string{"x-a": "a b"}
		}, nil},
		{"unknown parameters and white space", "", func(s *signing, _ *roster.User) {
			s.text = `nonce="a\"b,c" , v=1 ,` + s.text + " "
		}, nil},
		{"parameter names in capitals", "", func(s *signing, _ *roster.User) {
			s.text = strings.Replace(s.text, "keyId", "KEYID", 1)
		}, nil},
		{"Authorization", "", nil, func(r *auth.Request) {
			r.Header.Set("Authorization", "signature "+r.Header.Get("Signature"))
			r.Header.Del("Signature")
		}},
		{"beside a bearer token", "", nil, func(r *auth.Request) { r.Header.Set("Authorization", "Bearer x") }},
		{"a whitelisted address", "", func(_ *signing, u *roster.User) {
			u.WhitelistedIPs = []string{"198.51.100.0/24", home.String()}
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, u := newSigning(test.body), newClient(key())
			if test.change != nil {
				test.change(s, u)
			}
			r := s.signed(t)
			if test.after != nil {
				test.after(r)
			}
			if !auth.IsSigned(r.Header) {
				t.Error("IsSigned = false")
			}
			dir := &signers{list: []auth.Signer{{Org: orgID, User: u, Permissions: roster.Permissions{roster.UsersRead}}}}
			got, err := auth.NewVerifier(dir, func() roster.Time { return noon }).Verify(t.Context(), r, home)
			if err != nil {
				t.Fatal(err)
			}
			want := roster.Principal{
				Org: orgID, Name: "Johnny Nguyen", Kind: roster.TokenAccount,
				Permissions: roster.Permissions{roster.UsersRead}, ActsAs: userID,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("principal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	all := slices.Concat(formRefusals(), contentRefusals(), signerRefusals())
	for _, test := range all {
		t.Run(test.name, func(t *testing.T) {
			s, u := newSigning(test.body), newClient(key())
			if test.before != nil {
				test.before(s, u)
			}
			r := s.signed(t)
			if test.after != nil {
				test.after(r)
			}
			dir := &signers{list: []auth.Signer{{Org: orgID, User: u}}}
			got, err := auth.NewVerifier(dir, func() roster.Time { return noon }).Verify(t.Context(), r, home)
			checkRefusal(t, got, err, roster.Unauthenticated, test.why)
			if dir.asked != test.lookups {
				t.Errorf("lookups = %d, want %d", dir.asked, test.lookups)
			}
			if got, want := auth.IsSigned(r.Header), test.why != auth.ErrMissing; got != want { //nolint:errorlint // a table's own value
				t.Errorf("IsSigned = %t, want %t", got, want)
			}
		})
	}
}

func TestVerifyRefusesOtherAddresses(t *testing.T) {
	u := newClient(key())
	u.WhitelistedIPs = []string{"198.51.100.0/24"}
	dir := &signers{list: []auth.Signer{{Org: orgID, User: u}}}
	v := auth.NewVerifier(dir, func() roster.Time { return noon })
	got, err := v.Verify(t.Context(), newSigning("").signed(t), home)
	checkRefusal(t, got, err, roster.Forbidden, auth.ErrAddress)

	// Without the key, nobody learns what is whitelisted.
	forged := newSigning("")
	forged.key = otherKey()
	got, err = v.Verify(t.Context(), forged.signed(t), home)
	checkRefusal(t, got, err, roster.Unauthenticated, auth.ErrSignature)
}

func TestVerifyPassesOtherFailuresOn(t *testing.T) {
	down := roster.Errorf(roster.Unavailable, "try again")
	v := auth.NewVerifier(&signers{err: down}, func() roster.Time { return noon })
	got, err := v.Verify(t.Context(), newSigning("").signed(t), netip.Addr{})
	checkRefusal(t, got, err, roster.Unavailable, down)
}

// TestVerifyMessagesDoNotTellWhy checks that without the key a client can't tell which keyIds exist.
func TestVerifyMessagesDoNotTellWhy(t *testing.T) {
	messages := map[string]bool{}
	for _, test := range signerRefusals() {
		s, u := newSigning(test.body), newClient(key())
		if test.before != nil {
			test.before(s, u)
		}
		r := s.signed(t)
		if test.after != nil {
			test.after(r)
		}
		v := auth.NewVerifier(&signers{list: []auth.Signer{{Org: orgID, User: u}}}, func() roster.Time { return noon })
		_, err := v.Verify(t.Context(), r, home)
		messages[roster.AsError(err).Message] = true
	}
	if len(messages) != 1 {
		t.Errorf("messages = %v, want one", messages)
	}
}

// TestVerifyFindsTheSignerAmongNamesakes checks that a user with the same id elsewhere neither takes a keyId over nor
// blocks it.
func TestVerifyFindsTheSignerAmongNamesakes(t *testing.T) {
	thief, gone, twin := newClient(otherKey()), newClient(key()), newClient(key())
	gone.Status = roster.Deactivated
	dir := &signers{list: []auth.Signer{
		{Org: roster.ID{1}, User: thief},
		{Org: roster.ID{2}, User: gone},
		{Org: orgID, User: newClient(key())},
		{Org: roster.ID{3}, User: twin},
	}}
	v := auth.NewVerifier(dir, func() roster.Time { return noon })
	got, err := v.Verify(t.Context(), newSigning("").signed(t), home)
	if err != nil {
		t.Fatal(err)
	}
	if got.Org != orgID {
		t.Errorf("organization = %s, want %s", got.Org, orgID)
	}
}

// TestVerifyNoticesAnotherKey checks that parsed keys are not remembered beyond the text they came from.
func TestVerifyNoticesAnotherKey(t *testing.T) {
	u := newClient(key())
	dir := &signers{list: []auth.Signer{{Org: orgID, User: u}}}
	v := auth.NewVerifier(dir, func() roster.Time { return noon })
	for range 2 {
		if _, err := v.Verify(t.Context(), newSigning("").signed(t), home); err != nil {
			t.Fatal(err)
		}
	}
	u.PublicKey = publicPEM(otherKey())
	if _, err := v.Verify(t.Context(), newSigning("").signed(t), home); !errors.Is(err, auth.ErrSignature) {
		t.Errorf("after a change of keys: %v, want %v", err, auth.ErrSignature)
	}
}

func BenchmarkVerify(b *testing.B) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://roster.example/fipto/x", nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := auth.Sign(req, userID, key(), noon); err != nil {
		b.Fatal(err)
	}
	dir := &signers{list: []auth.Signer{{Org: orgID, User: newClient(key())}}}
	v := auth.NewVerifier(dir, func() roster.Time { return noon })
	r := &auth.Request{Method: req.Method, Target: req.URL.RequestURI(), Host: req.URL.Host, Header: req.Header}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), r, home); err != nil {
			b.Fatal(err)
		}
	}
}
