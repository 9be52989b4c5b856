package record_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/dialect/golden"
	"github.com/roster-dev/roster/internal/record"
)

// vendor answers one answer.
type vendor struct {
	status int
	header http.Header
	body   string
}

func (v vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: http.StatusText(v.status), StatusCode: v.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: v.header.Clone(), Body: io.NopCloser(strings.NewReader(v.body)), ContentLength: -1, Request: r,
	}, nil
}

// recorded is what stands in a folder: the sections of each file.
func recorded(t interface{ Fatal(...any) }, dir string) map[string]string {
	sections := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			sections[filepath.Base(file)+" "+f.Name] = string(f.Data)
		}
	}
	return sections
}

func newRecorder(
	t interface{ Fatal(...any) }, d *dialect.Dialect, contract roster.Contract, dir string, v http.RoundTripper,
) *record.Recorder {
	r, err := record.New(record.Options{
		Dialect: d, Contract: contract, Upstream: &url.URL{Scheme: "https", Host: "zqcompany.example", Path: "/base"},
		Dir: dir, Shift: -1000 * time.Hour, Transport: v,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ask(h http.Handler, target string, header http.Header) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	r.Header = header
	h.ServeHTTP(w, r)
	return w
}

// A session is written as cases that can be asked again; ids, names and addresses are the same in all of it.
func TestRecord(t *testing.T) {
	t.Parallel()
	const id = "465acd55-6e48-4297-839f-bc0f7d70020b"
	one := `{"id":"` + id + `","type":"users","attributes":{"firstName":"Joe","lastName":"Joe","email":"joe@corp.example",` +
		`"phoneNumber":"+1 234 567 890","suspended":false,"lastLoginTime":"2023-03-08T10:18:38.501+00:00",` +
		`"lastActionTime":null,"twoFactorEnabled":true,"tenantAdmin":false,"nickName":"Joey"}}`
	dir, d := filepath.Join(t.TempDir(), "new"), all.ByName("sixeye")
	header := http.Header{"Content-Type": {"application/vnd.api+json; charset=utf-8"}, "Set-Cookie": {"a=b"}}
	answers := map[string]vendor{
		"/base/users":        {200, header, `{"data":[` + one + `]}`},
		"/base/users/" + id:  {200, header, `{"data":` + one + `}`},
		"/base/users/joe":    {404, header, `{"errors":[{"title":"Record not found","detail":"joe is not recognized"}]}`},
		"/base/projects/joe": {502, http.Header{"Content-Type": {"text/html"}}, "<html>Joe is down</html>"},
	}
	recorder := newRecorder(t, d, roster.Live, dir, transport(func(r *http.Request) vendor { return answers[r.URL.Path] }))
	server := recorder.Handler()
	bearer := http.Header{"Authorization": {"Bearer secret"}, "Accept": {"application/json"}}
	for _, target := range []string{
		"/users?page%5Bsize%5D=5&sort=-email&filter%5Bemail%5D=joe@corp.example&session=secret", "/users/" + id,
		"/users/" + id, "/users/joe", "/projects/joe",
	} {
		w, v := ask(server, target, bearer), answers["/base"+strings.SplitN(target, "?", 2)[0]]
		if w.Code != v.status || w.Body.String() != v.body {
			t.Errorf("%s: got %d, %s, want what the vendor answers", target, w.Code, w.Body)
		}
	}
	const masked = "00000000-0000-4000-8000-000000000001"
	want := map[string]string{
		"live-listUsers.txtar 001/request": "GET /users?filter%5Bemail%5D=user1%40example.com&page%5Bsize%5D=5&sort=-email&unknown=x\n" +
			"Authorization: Bearer {account}\n",
		"live-getUser.txtar 002/request":    "GET /users/" + masked + "\nAuthorization: Bearer {account}\n",
		"live-getUser.txtar 003/request":    "GET /users/Text%201\nAuthorization: Bearer {account}\n",
		"live-elsewhere.txtar 004/request":  "GET /x/x\nAuthorization: Bearer {account}\n",
		"live-elsewhere.txtar 004/response": "502\nContent-Type: text/html\n\n<html>x is x</html>\n",
	}
	got := recorded(t, dir)
	for name, text := range want {
		if diff := gocmp.Diff(text, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, want := range []string{
		`"id": "` + masked, `"email": "user1@example.com"`, `"firstName": "Text 1"`, `"lastName": "Text 1"`, `"type": "users"`,
		`"lastLoginTime": "2023-01-25T18:18:38.501+00:00"`, `"nickName": "Text`, `"suspended": false`, `"phoneNumber": "+1"`,
	} {
		for _, name := range []string{"live-listUsers.txtar 001/response", "live-getUser.txtar 002/response"} {
			if !strings.Contains(got[name], want) {
				t.Errorf("%s lacks %s:\n%s", name, want, got[name])
			}
		}
	}
	if failure := got["live-getUser.txtar 003/response"]; !strings.Contains(failure, `"detail": "x is not recognized"`) {
		t.Errorf("got %s, want the words that the tables know", failure)
	}
	if written, skipped, err := recorder.Cases(); written != 4 || skipped != 0 || err != nil {
		t.Errorf("got %d, %d, %v, want 4 cases", written, skipped, err)
	}
}

// transport answers as a function says.
type transport func(r *http.Request) vendor

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r).RoundTrip(r) }

// secrets are what nothing may be left of. They are nothing that the tables could know.
func secrets() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`Zq[a-z]{6}`),
		rapid.StringMatching(`Zq[a-z]{6} Zq[a-zżółć]{7}`),
		rapid.StringMatching(`zq[a-z]{5}@zq[a-z]{5}\.example`),
		rapid.StringMatching(`\+48 9[0-9]{8}`),
		rapid.StringMatching(`9[0-9]{8}`),
		rapid.StringMatching(`rst_zq[A-Za-z0-9]{24}`),
		rapid.StringMatching(`9[0-9a-f]{7}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}`),
		rapid.StringMatching(`https://zq[a-z]{6}\.example/zq[a-z]{5}\?zq=zq[a-z]{4}`),
	)
}

