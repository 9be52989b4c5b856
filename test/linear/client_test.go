package linear

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// cut is when a client loses its connection.
type cut int

const (
	uncut       cut = iota
	afterSent       // once the request is sent
	beforeHeard     // once the first byte of the answer is there
)

// delivery is how a request is sent.
type delivery struct {
	// key is its idempotency key, "" for none: with one the request is repeated until there is an answer.
	key string
	cut cut // of the first time
}

// client is one of those who ask at the same time. It uses one connection.
type client struct {
	number, actor int
	base, secret  string
	http          *http.Client
	began         time.Time
	history       []porcupine.Operation
}

// do sends a request and notes what became of it. The error is what should not happen to a client.
func (c *client) do(ctx context.Context, in input, how delivery) (output, error) {
	in.actor = c.actor
	call := time.Since(c.began)
	out, err := c.try(ctx, in, how)
	for how.key != "" && err == nil && out.unknown {
		out, err = c.try(ctx, in, delivery{key: how.key})
	}
	if err != nil {
		return out, err
	}
	end := time.Since(c.began)
	if out.unknown {
		end = forever // it may still be done
	}
	c.history = append(c.history, porcupine.Operation{
		ClientId: c.number, Input: in, Call: int64(call), Output: out, Return: int64(end),
	})
	return out, nil
}

// forever is after everything.
const forever = time.Duration(1<<63 - 1)

// try sends a request once.
func (c *client) try(ctx context.Context, in input, how delivery) (output, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	switch how.cut {
	case afterSent:
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { cancel() },
		})
	case beforeHeard:
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: cancel})
	}
	request, err := c.request(ctx, in, how.key)
	if err != nil {
		return output{}, err
	}
	got, err := c.roundTrip(request)
	if err != nil {
		if how.cut != uncut && ctx.Err() != nil {
			return output{unknown: true}, nil
		}
		return output{}, err
	}
	out := output{status: got.status}
	if err := out.read(in, got.header, got.body); err != nil {
		return out, fmt.Errorf("%s %s: %w: %d %s", request.Method, request.URL, err, out.status, got.body)
	}
	return out, nil
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// roundTrip returns the answer to a request.
func (c *client) roundTrip(r *http.Request) (answer, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

// address returns the e-mail address of a slot.
func address(slot int) string { return fmt.Sprintf("slot-%d@example.com", slot) }

// ref returns how a request names its user.
func (in input) ref() string {
	if in.id != "" {
		return in.id
	}
	return "email:" + address(in.slot)
}

func (c *client) request(ctx context.Context, in input, key string) (*http.Request, error) {
	method, target, body := in.onWire()
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + c.secret, "If-Match": in.ifMatch, "If-None-Match": in.ifNoneMatch,
		dialect.IdempotencyKey: key,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if key != "" {
		r.Header.Set(dialect.IdempotencyKey, `"`+key+`"`)
	}
	return r, nil
}

// onWire returns the method, target and body of a request.
func (in input) onWire() (method, target string, body []byte) {
	query := url.Values{}
	if in.least > 0 {
		query.Set(dialect.MinVersion, strconv.FormatInt(int64(in.least), 10))
	}
	one := "/users/" + in.ref()
	switch in.kind {
	case get:
		method, target = http.MethodGet, one
	case list:
		query.Set("page_size", "1000")
		query.Set("order_by", "email")
		if in.status != "" {
			query.Set("filter", "status = "+in.status)
		}
		method, target = http.MethodGet, "/users"
	case create:
		method, target, body = http.MethodPost, "/users", in.doc()
	case patch:
		method, target, body = http.MethodPatch, one, in.doc()
	case remove:
		method, target = http.MethodDelete, one
	case suspend, restore:
		method, target = http.MethodPost, one+":"+in.kind.String()
	case batch:
		method, target, body = http.MethodPost, "/users:batch", in.doc()
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return method, target, body
}

// doc returns the body of a request, or the item of a batch.
func (in input) doc() []byte {
	var doc any
	switch in.kind {
	case create:
		doc = map[string]any{"email": address(in.slot), "name": in.name}
	case patch:
		doc = map[string]any{"name": in.name}
	case batch:
		items := []any{}
		for _, i := range in.items {
			items = append(items, i.item())
		}
		doc = map[string]any{"items": items}
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic(err) // texts have a JSON form
	}
	return body
}

func (in input) item() map[string]any {
	if in.kind == create {
		return map[string]any{"op": "create", "user": json.RawMessage(in.doc())}
	}
	item := map[string]any{"op": "delete", "ref": in.ref()}
	if in.kind == patch {
		item["op"], item["patch"] = "update", json.RawMessage(in.doc())
	}
	if in.ifMatch != "" {
		item["if_match"] = in.ifMatch
	}
	return item
}

// wireUser is what the test looks at in a user.
type wireUser struct{ ID, Email, Name, Status string }

func (w wireUser) user(tag string) user {
	return user{there: w.ID != "", name: w.Name, status: w.Status, id: w.ID, tag: tag}
}

// slot returns which slot a user is in, or fails where that is none.
func (w wireUser) slot() (int, error) {
	var n int
	if _, err := fmt.Sscanf(w.Email, "slot-%d@example.com", &n); err != nil || n < 0 || n >= slots {
		return 0, fmt.Errorf("nobody has made the user %+v", w)
	}
	return n, nil
}

// read reads an answer.
func (o *output) read(in input, header http.Header, body []byte) error {
	if v := header.Get(dialect.VersionHeader); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return err
		}
		o.version = roster.Version(n)
	}
	tag := header.Get("ETag")
	if tag == "" {
		tag = "none"
	}
	switch {
	case o.status == http.StatusPreconditionFailed && in.kind != batch:
		var problem struct{ Current wireUser }
		err := json.Unmarshal(body, &problem)
		o.user = problem.Current.user(tag)
		return err
	case o.status < 200 || o.status > 299 || len(body) == 0:
		return nil
	case in.kind == list:
		o.user.tag = tag
		return o.readList(body)
	case in.kind == batch:
		return o.readBatch(body)
	default:
		var w wireUser
		err := json.Unmarshal(body, &w)
		o.user = w.user(tag)
		return err
	}
}

