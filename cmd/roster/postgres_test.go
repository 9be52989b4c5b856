//go:build unix

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// TestPostgres runs the program over a PostgreSQL database: it imports, lists, is stopped, is killed, and is killed again
// and again while clients write to it.
func TestPostgres(t *testing.T) {
	t.Parallel()
	server, built := pgtest.Server(t), build(t)
	over := func(t *testing.T) program {
		t.Helper()
		p := built
		p.dir = t.TempDir()
		p.env = append(p.env, "ROSTER_STORE="+strings.Replace(pgtest.Schema(t, server), "roster@", "roster:secret@", 1))
		return p
	}
	t.Run("users", func(t *testing.T) { testPostgresUsers(t, over(t)) })
	t.Run("nodes", func(t *testing.T) { testPostgresNodes(t, over(t)) })
	t.Run("limits", func(t *testing.T) { testPostgresLimits(t, over(t)) })
	t.Run("spread", func(t *testing.T) { testPostgresSpread(t, over(t)) })
	t.Run("kills", func(t *testing.T) {
		const rounds = 15
		k := newKilling(t, over(t), rand.Uint64())
		k.window = 300 * time.Millisecond
		for k.round = range rounds {
			k.run()
		}
		k.finish()
		if k.acknowledged == 0 {
			t.Error("nothing was acknowledged")
		}
		t.Logf("%d writes that were acknowledged, %d left without an answer of which %d were done", k.acknowledged, k.lost, k.done)
	})
}

func testPostgresUsers(t *testing.T, p program) {
	t.Helper()
	const users = 3000
	byNumber, byID := writeUsers(t, filepath.Join(p.dir, "users.jsonl"), users)
	p.run(t, "org", "create", "--slug", "acme")
	importing := []string{"import", "jsonl", "users.jsonl", "--org", "acme", "-o", "json"}
	imported := decode[map[string]any](t, p.run(t, importing...))
	if imported["rejected"] != 0.0 {
		t.Fatalf("the import rejected some: %v", imported)
	}
	token := decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "e2e",
		"--permission", "users:read", "--permission", "members:admin", "-o", "json"))
	s := p.serve(t)
	c := client{t: t, url: s.url, secret: token.Secret, answers: map[string][32]byte{}}
	if got, want := len(c.flxpoint()), len(shown(byNumber)); got != want {
		t.Errorf("flxpoint lists %d users, want %d", got, want)
	}
	if got, want := len(c.d3lay()), len(people(byID)); got != want {
		t.Errorf("d3lay lists %d users, want %d", got, want)
	}
	s.end(t, syscall.SIGKILL)
	s = p.serve(t)
	c.url = s.url
	c.checkAnswers("a kill")
	if code := s.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
	again := decode[map[string]any](t, p.run(t, append(importing, "--on-conflict", "update")...))
	if again["unchanged"] != imported["created"] || again["updated"] != 0.0 || again["created"] != 0.0 {
		t.Errorf("importing the file again: %v after %v, want all unchanged", again, imported)
	}
	p.run(t, "audit", "verify", "--org", "acme")
	p.run(t, "doctor")
}

// testPostgresNodes has two servers over one database, beside which commands run: what is written on one is read on the
// other, a webhook is told of every version by one of them, also when that is killed, and a token that a command revokes
// is refused by both.
func testPostgresNodes(t *testing.T, p program) {
	t.Helper()
	p.env = append(p.env, "ROSTER_WEBHOOK_ALLOW_PRIVATE=true")
	p.run(t, "org", "create", "--slug", "acme")
	token := decode[struct{ ID, Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "t",
		"--permission", "*", "-o", "json"))
	nodes := [2]*serving{p.serve(t), p.serve(t)}
	r := newRecorder(t)
	made := decode[struct {
		Secret string
		Since  roster.Version
	}](t, p.run(t, "webhook", "create", "--org", "acme", "--name", "w", "--to", r.URL, "-o", "json"))
	r.secret = made.Secret
	const users = 30
	last := made.Since
	for n := range users {
		api, err := apiclient.New(nodes[n%2].url, token.Secret, nil)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("user-%d", n)
		if _, err := api.CreateUser(t.Context(), &roster.User{Name: name, Email: name + "@example.com"}); err != nil {
			t.Fatal(err)
		}
		last++
		total := decode[struct{ Total int }](t, answerOf(t, nodes[(n+1)%2].url+"/api/v1/users?page_size=1&min_version="+
			strconv.FormatInt(int64(last), 10), token.Secret, http.StatusOK)).Total
		if total != n+1 {
			t.Errorf("the other server shows %d users after %d were made", total, n+1)
		}
	}
	r.until(t, made.Since, last)
	nodes[0].end(t, syscall.SIGKILL) // which began first, and delivers
	p.run(t, "user", "create", "--org", "acme", "--name", "Last", "--email", "last@example.com")
	for a := (arrival{}); a.version <= last; { // what was not noted before the end comes again
		if a = <-r.got; a.err != nil {
			t.Fatal(a.err)
		}
	}
	p.run(t, "doctor")
	p.run(t, "token", "revoke", "--org", "acme", token.ID)
	revoked := time.Now()
	for statusOf(t, nodes[1].url+"/api/v1/users", token.Secret) != http.StatusUnauthorized {
		time.Sleep(time.Millisecond) // the processor is for the server
	}
	t.Logf("the token is refused %s after it was revoked", time.Since(revoked))
	if code := nodes[1].end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
}

// testPostgresLimits has two servers count requests together. One that waits for the database too long counts by itself,
// as it may on a busy machine: one of a few tokens must see them together.
func testPostgresLimits(t *testing.T, p program) {
	t.Helper()
	p.env = append(p.env, "ROSTER_LIMITS=shared")
	p.run(t, "org", "create", "--slug", "acme")
	nodes := [2]*serving{p.serve(t), p.serve(t)}
	const burst, besides, attempts = 40, 2 * (40/10 - 1), 5 // Flxpoint's limit, with two a second
	for attempt := range attempts {
		token := decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name",
			fmt.Sprint("t", attempt), "--permission", "*", "-o", "json"))
		began, allowed := time.Now(), 0
		for n := range 2 * (burst + besides) {
			if statusOf(t, nodes[n%2].url+"/flxpoint/account", token.Secret) == http.StatusOK {
				allowed++
			}
		}
		took := time.Since(began)
		if most := burst + besides + int(2*took.Seconds()); allowed >= burst-besides && allowed <= most {
			break
		} else if attempt == attempts-1 {
			t.Errorf("two servers allowed %d requests in %s, want %d to %d", allowed, took, burst-besides, most)
		}
	}
	for _, s := range nodes {
		if code := s.end(t, syscall.SIGTERM); code != 0 {
			t.Errorf("a server ended with %d after SIGTERM, want 0", code)
		}
	}
}

// answerOf returns the body of an answer that must have a status.
func answerOf(t *testing.T, url, secret string, want int) []byte {
	t.Helper()
	body, got := asked(t, url, secret)
	if got != want {
		t.Fatalf("%s: got %d, want %d: %s", url, got, want, body)
	}
	return body
}

func statusOf(t *testing.T, url, secret string) int {
	t.Helper()
	_, status := asked(t, url, secret)
	return status
}

func asked(t *testing.T, url, secret string) (body []byte, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return body, resp.StatusCode
}
