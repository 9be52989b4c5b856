package dialect

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

// A condition that a write does not look at must not be passed over.
func TestStrictWritesRefuseConditionsThatTheyDoNotTake(t *testing.T) {
	t.Parallel()
	const words = "is not a condition that this endpoint takes"
	takes := []Param{{Name: "If-Match", In: Header, Type: Strings}}
	for _, tc := range []struct {
		name, method string
		strict       bool
		params       []Param
		want         []roster.Detail
	}{
		{"read", http.MethodGet, true, nil, nil},
		{"lenient", http.MethodPut, false, nil, nil},
		{"takes one", http.MethodPatch, true, takes, []roster.Detail{{Field: "If-None-Match", Message: words}}},
		{
			"takes none", http.MethodPost, true, nil,
			[]roster.Detail{{Field: "If-Match", Message: words}, {Field: "If-None-Match", Message: words}},
		},
	} {
		r := Request{
			Endpoint: &Endpoint{Method: tc.method, Strict: tc.strict, Params: tc.params},
			Header:   http.Header{"If-Match": {`"a"`}, "If-None-Match": {"*"}},
		}
		var got []roster.Detail
		if err := r.Decode("", func(string) string { return "" }); err != nil {
			got = roster.AsError(err).Details
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
