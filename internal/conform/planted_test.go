package conform_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/conform"
	"github.com/roster-dev/roster/internal/dialect"
)

// proxy stands between who asks and the server.
type proxy func(r *http.Request, send func(*http.Request) *answered) *answered

// answered is an answer that a proxy can change.
type answered struct {
	*http.Response

	body []byte
}

func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	var failed error
	a := p(r, func(r *http.Request) *answered {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			failed = err
			return &answered{Response: &http.Response{Header: http.Header{}}}
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		failed = err
		return &answered{response, body}
	})
	a.Body = io.NopCloser(bytes.NewReader(a.body))
	return a.Response, failed
}

// change has the body of every answer to what succeeds changed.
func change(f func(v any) any) proxy {
	return func(r *http.Request, send func(*http.Request) *answered) *answered {
		a := send(r)
		var v any
		decoder := json.NewDecoder(bytes.NewReader(a.body))
		decoder.UseNumber()
		if a.StatusCode != http.StatusOK || decoder.Decode(&v) != nil {
			return a
		}
		a.body, _ = json.Marshal(f(v))
		return a
	}
}

// users has every user in an answer changed.
func users(f func(u map[string]any)) proxy {
	return change(func(v any) any {
		for _, u := range listOf(v) {
			if u, ok := u.(map[string]any); ok {
				f(u)
			}
		}
		return v
	})
}

// listOf returns the list in an answer.
func listOf(v any) []any {
	if object, ok := v.(map[string]any); ok {
		v = object["data"]
	}
	list, _ := v.([]any)
	return list
}

// question changes the query of each request.
func question(f func(q url.Values)) proxy {
	return func(r *http.Request, send func(*http.Request) *answered) *answered {
		other := r.Clone(r.Context())
		q := other.URL.Query()
		f(q)
		other.URL.RawQuery = q.Encode()
		return send(other)
	}
}

// whole changes each answer.
func whole(f func(a *answered)) proxy {
	return func(r *http.Request, send func(*http.Request) *answered) *answered {
		a := send(r)
		f(a)
		return a
	}
}

// chain puts proxies one behind the other.
func chain(proxies ...proxy) proxy {
	return func(r *http.Request, send func(*http.Request) *answered) *answered {
		for _, p := range proxies {
			next := send
			send = func(r *http.Request) *answered { return p(r, next) }
		}
		return send(r)
	}
}

// plant is what a proxy does to a dialect, and what the report must say of it: against, where, want, got.
type plant struct {
	dialect string
	proxy   proxy
	want    []string
}

