package native

import (
	"reflect"
	"testing"

	"github.com/roster-dev/roster"
)

// The wire structs say of the same members as the records that only we set them.
func TestReadOnlyMembersOfWireStructs(t *testing.T) {
	t.Parallel()
	isReadOnly := func(f reflect.StructField) bool {
		return f.Tag.Get("readonly") != "" || f.Tag.Get("input") == "ignore"
	}
	for _, pair := range []struct{ record, wire any }{
		{roster.Organization{}, Organization{}},
		{roster.Token{}, Token{}},
		{roster.Invitation{}, Invitation{}},
		{roster.Webhook{}, Webhook{}},
	} {
		want, wire := map[string]bool{}, reflect.TypeOf(pair.wire)
		for f := range fieldsOf(reflect.TypeOf(pair.record)) {
			want[nameOf(f)] = isReadOnly(f)
		}
		for f := range fieldsOf(wire) {
			if of, known := want[nameOf(f)]; known && isReadOnly(f) != of {
				t.Errorf("%s of %s: read only is %t, want %t", nameOf(f), wire, isReadOnly(f), of)
			}
		}
	}
}
