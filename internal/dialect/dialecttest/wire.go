package dialecttest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/dialect"
)

// Read reads what an encoder has written into a wire struct, and fails where the struct, written by encoding/json, is
// not the same text: the struct is what the OpenAPI document and clients are made from.
func Read[T any](t *testing.T, written []byte) T {
	t.Helper()
	var wire T
	decoder := json.NewDecoder(strings.NewReader(string(written)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		t.Fatalf("%v in %s", err, written)
	}
	want, err := dialect.Encode(wire)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(written)); diff != "" {
		t.Fatalf("what is written is not the struct (-struct +written):\n%s", diff)
	}
	return wire
}
