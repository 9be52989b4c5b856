package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// program is the binary that users run, with a store of its own.
type program struct {
	path, dir string
	env       []string // besides that of the test
}

// build returns the program as it is shipped, without the race detector, with a folder of its own.
func build(t *testing.T) program {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program{path: path, dir: t.TempDir()}
}

// built builds the program when a test first needs it.
var built = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(builtIn(), "roster")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return path, nil
})

// builtIn returns the folder of the program, which TestMain removes.
func builtIn() string {
	return filepath.Join(os.TempDir(), fmt.Sprint("roster-built-by-", os.Getpid()))
}

// command returns a command that has not begun.
func (p program) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), p.env...)
	return cmd
}

// run runs a command to its successful end and returns what it printed on standard output.
func (p program) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := p.command(t, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("roster %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}

// serving is a server process.
type serving struct {
	cmd *exec.Cmd
	url string
	log chan struct{} // closed when the log has ended
}

// serve starts a server and returns once it listens.
func (p program) serve(t *testing.T) *serving {
	t.Helper()
	return listening(t, p.command(t, "serve", "--addr", "127.0.0.1:0", "--log-format", "json"))
}

// listening starts a command that serves with its log in JSON, and returns once it listens.
func listening(t *testing.T, cmd *exec.Cmd) *serving {
	t.Helper()
	s := &serving{cmd: cmd, log: make(chan struct{})}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for s.url == "" && lines.Scan() {
		var line struct{ Msg, URL string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		s.url = line.URL
	}
	go func() {
		defer close(s.log)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	return s
}

// end sends a signal and returns the exit code, -1 where the signal killed it.
func (s *serving) end(t *testing.T, signal os.Signal) int {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	<-s.log
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// person is what every dialect shows of a user in one form or another.
type person struct{ Key, Email, Name string }

// TestManyUsers imports 100,000 users from JSON Lines and finds the same people in all five dialects, before and after the
// server was stopped and after it was killed.
func TestManyUsers(t *testing.T) {
	t.Parallel()
	const users = 100_000
	p := build(t)
	byNumber, byID := writeUsers(t, filepath.Join(p.dir, "users.jsonl"), users)
	org := decode[struct{ ID, Slug string }](t, p.run(t, "org", "create", "--slug", "acme", "-o", "json"))
	importing := []string{"import", "jsonl", "users.jsonl", "--org", "acme", "-o", "json"}
	imported := decode[map[string]any](t, p.run(t, importing...))
	if got := imported["rejected"]; got != 0.0 {
		t.Fatalf("the import rejected %v records: %v", got, imported)
	}
	token := decode[struct{ ID, Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "e2e",
		"--permission", "users:read", "--permission", "members:admin", "-o", "json"))

	first := p.serve(t)
	c := client{t: t, url: first.url, secret: token.Secret, answers: map[string][32]byte{}}
	check := func(dialect string, got, want map[string]person) {
		if !maps.Equal(want, got) { // cmp.Diff takes long to find no difference
			t.Errorf("%s shows other people (-want +got):\n%.2000s", dialect, cmp.Diff(want, got))
		}
	}
	check("flxpoint", c.flxpoint(), shown(byNumber))
	check("kaiten", c.kaiten(), people(byNumber))
	check("sixeye", c.sixEye(), shown(byID))
	check("d3lay", c.d3lay(), people(byID))
	check("fipto", c.fipto(org.ID), named(byID))
	if code := first.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
	for _, before := range []string{"a stop", "a kill"} {
		s := p.serve(t)
		c.url = s.url
		c.checkAnswers(before)
		s.end(t, syscall.SIGKILL)
	}

	again := decode[map[string]any](t, p.run(t, append(importing, "--on-conflict", "update")...))
	if again["unchanged"] != imported["created"] || again["updated"] != 0.0 || again["created"] != 0.0 {
		t.Errorf("importing the file again: %v after %v, want all unchanged", again, imported)
	}
}

// writeUsers writes demo records as JSON Lines and returns the users by number and by id.
func writeUsers(t *testing.T, path string, users int) (byNumber, byID map[string]*roster.User) {
	t.Helper()
	byNumber, byID = map[string]*roster.User{}, map[string]*roster.User{}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for e := range demo.New(7, users).Entities() {
		if e.Key().Type == roster.TypeOrganization || e.Key().Type == roster.TypeRole && e.Keys().Number <= 3 {
			continue // an organization is made with them
		}
		doc, err := roster.EncodeEntity(e)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, `{"type":%q,%s`+"\n", e.Key().Type, doc[1:])
		if u, ok := e.(*roster.User); ok {
			byNumber[fmt.Sprint(u.Number)], byID[u.ID.String()] = u, u
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return byNumber, byID
}

// people returns all users as dialects show them that list everybody.
func people(users map[string]*roster.User) map[string]person {
	all := map[string]person{}
	for key, u := range users {
		all[key] = person{key, u.Email, u.Name}
	}
	return all
}

// shown returns the users that dialects list which leave out the deactivated ones and show two names.
func shown(users map[string]*roster.User) map[string]person {
	some := map[string]person{}
	for key, u := range users {
		if u.Status != roster.Deactivated {
			some[key] = person{key, u.Email, twoNames(u)}
		}
	}
	return some
}

// named returns all users as Fipto shows them: API clients with one name, the others with two.
func named(users map[string]*roster.User) map[string]person {
	all := map[string]person{}
	for key, u := range users {
		all[key] = person{key, u.Email, twoNames(u)}
		if u.Kind == roster.APIClient {
			all[key] = person{key, "", u.Name}
		}
	}
	return all
}

// twoNames returns the first and the last name, or the only one.
func twoNames(u *roster.User) string {
	if u.FirstName == "" && u.LastName == "" {
		return u.Name
	}
	return strings.TrimSpace(u.FirstName + " " + u.LastName)
}

func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%.200s: %v", data, err)
	}
	return v
}

// client lists everybody in the ways of the vendors' clients.
type client struct {
	t           *testing.T
	url, secret string
	// answers are the digests of the bodies of every path that was fetched.
	answers map[string][32]byte
}

// body fetches a path and returns the body and its digest, which leaves out what differs from request to request.
func (c client) body(path string) ([]byte, [32]byte) {
	c.t.Helper()
	status, body := get(c.t, http.DefaultClient, c.url+path, c.secret)
	if status != http.StatusOK {
		c.t.Fatalf("GET %s answers %d: %.200s", path, status, body)
	}
	return []byte(body), sha256.Sum256(requestID.ReplaceAll([]byte(body), nil))
}

var requestID = regexp.MustCompile(`"request_id":"[^"]*"`)

func fetch[T any](c client, path string) T {
	c.t.Helper()
	body, sum := c.body(path)
	c.answers[path] = sum
	return decode[T](c.t, body)
}

// checkAnswers fetches every path again and compares the bodies.
func (c client) checkAnswers(before string) {
	c.t.Helper()
	for path, want := range c.answers {
		if _, got := c.body(path); got != want {
			c.t.Errorf("GET %s answers something else after %s", path, before)
		}
	}
}

func (c client) flxpoint() map[string]person {
	found := map[string]person{}
	for _, u := range fetch[[]struct {
		ID                         int64
		FirstName, LastName, Email string
	}](c, "/flxpoint/account/users") {
		found[fmt.Sprint(u.ID)] = person{fmt.Sprint(u.ID), u.Email, strings.TrimSpace(u.FirstName + " " + u.LastName)}
	}
	return found
}

func (c client) kaiten() map[string]person {
	found := map[string]person{}
	for _, u := range fetch[[]struct {
		ID    int64
		Email string
		Name  string `json:"full_name"`
	}](c, "/kaiten/api/latest/company/users") {
		found[fmt.Sprint(u.ID)] = person{fmt.Sprint(u.ID), u.Email, u.Name}
	}
	return found
}

func (c client) sixEye() map[string]person {
	found := map[string]person{}
	for _, u := range fetch[struct {
		Data []struct {
			ID         string
			Attributes struct{ FirstName, LastName, Email string }
		}
	}](c, "/sixeye/users").Data {
		a := u.Attributes
		found[u.ID] = person{u.ID, a.Email, strings.TrimSpace(a.FirstName + " " + a.LastName)}
	}
	return found
}

func (c client) d3lay() map[string]person {
	found := map[string]person{}
	for page := 1; ; page++ {
		users := fetch[[]struct{ ID, Email, Name string }](c, fmt.Sprintf("/d3lay/users?page_size=100&page=%d", page))
		for _, u := range users {
			found[u.ID] = person{u.ID, u.Email, u.Name}
		}
		if len(users) < 100 {
			return found
		}
	}
}

func (c client) fipto(company string) map[string]person {
	found := map[string]person{}
	for page := 1; ; page++ {
		list := fetch[struct {
			Meta struct {
				Total int `json:"total_results"`
			}
			Data []struct {
				ID         string
				Attributes struct{ Name, Email, Firstname, Lastname string }
			}
		}](c, fmt.Sprintf("/fipto/companies/%s/users?page_size=1000&page_number=%d", company, page))
		for _, u := range list.Data {
			a := u.Attributes
			name := a.Name
			if name == "" {
				name = strings.TrimSpace(a.Firstname + " " + a.Lastname)
			}
			found[u.ID] = person{u.ID, a.Email, name}
		}
		if len(list.Data) < 1000 {
			if list.Meta.Total != len(found) {
				c.t.Errorf("fipto's total is %d, and it lists %d", list.Meta.Total, len(found))
			}
			return found
		}
	}
}
