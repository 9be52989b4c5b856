// Package golden reads and writes golden cases: requests and responses as the sections of a txtar archive have them,
// NAME/request and NAME/response. What is asked and what is compared is a matter of who uses them.
package golden

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster/internal/dialect"
)

// Cut splits a request into its line and header, and its body without blanks around it.
func Cut(request string) (head, body string) {
	head, body, _ = strings.Cut(strings.TrimSpace(request), "\n\n")
	return head, strings.TrimSpace(body)
}

// Request reads a request to roster.example. The body is as long as it is; without one there is no Content-Length.
func Request(head, body string) (*http.Request, error) {
	line, header, _ := strings.Cut(head, "\n")
	wire := line + " HTTP/1.1\r\nHost: roster.example\r\n"
	if header = strings.TrimSpace(header); header != "" {
		wire += strings.ReplaceAll(header, "\n", "\r\n") + "\r\n"
	}
	if body != "" {
		wire += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire + "\r\n" + body)))
	if err != nil {
		return nil, fmt.Errorf("read the request %s: %w", line, err)
	}
	return r, nil
}

// Response writes a response: the status, the headers that matter in a dialect, and the body, JSON indented.
func Response(d *dialect.Dialect, status int, header http.Header, body []byte) string {
	var b strings.Builder
	fmt.Fprintln(&b, status)
	for _, name := range Headers(d) {
		for _, value := range header.Values(name) {
			if name == "ETag" && strings.HasPrefix(value, "W/") {
				continue // the server's, which changes with every version
			}
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	if len(body) == 0 {
		return b.String()
	}
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", "  ") == nil {
		body = indented.Bytes()
	}
	fmt.Fprintf(&b, "\n%s\n", bytes.TrimRight(body, "\n"))
	return b.String()
}

// Headers returns the names of the response headers that matter in a dialect, from A to Z.
func Headers(d *dialect.Dialect) []string {
	names := []string{"Content-Type", "Link", "X-Total-Count", "WWW-Authenticate", "Allow", "Retry-After"}
	for _, h := range d.Headers {
		names = append(names, h.Name)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(names, strings.EqualFold)
}
