//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/spread"
)

var (
	spreadOrgs  = flag.Int("spread-orgs", 12, "how many organizations TestPostgres/spread has")
	spreadUsers = flag.Int("spread-users", 20, "how many users each of them has")
	spreadOn    = flag.Bool("spread", true, "whether they are spread, or each server has all of them")
)

// spreading is servers over a database, over which organizations are spread.
type spreading struct {
	t      *testing.T
	nodes  []*serving
	watch  []string // where the metrics of each are
	secret string   // of an instance-wide token
}

// testPostgresSpread has organizations spread over three servers: each is in the memory of one of them, whichever is
// asked. One is killed: another one answers for what it had.
func testPostgresSpread(t *testing.T, p program) {
	t.Helper()
	s := &spreading{t: t}
	s.secret = decode[struct{ Secret string }](t, p.run(t, "token", "create", "--instance", "--name", "t",
		"--permission", "*", "-o", "json")).Secret
	for range 3 {
		s.start(p)
	}
	for i := range s.nodes {
		for *spreadOn && s.metric(i, "roster_spread_servers") != float64(len(s.nodes)) {
			time.Sleep(20 * time.Millisecond) // the processor is for the servers
		}
	}
	orgs := s.fill()
	for slug := range orgs {
		for i := range s.nodes {
			shown := decode[struct{ Total int }](t, s.ask(i, http.MethodGet, "/orgs/"+slug+"/users?page_size=1", nil))
			if shown.Total != *spreadUsers {
				t.Errorf("server %d shows %d users of %s, want %d", i, shown.Total, slug, *spreadUsers)
			}
		}
	}
	s.measure(len(orgs))
	if *spreadOn {
		s.checkKill(p, orgs)
	}
	for i, node := range s.nodes[:2] {
		if code := node.end(t, syscall.SIGTERM); code != 0 {
			t.Errorf("server %d ended with %d after SIGTERM, want 0", i, code)
		}
	}
}