func (o *output) readList(body []byte) error {
	var doc struct {
		Items   []wireUser
		Total   int
		Version roster.Version
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return err
	}
	if doc.Version != o.version {
		return fmt.Errorf("the version in the body is not that of the header, %d", o.version)
	}
	o.list.total = doc.Total
	for _, w := range doc.Items {
		slot, err := w.slot()
		if err != nil {
			return err
		}
		if o.list.users[slot].there {
			return fmt.Errorf("slot %d is there twice", slot)
		}
		o.list.users[slot] = w.user("")
	}
	return nil
}

func (o *output) readBatch(body []byte) error {
	var doc struct {
		Items []struct {
			Status int
			ETag   string
			User   wireUser
		}
		Version roster.Version
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return err
	}
	if doc.Version != o.version {
		return fmt.Errorf("the version in the body is not that of the header, %d", o.version)
	}
	for _, item := range doc.Items {
		o.items = append(o.items, output{status: item.Status, user: item.User.user(item.ETag)})
	}
	return nil
}

// String says what was asked for, for people.
func (in input) String() string {
	parts := []string{in.kind.String(), fmt.Sprintf("slot %d", in.slot)}
	add := func(format string, value any, given bool) {
		if given {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add("id %s", in.id, in.id != "")
	add("name %q", in.name, in.name != "")
	add("status %s", in.status, in.status != "")
	add("If-Match %s", in.ifMatch, in.ifMatch != "")
	add("If-None-Match %s", in.ifNoneMatch, in.ifNoneMatch != "")
	add("min_version %d", in.least, in.least > 0)
	add("items %v", in.items, len(in.items) > 0)
	add("by token %d", in.actor, true)
	return strings.Join(parts, ", ")
}

// String says what was answered, for people.
func (o output) String() string {
	switch {
	case o.unknown:
		return "no answer"
	case len(o.items) > 0:
		return fmt.Sprintf("%d at %d %v", o.status, o.version, o.items)
	case o.list != shownList{}:
		return fmt.Sprintf("%d at %d %+v", o.status, o.version, o.list)
	default:
		return fmt.Sprintf("%d at %d %+v", o.status, o.version, o.user)
	}
}
