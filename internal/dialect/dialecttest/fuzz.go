package dialecttest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
)

// Fuzz holds every endpoint of a dialect to what must be true for any query string and any path parameter, which is
// the body as well: nothing panics, what is refused is refused with a code that is not [roster.Internal], what is
// asked of the view is a valid query, and every body is valid JSON. The seeds are made from the tables of parameters.
func Fuzz(f *testing.F, d *dialect.Dialect) {
	f.Helper()
	added := map[string]bool{} // an input goes to every endpoint, whichever has the parameter
	for i := range d.Endpoints {
		for _, p := range d.Endpoints[i].Params {
			for _, value := range seeds(p) {
				query := url.QueryEscape(p.Name) + "=" + url.QueryEscape(value)
				if !added[query] {
					f.Add(query, Company.String())
				}
				added[query] = true
			}
		}
	}
	f.Add("a=%zz;b", "")
	f.Add("", `{"email":"a@example.com","name":"A","spaces":[{"number":1,"role":"reader"}]}`)
	var once sync.Once
	var w *World
	var view dialect.View
	f.Fuzz(func(t *testing.T, query, path string) {
		once.Do(func() { w, view = fixtureWorld(t, d) })
		for i := range d.Endpoints {
			for _, contract := range []roster.Contract{roster.Documented, roster.Live} {
				by := roster.Principal{Org: Company, Permissions: roster.Permissions{roster.Everything}}
				r := &dialect.Request{
					Endpoint: &d.Endpoints[i], ID: Other.String(), View: checkedView{view, t}, Contract: contract,
					Principal: by, Writer: rehearsal{w.Service, by}, History: ending{w.Service}, Body: []byte(path),
					Audit: auditing{w.Service}, Orgs: listing{w.Service}, Past: remembering{w.Service},
					Jobs: idle{}, Stream: strings.NewReader(path),
					Hooks:            hooking{w.Webhooks},
					NewSecret:        func() (string, error) { return roster.NewSecret(drawn{w}) },
					NewSigningSecret: func() (string, error) { return roster.NewWebhookSecret(drawn{w}) },
					URL:              &url.URL{Scheme: "http", Host: "roster.example", Path: "/", RawQuery: query},
					Header:           http.Header{},
				}
				try(t, d, r, path)
			}
		}
	})
}

func seeds(p dialect.Param) []string {
	values := []string{p.Example, p.Default, "", "-1", "9223372036854775807", "a,b", "[1]", "\x00\xff", "é"}
	return append(append(values, p.Enum...), strings.Join(p.Enum, ","))
}

func fixtureWorld(t *testing.T, d *dialect.Dialect) (*World, dialect.View) {
	t.Helper()
	w := NewWorld(t, roster.Documented, d)
	view, err := w.Service.View(t.Context(), Company)
	if err != nil {
		t.Fatal(err)
	}
	return w, view
}

// rehearsal is a writer that changes nothing, so that every input meets the same world.
type rehearsal struct {
	service *directory.Service
	by      roster.Principal
}

func (r rehearsal) Do(ctx context.Context, cmds ...roster.Command) (roster.Change, error) {
	outcomes, err := r.DryRun(ctx, cmds)
	var change roster.Change
	for _, o := range outcomes {
		if o.Err != nil {
			return roster.Change{}, o.Err
		}
		change.Ops = append(change.Ops, o.Ops...)
	}
	return change, err
}

func (r rehearsal) DoAll(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
	outcomes, err := r.DryRun(ctx, cmds)
	for i, o := range outcomes {
		if o.Err != nil {
			return nil, &roster.CommandError{Index: i, Err: o.Err}
		}
	}
	return outcomes, err
}

func (r rehearsal) DoEach(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
	return r.DryRun(ctx, cmds)
}

func (r rehearsal) DryRun(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error) {
	return r.service.DryRun(ctx, Company, r.by, cmds)
}

func (r rehearsal) TokenUses(ctx context.Context) (map[roster.ID]roster.Time, error) {
	return r.service.TokenUses(ctx, Company)
}

func (r rehearsal) View(ctx context.Context) (dialect.View, error) {
	return r.service.View(ctx, Company)
}

// auditing is the audit of a world as endpoints see it.
type auditing struct{ service *directory.Service }

// Entries implements [dialect.Audit].
func (a auditing) Entries(
	ctx context.Context, q roster.EntryQuery, fn func(e roster.Entry, ops []roster.Op) error,
) error {
	return a.service.Entries(ctx, Company, q, fn)
}

// CountEntries implements [dialect.Audit].
func (a auditing) CountEntries(ctx context.Context, q roster.EntryQuery) (int, error) {
	return a.service.CountEntries(ctx, Company, q)
}

// Verify implements [dialect.Audit].
func (a auditing) Verify(ctx context.Context) (roster.AuditReport, error) {
	return a.service.VerifyAudit(ctx, Company)
}

// listing has all organizations.
type listing struct{ service *directory.Service }

// List implements [dialect.Organizations].
func (l listing) List(ctx context.Context) ([]*roster.Organization, error) {
	return l.service.Orgs(ctx)
}

// Deleted implements [dialect.Organizations].
func (l listing) Deleted(ctx context.Context) ([]*roster.Organization, error) {
	return l.service.DeletedOrgs(ctx)
}

// checkedView fails a test that asks it for something invalid.
type checkedView struct {
	dialect.View
	t *testing.T
}

func (v checkedView) Users(q roster.Query) (roster.Page, error) {
	if err := q.Validate(); err != nil {
		v.t.Errorf("the query %+v is not valid: %v", q, err)
	}
	return v.View.Users(q)
}

func try(t *testing.T, d *dialect.Dialect, r *dialect.Request, path string) {
	t.Helper()
	err := r.Decode(r.URL.RawQuery, func(string) string { return path })
	var response dialect.Response
	if err == nil {
		response, err = r.Endpoint.Serve(t.Context(), r)
	}
	if err != nil {
		code := roster.CodeOf(err)
		if code == roster.Internal {
			t.Errorf("%s fails with an internal error: %v", r.Endpoint.ID, err)
		}
		response = d.Fail(dialect.Failure{Error: roster.AsError(err), Status: d.Status(code), Contract: r.Contract})
	}
	if response.Body == nil {
		return
	}
	var body bytes.Buffer
	if err := response.Body(&body); err != nil {
		t.Errorf("%s writes no body: %v", r.Endpoint.ID, err)
	}
	if !strings.HasPrefix(response.ContentType, "text/") && response.ContentType != "application/jsonl" &&
		!json.Valid(body.Bytes()) {
		t.Errorf("%s writes what is not JSON: %s", r.Endpoint.ID, body.Bytes())
	}
}