// start starts a server at addresses that are free.
func (s *spreading) start(p program) {
	s.t.Helper()
	for {
		addr, metrics := freeAddr(s.t), freeAddr(s.t)
		args := []string{"serve", "--addr", addr, "--metrics-addr", metrics, "--log-format", "json", "--no-rate-limits"}
		if *spreadOn {
			args = append(args, "--spread", "http://"+addr)
		}
		if node := listening(s.t, p.command(s.t, args...)); node.url != "" { // else somebody was faster
			s.nodes, s.watch = append(s.nodes, node), append(s.watch, "http://"+metrics+"/metrics")
			return
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().String()
}

// fill makes organizations with users, over one server after the other, and returns their ids by slug.
func (s *spreading) fill() map[string]roster.ID {
	s.t.Helper()
	orgs := map[string]roster.ID{}
	for n := range *spreadOrgs {
		slug := fmt.Sprint("org-", n)
		made := decode[struct{ ID roster.ID }](s.t, s.ask(n%3, http.MethodPost, "/orgs", map[string]any{
			"slug": slug, "name": slug,
		}))
		orgs[slug] = made.ID
		var items []any
		for u := range *spreadUsers {
			items = append(items, map[string]any{"op": "create", "user": map[string]any{
				"name": fmt.Sprintf("Ada Lovelace the %dth", u), "email": fmt.Sprintf("ada.lovelace.%d@%s.example.com", u, slug),
				"identifier": fmt.Sprintf("ada-%d", u), "first_name": "Ada", "last_name": "Lovelace",
			}})
		}
		s.ask(n%3, http.MethodPost, "/orgs/"+slug+"/users:batch", map[string]any{"items": items})
	}
	return orgs
}

// measure holds each organization to be in one memory, beside that of the instance, which is in all of them.
func (s *spreading) measure(orgs int) {
	s.t.Helper()
	loaded, most := 0.0, float64(orgs)
	if !*spreadOn {
		most *= float64(len(s.nodes))
	}
	for known := 0.0; *spreadOn && known != float64(orgs+len(s.nodes)); { // which each hears of in its own time
		known = 0
		for i := range s.nodes {
			known += s.metric(i, "roster_spread_organizations")
		}
	}
	for i := range s.nodes {
		own := s.metric(i, "roster_loaded_organizations") - 1
		s.t.Logf("server %d: %v organizations in memory, %.1f MiB of views, %.1f MiB of the process", i, own,
			s.metric(i, "roster_view_bytes")/(1<<20), s.metric(i, "process_resident_memory_bytes")/(1<<20))
		if loaded += own; *spreadOn && own != s.metric(i, "roster_spread_organizations")-1 {
			s.t.Errorf("server %d is to have %v organizations", i, s.metric(i, "roster_spread_organizations")-1)
		}
	}
	if loaded != most {
		s.t.Errorf("%v organizations are in all memories together, want %v", loaded, most)
	}
}

// checkKill kills the third server: the first one answers for an organization that it had.
func (s *spreading) checkKill(p program, orgs map[string]roster.ID) {
	s.t.Helper()
	if found := string(p.run(s.t, "doctor")); strings.Count(found, "is reached at http://127.0.0.1:") != 3 {
		s.t.Errorf("doctor does not show where the servers are reached:\n%s", found)
	}
	shown := decode[[]serverStatus](s.t, p.run(s.t, "db", "status", "--servers", "-o", "json"))
	working := 0
	for i := range shown {
		if shown[i].URL != s.nodes[i].url || shown[i].PID != s.nodes[i].cmd.Process.Pid {
			s.t.Errorf("server %d is shown as %+v", i, shown[i])
		}
		if shown[i].Working {
			working++
		}
	}
	if len(shown) != 3 || working > 1 { // whose turn it is stands there with its next beat
		s.t.Errorf("%d servers are shown, of which %d work, want 3 and one", len(shown), working)
	}
	slug := s.slugAt(2, orgs)
	s.nodes[2].end(s.t, syscall.SIGKILL)
	killed := time.Now()
	s.ask(0, http.MethodGet, "/orgs/"+slug+"/users", nil)
	s.t.Logf("another server answers %s after the one that had the organization was killed", time.Since(killed))
	s.ask(0, http.MethodPost, "/orgs/"+slug+"/users", map[string]any{"name": "Ann", "email": "ann@example.com"})
}

// slugAt returns an organization that a server has, which is made if need be.
func (s *spreading) slugAt(node int, orgs map[string]roster.ID) string {
	s.t.Helper()
	at, err := spread.ParseURL(s.nodes[node].url)
	if err != nil {
		s.t.Fatal(err)
	}
	members := spread.New(at, func(context.Context) (all []spread.Member, err error) {
		for _, n := range s.nodes {
			all = append(all, spread.Member{URL: n.url})
		}
		return all, nil
	})
	if _, err := members.Refresh(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for slug, id := range orgs {
		if members.Owns(id) {
			return slug
		}
	}
	for n := 0; ; n++ {
		slug := fmt.Sprint("more-", n)
		made := decode[struct{ ID roster.ID }](s.t, s.ask(0, http.MethodPost, "/orgs", map[string]any{
			"slug": slug, "name": slug,
		}))
		if members.Owns(made.ID) {
			return slug
		}
	}
}

// ask sends a request to a server, which must succeed, and returns the body of the answer.
func (s *spreading) ask(node int, method, path string, body any) []byte {
	s.t.Helper()
	var in io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.nodes[node].url+"/api/v1"+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.secret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: %d, %v: %s", method, path, resp.StatusCode, err, answer)
	}
	return answer
}

// metric returns the sum of what a server tells by a name.
func (s *spreading) metric(node int, name string) (sum float64) {
	s.t.Helper()
	text, status := asked(s.t, s.watch[node], "")
	if status != http.StatusOK {
		s.t.Fatalf("the metrics: status %d", status)
	}
	for _, m := range regexp.MustCompile(`(?m)^`+name+`(?:\{.*\})? (\S+)$`).FindAllSubmatch(text, -1) {
		value, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			s.t.Fatal(err)
		}
		sum += value
	}
	return sum
}