// planted puts secrets into a value of JSON: in the place of texts and of the ids of records, and as members that are not
// documented.
func planted(t *rapid.T, name string, v any, secret func() string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = planted(t, name, v[i], secret)
		}
	case map[string]any:
		for name := range v {
			v[name] = planted(t, name, v[name], secret)
		}
		if rapid.Bool().Draw(t, "another member") {
			v["undocumented"] = map[string]any{secret(): []any{secret(), json.Number("987654321")}}
		}
	case string:
		if rapid.Bool().Draw(t, "a text") {
			return secret()
		}
	case json.Number:
		if name == "id" || strings.HasSuffix(name, "_id") {
			return json.Number("987654321")
		}
	}
	return v
}

// Nothing of what a vendor has of people, and nothing of what a client shows of itself, is in what is written, and it
// has the shape of what was there.
func TestNothingOfAnybodyIsWritten(t *testing.T) {
	t.Parallel()
	root, turns := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		turns++
		dir := filepath.Join(root, strconv.Itoa(turns))
		d := rapid.SampledFrom(all.Dialects()[:5]).Draw(t, "dialect")
		e := &d.Endpoints[rapid.IntRange(0, len(d.Endpoints)-1).Draw(t, "operation")]
		row := rapid.SampledFrom(e.Returns).Draw(t, "answer")
		used := []string{"987654321", "zqcompany"}
		secret := func() string {
			s := secrets().Draw(t, "secret")
			used = append(used, s)
			return s
		}
		body := row.Example
		if value, ok := decoded(row.Example); ok {
			encoded, err := json.Marshal(planted(t, "", value, secret))
			if err != nil {
				t.Fatal(err)
			}
			body = string(encoded)
		}
		if rapid.Bool().Draw(t, "no JSON") {
			body = "<p>" + secret() + "</p> -- " + secret() + "\n-- x --\n"
		}
		h := newRecorder(t, d, cmp.Or(row.Contract, roster.Live), dir, vendor{row.Status, told(d, secret), body}).Handler()
		r := asked(e, secret)
		h.ServeHTTP(httptest.NewRecorder(), r)
		sections := recorded(t, dir)
		if len(sections) != 2 {
			t.Fatalf("got %v, want a request and a response", sections)
		}
		for name, text := range sections {
			for _, s := range used {
				if strings.Contains(strings.ToLower(name+text), strings.ToLower(s)) {
					t.Errorf("%s has %q:\n%s", name, s, text)
				}
			}
			if _, err := golden.Request(golden.Cut(text)); strings.HasSuffix(name, "/request") && err != nil {
				t.Errorf("%v:\n%s", err, text)
			}
			if strings.HasSuffix(name, "/response") {
				sameShape(t, row, body, text)
			}
		}
	})
}

