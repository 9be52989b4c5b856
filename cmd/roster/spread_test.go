//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/spread"
)

// testPostgresSpread has organizations spread over two servers, of which one is killed: the other one answers for all of
// them at once, and what it gets to know about who is there it finds in the database.
func testPostgresSpread(t *testing.T, p program) {
	t.Helper()
	nodes := [2]*serving{p.serveSpread(t), p.serveSpread(t)}
	slug := p.orgAt(t, nodes)
	token := p.untilSpread(t, nodes, slug)
	if found := string(p.run(t, "doctor")); strings.Count(found, "is reached at http://127.0.0.1:") != 2 {
		t.Errorf("doctor does not show where both servers are reached:\n%s", found)
	}
	nodes[1].end(t, syscall.SIGKILL) // which has the organization
	killed := time.Now()
	answerOf(t, nodes[0].url+"/api/v1/users", token, http.StatusOK)
	t.Logf("the other server answers %s after the one that had the organization was killed", time.Since(killed))
	p.run(t, "user", "create", "--url", nodes[0].url, "--token", token, "--name", "Ann", "--email", "ann@example.com")
	if code := nodes[0].end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
}

// serveSpread starts a server that has its part of the organizations, at an address that is free.
func (p program) serveSpread(t *testing.T) *serving {
	t.Helper()
	for {
		free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := free.Addr().String()
		if err := free.Close(); err != nil {
			t.Fatal(err)
		}
		args := []string{"serve", "--addr", addr, "--spread", "http://" + addr, "--log-format", "json"}
		if s := listening(t, p.command(t, args...)); s.url != "" { // else somebody was faster
			return s
		}
	}
}

// orgAt makes an organization that the second of two servers is to have, and returns its slug.
func (p program) orgAt(t *testing.T, nodes [2]*serving) string {
	t.Helper()
	at, err := spread.ParseURL(nodes[0].url)
	if err != nil {
		t.Fatal(err)
	}
	members := spread.New(at, func(context.Context) ([]spread.Member, error) {
		return []spread.Member{{URL: nodes[0].url}, {URL: nodes[1].url}}, nil
	})
	if _, err := members.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		slug := fmt.Sprint("org-", n)
		var made struct{ ID roster.ID }
		if err := json.Unmarshal(p.run(t, "org", "create", "--slug", slug, "-o", "json"), &made); err != nil {
			t.Fatal(err)
		}
		if !members.Owns(made.ID) {
			return slug
		}
	}
}

// untilSpread waits until two servers know of each other: then one of them counts all requests of a token, and each
// allows fewer than Flxpoint's limit. It returns the secret of one more token of the organization.
func (p program) untilSpread(t *testing.T, nodes [2]*serving, slug string) string {
	t.Helper()
	const burst = 40
	token := func(name string) string {
		return decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", slug, "--name", name,
			"--permission", "*", "-o", "json")).Secret
	}
	for attempt := 0; ; attempt++ {
		secret, allowed, began := token(fmt.Sprint("t", attempt)), 0, time.Now()
		for n := range burst + burst/2 {
			if statusOf(t, nodes[n%2].url+"/flxpoint/account", secret) == http.StatusOK {
				allowed++
			}
		}
		if allowed <= burst+1+int(2*time.Since(began).Seconds()) {
			return token("last")
		}
	}
}
