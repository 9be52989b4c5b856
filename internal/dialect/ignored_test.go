package dialect_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/dialect"
)

func TestIgnored(t *testing.T) {
	t.Parallel()
	e := &dialect.Endpoint{Method: http.MethodGet, Path: "/", Params: []dialect.Param{
		{Name: "flag", Type: dialect.Boolean},
		{Name: "limit", Type: dialect.Integer, Max: dialect.N(100), Clip: true, Aliases: []string{"max"}},
		{Name: "ids", Type: dialect.Integers},
		{Name: "query", With: []string{"flag"}},
		{Name: "never", Ignored: true},
		{Name: "X-Head", In: dialect.Header},
	}}
	for query, want := range map[string][]dialect.Ignored{
		"flag=1&query=a&limit=100&ids[]=1&ids=2": nil,
		"limit=+0100&max=7":                      nil,
		"query=a&flag=0":                         {{Name: "query", Why: dialect.NoFlag, Param: &e.Params[3]}},
		"quer=a&X-Head=b": {
			{Name: "X-Head"}, {Name: "quer", Near: "query"},
		},
		"ids=&flag=%20":              {{Name: "flag", Why: dialect.NoValue, Param: &e.Params[0]}, {Name: "ids", Why: dialect.NoValue, Param: &e.Params[2]}},
		"limit=101":                  {{Name: "limit", Why: dialect.Clipped, Param: &e.Params[1], Counts: 100}},
		"max=1000000000000000000000": {{Name: "max", Why: dialect.Clipped, Param: &e.Params[1], Counts: 100}},
		"never=1&limit=bad":          {{Name: "never", Why: dialect.NoEffect, Param: &e.Params[4]}},
	} {
		r := &dialect.Request{Endpoint: e}
		err := r.Decode(query, nil)
		if diff := cmp.Diff(want, r.Ignored()); diff != "" {
			t.Errorf("%s, %v (-want +got):\n%s", query, err, diff)
		}
		if got, want := r.Counts("query"), r.Bool("flag"); got != want {
			t.Errorf("%s: query counts: %t, want %t", query, got, want)
		}
	}
}
