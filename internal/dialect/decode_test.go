package dialect_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// decode decodes a query for an endpoint with some parameters.
func decode(t *testing.T, query string, params ...dialect.Param) (*dialect.Request, error) {
	t.Helper()
	r := &dialect.Request{Endpoint: &dialect.Endpoint{Params: params}}
	return r, r.Decode(query, func(string) string { return "" })
}

// TestWith shows that a parameter can stand before the flag that it works only with.
func TestWith(t *testing.T) {
	count := dialect.Param{Name: "count", Type: dialect.Integer, Default: "7", With: []string{"a", "b"}}
	a, b := dialect.Param{Name: "a", Type: dialect.Boolean}, dialect.Param{Name: "b", Type: dialect.Boolean}
	for query, want := range map[string]int64{
		"": 0, "count=3": 0, "count=bad": 0, "a=true": 7, "a=true&count=3": 3, "b=1&count=3": 3, "a=false&count=3": 0,
	} {
		r, err := decode(t, query, a, count, b)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := r.Int("count"); got != want {
			t.Errorf("%q: count = %d, want %d", query, got, want)
		}
	}
	_, err := decode(t, "b=true&count=bad", a, count, b)
	if got := roster.AsError(err); got.Code != roster.Invalid || got.Field != "count" {
		t.Errorf("a bad value that counts: %v, want an invalid count", err)
	}
}

func TestClip(t *testing.T) {
	clipped := dialect.Param{Name: "n", Type: dialect.Integer, Min: dialect.N(0), Max: dialect.N(100), Clip: true}
	for value, want := range map[string]int64{"0": 0, "99": 99, "101": 100, "99999999999999999999": 100} {
		r, err := decode(t, "n="+value, clipped)
		if err != nil || r.Int("n") != want {
			t.Errorf("n=%s gives %d (%v), want %d", value, r.Int("n"), err, want)
		}
	}
	strict := clipped
	strict.Clip = false
	for _, value := range []string{"-1", "-99999999999999999999", "1.5", "x", "0x10"} {
		for _, p := range []dialect.Param{clipped, strict} {
			if _, err := decode(t, "n="+value, p); roster.CodeOf(err) != roster.Invalid {
				t.Errorf("n=%s (clip %t): %v, want invalid", value, p.Clip, err)
			}
		}
	}
	for _, value := range []string{"101", "99999999999999999999"} {
		if _, err := decode(t, "n="+value, strict); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("n=%s without clip: %v, want invalid", value, err)
		}
	}
}

func TestLists(t *testing.T) {
	list := dialect.Param{Name: "n", Type: dialect.Integers, Min: dialect.N(1), JSON: true}
	for query, want := range map[string][]int64{
		"":                       nil,
		"n=":                     nil,
		"n=,,":                   nil,
		"n=[]":                   nil,
		"n=1,2":                  {1, 2},
		"n=1&n=2&n=1":            {1, 2},
		"n[]=1&n[]=2":            {1, 2},
		"n[]=2&n=1":              {1, 2},
		`n=[1,"2", 3 ]&n=4`:      {1, 2, 3, 4},
		"n=%20%5B1%5D%20&n=%202": {1, 2},
	} {
		r, err := decode(t, query, list)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if diff := cmp.Diff(want, r.Integers("n")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
		if got := r.Given("n"); got != (len(want) > 0) {
			t.Errorf("%q: given = %t with %d items", query, got, len(want))
		}
	}
	for _, value := range []string{"0", "-1", "x", "[1", "[1]]", "[1]2", "[[1]]", "[null]", "[true]", `[{"a":1}]`, "[1.5]"} {
		if _, err := decode(t, "n="+url.QueryEscape(value), list); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("n=%s: %v, want invalid", value, err)
		}
	}
}

func TestJSONTexts(t *testing.T) {
	r, err := decode(t, `s=`+url.QueryEscape(`["a,b",7," c "]`), dialect.Param{Name: "s", Type: dialect.Strings, JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Strings("s"), []string{"a,b", "7", "c"}; !slices.Equal(got, want) {
		t.Errorf("items = %q, want %q", got, want)
	}
}
