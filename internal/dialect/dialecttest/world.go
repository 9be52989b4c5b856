// Package dialecttest holds dialects to golden cases: requests over real HTTP handlers to a small fixed directory,
// and the exact responses. It also fails where a parameter, an allowed value or a documented status has no case.
package dialecttest

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/webhook"
)

//go:embed testdata
var testdata embed.FS

// Now is the instant at which the clock of every world stands.
func Now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// The organizations of a world. Company has the users of the fixture; Other has none of them, no changes up to
// [OtherSince], and an audit whose second entry is not as it was written.
var (
	Company = roster.MustParseID("9de0691c-bc8d-409b-8f40-75d4f45db2f3")
	Other   = roster.MustParseID("0190a000-0000-7000-8000-0000000000ff")
)

// World is a directory with the fixture's records and tokens of every kind, for tests.
type World struct {
	Service *directory.Service
	// Jobs carries jobs out when it is told to.
	Jobs *job.Service
	// Secrets are the secrets of tokens by the names that golden cases use.
	Secrets map[string]string
	// Webhooks delivers changes after each request of a golden case, to receivers that accept them, but for those at
	// down.example.
	Webhooks *webhook.Service
	contract roster.Contract
	ids      uint64
	draws    byte
}

// NewWorld returns a world whose organizations have chosen a contract for every dialect of ds.
func NewWorld(t *testing.T, contract roster.Contract, ds ...*dialect.Dialect) *World {
	t.Helper()
	w := &World{Secrets: map[string]string{}, contract: contract}
	w.Service = directory.New(forgetful{memory.New()}, directory.Options{
		Now: func() roster.Time { return roster.TimeOf(Now()) }, NewID: w.newID, Random: unsalted{},
	})
	w.Jobs = job.New(job.Config{
		Store: w.Service.Jobs(), Directory: w.Service, NewID: w.newID, Log: slog.New(slog.DiscardHandler),
		Now: func() roster.Time { return roster.TimeOf(Now()) },
	})
	contracts := map[string]roster.Contract{}
	for _, d := range ds {
		contracts[d.Name] = contract
	}
	w.organization(t, roster.Organization{
		ID: Company, Slug: "demo", Name: "Demo Inc.", BrandName: "Demo", Contracts: contracts,
	})
	w.organization(t, roster.Organization{ID: Other, Slug: "other", Name: "Other Ltd.", Contracts: contracts})
	w.fixture(t)
	w.tokens(t)
	w.instance(t)
	w.webhooks(t)
	return w
}

// newID counts, so that every run makes the same ids.
func (w *World) newID() (roster.ID, error) {
	w.ids++
	id := roster.MustParseID("0190b000-0000-7000-8000-000000000000")
	binary.BigEndian.PutUint32(id[12:], uint32(w.ids)) //nolint:gosec // a test makes few
	return id, nil
}

func (w *World) organization(t *testing.T, org roster.Organization) {
	t.Helper()
	if _, err := w.Service.CreateOrg(t.Context(), roster.Operator(), org); err != nil {
		t.Fatal(err)
	}
}

// Do carries out commands of the operator.
func (w *World) Do(t *testing.T, org roster.ID, cmds ...roster.Command) roster.Change {
	t.Helper()
	change, err := w.Service.Do(t.Context(), org, roster.Operator(), cmds...)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

func (w *World) fixture(t *testing.T) {
	t.Helper()
	data, err := testdata.ReadFile("testdata/fixture.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var cmds []roster.Command
	for line := range bytes.Lines(data) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatal(err)
		}
		var typ roster.Type
		if err := json.Unmarshal(members["type"], &typ); err != nil {
			t.Fatal(err)
		}
		delete(members, "type")
		doc, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		record, err := roster.ParseEntity(typ, doc)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		cmds = append(cmds, roster.Import{Record: record})
	}
	w.Do(t, Company, cmds...)
}

