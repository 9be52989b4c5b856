package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
)

// credential returns a change of a request that shows a secret in every way in which a dialect looks for one.
func credential(d *dialect.Dialect, secret string) func(*http.Request) {
	return func(r *http.Request) {
		for _, s := range d.Schemes {
			switch s.Kind {
			case dialect.HeaderKey:
				r.Header.Set(s.Header, secret)
			case dialect.Bearer:
				r.Header.Set("Authorization", "Bearer "+secret)
			case dialect.HTTPSignature: // not this way
			}
		}
	}
}

// plainRequest returns the path of a stable endpoint and the headers that it must have.
func plainRequest(d *dialect.Dialect, e *dialect.Endpoint, user roster.ID) (string, []func(*http.Request)) {
	path, changes := d.Mount()+e.Path, []func(*http.Request){}
	for _, p := range e.Params {
		switch {
		case p.In == dialect.Path && p.Own:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", demo.Organization().ID.String())
		case p.In == dialect.Path && p.Name == "group_uid":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", demo.New(1, 1).Groups()[0].ID.String())
		case p.In == dialect.Path && p.Example == "number:1": // of a group or a space
			path = strings.ReplaceAll(path, "{"+p.Name+"}", p.Example)
		case p.In == dialect.Path:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", user.String())
		case p.In == dialect.Header && p.Required:
			changes = append(changes, header(p.Name, p.Example))
		}
	}
	return path, changes
}

// secretOf makes a token in the demo organization.
func secretOf(t *testing.T, service *directory.Service, name string, permissions ...roster.Permission) string {
	t.Helper()
	s := &stand{service: service, org: demo.Organization().ID}
	return s.token(t, name, func(token *roster.Token) { token.Permissions = permissions })
}

