package dialect

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

type testCommon struct {
	ID roster.ID `json:"id" required:"yes" readonly:"yes" mark:"seed"`
}

type testInput struct {
	Name string `json:"name" required:"yes"`
}

type testUser struct {
	testCommon
	Email    string            `json:"email" format:"email" required:"yes" mark:"seed"`
	Level    int64             `json:"level" enum:"1,2" mark:"seen"`
	Theme    *string           `json:"theme" enum:"dark,light"`
	Boss     *testUser         `json:"boss"`
	Deputy   *testUser         `json:"deputy,omitempty" required:"yes"`
	Tags     []string          `json:"tags" enum:"a,b" doc:"What it is about."`
	Settings roster.Object     `json:"settings"`
	Extra    json.RawMessage   `json:"extra"`
	Count    json.RawMessage   `json:"count" type:"integer" nullable:"yes"`
	Names    map[string]string `json:"names"`
	Score    float64           `json:"score"`
	_        int               // not a member
	Secret   string            `json:"-"`
}

func testDialect() *Dialect {
	return &Dialect{
		Name: "test", Title: "Test", Doc: "A dialect with one of everything.", APIVersion: "7",
		Schemes: []Scheme{
			{Kind: Bearer, Doc: "The token."}, {Kind: HeaderKey, Header: "X-Key"}, {Kind: HTTPSignature},
		},
		Limit: roster.Limit{Rate: 0.5, Burst: 3},
		Headers: []HeaderDoc{
			{Name: "X-Always", Doc: "Always.", Mark: Seen},
			{Name: "Retry-After", Doc: "Seconds.", Integer: true, Statuses: []int{429}, Mark: Ours},
		},
		Endpoints: []Endpoint{testList(), {
			Method: "GET", Path: "/ping", ID: "ping", Public: true, Mark: Ours,
			Returns: []Return{{Status: 204, Doc: "Alive", Mark: Ours}},
		}, {
			Method: "PUT", Path: "/users", ID: "putUser", Mark: Ours, Strict: true,
			Body:    &RequestBody{Doc: "A user", ContentTypes: []string{"text/x", "text/y"}, Body: testInput{}, Limit: 99},
			Returns: []Return{{Status: 204, Doc: "Done", Mark: Ours}},
		}},
		Facts: []Fact{{Text: "It is | tested.", Mark: Ours}, {Text: "It is alive.", Mark: Seen, Contract: roster.Live}},
	}
}

func testList() Endpoint {
	return Endpoint{
		Method: "GET", Path: "/teams/{team}/users", Aliases: []string{"/users"}, ID: "listUsers", Summary: "List users",
		Description: "Some users", AllowDoc: "Only on Mondays.", Mark: Seed,
		Kinds: []roster.TokenKind{roster.TokenAccount}, Needs: roster.UsersRead,
		Params: []Param{
			{Name: "team", In: Path, Type: UUID, Doc: "The team", Mark: Seed},
			{
				Name: "limit", Type: Integer, Min: N(1), Max: N(100), Default: "20", Clip: true, Doc: "Page size",
				Aliases: []string{"size"}, Example: "50", Mark: Seed,
			},
			{Name: "order", Enum: []string{"asc", "desc"}, Default: "asc", With: []string{"sorted", "paged"}, Mark: Seen},
			{Name: "full", Type: Boolean, Default: "false", Needs: roster.MetadataRead, Doc: "Everything.", Mark: Ours},
			{Name: "bits", Type: Integers, Max: N(8), JSON: true, MaxItems: 4, Default: "1,2", Example: "1,4", Mark: Seed},
			{Name: "since", In: Header, Type: DateTime, Required: true, Mark: Seed},
			{Name: "code", Pattern: "^[A-Z]+$", Example: "ABC", Mark: Ours},
		},
		Returns: []Return{
			{Status: 200, Doc: "Users", Body: []testUser{}, Example: `[]`, Mark: Seed},
			{Status: 200, Doc: "A count", Body: struct {
				Count int `json:"count" required:"yes"`
			}{}, Mark: Ours},
			{Status: 401, Doc: "No token", ContentType: "text/plain", Mark: Seen, Contract: roster.Live},
			{Status: 429, Doc: "Too many", Body: "", ContentType: "text/html", Example: `"Slow down"`, Mark: Seen},
		},
	}
}

func testDocument(t *testing.T, d *Dialect) *openapi3.T {
	t.Helper()
	raw, err := OpenAPI(d, "https://api.example.com/test")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatalf("load: %v\n%s", err, raw)
	}
	return doc
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	doc := testDocument(t, testDialect())
	for _, p := range doc.Paths.Value("/users").Get.Parameters {
		if p.Value.Name == "bits" {
			p.Value.Schema.Value.Example = nil // it is as written in a URL, not an array
		}
	}
	team := doc.Paths.Value("/teams/{team}/users").Get.Parameters.GetByInAndName("query", "bits")
	team.Schema.Value.Example = nil
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenAPIExamplesAreHeldToTheirSchemas(t *testing.T) {
	t.Parallel()
	d := testDialect()
	d.Endpoints[0].Params = d.Endpoints[0].Params[:1]
	d.Endpoints[0].Returns[0].Example = `[{"id":7}]`
	if err := testDocument(t, d).Validate(t.Context()); err == nil {
		t.Error("an example with a wrong type is valid, want an error")
	}
	d.Endpoints[0].Returns[0].Example = `{`
	if _, err := OpenAPI(d, "/"); err == nil {
		t.Error("OpenAPI with an example that is not JSON succeeds, want an error")
	}
}

