package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/roster-dev/roster"
)

// problem is the details of a failed request (RFC 9457), as far as they are looked at.
type problem struct {
	Detail string  `json:"detail"`
	Code   string  `json:"code"`
	Errors []fault `json:"errors"`
	// Since is for changes that are not kept any more.
	Since *roster.Version `json:"since"`
	// Current is the record as it is, where it is not as the request says.
	Current json.RawMessage `json:"current"`
}

type fault struct {
	Pointer    string      `json:"pointer"`
	Parameter  string      `json:"parameter"`
	Code       roster.Code `json:"code"`
	Detail     string      `json:"detail"`
	Allowed    []string    `json:"allowed"`
	DidYouMean string      `json:"did_you_mean"`
}

// failure returns the error of a response that is not a success.
func (c *Client) failure(r request, response *http.Response) error {
	const most = 1 << 20
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var p problem
	if kind == "application/problem+json" {
		err := json.NewDecoder(io.LimitReader(response.Body, most)).Decode(&p)
		if err == nil && p.Code != "" {
			c.answered.Store(true)
			e := p.err()
			if e.Record = p.record(r.path); e.Code == roster.PreconditionFailed {
				e.Tag = response.Header.Get("ETag")
			}
			return busy(e, response.Header)
		}
	}
	return busy(&roster.Error{
		Code:    roster.Unavailable,
		Message: fmt.Sprintf("the server answered %s, which is not Roster's API", response.Status),
	}, response.Header)
}

// busy adds to an error when to try again, where an answer says so in seconds.
func busy(err error, header http.Header) error {
	seconds, unknown := strconv.ParseUint(header.Get("Retry-After"), 10, 31)
	if unknown != nil {
		return err
	}
	return &RetryError{time.Duration(seconds) * time.Second, err}
}

// record returns the record that a problem of a request to a path shows, nil for none.
func (p problem) record(path []string) any {
	var record any
	switch e := roster.NewEntity(roster.Type(strings.TrimSuffix(path[0], "s"))); {
	case slices.Contains(path, "members"):
		record = new(Member)
	case path[0] == "jobs":
		record = new(Job)
	case e != nil:
		record = e
	}
	if record == nil || p.Current == nil || json.Unmarshal(p.Current, record) != nil {
		return nil
	}
	return record
}

// err returns the problem as the error that the server had.
func (p problem) err() *roster.Error {
	e := &roster.Error{Code: roster.Code(p.Code), Message: p.Detail}
	if p.Since != nil {
		e.Err = &roster.TrimmedError{Since: *p.Since}
	}
	for _, f := range p.Errors {
		if f.Code == e.Code { // which it then has from there
			f.Code = ""
		}
		e.Details = append(e.Details, roster.Detail{
			Field: f.field(), Message: f.Detail, Code: f.Code, Allowed: f.Allowed, DidYouMean: f.DidYouMean,
		})
	}
	if len(e.Details) > 0 {
		e.Field, e.Message = e.Details[0].Field, e.Details[0].Message
	}
	return e
}

// field returns the name of a parameter, or the path of a member, as in spaces[0].role for #/spaces/0/role.
func (f fault) field() string {
	if f.Pointer == "" {
		return f.Parameter
	}
	pointer := strings.TrimPrefix(f.Pointer, "#/")
	if decoded, err := url.PathUnescape(pointer); err == nil {
		pointer = decoded
	}
	var path strings.Builder
	for i, segment := range strings.Split(pointer, "/") {
		segment = strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
		switch {
		case i > 0 && isIndex(segment):
			path.WriteString("[" + segment + "]")
		case i > 0:
			path.WriteString("." + segment)
		default:
			path.WriteString(segment)
		}
	}
	return path.String()
}

func isIndex(segment string) bool {
	return segment != "" && strings.Trim(segment, "0123456789") == ""
}
