package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
)

// sendTo returns the status and the body of the answer to a request.
func sendTo(t *testing.T, method, target string, header http.Header) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// visit returns the token that a server's pages get.
func visit(t *testing.T, base string) string {
	t.Helper()
	status, body := sendTo(t, http.MethodPost, base+"/docs/token", nil)
	var got struct{ Token string }
	if err := json.Unmarshal([]byte(body), &got); status != http.StatusOK || err != nil || got.Token == "" {
		t.Fatalf("got %d, %s", status, body)
	}
	return got.Token
}

// carrying returns a header that has a secret as a dialect wants it first.
func carrying(d *dialect.Dialect, secret string) http.Header {
	if s := d.Schemes[0]; s.Kind == dialect.HeaderKey {
		return http.Header{http.CanonicalHeaderKey(s.Header): {secret}}
	}
	return http.Header{"Authorization": {"Bearer " + secret}}
}

// Every dialect answers the samples that its table has, to the token that pages get.
func TestSamples(t *testing.T) {
	t.Parallel()
	base := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", "memory:", "--demo", "30",
		"--docs-try", demo.Organization().Slug).urls["everything"]
	secret := visit(t, base)
	_, body := sendTo(t, http.MethodGet, base+"/api/v1/users?filter=status%3Dactive&page_size=5",
		http.Header{"Authorization": {"Bearer " + secret}})
	var list struct {
		Items []struct {
			ID, Email string
			Number    json.Number
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Items) != 5 {
		t.Fatalf("%v: %s", err, body)
	}
	u := list.Items[0]
	fill := strings.NewReplacer("{company_id}", demo.Organization().ID.String(), "{id}", u.ID,
		"{number}", u.Number.String(), "{email}", url.QueryEscape(u.Email))
	for _, d := range all.Dialects() {
		for _, sample := range []string{d.Samples.User, d.Samples.List} {
			path := d.Mount() + fill.Replace(sample)
			status, body := sendTo(t, http.MethodGet, base+path, carrying(d, secret))
			if status != http.StatusOK || !json.Valid([]byte(body)) {
				t.Errorf("%s: got %d, %s", path, status, body)
			}
			if !strings.Contains(body, u.Email) {
				t.Errorf("%s: got %s, want %s in it", path, body, u.Email)
			}
			if sample == d.Samples.User && strings.Contains(body, list.Items[1].Email) {
				t.Errorf("%s: got %s, want one user", path, body)
			}
		}
	}
}

func TestDocsFlags(t *testing.T) {
	t.Parallel()
	base := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", "memory:", "--demo", "3").urls["everything"]
	if status, body := sendTo(t, http.MethodGet, base+"/docs/", nil); status != http.StatusOK {
		t.Errorf("the documentation: got %d, %s", status, body)
	}
	if status, body := sendTo(t, http.MethodPost, base+"/docs/token", nil); status != http.StatusNotFound {
		t.Errorf("a server that was told nothing hands out a token: %d, %s", status, body)
	}
	base = start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", "memory:", "--demo", "3", "--docs=false",
		"--docs-try", "demo").urls["everything"]
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, path := range []string{"/docs/", "/docs/token"} {
			if status, body := sendTo(t, method, base+path, nil); status != http.StatusNotFound {
				t.Errorf("%s %s without documentation: got %d, %s", method, path, status, body)
			}
		}
	}
	got := execute(t, "serve", "--addr", "127.0.0.1:0", "--store", "memory:", "--docs-try", "nobody")
	if want := "--docs-try: there is no organization \"nobody\""; got.code == 0 || !strings.Contains(got.stderr, want) {
		t.Errorf("got %d, %s, want it to say %s", got.code, got.stderr, want)
	}
}
