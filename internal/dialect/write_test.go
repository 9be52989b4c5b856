package dialect

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

func TestStrictEndpointsRefuseUnknownParameters(t *testing.T) {
	t.Parallel()
	params := []Param{
		{Name: "page", Type: Integer, Aliases: []string{"p"}}, {Name: "tags", Type: Strings}, {Name: "id", In: Path},
	}
	unknown := func(name, meant string) roster.Detail {
		return roster.Detail{
			Field: name, Message: "is not a parameter of this endpoint", Code: roster.Unknown,
			Allowed: []string{"page", "tags"}, DidYouMean: meant,
		}
	}
	for _, tc := range []struct {
		query string
		want  []roster.Detail
	}{
		{"", nil},
		{"page=1&tags=a&tags[]=b", nil},
		{"p=1", nil},
		{"x=1&id=2&page[]=3&pgae=1", []roster.Detail{
			unknown("id", ""), unknown("page[]", ""), unknown("pgae", "page"), unknown("x", ""),
		}},
	} {
		for _, strict := range []bool{true, false} {
			r := Request{Endpoint: &Endpoint{Params: params, Strict: strict}}
			err := r.Decode(tc.query, func(string) string { return "1" })
			want := tc.want
			if !strict {
				want = nil
			}
			var got []roster.Detail
			if err != nil {
				got = roster.AsError(err).Details
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q, strict %t (-want +got):\n%s", tc.query, strict, diff)
			}
		}
	}
}

func TestOpenAPIHasRequestBodies(t *testing.T) {
	t.Parallel()
	d := &Dialect{Name: "own", Title: "Own", Doc: "Ours.", Own: true, Endpoints: []Endpoint{{
		Method: "PATCH", Path: "/users", ID: "patch", Returns: []Return{{Status: 204, Doc: "Done"}},
		Body: &RequestBody{
			Doc: "What to change", ContentTypes: []string{"application/merge-patch+json", "application/json"},
			Body: testCommon{}, Example: `{}`, Limit: 5,
		},
	}}}
	doc := testDocument(t, d)
	if got, want := doc.Info.Description, "Ours."; got != want {
		t.Errorf("description = %q, want %q", got, want)
	}
	got, err := json.Marshal(doc.Paths.Value("/users").Patch.RequestBody.Value)
	if err != nil {
		t.Fatal(err)
	}
	id := `{"format":"uuid","readOnly":true,"type":["string","null"]}`
	media := `{"example":{},"schema":{"properties":{"id":` + id + `},"type":"object"}}`
	want := `{"content":{"application/json":` + media + `,"application/merge-patch+json":` + media +
		`},"description":"What to change. At most 5 bytes.","required":true}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}
