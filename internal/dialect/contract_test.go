package dialect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

type plainUser struct {
	ID   int    `json:"id" required:"yes" mark:"seed"`
	Apps string `json:"apps" required:"yes" mark:"seed"`
}

type aliveUser struct {
	ID   int `json:"id" required:"yes" mark:"seed"`
	Apps int `json:"apps" required:"yes" mark:"seed"`
}

// twoContracts is a dialect whose one endpoint has another body in each contract.
func twoContracts() *Dialect {
	return &Dialect{Name: "two", Title: "Two", Endpoints: []Endpoint{{
		Method: "GET", Path: "/users", ID: "listUsers", Mark: Seed,
		Params: []Param{
			{Name: "paged", Type: Boolean, Mark: Seed},
			{Name: "limit", Type: Integer, With: []string{"paged"}, Freed: roster.Live, Doc: "Most", Mark: Seed},
		},
		Returns: []Return{
			{
				Status: 200, Doc: "Texts", Body: []plainUser{}, Example: `[{"id":1,"apps":"2"}]`, Mark: Seed,
				Contract: roster.Documented,
			},
			{
				Status: 200, Doc: "Numbers", Body: []aliveUser{}, Example: `[{"id":1,"apps":2}]`, Mark: Seen,
				Contract: roster.Live,
			},
		},
	}}}
}

func TestOpenAPIShowsBothContracts(t *testing.T) {
	t.Parallel()
	response := testDocument(t, twoContracts()).Paths.Value("/users").Get.Responses.Status(200).Value
	if got, want := *response.Description, "Texts (contract: documented). Numbers (contract: live)"; got != want {
		t.Errorf("got the description %q, want %q", got, want)
	}
	want := `{"examples":{"documented":{"value":[{"apps":"2","id":1}]},"live":{"value":[{"apps":2,"id":1}]}},` +
		`"schema":{"anyOf":[{"items":{"$ref":"#/components/schemas/PlainUser"},"type":"array"},` +
		`{"items":{"$ref":"#/components/schemas/AliveUser"},"type":"array"}]}}`
	if diff := cmp.Diff(want, asJSON(t, response.Content.Get("application/json"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFidelityShowsWhatIsDifferent(t *testing.T) {
	t.Parallel()
	page := string(Fidelity(twoContracts()))
	for _, want := range []string{
		"| 200 | Numbers | array of AliveUser | live | seen |\n",
		"## Body: AliveUser\n\nIt is PlainUser but for:\n\n" +
			"| Member | Type | Required | Mark |\n| --- | --- | --- | --- |\n| `apps` | integer | yes | seen |\n\n",
		"Most. Ignored without paged, but not under the contract live. |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestFreedParameterCountsByItself(t *testing.T) {
	t.Parallel()
	e := &twoContracts().Endpoints[0]
	for contract, want := range map[roster.Contract]int64{"": 0, roster.Documented: 0, roster.Live: 7} {
		r := &Request{Endpoint: e, Contract: contract}
		if err := r.Decode("limit=7", nil); err != nil {
			t.Fatal(err)
		}
		if got := r.Int("limit"); got != want {
			t.Errorf("under the contract %q the limit is %d, want %d", contract, got, want)
		}
	}
}