// acting and plain are users of the fixture with and without the permission bit 1.
const (
	acting = "98d91cd7-860d-4869-937a-5af32eff2f4a"
	plain  = "e513d2c8-319e-4bc3-898b-3933ab39b452"
)

func (w *World) tokens(t *testing.T) {
	t.Helper()
	read := roster.Permissions{roster.UsersRead}
	past := roster.TimeOf(Now().Add(-time.Hour))
	for _, token := range []roster.Token{
		{Name: "account", Permissions: read},
		{Name: "metadata", Permissions: roster.Permissions{roster.UsersRead, roster.MetadataRead}},
		{Name: "members", Permissions: roster.Permissions{roster.MembersAdmin}},
		{Name: "acting", Permissions: read, ActsAs: roster.MustParseID(acting)},
		{Name: "acting_plain", Permissions: read, ActsAs: roster.MustParseID(plain)},
		{Name: "none"},
		{Name: "source", Permissions: read, Kind: roster.TokenSource},
		{Name: "channel", Permissions: read, Kind: roster.TokenChannel},
		{Name: "elsewhere", Permissions: roster.Permissions{roster.Everything}, AllowedIPs: []string{"203.0.113.0/24"}},
		{Name: "otherdialect", Permissions: roster.Permissions{roster.Everything}, Dialects: []string{"none-of-them"}},
		{Name: "limited", Permissions: roster.Permissions{roster.Everything}},
		{Name: "revoked", Permissions: roster.Permissions{roster.Everything}, RevokedAt: past},
		{Name: "expired", Permissions: roster.Permissions{roster.Everything}, ExpiresAt: roster.TimeOf(Now())},
	} {
		w.token(t, Company, token)
	}
	w.token(t, Other, roster.Token{Name: "other", Permissions: roster.Permissions{roster.Everything}})
	w.token(t, Company, roster.Token{Name: "writer", Permissions: roster.Permissions{roster.UsersWrite}})
	w.token(t, Company, roster.Token{Name: "everything", Permissions: roster.Permissions{roster.Everything}})
	unknown := secret(t, 200)
	w.Secrets["unknown"] = unknown
	w.Secrets["garbled"] = unknown[:len(unknown)-1] + "_"
}

// instance makes the instance-wide tokens.
func (w *World) instance(t *testing.T) {
	t.Helper()
	if err := w.Service.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	const first = 140
	for i, token := range []roster.Token{
		{Name: "instance", Permissions: roster.Permissions{roster.Everything}},
		{Name: "instance_reader", Permissions: roster.Permissions{roster.UsersRead}},
		{Name: "instance_none"},
		{Name: "instance_revoked", RevokedAt: roster.TimeOf(Now()), Permissions: roster.Permissions{roster.Everything}},
	} {
		s := secret(t, byte(first+i))
		w.Secrets[token.Name] = s
		token.ID = roster.MustParseID(fmt.Sprintf("0190e000-0000-7000-8000-%012d", i+1))
		token.Hash, token.Kind = roster.HashSecret(s), roster.TokenAccount
		w.Do(t, roster.InstanceID(), roster.Create{Record: &token})
	}
}

// token makes a token. It expires, where it does, before any test asks, and after it is made.
func (w *World) token(t *testing.T, org roster.ID, token roster.Token) {
	t.Helper()
	s := secret(t, byte(len(w.Secrets)&0x7f))
	w.Secrets[token.Name] = s
	token.Hash = roster.HashSecret(s)
	if token.Kind == "" {
		token.Kind = roster.TokenAccount
	}
	expires := token.ExpiresAt
	token.ExpiresAt = 0
	change := w.Do(t, org, roster.Create{Record: &token})
	if expires != 0 {
		patch, err := json.Marshal(map[string]any{"expires_at": expires})
		if err != nil {
			t.Fatal(err)
		}
		w.Do(t, org, roster.Update{Type: roster.TypeToken, Ref: roster.Ref{ID: change.Ops[0].Key().ID}, Patch: patch})
	}
}

