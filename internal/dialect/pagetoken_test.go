package dialect

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
)

// versionView is an organization of which only the version is known.
type versionView struct {
	View
	version roster.Version
}

func (v versionView) Version() roster.Version { return v.version }

func pageKey(t *testing.T, seed byte) *PageKey {
	t.Helper()
	k, err := NewPageKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// pageRequest asks for a page of a list.
func pageRequest(t *testing.T, key *PageKey, query string) *Request {
	t.Helper()
	e := &Endpoint{
		Method: "GET", Path: "/users", ID: "listUsers", Window: &Window{Token: "page_token", Free: []string{"size"}},
		Params: []Param{
			{Name: "size", Type: Integer, Default: "10"},
			{Name: "page_token"},
			{Name: "name", Aliases: []string{"called"}},
			{Name: "order", Default: "number"},
			{Name: "tags", Type: Strings},
		},
	}
	r := &Request{
		Endpoint: e, PageKey: key, View: versionView{version: 300}, URL: &url.URL{Path: "/users", RawQuery: query},
		Principal: roster.Principal{Org: roster.MustParseID("0190a000-0000-7000-8000-000000000001")},
	}
	if err := r.Decode(query, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, key *PageKey, query, token string, changes ...func(*Request)) (PageToken, error) {
	t.Helper()
	r := pageRequest(t, key, strings.TrimPrefix(query+"&page_token="+token, "&"))
	r.View = versionView{version: 400} // there was a change since
	for _, change := range changes {
		change(r)
	}
	got, found, err := r.OpenPageToken()
	if found != (err == nil) {
		t.Errorf("found is %t with the error %v", found, err)
	}
	return got, err
}

func TestPageTokens(t *testing.T) {
	t.Parallel()
	key := pageKey(t, 1)
	other := func(id string) func(*Request) {
		return func(r *Request) { r.Principal.Org = roster.MustParseID(id) }
	}
	for _, tc := range []struct {
		name, made, opened string
		key                *PageKey
		change             func(*Request)
		code               roster.Code
		message            string
	}{
		{name: "the same query", made: "name=x&tags=a,b", opened: "tags=a,b&name=x"},
		{name: "another size", made: "size=1", opened: "size=2"},
		{name: "a later version to wait for", made: "", opened: "min_version=4"},
		{name: "another name of a parameter", made: "name=x", opened: "called=x"},
		{name: "a default in words", made: "", opened: "order=number"},
		{
			name: "another query", made: "name=x", opened: "name=y&order=age", code: roster.Invalid,
			message: "belongs to another query: name and order must be",
		},
		{
			name: "no query", made: "tags=a", opened: "", code: roster.Invalid,
			message: "belongs to another query: tags must be",
		},
		{
			name: "another organization", change: other("0190a000-0000-7000-8000-000000000002"), code: roster.Invalid,
			message: "belongs to another organization",
		},
		{
			name: "another list", change: func(r *Request) { r.Endpoint.ID = "listGroups" }, code: roster.Invalid,
			message: "belongs to another list",
		},
		{name: "another run", key: pageKey(t, 2), code: roster.Gone, message: "is of an earlier run of the server"},
	} {
		if tc.key == nil {
			tc.key = key
		}
		if tc.change == nil {
			tc.change = func(*Request) {}
		}
		token := pageRequest(t, key, tc.made).PageToken(70_000)
		got, err := open(t, tc.key, tc.opened, token, tc.change)
		if roster.CodeOf(err) != tc.code {
			t.Errorf("%s: %v, want code %q", tc.name, err, tc.code)
			continue
		}
		if err == nil {
			if want := (PageToken{Version: 300, Position: 70_000}); got != want {
				t.Errorf("%s: %+v, want %+v", tc.name, got, want)
			}
			continue
		}
		if e := roster.AsError(err); e.Field != "page_token" || !strings.HasPrefix(e.Message, tc.message) {
			t.Errorf("%s: %v, want that page_token %s", tc.name, err, tc.message)
		}
	}
}

// What is not exactly a token that was given out is refused, and nothing panics.
func TestForgedPageTokens(t *testing.T) {
	t.Parallel()
	key := pageKey(t, 1)
	genuine := pageRequest(t, key, "").PageToken(10)
	raw, err := base64.RawURLEncoding.DecodeString(genuine)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		b := bytes.Clone(raw)
		switch at := rapid.IntRange(0, len(b)-1).Draw(rt, "at"); rapid.IntRange(0, 3).Draw(rt, "how") {
		case 0:
			b[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		case 1:
			b = b[:at]
		case 2:
			b = append(b, rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(rt, "more")...)
		default:
			b = rapid.SliceOfN(rapid.Byte(), 0, 90).Draw(rt, "bytes")
		}
		token := base64.RawURLEncoding.EncodeToString(b)
		if token == "" || token == genuine {
			return
		}
		_, err := open(t, key, "", token)
		if code := roster.CodeOf(err); code != roster.Invalid && code != roster.Gone {
			rt.Fatalf("%s: %v", token, err)
		}
	})
	for _, token := range []string{"x", genuine + "=", genuine[:len(genuine)-1] + "_", strings.Repeat("A", 4000)} {
		if _, err := open(t, key, "", token); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%s: %v, want %s", token, err, roster.Invalid)
		}
	}
}

func TestWithoutAPageKey(t *testing.T) {
	t.Parallel()
	if got := pageRequest(t, nil, "").PageToken(1); got != "" {
		t.Errorf("a token without a key: %s", got)
	}
	token := pageRequest(t, pageKey(t, 1), "").PageToken(1)
	if _, err := open(t, nil, "", token); roster.CodeOf(err) != roster.Gone {
		t.Errorf("%v, want %s", err, roster.Gone)
	}
	if _, err := NewPageKey(strings.NewReader("too short")); err == nil {
		t.Error("a key of nine bytes was made")
	}
}
