package dialect

import (
	"bytes"
	"strings"
	"testing"
)

func TestFidelity(t *testing.T) {
	t.Parallel()
	page := string(Fidelity(testDialect()))
	if !strings.HasSuffix(page, "|\n") || strings.Contains(page, "\n\n\n") {
		t.Error("the page does not end with one line feed, or has two blank lines in a row")
	}
	lines := map[string]bool{}
	for line := range strings.Lines(page) {
		lines[strings.TrimSuffix(line, "\n")] = true
	}
	for _, want := range []string{
		"# Test",
		"- Source: the vendor's documentation, API version 7",
		"- Served: below `/test`, and at the root of hosts and listeners of its own",
		"- Rate limit: 0.5 requests a second for each token, 3 at once; an organization can replace it",
		"- Conditional requests: a GET with a credential is answered with a weak ETag, and 304 without a body where " +
			"If-None-Match has it and the answer is still the same but for the request's id (RFC 9110; ours)",
		"## List users: `GET /teams/{team}/users`",
		"- The same at `/users`",
		"- Access: tokens of the kind account, with the permission `users:read`. Only on Mondays.",
		"| `team` | path | UUID | yes |  |  | The team | yes | seed |",
		"| `limit` | query | integer |  | `20` | 1 to 100 | Page size. A larger value counts as 100. Also called size. | yes | seed |",
		"| `order` | query | string |  | `asc` | `asc`, `desc` | Ignored without sorted or paged. | yes | seen |",
		"| `bits` | query | list of integers |  | `1,2` | to 8; at most 4 different items; a JSON array as well |  | yes | seed |",
		"| `code` | query | string |  |  | matching `^[A-Z]+$` |  | yes | ours |",
		"| 200 | Users | array of TestUser |  | seed |",
		"| 200 | A count | object |  | ours |",
		"| 401 | No token | `text/plain` | live | seen |",
		"| 429 | Too many | string, `text/html` |  | seen |",
		"## Body: TestUser",
		"| `id` | string (uuid) |  | yes |  |  | seed |",
		"| `level` | integer | `1`, `2` |  |  |  | seen |",
		"| `boss` | TestUser |  |  | yes |  | seed |", // not described again inside itself
		"| `tags` | array of string | `a`, `b` |  |  | What it is about. | seed |",
		"| `settings` | object |  |  | yes |  | seed |",
		"| `count` | integer |  |  | yes |  | seed |",
		"## ping: `GET /ping`",
		"- Access: public, without a credential or a rate limit",
		"There are no parameters.",
		"- Query parameters that are not listed here are refused.",
		"- Request body: TestInput, `text/x`, `text/y`, at most 99 bytes. A user",
		"## Body: TestInput",
		"| `Retry-After` | integer | 429 | Seconds. | ours |",
		`| It is \| tested. | ours |`,
		"| live | It is alive. | seen |",
		"| live | `GET /teams/{team}/users` answers 401: No token | seen |",
	} {
		if !lines[want] {
			t.Errorf("the page lacks the line %s", want)
		}
	}
	if again := Fidelity(testDialect()); !bytes.Equal(again, []byte(page)) {
		t.Error("two pages of one table differ")
	}
}

func TestFidelityOfNestedStructs(t *testing.T) {
	t.Parallel()
	type inner struct {
		ID int `json:"id" required:"yes"`
	}
	type outer struct {
		Groups []inner `json:"groups" mark:"seen"`
		Role   *inner  `json:"role,omitempty"`
	}
	d := &Dialect{Title: "Nested", Endpoints: []Endpoint{{
		Method: "GET", Path: "/", ID: "nested", Mark: Ours,
		Returns: []Return{{Status: 200, Doc: "OK", Body: []outer{}, Mark: Ours}},
	}}}
	page := string(Fidelity(d))
	for _, want := range []string{
		"- Rate limit: none, unless the organization sets one\n",
		"## nested: `GET /`\n",
		"| `groups` | array of Inner |  | seen |\n| `groups[].id` | integer | yes | seen |\n" +
			"| `role` | Inner |  | ours |\n| `role.id` | integer | yes | ours |\n",
		"This dialect is the same under both.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
