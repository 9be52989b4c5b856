package native

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const problemType = "application/problem+json"

// problem is the details of a failed request (RFC 9457).
type problem struct {
	Type      string  `json:"type" required:"yes" format:"uri-reference" doc:"The page about the code."`
	Title     string  `json:"title" required:"yes" doc:"The status in words."`
	Status    int     `json:"status" required:"yes"`
	Detail    string  `json:"detail" required:"yes" doc:"What went wrong, for people."`
	Code      string  `json:"code" required:"yes" doc:"What went wrong, for programs."`
	RequestID string  `json:"request_id" required:"yes" format:"uuid"`
	Current   any     `json:"current,omitempty" type:"object" doc:"The record as it is, with status 412."`
	Errors    []fault `json:"errors,omitempty" doc:"Each parameter and member at fault, at most 100 of them."`
	// Since is for changes that are not kept any more.
	Since *roster.Version `json:"since,omitempty" doc:"Of trimmed history: the least version to ask for."`
}

// typeBase is what the code comes after in the type of a problem: where the page about it is on the server.
const typeBase = "/docs/errors/"

// fault is a parameter or a member of the body that is at fault.
type fault struct {
	Pointer    string      `json:"pointer,omitempty" doc:"A JSON pointer (RFC 6901) into the body, as a URI fragment."`
	Parameter  string      `json:"parameter,omitempty" doc:"The name of a parameter of the path, query or header."`
	Code       roster.Code `json:"code" required:"yes" doc:"What is wrong with it, for programs."`
	Detail     string      `json:"detail" required:"yes" doc:"What is wrong with it, for people."`
	Allowed    []string    `json:"allowed,omitempty" doc:"What may stand there."`
	DidYouMean string      `json:"did_you_mean,omitempty" doc:"What of that was probably meant."`
}

func fail(f dialect.Failure) dialect.Response {
	header := http.Header{}
	switch f.Error.Code {
	case roster.Unauthenticated:
		header.Set("WWW-Authenticate", `Bearer realm="roster"`)
	case roster.RateLimited, roster.Unavailable:
		header.Set("Retry-After", f.RetrySeconds())
	}
	faults := f.Faults()
	p := problem{
		Type: typeBase + string(f.Error.Code), Title: http.StatusText(f.Status), Status: f.Status,
		Detail: detail(faults[0]), Code: string(f.Error.Code), RequestID: f.RequestID,
		Errors: wireFaults(faults, f.Error.Code),
	}
	if trimmed, ok := errors.AsType[*roster.TrimmedError](f.Error); ok {
		p.Since = &trimmed.Since
	}
	response := dialect.Response{Status: f.Status, ContentType: problemType, Header: header}
	if f.Error.Record != nil {
		p.Current, response.Tag = wire(f.Error.Record), f.Error.Tag
	}
	response.Body = dialect.JSON(p)
	return response
}

// detail says what is wrong in one line.
func detail(d roster.Detail) string {
	switch field := strings.TrimPrefix(d.Field, "#/"); field {
	case "":
		return d.Message
	default:
		return field + ": " + d.Message
	}
}

// wireFaults leaves out what is the fault of no one parameter or member, and what comes after very many.
func wireFaults(details []roster.Detail, code roster.Code) []fault {
	const most = 100
	var list []fault
	for _, d := range details {
		if d.Field == "" || len(list) == most {
			continue
		}
		f := fault{
			Parameter: d.Field, Code: cmp.Or(d.Code, code), Detail: d.Message, Allowed: d.Allowed,
			DidYouMean: d.DidYouMean,
		}
		if strings.HasPrefix(d.Field, "#/") {
			f.Pointer, f.Parameter = d.Field, ""
		}
		list = append(list, f)
	}
	return list
}

// inBody returns an error about a body with its fields as pointers, which tells them from parameters.
func inBody(err error) error {
	e, known := errors.AsType[*roster.Error](err)
	if !known {
		return err
	}
	c := *e
	c.Field, c.Details = pointer(e.Field), nil // not err as the cause: it repeats what the client sent
	for _, d := range e.Details {
		d.Field = pointer(d.Field)
		c.Details = append(c.Details, d)
	}
	return &c
}

// inPath returns an error about a record that the path names: no part of the request is a field.
func inPath(err error) error {
	e, known := errors.AsType[*roster.Error](err)
	if !known || e.Field == "" {
		return err
	}
	return &roster.Error{Code: e.Code, Message: e.Message, Record: e.Record, Tag: e.Tag, Err: e.Err}
}

// pointer turns the path of a member, as in spaces[0].role, into #/spaces/0/role.
func pointer(path string) string {
	if path == "" {
		return ""
	}
	path = strings.NewReplacer("~", "~0", "/", "~1", "[", "/", "]", "", ".", "/").Replace(path)
	return (&url.URL{Fragment: "/" + path}).String()
}

// isObject fails for a body that is not one JSON object, and for one that has a member twice, by its path.
func isObject(body []byte) error {
	if !utf8.Valid(body) {
		return roster.Errorf(roster.Invalid, "the body must be valid UTF-8")
	}
	if err := isJSONObject(body); err != nil {
		return err
	}
	if at := roster.RepeatedMember(body); at != "" {
		return roster.FieldErrorf(at, "is given twice")
	}
	return nil
}

// isJSONObject fails for a text that is not one JSON object.
func isJSONObject(body []byte) error {
	if bytes.HasPrefix(body, []byte("{")) && json.Valid(body) { // the rule
		return nil
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(body, &members)
	if syntax, broken := errors.AsType[*json.SyntaxError](err); broken && len(body) > 0 {
		return roster.Errorf(roster.Invalid, "the body is not valid JSON: %s at byte %d", syntax.Error(), syntax.Offset)
	}
	if err != nil || members == nil {
		return roster.Errorf(roster.Invalid, "the body must be a JSON object")
	}
	return nil
}