// planted are differences. Those that leave the answers readable are made at once.
func planted() []plant {
	return []plant{
		{
			"kaiten", chain(
				users(func(u map[string]any) { delete(u, "locked") }),
				users(func(u map[string]any) { u["created"] = "2026-11-22" }),
				whole(func(a *answered) {
					if a.Header.Del("X-RateLimit-Limit"); a.StatusCode == http.StatusUnauthorized {
						a.body = []byte("Unauthorized")
					}
				}),
				question(func(q url.Values) {
					if n, _ := strconv.Atoi(q.Get("offset")); n > 0 {
						q.Set("offset", strconv.Itoa(n+1))
					}
				}),
			), []string{
				"page | body of 200: [].locked | boolean | no such member",
				"page | body of 200: [].created | string (date-time) | string of another form",
				"contract | header X-RateLimit-Limit of 200 | a value | no such header",
				`page | body of 401 | "Invalid token" | another text`,
				"page | paging | the records of larger pages in the same order | others",
			},
		},
		{
			"kaiten", question(func(q url.Values) { q.Del("offset") }),
			[]string{"page | paging | nothing after the last page | records"},
		},
		{
			"sixeye", chain(
				change(func(v any) any {
					if meta, ok := v.(map[string]any)["meta"].(map[string]any); ok {
						meta["total"] = 7
					}
					if u, ok := v.(map[string]any)["data"].(map[string]any); ok {
						u["attributes"].(map[string]any)["email"] = "another@example.com"
					}
					return v
				}),
				users(func(u map[string]any) { u["attributes"].(map[string]any)["lastName"] = nil }),
				users(func(u map[string]any) { delete(u, "type") }),
			), []string{
				"page | body of 200: data[].attributes.lastName | string | null",
				"page | body of 200: data[].type | string | no such member",
				"contract | the number of all records | that of the records on all pages | another number",
				"contract | a single record | the record as the list has it | another",
			},
		},
		{
			"sixeye", whole(func(a *answered) {
				a.body = []byte("<html>")
				a.Header.Set("Content-Type", "text/html")
			}),
			[]string{"page | body of 200 | application/vnd.api+json | text/html"},
		},
		{
			"d3lay", chain(
				users(func(u map[string]any) { u["user_type"], u["status"] = 1, "frozen" }),
				whole(func(a *answered) {
					if a.Header.Get("X-Total-Count") != "" {
						a.Header.Set("X-Total-Count", "many")
					}
				}),
			), []string{
				"page | body of 200: [].user_type | string | number",
				`page | body of 200: [].status | one of active, onboarding, inactive, suspended, risky | "frozen"`,
				"contract | header X-Total-Count of 200 | an integer | something else",
			},
		},
		{
			"d3lay", question(func(q url.Values) {
				if q.Get("page") == "2" {
					q.Set("page", "1")
				}
			}),
			[]string{"contract | the list | each record once | records that came before"},
		},
		{
			"flxpoint", chain(
				users(func(u map[string]any) { u["phone"] = "1" }),
				change(func(v any) any { slices.Reverse(listOf(v)); return v }),
				whole(func(a *answered) {
					if a.StatusCode == http.StatusBadRequest {
						a.StatusCode = http.StatusInternalServerError
					}
				}),
			), []string{
				"page | body of 200: [].phone | no such member | string",
				"contract | the order | records by id, ascending | another order",
				"contract | ids=? | status 400 | status 500",
			},
		},
		{
			"flxpoint", func(r *http.Request, send func(*http.Request) *answered) *answered {
				a := send(r)
				if r.URL.Query().Get("emails") != "" && a.StatusCode == http.StatusOK {
					a.body = []byte("[]")
				}
				return a
			},
			[]string{"page | the filter emails | all records that fit | not all of them"},
		},
		{
			"flxpoint", change(func(v any) any { return map[string]any{"items": v} }),
			[]string{"page | body of 200 | array of User | object"},
		},
		{
			"flxpoint", whole(func(a *answered) { a.body = a.body[:len(a.body)/2] }),
			[]string{"page | body of 200 | JSON | something else"},
		},
		{
			"flxpoint", question(func(q url.Values) { q.Del("ids") }),
			[]string{"page | the filter ids | records that fit | others as well", "contract | ids=? | status 400 | status 200"},
		},
	}
}

// Each difference that is planted is found, and said as it is.
func TestPlanted(t *testing.T) {
	t.Parallel()
	servers := emulated(t, roster.Documented, "flxpoint", "kaiten", "sixeye", "d3lay")
	for _, plant := range planted() {
		o := servers[plant.dialect]
		o.Dialect, o.Transport = only(o.Dialect, 2), plant.proxy
		report, err := conform.Run(t.Context(), o)
		if err != nil {
			t.Errorf("%q: %v", plant.want, err)
			continue
		}
		got := lines(report)
		for _, want := range plant.want {
			if !slices.Contains(got, want) {
				t.Errorf("the report lacks %q:\n%s", want, strings.Join(got, "\n"))
			}
		}
	}
}

// only returns a dialect with the first operations of it, and no golden cases: what is planted shows without.
func only(d *dialect.Dialect, endpoints int) *dialect.Dialect {
	some := *d
	some.Endpoints, some.Golden = d.Endpoints[:min(endpoints, len(d.Endpoints))], nil
	return &some
}

func lines(r *conform.Report) []string {
	var list []string
	for _, d := range r.Differences {
		list = append(list, strings.Join([]string{string(d.Against), d.Where, d.Want, d.Got}, " | "))
	}
	return list
}

