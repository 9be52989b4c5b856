package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// serve starts a server with the fixture's organizations and returns a client for each of its tokens.
func serve(t *testing.T) func(token string) *client.Client {
	t.Helper()
	d := native.New()
	w := dialecttest.NewWorld(t, roster.Documented, d)
	server := httptest.NewServer(http.StripPrefix(d.Mount(), w.Handler(t, d)))
	t.Cleanup(server.Close)
	return func(token string) *client.Client { return connect(t, server.URL, w.Secrets[token]) }
}

func connect(t *testing.T, url, secret string) *client.Client {
	t.Helper()
	c, err := client.New(url, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// collect returns all that a list yields.
func collect[T any](t *testing.T, list iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for e, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestNewRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "127.0.0.1:8080", "localhost", "ftp://example.com", "http://", "http://a b", "http://u:p@example.com",
		"http://example.com?a=b", "http://example.com/#a",
	} {
		if _, err := client.New(url, "", nil); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("New(%q) = %v, want %s", url, err, roster.Invalid)
		}
	}
}

func TestThePathOfTheAPIMayBePartOfTheURL(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.RequestURI)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	}))
	defer server.Close()
	for _, suffix := range []string{"", "/", "/api/v1", "/api/v1/", "/behind/a/proxy"} {
		c := connect(t, server.URL+suffix, "secret")
		if _, err := c.User(t.Context(), roster.Ref{Identifier: "a/b c%"}); err != nil {
			t.Fatal(err)
		}
	}
	path := "/api/v1/users/identifier:a%2Fb%20c%25"
	if diff := cmp.Diff([]string{path, path, path, path, "/behind/a/proxy" + path}, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	as := serve(t)
	for token, want := range map[string]string{"account": "demo", "other": "other"} {
		org, err := as(token).Organization(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if org.Slug != want || org.Version == 0 {
			t.Errorf("the organization of %s is %s at version %d, want %s at another than 0", token, org.Slug,
				org.Version, want)
		}
	}
}

func TestUsersAreMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := serve(t)("everything")
	ctx := t.Context()
	made, err := c.CreateUser(ctx, &roster.User{
		Email: "a+b/c@example.com", FirstName: "Ada", Groups: []int64{1}, AppsAccess: 1,
		EmailSettings: `{"deep":{"er":[1]}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.ID.IsZero() || made.Number == 0 || made.Permissions != 1 || made.Name != "Ada" || made.TakesLicence {
		t.Errorf("made %+v, want an id, a number, the group's permissions, the name Ada and no licence", made)
	}
	read, err := c.User(ctx, roster.Ref{Email: "a+b/c@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, read); diff != "" {
		t.Errorf("read (-made +read):\n%s", diff)
	}
	changed, err := c.UpdateUser(ctx, roster.Ref{Number: made.Number}, []byte(`{"name":"Ada M.","groups":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if changed.Name != "Ada M." || changed.Permissions != 0 || changed.ID != made.ID {
		t.Errorf("changed %+v, want the name Ada M. and no permissions", changed)
	}
	if err := c.DeleteUser(ctx, roster.Ref{ID: made.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.User(ctx, roster.Ref{ID: made.ID}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("User after its deletion = %v, want %s", err, roster.NotFound)
	}
}

func TestUsersComeInPages(t *testing.T) {
	t.Parallel()
	c := serve(t)("everything")
	ctx := t.Context()
	const extra = 2000 // 22 more are in the fixture: three pages
	for from := range 2 {
		var lines strings.Builder
		for i := range extra / 2 {
			fmt.Fprintf(&lines, "{\"email\":\"u%d@example.com\",\"name\":\"U\"}\n", from*extra/2+i)
		}
		if _, err := c.Import(ctx, []byte(lines.String()), client.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		o           client.ListOptions
		want        int
		first, last int64
	}{
		{client.ListOptions{}, extra + 22, 1, extra + 22},
		{client.ListOptions{OrderBy: "number desc"}, extra + 22, extra + 22, 1},
		{client.ListOptions{PageSize: 300, Page: 2}, extra + 22 - 300, 301, extra + 22},
		{client.ListOptions{PageSize: 674}, extra + 22, 1, extra + 22},
		{client.ListOptions{PageSize: 5, Page: extra/5 + 5}, 2, extra + 21, extra + 22},
		{client.ListOptions{Page: 4}, 0, 0, 0},
		{client.ListOptions{Search: "grace"}, 1, 1, 1},
		{client.ListOptions{Filter: "status = (invited OR onboarding)"}, 3, 3, 13},
	} {
		var numbers []int64
		for u, err := range c.Users(ctx, tc.o) {
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, u.Number)
		}
		if len(numbers) != tc.want || tc.want > 0 && (numbers[0] != tc.first || numbers[tc.want-1] != tc.last) {
			t.Errorf("%+v yields %d users, want %d from %d to %d", tc.o, len(numbers), tc.want, tc.first, tc.last)
		}
	}
	for range c.Users(ctx, client.ListOptions{}) {
		break // must not ask on
	}
}

// Every list is counted by the values of its records.
func TestCounts(t *testing.T) {
	t.Parallel()
	c := serve(t)("everything")
	for _, tc := range []struct{ list, facet, value string }{
		{"users", "status", "active"}, {"tokens", "kind", "account"}, {"spaces", "archived", "false"},
	} {
		counts, err := c.Counts(t.Context(), []string{tc.list}, client.ListOptions{Facets: []string{tc.facet}, PageSize: 7})
		if err != nil || counts[tc.facet][tc.value] == 0 || len(counts) != 1 {
			t.Errorf("%s by %s: %v, %v", tc.list, tc.facet, counts, err)
		}
	}
	if _, err := c.Counts(t.Context(), []string{"spaces"}, client.ListOptions{Facets: []string{"title"}}); roster.CodeOf(err) != roster.Invalid {
		t.Errorf("a member that can't be counted: %v", err)
	}
}

func TestUserPageHasWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	c := serve(t)("account")
	page, err := c.UserPage(t.Context(), client.ListOptions{
		Filter: "status = (invited OR suspended)", OrderBy: "number desc", Fields: []string{"number", "source.system"},
		Facets: []string{"status", "groups"}, PageSize: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Page[roster.User]{
		Items: []*roster.User{{Number: 12}}, Total: 2, Version: page.Version,
		NextPageToken: page.NextPageToken,
		Facets:        map[string]map[string]int{"status": {"invited": 1, "suspended": 1}, "groups": {"": 2}},
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestErrorsOfTheServerKeepTheirCodesAndFields(t *testing.T) {
	t.Parallel()
	as := serve(t)
	ctx := t.Context()
	for _, tc := range []struct {
		name string
		call func() error
		want roster.Error
	}{
		{"no such user", func() error {
			_, err := as("account").User(ctx, roster.Ref{Number: 4711})
			return err
		}, roster.Error{Code: roster.NotFound, Message: "there is no user number:4711"}},
		{"wrong token", func() error {
			_, err := as("garbled").Organization(ctx)
			return err
		}, roster.Error{Code: roster.Unauthenticated, Message: "the API token is not valid"}},
		{"no permission", func() error { return as("account").DeleteUser(ctx, roster.Ref{Number: 2}) }, roster.Error{
			Code: roster.Forbidden, Message: "this needs the permission users:write",
		}},
		{"a member of an element", func() error {
			_, err := as("writer").CreateUser(ctx, &roster.User{
				Email: "x@example.com", Name: "X", Spaces: []roster.SpaceAccess{{Number: 1, Role: "king"}},
			})
			return err
		}, roster.Error{
			Code: roster.Invalid, Field: "spaces[0].role",
			Message: `must be one of reader, writer, manager, not "king"`, Details: []roster.Detail{
				{
					Field: "spaces[0].role", Message: `must be one of reader, writer, manager, not "king"`,
					Code: roster.NotAllowed, Allowed: []string{"reader", "writer", "manager"},
				},
			},
		}},
		{"a taken key", func() error {
			_, err := as("writer").UpdateUser(ctx, roster.Ref{Number: 2}, []byte(`{"email":"grace@example.com"}`))
			return err
		}, roster.Error{
			Code: roster.Conflict, Field: "email", Message: "is taken by another user of the organization",
			Details: []roster.Detail{
				{Field: "email", Code: roster.Taken, Message: "is taken by another user of the organization"},
			},
		}},
		{"a parameter", func() error {
			_, err := as("account").UserPage(ctx, client.ListOptions{Page: -1})
			return err
		}, roster.Error{
			Code: roster.Invalid, Field: "page", Message: `must be an integer from 1 to 9007199254740991, not "-1"`,
			Details: []roster.Detail{
				{Field: "page", Message: `must be an integer from 1 to 9007199254740991, not "-1"`},
			},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, ok := errors.AsType[*roster.Error](tc.call())
			if !ok {
				t.Fatal("not an error with a code")
			}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	as := serve(t)
	c, ctx := as("everything"), t.Context()
	made, secret, err := c.CreateToken(ctx, roster.Token{
		Name: "reports", Permissions: roster.Permissions{roster.UsersRead}, Dialects: []string{"native"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !roster.WellFormedSecret(secret) || made.Kind != roster.TokenAccount || made.ID.IsZero() {
		t.Errorf("made %+v with the secret %s", made, secret)
	}
	list := collect(t, c.Tokens(ctx, client.ListOptions{PageSize: 2}))
	if diff := cmp.Diff(made, list[len(list)-1]); diff != "" {
		t.Errorf("last of the list (-made +listed):\n%s", diff)
	}
	if err := c.RevokeToken(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.RevokeToken(ctx, roster.ID{1}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("revoking no token = %v, want %s", err, roster.NotFound)
	}
	if _, _, err := as("account").CreateToken(ctx, roster.Token{Name: "x"}); roster.CodeOf(err) != roster.Forbidden {
		t.Errorf("creating a token without the permission = %v, want %s", err, roster.Forbidden)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	lines := []byte("{\"email\":\"one@example.com\",\"name\":\"One\"}\n\n{\"email\":\"two@example.com\",\"theme\":1}\n")
	for _, o := range []client.ImportOptions{{DryRun: true}, {OnConflict: roster.OnConflictUpdate}} {
		got, err := c.Import(ctx, lines, o)
		if err != nil {
			t.Fatal(err)
		}
		want := []client.ImportedLine{
			{Line: 1, Outcome: "created"},
			{Line: 3, Outcome: "rejected", Err: &roster.Error{
				Code: roster.Invalid, Field: "theme", Message: "must be a string",
				Details: []roster.Detail{{Field: "theme", Message: "must be a string"}},
			}},
		}
		if diff := cmp.Diff(want, got.Lines); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", o, diff)
		}
	}
	tooMany := strings.Repeat("{\"email\":\"one@example.com\"}\n", client.MaxImportLines+1)
	if _, err := c.Import(ctx, []byte(tooMany), client.ImportOptions{}); roster.CodeOf(err) != roster.TooLarge {
		t.Errorf("importing too many lines = %v, want %s", err, roster.TooLarge)
	}
	tooLong := make([]byte, client.MaxImportBytes+1)
	if _, err := c.Import(ctx, tooLong, client.ImportOptions{}); roster.CodeOf(err) != roster.TooLarge {
		t.Errorf("importing too many bytes = %v, want %s", err, roster.TooLarge)
	}
	if _, err := c.User(ctx, roster.Ref{Email: "two@example.com"}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("a rejected line = %v, want %s", err, roster.NotFound)
	}
}

func TestExportCanBeImportedAgain(t *testing.T) {
	t.Parallel()
	c, ctx := serve(t)("everything"), t.Context()
	body, err := c.Export(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		t.Fatal(err)
	}
	result, err := c.Import(ctx, lines, client.ImportOptions{OnConflict: roster.OnConflictUpdate})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(result.Lines), strings.Count(string(lines), "\n"); got != want || got == 0 {
		t.Errorf("%d lines were imported, want %d", got, want)
	}
	for _, line := range result.Lines {
		if line.Outcome != "unchanged" {
			t.Errorf("line %d is %s (%v), want unchanged", line.Line, line.Outcome, line.Err)
		}
	}
}

func TestAnExportThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "{}\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	body, err := connect(t, server.URL, "secret").Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadAll(body); err == nil {
		t.Error("half an export was read without an error")
	}
}

func TestWhatIsNotTheAPIIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"a web page": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"a proxy": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "bad gateway", http.StatusBadGateway)
		},
		"a broken problem": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(handler)
			defer server.Close()
			_, err := connect(t, server.URL, "secret").Organization(t.Context())
			if got := roster.CodeOf(err); got != roster.Unavailable {
				t.Errorf("error = %v, want %s", err, roster.Unavailable)
			}
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := connect(t, server.URL, "secret")
	if _, err := c.Organization(t.Context()); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("error without a server = %v, want %s", err, roster.Unavailable)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for u, err := range c.Users(ctx, client.ListOptions{}) {
		if u != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("a canceled list yields %v, %v, want nil and that it was canceled", u, err)
		}
	}
}
