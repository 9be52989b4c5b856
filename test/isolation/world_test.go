package isolation

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

// world is the golden tests' world with users, tokens and API clients in both organizations.
type world struct {
	*dialecttest.World

	dialect  *dialect.Dialect
	handler  http.Handler
	contract roster.Contract
	company  known
	other    known
	tokens   int
	// Whether the last request changed the organizations.
	companyChanged, otherChanged bool
}

// known is what can be asked for in an organization.
type known struct {
	org   roster.ID
	slug  string
	users map[string]roster.ID
	// records are the ids of a record of each type besides users; there may be none of a type.
	records map[roster.Type]roster.ID
	email   string // of the person among the users
	message string // the id of a message to the webhook that was given up
	// texts are names, addresses and ids that no response to anybody else may have.
	texts []string
}

func newWorld(t *testing.T, d *dialect.Dialect, contract roster.Contract) *world {
	t.Helper()
	w := &world{World: dialecttest.NewWorld(t, contract, d), dialect: d, contract: contract}
	w.company, w.other = w.populate(t, dialecttest.Company, "cora"), w.populate(t, dialecttest.Other, "otto")
	w.handler = w.Unlimited(t, d)
	return w
}

// populate adds users whose names and addresses begin with a word to an organization.
func (w *world) populate(t *testing.T, org roster.ID, word string) known {
	t.Helper()
	k := known{
		org: org, users: map[string]roster.ID{}, records: map[roster.Type]roster.ID{},
		email: word + ".person@" + word + ".example",
	}
	add := func(name string, u roster.User) {
		u.Name, u.Email = word+" "+name, word+"."+name+"@"+word+".example"
		if u.Kind == roster.APIClient {
			u.PublicKey = keys().public[word]
		}
		k.users[name] = created(t, w.Do(t, org, roster.Create{Record: &u}), roster.TypeUser)
	}
	add("person", roster.User{PublicKey: keys().public[word], Description: word + " was here"})
	add("client", roster.User{Kind: roster.APIClient})
	add("away", roster.User{Kind: roster.APIClient, WhitelistedIPs: []string{"203.0.113.0/24"}})
	add("gone", roster.User{Kind: roster.APIClient, Status: roster.Deactivated})
	add("locked", roster.User{Kind: roster.APIClient, Locked: true})
	add("twin", roster.User{ID: twin()})
	k.users["nobody"] = roster.MustParseID("0190ffff-0000-7000-8000-000000000000")
	for _, record := range []roster.Entity{
		&roster.Token{Name: word + " token", Kind: roster.TokenAccount, Hash: roster.HashSecret(word)},
		&roster.Group{Name: word + " group"}, &roster.Space{Title: word + " space"},
		&roster.Role{Handle: word + "_role", Name: word + " role", CountsAs: roster.RoleSupport},
		&roster.Webhook{
			Name: word + " hook", URL: "https://down.example/" + word, Enabled: true, Secrets: []roster.WebhookSecret{{Secret: "whsec_" +
				base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%032s", word))}},
		},
	} {
		typ := record.Key().Type
		k.records[typ] = created(t, w.Do(t, org, roster.Create{Record: record}), typ)
	}
	k.records[roster.TypeInvitation] = created(t, w.Do(t, org, roster.Invite{
		User: &roster.User{Name: word + " guest", Email: word + ".guest@" + word + ".example"},
		Hash: roster.HashSecret(word + " guest"),
	}), roster.TypeInvitation)
	w.deleteSome(t, &k, word)
	k.message = w.deadLetter(t, org, k.records[roster.TypeWebhook])
	person := roster.Ref{ID: k.users["person"]}
	w.Do(t, org, roster.Join{Type: roster.TypeGroup, Ref: roster.Ref{ID: k.records[roster.TypeGroup]}, User: person})
	w.Do(t, org, roster.Join{Type: roster.TypeSpace, Ref: roster.Ref{ID: k.records[roster.TypeSpace]}, User: person, Role: roster.AccessRoles()[0]})
	view, err := w.Service.View(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	k.slug, k.texts = view.Org().Slug, w.texts(t, org)
	secret := word + " asked for this"
	job, err := w.Jobs.Update(t.Context(), org, roster.Operator(), roster.BulkUpdate{
		Filter: `name = "` + secret + `"`, Action: roster.BulkSuspend,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.records[typeJob], k.texts = job.ID, append(k.texts, secret, job.ID.String())
	return k
}

// deleteSome makes and deletes a user and whatever else can be restored.
func (w *world) deleteSome(t *testing.T, k *known, word string) {
	t.Helper()
	gone := word + " deleted"
	for _, record := range []roster.Entity{
		&roster.User{Name: gone, Email: word + ".deleted@" + word + ".example"},
		&roster.Group{Name: gone + " group"}, &roster.Space{Title: gone + " space"},
		&roster.Role{Handle: word + "_deleted", Name: gone + " role", CountsAs: roster.RoleSupport},
	} {
		typ := record.Key().Type
		id := created(t, w.Do(t, k.org, roster.Create{Record: record}), typ)
		w.Do(t, k.org, roster.Delete{Type: typ, Ref: roster.Ref{ID: id}})
		k.records[typ.Deleted()] = id
	}
	k.users["deleted"] = k.records[roster.TypeDeletedUser]
}

// deletedTexts returns what tells a deleted record from others.
func deletedTexts(e roster.Deleted) []string {
	texts := []string{e.Key().ID.String()}
	switch e := e.(type) {
	case *roster.DeletedUser:
		return append(texts, e.User.Name, e.User.Email, e.User.Identifier)
	case *roster.DeletedGroup:
		return append(texts, e.Group.Name)
	case *roster.DeletedSpace:
		return append(texts, e.Space.Title)
	case *roster.DeletedRole:
		return append(texts, e.Role.Name)
	default:
		return texts
	}
}

// typeJob stands for jobs, which are no records.
const typeJob roster.Type = "job"

// deadLetter returns the id of a message to a webhook that was given up.
func (w *world) deadLetter(t *testing.T, org, hook roster.ID) string {
	t.Helper()
	if err := w.Webhooks.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := w.Webhooks.Deliveries(t.Context(), org, hook)
	dead := slices.DeleteFunc(list, func(d roster.Delivery) bool { return d.State != roster.Dead })
	if err != nil || len(dead) == 0 {
		t.Fatalf("got dead letters %v, %v, want one", dead, err)
	}
	return roster.MessageID(hook, dead[0].Version, dead[0].Round)
}

// twin is the id of a user in each of the organizations: ids are unique within one only.
func twin() roster.ID { return roster.MustParseID("0190dddd-0000-7000-8000-000000000000") }

// created returns the id of the record of a type that a change made.
func created(t *testing.T, change roster.Change, typ roster.Type) roster.ID {
	t.Helper()
	for _, op := range change.Ops {
		if op.Before == nil && op.Key().Type == typ {
			return op.Key().ID
		}
	}
	t.Fatalf("no %s was made", typ)
	return roster.ID{}
}

// texts returns what tells an organization's records from others'.
func (w *world) texts(t *testing.T, org roster.ID) []string {
	t.Helper()
	view, err := w.Service.View(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	page, err := view.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{view.Org().Name, org.String()}
	for u := range page.Users {
		texts = append(texts, u.Name, u.Email, u.Identifier)
		if u.ID != twin() {
			texts = append(texts, u.ID.String())
		}
	}
	for _, token := range view.Tokens() {
		texts = append(texts, token.ID.String(), token.Hash)
	}
	for _, invitation := range view.Invitations() {
		texts = append(texts, invitation.ID.String(), invitation.Hash)
	}
	for _, t := range roster.DeletedTypes() {
		for _, e := range view.Deleted(t) {
			texts = append(texts, deletedTexts(e)...)
		}
	}
	for _, group := range view.Groups() {
		texts = append(texts, group.ID.String(), group.Name)
	}
	for _, space := range view.Spaces() {
		texts = append(texts, space.ID.String(), space.Title)
	}
	for _, role := range view.Roles() {
		if texts = append(texts, role.ID.String()); role.BuiltIn() != role.Handle {
			texts = append(texts, role.Name)
		}
	}
	long := texts[:0]
	for _, s := range texts {
		if len(s) > 4 { // shorter ones stand in other words
			long = append(long, s)
		}
	}
	return long
}

func (w *world) version(t *testing.T, org roster.ID) roster.Version {
	t.Helper()
	view, err := w.Service.View(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	return view.Version()
}

// targets returns a path with its parameters filled in by what an organization knows, each in its turn: as many for
// every organization. A user within another record is the one who is in it, and numbers that count from 1 in every
// organization are 1.
func (s *site) targets(path string, k known) []string {
	if !s.hasParams(path) {
		return []string{path}
	}
	person := k.users["person"].String()
	fixed := []string{"{user}", person, "{slug}", k.slug, "{delivery}", cmp.Or(k.message, "msg_none")}
	for _, p := range s.endpoint.Params {
		switch {
		case p.In == dialect.Path && p.Own:
			fixed = append(fixed, "{"+p.Name+"}", k.org.String())
		case p.In == dialect.Path && p.Type == dialect.Integer:
			fixed = append(fixed, "{"+p.Name+"}", "1")
		}
	}
	path = strings.NewReplacer(fixed...).Replace(path)
	values := []string{person, "email:" + k.email}
	for _, typ := range append(roster.Types(), typeJob) {
		if id, has := k.records[typ]; has {
			values = append(values, id.String())
		}
	}
	var targets []string
	for _, value := range values {
		if target := param.ReplaceAllString(path, url.PathEscape(value)); !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	return targets
}

var param = regexp.MustCompile(`\{[a-z_]+\}`)

// send sends a request with a body where the endpoint takes one, from an address that nobody's list has.
func (s *site) send(t *testing.T, target string, by func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	switch {
	case s.endpoint.Body == nil:
	case s.endpoint.Method == http.MethodPut:
		body.WriteString(s.endpoint.Body.Example)
	default:
		body.WriteString(`{"name":"new","email":"new@new.example"}`)
	}
	r := httptest.NewRequestWithContext(t.Context(), s.endpoint.Method, target+s.required(), &body)
	if s.endpoint.Body != nil {
		r.Header.Set("Content-Type", s.endpoint.Body.MediaTypes()[0])
	}
	r.RemoteAddr = "192.0.2.1:1234"
	by(r)
	company, other := s.version(t, dialecttest.Company), s.version(t, dialecttest.Other)
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, r)
	s.companyChanged = s.version(t, dialecttest.Company) != company
	s.otherChanged = s.version(t, dialecttest.Other) != other
	return recorder
}

// required returns a query with the parameters that must be given.
func (s *site) required() string {
	query := url.Values{}
	for _, p := range s.endpoint.Params {
		if p.Required && p.In == dialect.Query {
			query.Set(p.Name, p.Example)
		}
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// withToken makes a token in an organization and returns what puts its secret into a request by the site's scheme.
func (s *site) withToken(t *testing.T, org roster.ID, token roster.Token, from string) func(*http.Request) {
	t.Helper()
	s.tokens++
	random := sha256.Sum256(fmt.Append(nil, "token ", s.tokens))
	secret, err := roster.NewSecret(bytes.NewReader(random[:]))
	if err != nil {
		t.Fatal(err)
	}
	switch token.Name {
	case "unknown":
	case "mistyped":
		secret = secret[:len(secret)-1] + "_"
	default:
		expires := token.ExpiresAt
		token.Name, token.Hash, token.ExpiresAt = "made", roster.HashSecret(secret), 0
		id := created(t, s.Do(t, org, roster.Create{Record: &token}), roster.TypeToken)
		if expires != 0 {
			s.Do(t, org, roster.Update{
				Type: roster.TypeToken, Ref: roster.Ref{ID: id}, Patch: fmt.Appendf(nil, `{"expires_at":%q}`, expires),
			})
		}
	}
	return func(r *http.Request) {
		if from != "" {
			r.RemoteAddr = from
		}
		if s.scheme.Kind == dialect.HeaderKey {
			r.Header.Set(s.scheme.Header, secret)
		} else {
			r.Header.Set("Authorization", "Bearer "+secret)
		}
	}
}

// signer is who signs a request: a user of an organization, with the key of that organization's or, where key is set,
// of another word's clients.
type signer struct {
	org  roster.ID
	user string
	key  string
}

func (s *site) withSignature(t *testing.T, by signer) func(*http.Request) {
	t.Helper()
	k, word := s.company, "cora"
	if by.org == dialecttest.Other {
		k, word = s.other, "otto"
	}
	if by.key != "" {
		word = "otto"
	}
	return func(r *http.Request) {
		sent := *r.URL
		r.URL.Scheme, r.URL.Host = "http", r.Host
		if err := auth.Sign(r, k.users[by.user], keys().private[word], roster.TimeOf(dialecttest.Now())); err != nil {
			t.Fatal(err)
		}
		r.URL = &sent
	}
}

type keyring struct {
	private map[string]*rsa.PrivateKey
	public  map[string]string
}

// keys returns a key for the API clients of each organization.
var keys = sync.OnceValue(func() keyring {
	k := keyring{private: map[string]*rsa.PrivateKey{}, public: map[string]string{}}
	for _, word := range []string{"cora", "otto"} {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
		if err != nil {
			panic(err)
		}
		k.private[word] = private
		k.public[word] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	return k
})