// secret returns the nth secret of every run.
func secret(t *testing.T, n byte) string {
	t.Helper()
	s, err := roster.NewSecret(bytes.NewReader(bytes.Repeat([]byte{n + 1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Handler returns a handler with a dialect at its root, and rate limits that nobody has used yet. Its server drains:
// what waits for changes ends at once.
func (w *World) Handler(t *testing.T, d *dialect.Dialect) http.Handler {
	t.Helper()
	s, h := w.server(t, d)
	s.Drain()
	return h
}

// Unlimited is Handler without rate limits, for any number of requests.
func (w *World) Unlimited(t *testing.T, d *dialect.Dialect) http.Handler {
	t.Helper()
	s, h := w.server(t, d, func(c *server.Config) { c.Unlimited = true })
	s.Drain()
	return h
}

// LiveHandler is Handler of a server that does not drain: requests wait for changes.
func (w *World) LiveHandler(t *testing.T, d *dialect.Dialect) http.Handler {
	t.Helper()
	_, h := w.server(t, d)
	return h
}

// server returns the server of a handler, too.
func (w *World) server(
	t *testing.T, d *dialect.Dialect, configure ...func(*server.Config),
) (*server.Server, http.Handler) {
	t.Helper()
	now := func() roster.Time { return roster.TimeOf(Now()) }
	c := server.Config{
		Dialects:  []*dialect.Dialect{d},
		Names:     []string{"native", "flxpoint", "kaiten", "sixeye", "d3lay", "fipto"},
		Directory: server.Views(w.Service.View),
		Tokens:    &auth.Authenticator{Tokens: w.Service, Now: now, InstanceDialects: ownDialects(d)},
		Verifier:  auth.NewVerifier(auth.SignersAmong(w.Service), now),
		Limiter:   auth.NewLimiter(Now, 100),
		Log:       slog.New(slog.DiscardHandler),
		Now:       Now,
		Software:  "1.4.0",
		Writer:    w.Service,
		Audit:     w.Service,
		Jobs:      w.Jobs,
		Orgs:      w.Service,
		Webhooks:  w.Webhooks,
		History:   server.Histories(w.Service),
		Random:    io.MultiReader(strings.NewReader(pageKey), drawn{w}),
		Versions:  server.VersionsOf(w.Service),
		Past:      server.PastOf(w.Service),
		PinPages:  time.Minute,
		WaitTime:  time.Millisecond, // nothing is written while a case waits
		Contract:  w.contract,
		NewID:     func() (roster.ID, error) { return roster.MustParseID("0190c000-0000-7000-8000-000000000001"), nil },
	}
	for _, change := range configure {
		change(&c)
	}
	s, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.DialectHandler(d.Name)
	if err != nil {
		t.Fatal(err)
	}
	return s, h
}

// ownDialects returns the name of a dialect of our own, none for that of a vendor.
func ownDialects(d *dialect.Dialect) []string {
	if d.Own {
		return []string{d.Name}
	}
	return nil
}

// signingKey returns the private key of an API client of the fixture.
func signingKey(t *testing.T, user string) *rsa.PrivateKey {
	t.Helper()
	data, err := testdata.ReadFile("testdata/keys/" + user + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("the key of %s is a %T", user, key)
	}
	return private
}

// pageKey signs the page tokens of every server of every world.
const pageKey = "this is the key of page tokens.."

// drawn makes the secrets of the tokens that requests make: other ones than those of the world, and the same in every
// run.
type drawn struct{ *World }

func (d drawn) Read(p []byte) (int, error) {
	d.draws++
	for i := range p {
		p[i] = 255 - d.draws
	}
	return len(p), nil
}

// unsalted keeps the hashes of the audit the same in every run.
type unsalted struct{}

func (unsalted) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