// A server that does not look at parameters is found for each of them, and so is one that looks whether they are right
// and then does nothing with them.
func TestIgnoredParameters(t *testing.T) {
	t.Parallel()
	for name, o := range emulated(t, roster.Documented) {
		e := &o.Dialect.Endpoints[0]
		dropAll := func(q url.Values) {
			for i := range e.Params {
				drop(q, &e.Params[i])
			}
		}
		var every, effective []string
		for _, p := range e.Params {
			if p.In == dialect.Query && p.Name != "only_records_count" {
				every = append(every, p.Name)
			}
		}
		for _, f := range e.Laws.Filters {
			if f.Contract == roster.Live {
				continue // its members are not shown
			}
			effective = append(effective, f.Param)
		}
		for _, o := range e.Laws.Orders {
			effective = append(effective, o.Query)
		}
		o.Dialect = only(o.Dialect, 1)
		o.Transport = question(dropAll)
		ignored(t, name, o, every)
		o.Transport = proxy(func(r *http.Request, send func(*http.Request) *answered) *answered {
			a := send(r)
			if a.StatusCode != http.StatusOK {
				return a
			}
			return question(dropAll)(r, send)
		})
		ignored(t, name, o, effective)
	}
}

// ignored fails where the report does not tell of each of what is ignored.
func ignored(t *testing.T, name string, o conform.Options, all []string) {
	t.Helper()
	report, err := conform.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if !slices.ContainsFunc(report.Differences, func(d conform.Difference) bool { return strings.Contains(d.Where, one) }) {
			t.Errorf("%s: that %s is ignored is not found:\n%s", name, one, strings.Join(lines(report), "\n"))
		}
	}
}

// drop takes a parameter out of a query.
func drop(q url.Values, p *dialect.Param) {
	for _, name := range append([]string{p.Name}, p.Aliases...) {
		delete(q, name)
		delete(q, name+"[]")
	}
}

// What the credential may not do is no difference, and is told.
func TestForbidden(t *testing.T) {
	t.Parallel()
	o := emulated(t, roster.Documented, "flxpoint")["flxpoint"]
	o.Transport = proxy(func(r *http.Request, send func(*http.Request) *answered) *answered {
		a := send(r)
		if r.URL.Path == "/account" || r.URL.Query().Has("emails") {
			a.StatusCode, a.body = http.StatusForbidden, []byte(`{"message":"no"}`)
		}
		return a
	})
	report, err := conform.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(report.Differences, func(d conform.Difference) bool { return d.Want == "status 200" }) {
		t.Errorf("there are differences: %+v", report.Differences)
	}
	want := "getAccount was not tried: it is answered with the status 403, the credential may not ask it"
	if !slices.Contains(report.Notes, want) || len(report.Notes) < 5 {
		t.Errorf("got %q, want more than 5 notes, among them %q", report.Notes, want)
	}
}

// A server that asks to wait is asked again after that time, and not faster than it is documented to allow.
func TestWaits(t *testing.T) {
	t.Parallel()
	o := emulated(t, roster.Documented, "flxpoint")["flxpoint"]
	begun, requests := o.Now(), 0
	o.Transport = proxy(func(r *http.Request, send func(*http.Request) *answered) *answered {
		a := send(r)
		if requests++; requests%10 == 0 && a.StatusCode == http.StatusOK {
			a.StatusCode, a.body = http.StatusTooManyRequests, []byte(`{"message":"Too Many Requests"}`)
			a.Header.Set("Retry-After", "30")
		}
		return a
	})
	report, err := conform.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]conform.Difference{}, report.Differences); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	least := float64(requests)/o.Dialect.Limit.Rate + 28*float64(requests/20)
	if took := o.Now().Sub(begun).Seconds(); took < least || report.Requests != requests {
		t.Errorf("%d requests took %.0f s and %d are reported, want %.0f s at least", requests, took, report.Requests, least)
	}
}
