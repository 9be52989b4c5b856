package native

import (
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
	Type      string  `json:"type" required:"yes" format:"uri-reference" doc:"Always about:blank; see code."`
	Title     string  `json:"title" required:"yes" doc:"The status in words."`
	Status    int     `json:"status" required:"yes"`
	Detail    string  `json:"detail" required:"yes" doc:"What went wrong, for people."`
	Code      string  `json:"code" required:"yes" doc:"What went wrong, for programs."`
	RequestID string  `json:"request_id" required:"yes" format:"uuid"`
	Errors    []fault `json:"errors,omitempty" doc:"Each parameter and member at fault."`
}

// fault is a parameter or a member of the body that is at fault.
type fault struct {
	Pointer   string `json:"pointer,omitempty" doc:"A JSON pointer (RFC 6901) into the body, as a URI fragment."`
	Parameter string `json:"parameter,omitempty" doc:"The name of a parameter of the path or the query."`
	Detail    string `json:"detail" required:"yes"`
}

func fail(f dialect.Failure) dialect.Response {
	header := http.Header{}
	switch f.Error.Code {
	case roster.Unauthenticated:
		header.Set("WWW-Authenticate", `Bearer realm="roster"`)
	case roster.RateLimited:
		header.Set("Retry-After", f.RetrySeconds())
	}
	faults := f.Faults()
	return dialect.Response{
		Status: f.Status, ContentType: problemType, Header: header,
		Body: dialect.JSON(problem{
			Type: "about:blank", Title: http.StatusText(f.Status), Status: f.Status,
			Detail: detail(faults[0]), Code: string(f.Error.Code), RequestID: f.RequestID, Errors: wireFaults(faults),
		}),
	}
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

// wireFaults leaves out what is the fault of no one parameter or member.
func wireFaults(details []roster.Detail) []fault {
	var list []fault
	for _, d := range details {
		switch {
		case d.Field == "":
		case strings.HasPrefix(d.Field, "#/"):
			list = append(list, fault{Pointer: d.Field, Detail: d.Message})
		default:
			list = append(list, fault{Parameter: d.Field, Detail: d.Message})
		}
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
		c.Details = append(c.Details, roster.Detail{Field: pointer(d.Field), Message: d.Message})
	}
	return &c
}

// inPath returns an error about a record that the path names: no part of the request is a field.
func inPath(err error) error {
	e, known := errors.AsType[*roster.Error](err)
	if !known || e.Field == "" {
		return err
	}
	return &roster.Error{Code: e.Code, Message: e.Message, Err: e.Err}
}

// pointer turns the path of a member, as in spaces[0].role, into #/spaces/0/role.
func pointer(path string) string {
	if path == "" {
		return ""
	}
	path = strings.NewReplacer("~", "~0", "/", "~1", "[", "/", "]", "", ".", "/").Replace(path)
	return (&url.URL{Fragment: "/" + path}).String()
}

// isObject fails for a body that is not one JSON object.
func isObject(body []byte) error {
	if !utf8.Valid(body) {
		return roster.Errorf(roster.Invalid, "the body must be valid UTF-8")
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