// touchUser changes something about a user.
func touchUser(t *testing.T, service *directory.Service, id roster.ID, name string) {
	t.Helper()
	_, err := service.Do(t.Context(), demo.Organization().ID, roster.Operator(), roster.Update{
		Type: roster.TypeUser, Ref: roster.Ref{ID: id}, Patch: fmt.Appendf(nil, `{"name":%q,"first_name":%q}`, name, name),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// someUser returns the id of a user of the demo organization.
func someUser(t *testing.T, service *directory.Service) roster.ID {
	t.Helper()
	view, err := service.View(t.Context(), demo.Organization().ID)
	if err != nil {
		t.Fatal(err)
	}
	page, err := view.Users(roster.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for u := range page.Users {
		return u.ID
	}
	t.Fatal("there are no users")
	return roster.ID{}
}

// withoutTags are the GETs whose answers have no tag and are never 304, each with the reason why.
func withoutTags() map[string]string {
	const changes, used, others = "it tells what is new, and may wait for it", "what it tells changes without a version",
		"it tells of many organizations, each with versions of its own"
	const acting = "it depends on whom the token acts as"
	return map[string]string{
		"sixeye getVersion": "it needs no credential and has no organization",

		"kaiten retrieveUsers":       acting,
		"kaiten retrieveCurrentUser": acting,
		"kaiten getSpaceUsers":       acting,

		"native listChanges":              changes,
		"native streamChanges":            changes,
		"native compareVersions":          "its pages are of versions that do not change, and begin at one that may be trimmed",
		"native getHistory":               "trimming is no change",
		"native listAudit":                "it is as long as the history, and read from the store",
		"native verifyAudit":              "it is asked whether what is stored is as it was, which only reading it tells",
		"native getAuditEntry":            "erasing a person takes what was written out of it",
		"native listTokens":               used,
		"native getToken":                 used,
		"native listWebhooks":             used,
		"native getWebhook":               used,
		"native listDeliveries":           used,
		"native listJobs":                 used,
		"native getJob":                   used,
		"native listRejects":              used,
		"native listOrganizations":        others,
		"native listDeletedOrganizations": others,
	}
}

// Every GET has answers with tags, or a reason for having none.
func TestEveryGetHasATagOrAReason(t *testing.T) {
	t.Parallel()
	reasons := withoutTags()
	for _, d := range all.Dialects() {
		for i := range d.Endpoints {
			e := &d.Endpoints[i]
			name := d.Name + " " + e.ID
			if _, excused := reasons[name]; e.Method == http.MethodGet && excused == e.Stable() {
				t.Errorf("%s: is its answer never 304? %t by the table, %t by the list of reasons", name, !e.Stable(), excused)
			}
			delete(reasons, name)
		}
	}
	for name := range reasons {
		t.Errorf("there is no %s", name)
	}
}

// Every GET of every dialect that has tags can be asked whether its answer still holds. Those of single records, which
// keep their tag until the record changes, are held to that in the tests of the dialect.
func TestNotModified(t *testing.T) {
	service, secret := populated(t, 40)
	user, h := someUser(t, service), unlimited(t, service, nil)
	for _, typ := range []roster.Type{roster.TypeGroup, roster.TypeSpace} {
		_, err := service.Do(t.Context(), demo.Organization().ID, roster.Operator(), roster.Join{
			Type: typ, Ref: roster.Ref{Number: 1}, User: roster.Ref{ID: user}, Role: "reader",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, d := range all.Dialects() {
		for i := range d.Endpoints {
			if e := &d.Endpoints[i]; e.Stable() && !e.Tagged {
				n++
				t.Run(d.Name+" "+e.Path, func(t *testing.T) {
					target, changes := plainRequest(d, e, user)
					ask := func(method string, more ...func(*http.Request)) *httptest.ResponseRecorder {
						t.Helper()
						return send(t, h, method, target, slices.Concat(changes, more,
							[]func(*http.Request){credential(d, secret)})...)
					}
					checkNotModified(t, ask)
					before := ask(http.MethodGet).Header().Get("Etag")
					touchUser(t, service, user, fmt.Sprintf("Name %d", n))
					again := ask(http.MethodGet, header("If-None-Match", before))
					wantStatus(t, "after a change", again, http.StatusOK)
					if again.Header().Get("Etag") == before {
						t.Error("after a change: the tag is the same")
					}
				})
			}
		}
	}
	if n < 10 {
		t.Errorf("there are only %d stable endpoints", n)
	}
}

func checkNotModified(t *testing.T, ask func(method string, more ...func(*http.Request)) *httptest.ResponseRecorder) {
	t.Helper()
	first := ask(http.MethodGet)
	wantStatus(t, "first", first, http.StatusOK)
	tag := first.Header().Get("Etag")
	wantHeaders(t, "first", first, map[string]string{"Cache-Control": "private, no-cache"})
	if !strings.HasPrefix(tag, `W/"`) || len(tag) < 20 || !strings.HasSuffix(tag, `"`) {
		t.Fatalf("got the tag %s", tag)
	}
	for _, given := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := ask(method, header("If-None-Match", given))
			wantStatus(t, method+" "+given, w, http.StatusNotModified)
			wantHeaders(t, method+" "+given, w, map[string]string{
				"Etag": tag, "Cache-Control": "private, no-cache", "Content-Type": "", "Content-Length": "",
			})
			if diff := cmp.Diff(first.Header().Values("Vary"), w.Header().Values("Vary")); diff != "" || w.Body.Len() > 0 {
				t.Errorf("%s %s: %d bytes, Vary (-200 +304):\n%s", method, given, w.Body.Len(), diff)
			}
		}
	}
	for _, given := range []string{`"other"`, "", tag[:len(tag)-2] + `"`, "W/*"} {
		w := ask(http.MethodGet, header("If-None-Match", given))
		wantStatus(t, "If-None-Match "+given, w, http.StatusOK)
		if w.Body.Len() == 0 {
			t.Errorf("If-None-Match %s: no body", given)
		}
	}
}

func TestNotModifiedTellsTheLimit(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	tag := s.get(t, "/toy/users", secret).Header().Get("Etag")
	w := s.get(t, "/toy/users", secret, header("If-None-Match", tag))
	wantStatus(t, "again", w, http.StatusNotModified)
	wantHeaders(t, "again", w, map[string]string{"X-Left": "98"})
	if got := s.log.last(t); got["status"] != 304.0 || got["bytes"] != 0.0 {
		t.Errorf("the log says %v", got)
	}
}

// What is no answer of an endpoint has no tag, and no condition keeps it from the client.
func TestFailuresHaveNoTag(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	for target, want := range map[string]int{
		"/toy/users/7": http.StatusNotFound, "/toy/nothing": http.StatusNotFound, "/toy/panic": http.StatusInternalServerError,
		"/toy/bad-failure":   http.StatusBadGateway,
		"/toy/users?limit=x": http.StatusBadRequest, "/toy/version": http.StatusOK, "/toy/openapi.json": http.StatusOK,
	} {
		w := s.get(t, target, secret, header("If-None-Match", "*"))
		wantStatus(t, target, w, want)
		wantHeaders(t, target, w, map[string]string{"Etag": "", "Cache-Control": ""})
	}
	w := s.get(t, "/toy/bad-body", secret)
	wantStatus(t, "a bad body", w, http.StatusInternalServerError)
	wantHeaders(t, "a bad body", w, map[string]string{"Etag": "", "Cache-Control": ""})
	wantStatus(t, "without a credential", s.get(t, "/toy/users", "", header("If-None-Match", "*")), http.StatusUnauthorized)
}

// Tags differ where anything differs that an answer can depend on, and only there.
func TestTagsDiffer(t *testing.T) {
	var versions [2]*server.Server
	var secrets [2]string
	for i := range versions {
		s := newStand(t, func(c *server.Config) { c.Software = fmt.Sprint(i) })
		versions[i], secrets[i] = s.Server, s.token(t, "account")
	}
	d := toy()
	varying := toyEndpoint("/varying", "varying", serveURL)
	varying.Varies = []string{"Accept"}
	d.Endpoints = append(d.Endpoints, varying)
	s := newStand(t, nil, d)
	reader := s.token(t, "reader")
	members := s.token(t, "members", func(token *roster.Token) {
		token.Permissions = append(token.Permissions, roster.MembersAdmin)
	})
	more := s.token(t, "more", func(token *roster.Token) {
		token.Permissions = append(token.Permissions, roster.MetadataRead)
	})
	same := s.token(t, "same")
	tag := func(target, secret string, changes ...func(*http.Request)) string {
		t.Helper()
		w := s.get(t, target, secret, changes...)
		wantStatus(t, target, w, http.StatusOK)
		return w.Header().Get("Etag")
	}
	base := tag("/toy/users?limit=1&search=a", reader)
	if got := tag("/toy/users?search=a&limit=1", same, header("Accept", "x/y"), header("Origin", "https://x.example")); got != base {
		t.Errorf("another token and order: got %s, want %s", got, base)
	}
	others := map[string]string{
		"permissions": tag("/toy/users?limit=1&search=a", more),
		"others":      tag("/toy/users?limit=1&search=a", members),
		"header":      tag("/toy/varying", reader, header("Accept", "a/b")),
		"no header":   tag("/toy/varying", reader),
		"query":       tag("/toy/users?limit=2&search=a", reader),
		"no query":    tag("/toy/users", reader),
		"endpoint":    tag("/toy/url?limit=1&search=a", reader),
		"host":        tag("http://other.example/toy/users?limit=1&search=a", reader),
		"scheme":      tag("https://example.com/toy/users?limit=1&search=a", reader),
	}
	for i, v := range versions {
		w := send(t, v.Handler(), http.MethodGet, "/toy/users?limit=1&search=a", bearer(secrets[i]))
		others[fmt.Sprintf("software %d", i)] = w.Header().Get("Etag")
	}
	others["base"] = base
	if different := slices.Compact(slices.Sorted(maps.Values(others))); len(different) != len(others) {
		t.Errorf("got only %d different tags: %v", len(different), others)
	}
}

// asking draws requests to stable endpoints.
type asking struct {
	test     *testing.T
	dialects []*dialect.Dialect
	users    []string
	secrets  []string
}

// one draws a request whose parameters are mostly fine, often the same as that of another.
func (a *asking) one(t *rapid.T) func(h http.Handler) *httptest.ResponseRecorder {
	d := rapid.SampledFrom(a.dialects).Draw(t, "dialect")
	var stable []*dialect.Endpoint
	for i := range d.Endpoints {
		if d.Endpoints[i].Stable() {
			stable = append(stable, &d.Endpoints[i])
		}
	}
	e := rapid.SampledFrom(stable).Draw(t, "endpoint")
	path := d.Mount() + rapid.SampledFrom(e.Paths()).Draw(t, "path")
	path = strings.ReplaceAll(path, "{company_id}", demo.Organization().ID.String())
	changes := []func(*http.Request){credential(d, rapid.SampledFrom(a.secrets).Draw(t, "secret"))}
	var query []string
	for i := range e.Params {
		p := &e.Params[i]
		value := a.value(t, p)
		switch p.In {
		case dialect.Path:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", value)
		case dialect.Header:
			changes = append(changes, header(p.Name, value))
		case dialect.Query:
			if rapid.IntRange(0, 5).Draw(t, "given") == 0 {
				query = append(query, p.Name+"="+url.QueryEscape(value))
			}
		}
	}
	if accept := rapid.SampledFrom([]string{"", "", "*/*", "application/vnd.api+json;x=1"}).Draw(t, "accept"); accept != "" {
		changes = append(changes, header("Accept", accept))
	}
	encoding := rapid.SampledFrom([]string{"", "gzip", "zstd"}).Draw(t, "encoding")
	method := rapid.SampledFrom([]string{http.MethodGet, http.MethodGet, http.MethodHead}).Draw(t, "method")
	if query = rapid.Permutation(query).Draw(t, "query"); len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	changes = append(changes, header("Accept-Encoding", encoding))
	return func(h http.Handler) *httptest.ResponseRecorder {
		return send(a.test, h, method, path, changes...)
	}
}

func (a *asking) value(t *rapid.T, p *dialect.Param) string {
	if len(p.Enum) > 0 {
		return rapid.SampledFrom(p.Enum).Draw(t, p.Name)
	}
	switch p.Type {
	case dialect.Integer, dialect.Integers:
		return rapid.SampledFrom([]string{"1", "2", "5"}).Draw(t, p.Name)
	case dialect.Boolean:
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, p.Name)
	case dialect.DateTime:
		return "2024-01-01T00:00:00Z"
	case dialect.UUID:
		return rapid.SampledFrom(a.users).Draw(t, p.Name)
	default:
		return rapid.SampledFrom(append([]string{"a", p.Example}, a.users...)).Draw(t, p.Name)
	}
}

// newAsking returns requests to the demo organization of a service.
func newAsking(t *testing.T, service *directory.Service, secret string) *asking {
	t.Helper()
	return &asking{
		test:     t,
		dialects: all.Dialects(), users: []string{someUser(t, service).String(), roster.ID{15: 1}.String()},
		secrets: []string{
			secret, secretOf(t, service, "users", roster.UsersRead),
			secretOf(t, service, "more", roster.UsersRead, roster.MetadataRead),
		},
	}
}

// A tag counts with every server that has the version as it was made, and with no other.
func TestTagsOfSeveralServers(t *testing.T) {
	newOne := func(wait time.Duration, change func(*server.Config)) (s *stand, secret string) {
		s = newStand(t, func(c *server.Config) {
			c.Epoch, c.SharedTags, c.CacheBytes = fmt.Sprint(wait), true, 1<<20
			if change != nil {
				change(c)
			}
		}, all.Dialects()...)
		secret = s.token(t, "account", func(token *roster.Token) {
			token.Permissions = roster.Permissions{roster.Everything}
		})
		if _, err := s.service.View(t.Context(), s.org); err != nil {
			t.Fatal(err)
		}
		s.clock.advance(wait)
		s.create(t, &roster.User{Name: "Bob", Email: "bob@example.com"})
		return s, secret
	}
	s, secret := newOne(0, nil)
	config := s.Config
	config.Epoch = "another process"
	other, err := server.New(config)
	if err != nil {
		t.Fatal(err)
	}
	config.Epoch, config.SharedTags = "a third one", false
	unlike, err := server.New(config)
	if err != nil {
		t.Fatal(err)
	}
	tag := func(at *server.Server, query, secret string) string {
		t.Helper()
		w := send(t, at.Handler(), http.MethodGet, "/api/v1/users"+query, bearer(secret))
		wantStatus(t, query, w, http.StatusOK)
		return w.Header().Get("Etag")
	}
	base := tag(s.Server, "", secret)
	if got := tag(other, "", secret); got != base {
		t.Errorf("another server has the tag %s, not %s", got, base)
	}
	w := send(t, other.Handler(), http.MethodGet, "/api/v1/users", bearer(secret), header("If-None-Match", base))
	wantStatus(t, "the tag of another server", w, http.StatusNotModified)
	// A store that was set back: the same version is another one, which was made later.
	later, secretThere := newOne(time.Millisecond, func(c *server.Config) { c.Epoch = s.Epoch })
	tags := []string{base, tag(later.Server, "", secretThere), tag(unlike, "", secret)}
	// The past may lack people who were erased since.
	present, err := s.service.View(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	past := fmt.Sprintf("?as_of=%d", present.Version()-1)
	tags = append(tags, tag(s.Server, past, secret), tag(other, past, secret))
	s.service.Evict(s.org) // what is loaded from a store that nobody else has does not know when it was made
	tags = append(tags, tag(s.Server, "", secret), tag(other, "", secret))
	if different := slices.Compact(slices.Sorted(slices.Values(tags))); len(different) != len(tags) {
		t.Errorf("got only %d different tags: %v", len(different), tags)
	}
}

// Answers with the same tag are the same, but for the request's id.
func TestSameTagSameBody(t *testing.T) {
	service, secret := populated(t, 200)
	a, h, user := newAsking(t, service, secret), unlimited(t, service, nil), someUser(t, service)
	known, same, changed := map[string]string{}, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		ask := a.one(rt)
		for range 2 {
			w := ask(h)
			tag := w.Header().Get("Etag")
			if tag == "" || w.Body.Len() == 0 {
				continue
			}
			body := plainBody(t, w)
			if before, ok := known[tag]; ok {
				same++
				if diff := cmp.Diff(before, body); diff != "" {
					rt.Fatalf("the tag %s has another body (-before +now):\n%s", tag, diff)
				}
			}
			known[tag] = body
		}
		if rapid.IntRange(0, 5).Draw(rt, "write") == 0 {
			changed++
			touchUser(t, service, user, fmt.Sprintf("Changed %d", changed))
		}
	})
	if len(known) < 10 || same == 0 || changed == 0 {
		t.Errorf("got %d tags, %d of them again, after %d changes: too little to tell", len(known), same, changed)
	}
}

// plainBody returns a response's headers and body, decoded and without what only this request has.
func plainBody(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	body := decode(t, w.Header().Get("Content-Encoding"), w.Body.Bytes())
	body = strings.ReplaceAll(body, w.Header().Get("X-Request-Id"), "REQUEST")
	for _, name := range []string{"Content-Type", "Link", "X-Total-Count", "Cache-Control"} {
		body += "\n" + name + ": " + strings.Join(w.Header().Values(name), ", ")
	}
	return body
}
