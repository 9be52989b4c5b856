package emulate_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
)

// clock stands still but for the waits of a client.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}

func (c *clock) wait(d time.Duration) { c.passed.Add(int64(d)) }

// client is a client of one emulated API, which waits by a clock of its own.
type client struct {
	t *testing.T
	*clock

	instance   *emulate.Instance
	api        *emulate.API
	credential emulate.Credential
	key        *rsa.PrivateKey // nil where the credential is a token
}

// newClients starts all APIs, and returns a client of each by its dialect. They have one clock.
func newClients(t *testing.T, change func(*emulate.Options)) map[string]*client {
	t.Helper()
	shared := &clock{}
	o := options(emulate.Dialects()...)
	o.Users, o.Now = 250, shared.now
	change(&o)
	i := start(t, o)
	clients := map[string]*client{}
	for _, api := range i.APIs {
		c := &client{t: t, clock: shared, instance: i, api: api}
		c.use(api.Credentials[0].Name)
		clients[api.Dialect] = c
	}
	return clients
}

// begin puts everything back, and has things go wrong by a plan from now on.
func (c *client) begin(plan *fault.Plan) {
	c.t.Helper()
	c.use(c.api.Credentials[0].Name)
	if err := errors.Join(c.instance.Reset(c.t.Context()), c.instance.SetFaults(plan)); err != nil {
		c.t.Fatal(err)
	}
}

// use has the client show a credential from now on.
func (c *client) use(name string) {
	c.t.Helper()
	at := slices.IndexFunc(c.api.Credentials, func(known emulate.Credential) bool { return known.Name == name })
	if at < 0 {
		c.t.Fatalf("there is no %s", name)
	}
	c.credential, c.key = c.api.Credentials[at], nil
	if file := c.credential.KeyFile; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			c.t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			c.t.Fatal(err)
		}
		c.key = key.(*rsa.PrivateKey)
	}
}

// ask asks once.
func (c *client) ask(method, path string, change ...func(*http.Request)) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.api.BaseURL+path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.key != nil {
		id, err := roster.ParseID(c.credential.KeyID)
		if err = errors.Join(err, auth.Sign(r, id, c.key, roster.TimeOf(c.now()))); err != nil {
			c.t.Fatal(err)
		}
	} else {
		r.Header.Set(c.credential.Header, c.credential.Value)
	}
	for _, change := range change {
		change(r)
	}
	r.Close = true // else it is asked again by itself where the connection is reset
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, string(body), err}
}

// get asks until it is answered, with ever longer waits in between.
func (c *client) get(path string) answer {
	c.t.Helper()
	pause := 200 * time.Millisecond
	for range 8 {
		a := c.ask(http.MethodGet, path)
		again := a.err != nil || a.status == http.StatusTooManyRequests || a.status >= 500
		if !again && a.isJSON() {
			return a
		}
		if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil {
			c.wait(time.Duration(seconds) * time.Second)
			continue
		}
		c.wait(pause)
		pause *= 2
	}
	c.t.Fatalf("%s is never answered", path)
	return answer{}
}

// rules are those of the findings.
func (c *client) rules() []string {
	var rules []string
	for _, f := range c.instance.Inspector().Findings() {
		rules = append(rules, f.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

const kaitenUsers = "/api/latest/company/users"

// firstPath is the path that the credential's curl line asks for.
func (c *client) firstPath() string {
	_, at, _ := strings.Cut(c.credential.Curl, c.api.BaseURL)
	return strings.TrimRight(at, "'")
}

// sync reads all users as the vendor's page says, and returns how many there are.
func (c *client) sync() int {
	c.t.Helper()
	switch c.api.Dialect {
	case "kaiten":
		return c.syncKaiten()
	case "d3lay":
		return c.syncD3lay()
	case "fipto":
		return c.syncFipto()
	case "flxpoint":
		c.get("/account")
		return items(c.t, c.get("/account/users"))
	default:
		c.get("/version")
		return c.syncSixeye()
	}
}

func (c *client) syncKaiten() (total int) {
	for {
		n := items(c.t, c.get(kaitenUsers+"?for_members_section=true&limit=100&offset="+strconv.Itoa(total)))
		if total += n; n < 100 {
			return total
		}
	}
}

func (c *client) syncD3lay() (total int) {
	for page := 1; ; page++ {
		a := c.get("/users?page_size=100&page=" + strconv.Itoa(page))
		total += items(c.t, a)
		if !strings.Contains(a.header.Get("Link"), `rel="next"`) {
			return total
		}
	}
}

func (c *client) syncFipto() (total int) {
	for page := 1; ; page++ {
		a := c.get(c.firstPath() + "?page_size=50&page_number=" + strconv.Itoa(page))
		total += items(c.t, a)
		var body struct {
			Meta struct {
				Total int `json:"total_results"`
			}
		}
		if err := json.Unmarshal([]byte(a.body), &body); err != nil {
			c.t.Fatal(err)
		}
		if total >= body.Meta.Total {
			return total
		}
	}
}

func (c *client) syncSixeye() int {
	list := c.get("/users")
	var body struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(list.body), &body); err != nil {
		c.t.Fatal(err)
	}
	for _, u := range body.Data[:3] {
		c.get("/users/" + u.ID)
	}
	return len(body.Data)
}

// items counts the elements of the list in an answer.
func items(t *testing.T, a answer) int {
	t.Helper()
	var list []json.RawMessage
	if json.Unmarshal([]byte(a.body), &list) == nil {
		return len(list)
	}
	var body struct{ Data []json.RawMessage }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return len(body.Data)
}
