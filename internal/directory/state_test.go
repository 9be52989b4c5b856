package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// A command decided on a view has the same outcome as one decided on the store's own state: one of two services always
// has its view loaded, the other never.
func TestViewDecidesAsTheStoreDoes(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			unloaded := open(t)
			loaded, round := store.Store(memory.New()), 0
			rapid.Check(t, func(rt *rapid.T) {
				round++
				p := &pair{RT: rt, ctx: t.Context(), org: id(1_000_000 + round), loaded: newService(loaded), unloaded: newService(unloaded)}
				p.begin(fmt.Sprintf("org-%d", round), round)
				for range rapid.IntRange(1, 25).Draw(rt, "commands") {
					p.step()
				}
				want, got := content(rt, unloaded, p.org), content(rt, loaded, p.org)
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("the records differ (-unloaded +loaded):\n%s", diff)
				}
			})
		})
	}
}

// pair is two services that are to do the same.
type pair struct {
	RT               *rapid.T
	ctx              context.Context //nolint:containedctx // of one test
	org              roster.ID
	loaded, unloaded *directory.Service
}

func (p *pair) begin(slug string, number int) {
	for _, s := range []*directory.Service{p.loaded, p.unloaded} {
		org := roster.Organization{ID: p.org, Number: int64(number), Slug: slug, Name: slug}
		if _, err := s.CreateOrg(p.ctx, roster.Operator(), org); err != nil {
			p.RT.Fatal(err)
		}
		for _, c := range []roster.Command{
			p.create(roster.TypeGroup, `{"name":"One"}`), p.create(roster.TypeGroup, `{"name":"Two","permissions":5}`),
			p.create(roster.TypeSpace, `{"title":"One"}`),
			p.create(roster.TypeRole, `{"name":"Lead","handle":"lead","counts_as":"admin"}`),
		} {
			if _, err := s.Do(p.ctx, p.org, roster.Operator(), c); err != nil {
				p.RT.Fatal(err)
			}
		}
	}
}

func (p *pair) create(t roster.Type, doc string) roster.Command {
	record, err := roster.ParseEntity(t, []byte(doc))
	if err != nil {
		p.RT.Fatalf("%s: %v", doc, err)
	}
	return roster.Create{Record: record}
}

// step gives both services the same commands and holds what they do against each other.
func (p *pair) step() {
	var cmds []roster.Command
	for range rapid.IntRange(1, 3).Draw(p.RT, "at once") {
		cmds = append(cmds, p.command())
	}
	if _, err := p.loaded.View(p.ctx, p.org); err != nil {
		p.RT.Fatal(err)
	}
	p.unloaded.Evict(p.org)
	got, gotErr := p.loaded.Do(p.ctx, p.org, roster.Operator(), cmds...)
	want, wantErr := p.unloaded.Do(p.ctx, p.org, roster.Operator(), cmds...)
	describe := func(c roster.Change, err error) map[string]any {
		if err != nil {
			e := roster.AsError(err)
			return map[string]any{"code": e.Code, "field": e.Field}
		}
		return map[string]any{"version": c.Version, "ops": opDocs(p.RT, c)}
	}
	if diff := cmp.Diff(describe(want, wantErr), describe(got, gotErr)); diff != "" {
		p.RT.Fatalf("%s: unloaded: %v, loaded: %v (-unloaded +loaded):\n%s", text(cmds), wantErr, gotErr, diff)
	}
}

func text(cmds []roster.Command) string {
	var s string
	for _, c := range cmds {
		doc, _ := json.Marshal(c)
		s += fmt.Sprintf("%T %s ", c, doc)
	}
	return s
}

// opDocs returns the ops of a change without their order, which is that of the records in the state.
func opDocs(t *rapid.T, change roster.Change) []string {
	var docs []string
	for _, op := range change.Ops {
		doc, err := json.Marshal(op)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, string(doc))
	}
	slices.Sort(docs)
	return docs
}

