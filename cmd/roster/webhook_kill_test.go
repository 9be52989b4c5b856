package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

var webhookKills = flag.Int("webhook-kills", 200, "how many times TestWebhookKills kills the server")

// TestWebhookKills kills a server with SIGKILL at random points while it writes and delivers, and starts it again. Every
// version must come to the webhook, for the first time in order, and with the same id whenever it comes again.
func TestWebhookKills(t *testing.T) {
	t.Parallel()
	p := build(t)
	p.env = []string{"ROSTER_WEBHOOK_ALLOW_PRIVATE=true"}
	p.run(t, "org", "create", "--slug", "acme")
	token := decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "t",
		"--permission", "*", "-o", "json")).Secret
	r := newRecorder(t)
	made := decode[struct {
		Secret string
		Since  roster.Version
	}](t, p.run(t, "webhook", "create", "--org", "acme", "--name", "w", "--to", r.URL, "-o", "json"))
	r.secret = made.Secret
	for round := range *webhookKills {
		s := p.serve(t)
		if s.url == "" {
			t.Fatalf("round %d: the server does not start", round)
		}
		var writers sync.WaitGroup
		for i := range 4 {
			writers.Go(func() { writeUntilKilled(t.Context(), s.url, token, fmt.Sprintf("u%d-%d", round, i)) })
		}
		most := 120 * time.Millisecond
		if round%20 == 0 {
			most = 1500 * time.Millisecond // in which it is kept where the webhook stands
		}
		<-time.After(rand.N(most))
		s.end(t, syscall.SIGKILL)
		writers.Wait()
	}
	s := p.serve(t)
	api, err := apiclient.New(s.url, token, nil)
	if err != nil {
		t.Fatal(err)
	}
	org, err := api.Organization(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again := r.until(t, made.Since, org.Version)
	s.end(t, syscall.SIGTERM)
	t.Logf("%d kills, %d versions, %d messages came again", *webhookKills, org.Version-made.Since, again)
	if org.Version-made.Since < roster.Version(*webhookKills) {
		t.Errorf("only %d versions were written", org.Version-made.Since)
	}
}

// writeUntilKilled makes users until the server is gone.
func writeUntilKilled(ctx context.Context, url, token, name string) {
	api, err := apiclient.New(url, token, nil, apiclient.Attempts(1))
	for n := 0; err == nil; n++ {
		_, err = api.CreateUser(ctx, &roster.User{Name: name, Email: fmt.Sprintf("%s-%d@example.com", name, n)})
	}
}

// recorder is a receiver that takes a while for some messages.
type recorder struct {
	*httptest.Server
	secret string
	got    chan arrival
}

type arrival struct {
	id      string
	version roster.Version
	err     error
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{got: make(chan arrival, 1_000_000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // it was killed while it sent
		}
		var m struct {
			Data struct{ Version roster.Version }
		}
		err = json.Unmarshal(body, &m)
		if err == nil {
			var verifier *standardwebhooks.Webhook
			if verifier, err = standardwebhooks.NewWebhook(r.secret); err == nil {
				err = verifier.Verify(body, req.Header)
			}
		}
		r.got <- arrival{req.Header.Get("webhook-id"), m.Data.Version, err}
		if rand.IntN(20) == 0 {
			<-time.After(rand.N(10 * time.Millisecond))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// patience is how long a message may take to come; a delivery that failed is tried again after seconds.
const patience = 2 * time.Minute

// until waits for a version and holds all that came to its order. It returns how many messages came again.
func (r *recorder) until(t *testing.T, since, last roster.Version) (again int) {
	t.Helper()
	ids := map[string]roster.Version{}
	for seen := since; seen < last; {
		var a arrival
		select {
		case a = <-r.got:
		case <-time.After(patience):
			t.Fatalf("nothing came within %s after version %d of %d", patience, seen, last)
		}
		version, known := ids[a.id]
		switch {
		case a.err != nil:
			t.Fatalf("message %s: %v", a.id, a.err)
		case known && version != a.version:
			t.Fatalf("message %s was about version %d, and then about %d", a.id, version, a.version)
		case known:
			again++
		case a.version != seen+1:
			t.Fatalf("version %d came after version %d", a.version, seen)
		default:
			ids[a.id] = a.version
			seen = a.version
		}
	}
	return again
}