func TestOpenAPIParameters(t *testing.T) {
	t.Parallel()
	doc := testDocument(t, testDialect())
	want := []string{
		`{"name":"team","in":"path","description":"The team","required":true,"schema":{"type":"string","format":"uuid"}}`,
		`{"name":"limit","in":"query","description":"Page size. A larger value counts as 100. Also called size.",` +
			`"schema":{"type":"integer","default":20,"minimum":1,"maximum":100,"example":50}}`,
		`{"name":"order","in":"query","description":"Ignored without sorted or paged.",` +
			`"schema":{"type":"string","enum":["asc","desc"],"default":"asc"}}`,
		`{"name":"full","in":"query","description":"Everything. Needs the permission metadata:read.",` +
			`"schema":{"type":"boolean","default":false}}`,
		`{"name":"bits","in":"query","schema":{"type":"array","default":[1,2],"maxItems":4,"uniqueItems":true,` +
			`"items":{"type":"integer","maximum":8},"example":"1,4"}}`,
		`{"name":"since","in":"header","required":true,"schema":{"type":"string","format":"date-time"}}`,
		`{"name":"code","in":"query","schema":{"type":"string","pattern":"^[A-Z]+$","example":"ABC"}}`,
	}
	d := testDialect()
	var got []string
	for i := range d.Endpoints[0].Params {
		got = append(got, asJSON(t, d.Endpoints[0].Params[i].openAPI()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if alias := doc.Paths.Value("/users").Get; len(alias.Parameters) != 6 || alias.OperationID != "listUsersAlias1" {
		t.Errorf("alias: %d parameters, id %s; want 6, listUsersAlias1", len(alias.Parameters), alias.OperationID)
	}
}

func TestOpenAPIOperation(t *testing.T) {
	t.Parallel()
	doc := testDocument(t, testDialect())
	op := doc.Paths.Value("/users").Get
	if got, want := op.Description, "Some users. Only on Mondays."; got != want {
		t.Errorf("description = %q, want %q", got, want)
	}
	if got, want := asJSON(t, op.Security), `[{"bearer":[]},{"X-Key":[]},{"signature":[]}]`; got != want {
		t.Errorf("security = %s, want %s", got, want)
	}
	badges := `[{"name":"Authorization: Bearer"},{"name":"0.5 req/s"},{"name":"Token: Account · Source · Channel"},` +
		`{"name":"Fidelity: seed"},{"name":"Differs by contract"}]`
	if got := asJSON(t, op.Extensions["x-badges"]); got != badges {
		t.Errorf("badges = %s, want %s", got, badges)
	}
	public := doc.Paths.Value("/ping").Get
	if public.Security == nil || len(*public.Security) != 0 || public.Extensions["x-badges"] != nil {
		t.Errorf("a public operation asks for a credential: %v, badges %v", public.Security, public.Extensions)
	}
	schemes := `{"X-Key":{"type":"apiKey","in":"header","name":"X-Key"},` +
		`"bearer":{"type":"http","description":"The token.","scheme":"bearer"},` +
		`"signature":{"type":"apiKey","in":"header","name":"Signature"}}`
	var want, got any
	if err := json.Unmarshal([]byte(schemes), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(asJSON(t, doc.Components.SecuritySchemes)), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("security schemes (-want +got):\n%s", diff)
	}
}

func TestOpenAPIRequestBody(t *testing.T) {
	t.Parallel()
	doc := testDocument(t, testDialect())
	const media = `{"schema":{"$ref":"#/components/schemas/TestInput"}}`
	want := `{"content":{"text/x":` + media + `,"text/y":` + media + `},"description":"A user. At most 99 bytes.",` +
		`"required":true}`
	if diff := cmp.Diff(want, asJSON(t, doc.Paths.Value("/users").Put.RequestBody)); diff != "" {
		t.Errorf("request body (-want +got):\n%s", diff)
	}
}

func TestOpenAPIMergePatch(t *testing.T) {
	t.Parallel()
	all := &schemas{names: map[reflect.Type]string{}}
	body := &RequestBody{ContentTypes: []string{"application/merge-patch+json", "application/json"}, Body: &testInput{}}
	const media = `{"schema":{"type":"object","properties":{"name":{"type":["string","null"]}}}}`
	want := `{"description":"At most 1048576 bytes.","required":true,"content":{` +
		`"application/merge-patch+json":` + media + `,"application/json":` + media + `}}`
	if diff := cmp.Diff(want, asJSON(t, body.openAPI(all))); diff != "" {
		t.Errorf("request body (-want +got):\n%s", diff)
	}
}

func TestSchemaOfEnumerations(t *testing.T) {
	t.Parallel()
	type record struct {
		Kind        roster.Kind        `json:"kind"`
		UserType    *roster.UserType   `json:"user_type"`
		Contract    roster.Contract    `json:"contract" enum:"live"`
		Permissions roster.Permissions `json:"permissions"`
	}
	names, err := json.Marshal(roster.AllPermissions())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{"kind":{"type":"string","enum":["person","virtual","api_client"]},` +
		`"user_type":{"type":["string","null"],"enum":["saas_admin","saas_user","saas_user_client",null]},` +
		`"contract":{"type":"string","enum":["live"]},` +
		`"permissions":{"type":"array","items":{"type":"string","enum":` + string(names) + `}}}}`
	all := &schemas{names: map[reflect.Type]string{}}
	if diff := cmp.Diff(want, asJSON(t, all.object(reflect.TypeFor[record]()))); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

func TestOpenAPIResponses(t *testing.T) {
	t.Parallel()
	d := testDialect()
	op := operation(d, &d.Endpoints[0], &schemas{names: map[reflect.Type]string{}})
	always := `"X-Always":{"description":"Always.","schema":{"type":"string"}}`
	want := `{"200":{"description":"Users. A count","headers":{` + always + `},"content":{"application/json":{"schema":` +
		`{"anyOf":[{"type":"array","items":{"$ref":"#/components/schemas/TestUser"}},{"type":"object","required":["count"],` +
		`"properties":{"count":{"type":"integer"}}}]},"example":[]}}},` +
		`"401":{"description":"No token (contract: live)","x-contract":"live","headers":{` + always + `},` +
		`"content":{"text/plain":{}}},` +
		`"429":{"description":"Too many","headers":{` + always + `,"Retry-After":{"description":"Seconds.",` +
		`"schema":{"type":"integer"}}},"content":{"text/html":{"schema":{"type":"string"},"example":"Slow down"}}},` +
		`"304":{"description":"The answer with an entity tag in If-None-Match still holds","headers":{` + always +
		`,"ETag":{"description":"The answer's entity tag.","schema":{"type":"string"}}}}}`
	for i := range d.Endpoints[1:] {
		e := operation(d, &d.Endpoints[1+i], &schemas{names: map[reflect.Type]string{}})
		if slices.ContainsFunc(e.Responses, func(r entry[*apiResponse]) bool { return r.name == "304" }) {
			t.Errorf("%s answers 304", e.OperationID)
		}
	}
	if diff := cmp.Diff(want, asJSON(t, op.Responses)); diff != "" {
		t.Errorf("responses (-want +got):\n%s", diff)
	}
}

func TestSchemaOfWireStruct(t *testing.T) {
	t.Parallel()
	all := &schemas{names: map[reflect.Type]string{}}
	ref := all.of(reflect.TypeFor[testUser]())
	if got, want := asJSON(t, ref), `{"$ref":"#/components/schemas/TestUser"}`; got != want {
		t.Errorf("schema = %s, want %s", got, want)
	}
	boss := `{"anyOf":[{"$ref":"#/components/schemas/TestUser"},{"type":"null"}]}`
	want := `{"TestUser":{"type":"object","required":["id","email"],"properties":{` + strings.Join([]string{
		`"id":{"type":"string","format":"uuid","readOnly":true}`,
		`"email":{"type":"string","format":"email"}`,
		`"level":{"type":"integer","enum":[1,2]}`,
		`"theme":{"type":["string","null"],"enum":["dark","light",null]}`,
		`"boss":` + boss,
		`"deputy":{"$ref":"#/components/schemas/TestUser"}`,
		`"tags":{"type":"array","description":"What it is about.","items":{"type":"string","enum":["a","b"]}}`,
		`"settings":{"type":["object","null"]}`,
		`"extra":{}`,
		`"count":{"type":["integer","null"]}`,
		`"names":{"type":"object","additionalProperties":{"type":"string"}}`,
		`"score":{"type":"number"}`,
	}, ",") + `}}}`
	if diff := cmp.Diff(want, asJSON(t, all.all)); diff != "" {
		t.Errorf("schemas (-want +got):\n%s", diff)
	}
}

func TestSchemasOfOneNameAreKeptApart(t *testing.T) {
	t.Parallel()
	type TestUser struct {
		Name string `json:"name"`
	}
	all := &schemas{names: map[reflect.Type]string{}}
	first, second := all.of(reflect.TypeFor[testUser]()), all.of(reflect.TypeFor[[]TestUser]())
	if first.Ref == second.Items.Ref || second.Items.Ref != "#/components/schemas/TestUser2" {
		t.Errorf("schemas are called %s and %s, want TestUser and TestUser2", first.Ref, second.Items.Ref)
	}
}