func content(t *rapid.T, s store.Store, org roster.ID) []string {
	var docs []string
	_, err := s.Load(context.Background(), org, func(e roster.Entity) error {
		doc, err := roster.EncodeEntity(e)
		docs = append(docs, string(doc))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// command draws a command. Names, addresses and numbers are few, so that records meet.
func (p *pair) command() roster.Command {
	switch draw(p, "command", "create", "create", "update", "update", "delete", "import", "other", "token", "invite", "org") {
	case "create":
		return p.create(roster.TypeUser, p.doc(userMembers(), "name", "email"))
	case "update":
		return roster.Update{Type: roster.TypeUser, Ref: p.ref(), Patch: []byte(p.doc(userMembers()))}
	case "delete":
		return roster.Delete{Type: roster.TypeUser, Ref: p.ref()}
	case "import":
		return p.importing()
	case "other":
		return p.other()
	case "token":
		return p.token()
	case "invite":
		return p.invite()
	default:
		return roster.Update{Type: roster.TypeOrganization, Patch: []byte(p.doc([]member{
			{"name", []string{`"One"`, `"Two"`, `""`}},
			{"brand_name", []string{`"Brand"`, `null`}},
			{"number", []string{`5`}},
			{"contracts", []string{`{"kaiten":"live"}`, `null`}},
			{"limits", []string{`{"d3lay":{"rate":1,"burst":2}}`}},
		}))}
	}
}

type member struct {
	name   string
	values []string
}

func userMembers() []member {
	return []member{
		{"name", []string{`"Ann"`, `"Zoë Straße"`, `"Bob"`}},
		{"email", []string{`"ann@x.example"`, `"ANN@x.example"`, `"bob@x.example"`, `"straße@x.example"`, `"d@x.example"`}},
		{"identifier", []string{`"ann"`, `"Ann"`, `"bob"`, `"ﬁ"`, `"straße"`}},
		{"first_name", []string{`"A"`, `null`}},
		{"kind", []string{`"virtual"`, `"api_client"`}},
		{"status", []string{`"active"`, `"deactivated"`, `"invited"`}},
		{"owner", []string{`true`, `true`, `false`}},
		{"role", []string{`"admin"`, `"lead"`, `"nothing"`, `null`}},
		{"number", []string{`1`, `3`, `9`, `70000`}},
		{"groups", []string{`[1]`, `[2,1]`, `[]`, `[3]`}},
		{"spaces", []string{`[{"number":1,"role":"reader"}]`, `[{"number":2,"role":"writer"}]`, `null`}},
		{"default_space", []string{`1`, `2`}},
		{"own_permissions", []string{`3`, `0`}},
		{"apps_access", []string{`0`, `6`}},
		{"takes_licence", []string{`true`, `false`}},
		{"whitelisted_ips", []string{`["192.0.2.1","2001:db8::/32"]`, `[]`}},
		{"notification_channels", []string{`["email"]`, `null`}},
		{"email_settings", []string{`{"b":1, "a": [1.50, "ü"]}`, `{}`, `null`}},
		{"slack", []string{`{"id":7,"settings":{"x":true}}`, `null`}},
		{"last_login_at", []string{`"2026-01-02T03:04:05.678Z"`, `null`}},
		{"source", []string{`{"system":"x","external_id":"1"}`}},
		{"minutes_of_activity", []string{`12`, `-1`}},
	}
}

// doc draws a JSON object of some of the members, always with those that must be there.
func (p *pair) doc(members []member, must ...string) string {
	parts := map[string]json.RawMessage{}
	for _, m := range members {
		if slices.Contains(must, m.name) || rapid.IntRange(0, 3).Draw(p.RT, m.name+"?") == 0 {
			parts[m.name] = json.RawMessage(rapid.SampledFrom(m.values).Draw(p.RT, m.name))
		}
	}
	doc, err := json.Marshal(parts)
	if err != nil {
		p.RT.Fatal(err)
	}
	return string(doc)
}

func (p *pair) ref() roster.Ref {
	refs := []roster.Ref{
		{Email: "ANN@x.example"},
		{Email: "bob@x.example"},
		{Identifier: "ann"},
		{Identifier: "STRASSE"},
		{Number: 1},
		{Number: 2},
		{Number: 3},
		{ID: id(8)},
		{ID: id(9)},
		{ID: id(10)},
		{Number: -1},
		{},
	}
	return rapid.SampledFrom(refs).Draw(p.RT, "ref")
}

func (p *pair) importing() roster.Command {
	doc := p.doc(append(userMembers(), member{"id", []string{
		`"` + id(8).String() + `"`, `"` + id(5000).String() + `"`,
	}}, member{"created_at", []string{`"2020-01-01T00:00:00Z"`}}), "name", "email")
	record, err := roster.ParseEntity(roster.TypeUser, []byte(doc))
	if err != nil {
		p.RT.Fatal(err)
	}
	modes := []roster.OnConflict{roster.OnConflictFail, roster.OnConflictSkip, roster.OnConflictUpdate}
	c := roster.Import{Record: record, OnConflict: rapid.SampledFrom(modes).Draw(p.RT, "on conflict")}
	if rapid.Bool().Draw(p.RT, "patch") {
		c.Patch = []byte(doc)
	}
	return c
}

func (p *pair) other() roster.Command {
	ref := roster.Ref{Number: rapid.Int64Range(1, 5).Draw(p.RT, "number")}
	t := rapid.SampledFrom([]roster.Type{roster.TypeGroup, roster.TypeSpace, roster.TypeRole}).Draw(p.RT, "type")
	name := map[roster.Type]string{roster.TypeSpace: "title"}[t]
	if name == "" {
		name = "name"
	}
	switch draw(p, "how", "create", "update", "delete") {
	case "create":
		members := []member{{name, []string{`"One"`, `"Three"`}}, {"number", []string{`1`, `8`}}}
		if t == roster.TypeRole {
			return p.create(t, p.doc(append(members, member{"handle", []string{`"lead"`, `"boss"`, `"Boss"`}},
				member{"counts_as", []string{`"admin"`, `"support"`}}), name, "handle", "counts_as"))
		}
		return p.create(t, p.doc(members, name))
	case "update":
		if t == roster.TypeRole && rapid.Bool().Draw(p.RT, "by handle") {
			ref = roster.Ref{Identifier: "lead"}
		}
		return roster.Update{Type: t, Ref: ref, Patch: []byte(p.doc([]member{{name, []string{`"Four"`, `null`}}}))}
	default:
		return roster.Delete{Type: t, Ref: ref}
	}
}

func (p *pair) token() roster.Command {
	token := id(rapid.IntRange(8, 14).Draw(p.RT, "token"))
	switch draw(p, "how", "create", "create", "revoke", "delete") {
	case "create":
		return roster.Create{Record: &roster.Token{
			ID: token, Name: "t", Kind: roster.TokenAccount, Hash: roster.HashSecret(draw(p, "secret", "1", "2")),
			ActsAs: rapid.SampledFrom([]roster.ID{{}, id(8), id(9), id(10)}).Draw(p.RT, "acts as"),
		}}
	case "revoke":
		return roster.Revoke{Token: token}
	default:
		return roster.Delete{Type: roster.TypeToken, Ref: roster.Ref{ID: token}}
	}
}

func (p *pair) invite() roster.Command {
	hash := roster.HashSecret(draw(p, "secret", "3", "4"))
	switch draw(p, "how", "new", "again", "accept") {
	case "new":
		email := draw(p, "email", "ann@x.example", "eve@x.example")
		return roster.Invite{User: &roster.User{Name: "Eve", Email: email}, Hash: hash, ExpiresAt: now + 1000}
	case "again":
		user := id(rapid.IntRange(8, 14).Draw(p.RT, "user"))
		return roster.Invite{User: &roster.User{ID: user}, Hash: hash, ExpiresAt: now + 1000}
	default:
		return roster.Accept{Hash: hash}
	}
}

func draw(p *pair, label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(p.RT, label)
}

// A rehearsal has the outcomes of the commands themselves, later ones on top of earlier ones, and leaves no trace.
func TestRehearse(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			rehearsal, err := service.Rehearse(t.Context(), org, roster.Operator())
			if err != nil {
				t.Fatal(err)
			}
			batches := [][]roster.Command{
				{createUser("ann"), createUser("ann"), createUser("bob")},
				{createUser("ann"), roster.Delete{Type: roster.TypeUser, Ref: byEmail("ann")}, createUser("ann")},
			}
			codes := func(outcomes []roster.Outcome, err error) (list []roster.Code) {
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range outcomes {
					list = append(list, roster.CodeOf(o.Err))
				}
				return list
			}
			var rehearsed, done [][]roster.Code
			for _, batch := range batches {
				rehearsed = append(rehearsed, codes(rehearsal.DoEach(batch)))
			}
			wantVersions(t, service, org, 1)
			wantNames(t, view(t, service, org))
			for _, batch := range batches {
				dry := codes(service.DryRun(t.Context(), org, roster.Operator(), batch))
				done = append(done, codes(service.DoEach(t.Context(), org, roster.Operator(), batch)))
				if diff := cmp.Diff(done[len(done)-1], dry); diff != "" {
					t.Errorf("a dry run (-done +dry):\n%s", diff)
				}
			}
			if diff := cmp.Diff(done, rehearsed); diff != "" {
				t.Errorf("a rehearsal (-done +rehearsed):\n%s", diff)
			}
			wantNames(t, view(t, service, org), "bob", "ann")
			_, err = service.Rehearse(t.Context(), id(77), roster.Operator())
			wantCode(t, "of no organization", err, roster.NotFound)
		})
	}
}
