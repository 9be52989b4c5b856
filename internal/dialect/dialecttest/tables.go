package dialecttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// checkExamples fails for an example in the tables that is not, member by member and in that order, what the wire type
// of its response writes.
func checkExamples(t *testing.T, d *dialect.Dialect) {
	t.Helper()
	for _, e := range d.Endpoints {
		for _, r := range e.Returns {
			if r.Body == nil || r.Example == "" {
				continue
			}
			wire := reflect.New(reflect.TypeOf(r.Body))
			decoder := json.NewDecoder(strings.NewReader(r.Example))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(wire.Interface()); err != nil {
				t.Errorf("the example of %s answering %d: %v", e.ID, r.Status, err)
				continue
			}
			got, err := dialect.Encode(wire.Elem().Interface())
			if err != nil {
				t.Errorf("encode the example of %s answering %d: %v", e.ID, r.Status, err)
			}
			if diff := cmp.Diff(r.Example, string(got)); diff != "" {
				t.Errorf("the example of %s answering %d is not what is written (-example +written):\n%s",
					e.ID, r.Status, diff)
			}
		}
	}
}

// checkFailures fails where the response to a failure shows its cause, or an internal one anything at all, or has a
// body that is not what its media type says.
func checkFailures(t *testing.T, d *dialect.Dialect) {
	t.Helper()
	for _, code := range roster.Codes() {
		const cause, words = "the disk is full", "of the message"
		f := dialect.Failure{
			Error:  &roster.Error{Code: code, Message: words, Err: errors.New(cause)},
			Status: d.Status(code), RequestID: Other.String(),
		}
		response := d.Fail(f)
		if response.Status < 400 {
			t.Errorf("%s is answered with the status %d", code, response.Status)
		}
		var body bytes.Buffer
		if response.Body != nil {
			if err := response.Body(&body); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
		text := body.String()
		if strings.Contains(text, cause) || code == roster.Internal && strings.Contains(text, words) {
			t.Errorf("the response to %s shows what is inside: %s", code, text)
		}
		if text != "" && !strings.HasPrefix(response.ContentType, "text/") && !json.Valid(body.Bytes()) {
			t.Errorf("the response to %s is not JSON: %s", code, text)
		}
	}
}