// asked returns a request with secrets wherever a client can put them.
func asked(e *dialect.Endpoint, secret func() string) *http.Request {
	query := url.Values{secret(): {secret()}}
	path := e.Path
	header := http.Header{
		"Authorization": {"Bearer " + secret()}, "X-Api-Token": {secret()}, "Cookie": {secret()}, "User-Agent": {secret()},
		"Accept": {secret()}, "Signature": {secret()},
	}
	for _, p := range e.Params {
		switch p.In {
		case dialect.Path:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(secret()))
		case dialect.Header:
			header.Set(p.Name, secret())
		default:
			query.Set(p.Name, secret())
		}
	}
	body := strings.NewReader(`{"` + secret() + `":"` + secret() + `","email":"` + secret() + `"}`)
	r := httptest.NewRequest(e.Method, path+"?"+query.Encode(), body)
	r.Header = header
	return r
}

// told returns headers with secrets.
func told(d *dialect.Dialect, secret func() string) http.Header {
	h := http.Header{
		"Content-Type": {"application/json; boundary=" + url.PathEscape(secret())}, "Set-Cookie": {secret()}, "Etag": {secret()},
		"Link":             {`<https://zqcompany.example/base/users?page=2&zq=` + url.QueryEscape(secret()) + `>; rel="next"; title="` + secret() + `"`},
		"Www-Authenticate": {`Bearer realm="` + secret() + `"`}, "Location": {secret()}, "Allow": {"GET, " + secret()},
	}
	for _, documented := range d.Headers {
		if !documented.Integer && h.Get(documented.Name) == "" {
			h.Set(documented.Name, secret())
		}
	}
	return h
}

func decoded(text string) (value any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return value, text != "" && decoder.Decode(&value) == nil
}

// sameShape fails where what was recorded differs otherwise from what is documented than what was answered.
func sameShape(t *rapid.T, row dialect.Return, answered, section string) {
	_, body, _ := strings.Cut(section, "\n\n")
	before, ok := decoded(answered)
	if !ok || !json.Valid([]byte(answered)) || row.Body == nil || row.Status >= http.StatusBadRequest {
		return
	}
	after, ok := decoded(body)
	if !ok {
		t.Fatalf("what is recorded is not JSON:\n%s", body)
	}
	kinds := func(value any) map[string]string {
		paths := map[string]string{}
		for _, d := range dialect.NewShape(row.Body, row.Mark).Drifts(value) {
			if !strings.Contains(d.Path, "undocumented.") && !strings.HasPrefix(d.Want, "one of") {
				paths[d.Path] = d.Want
			}
		}
		return paths
	}
	if diff := gocmp.Diff(kinds(before), kinds(after)); diff != "" {
		t.Errorf("the shape is another (-answered +recorded):\n%s\n%s", diff, body)
	}
}
