package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// OpenAPI returns the OpenAPI 3.1 document of a dialect that is served at a base URL: JSON, indented by two spaces,
// with a line feed at its end. The same table makes the same bytes. It fails only for a table whose examples are not
// JSON, which a test finds.
func OpenAPI(d *Dialect, server string) ([]byte, error) {
	doc := openAPI{
		OpenAPI: "3.1.0",
		Info: apiInfo{
			Title:       d.Title + " API",
			Description: d.description(),
			Version:     d.APIVersion,
		},
		Servers: d.servers(server),
	}
	components := &schemas{names: map[reflect.Type]string{}}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		for n, path := range e.Paths() {
			op := operation(d, e, components)
			op.keep(path)
			if slug, _ := d.CutOrg(path + "/"); slug != "" || path == orgsPath {
				op.Servers = doc.Servers[:1] // what is about organizations is below none
			}
			if n > 0 {
				op.OperationID += "Alias" + strconv.Itoa(n)
			}
			*doc.Paths.at(path) = append(*doc.Paths.at(path), entry[*apiOperation]{strings.ToLower(e.Method), op})
		}
	}
	doc.Components.Schemas = components.all
	for _, s := range d.Schemes {
		*doc.Components.SecuritySchemes.at(s.name()) = s.openAPI()
	}
	return indented(doc)
}

// servers returns where the paths of the dialect stand: for those of our own also below the name of an organization.
func (d *Dialect) servers(base string) []apiServer {
	servers := []apiServer{{URL: base}}
	if !d.Own {
		return servers
	}
	servers[0].Description = "The organization that the token belongs to."
	return append(servers, apiServer{
		URL:         base + orgsPath + "/{organization}",
		Description: "The organization with a slug, for instance-wide tokens.",
		Variables:   map[string]apiVariable{"organization": {Default: "acme", Description: "The slug."}},
	})
}

func (d *Dialect) description() string {
	if d.Own {
		return d.Doc
	}
	return d.Doc + " The vendor's name is used for compatibility only."
}

func indented(doc openAPI) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("encode the OpenAPI document of %s: %w", doc.Info.Title, err)
	}
	return b.Bytes(), nil
}

type openAPI struct {
	OpenAPI    string                          `json:"openapi"`
	Info       apiInfo                         `json:"info"`
	Servers    []apiServer                     `json:"servers"`
	Paths      ordered[ordered[*apiOperation]] `json:"paths"`
	Components struct {
		Schemas         ordered[*schema]   `json:"schemas,omitempty"`
		SecuritySchemes ordered[apiScheme] `json:"securitySchemes,omitempty"`
	} `json:"components"`
}

type apiInfo struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Version     string `json:"version"`
}

type apiServer struct {
	URL         string                 `json:"url"`
	Description string                 `json:"description,omitempty"`
	Variables   map[string]apiVariable `json:"variables,omitempty"`
}

type apiVariable struct {
	Default     string `json:"default"`
	Description string `json:"description,omitempty"`
}

type apiOperation struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary,omitempty"`
	Description string                `json:"description,omitempty"`
	Badges      []badge               `json:"x-badges,omitempty"`
	Permission  roster.Permission     `json:"x-permission,omitempty"`
	Servers     []apiServer           `json:"servers,omitempty"`
	Security    []ordered[[]string]   `json:"security"`
	Parameters  []apiParam            `json:"parameters,omitempty"`
	RequestBody *apiBody              `json:"requestBody,omitempty"`
	Responses   ordered[*apiResponse] `json:"responses"`
}

// badge is what a documentation site shows beside an operation's title.
type badge struct {
	Name string `json:"name"`
}

type apiParam struct {
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Schema      *schema `json:"schema"`
}

type apiBody struct {
	Description string             `json:"description,omitempty"`
	Required    bool               `json:"required"`
	Content     ordered[*apiMedia] `json:"content"`
}

type apiResponse struct {
	Description string             `json:"description"`
	Contract    roster.Contract    `json:"x-contract,omitempty"`
	Headers     ordered[apiHeader] `json:"headers,omitempty"`
	Content     ordered[*apiMedia] `json:"content,omitempty"`
}

type apiHeader struct {
	Description string  `json:"description,omitempty"`
	Schema      *schema `json:"schema"`
}

// apiMedia has either one Example or Examples by contract.
type apiMedia struct {
	Schema   *schema             `json:"schema,omitempty"`
	Example  json.RawMessage     `json:"example,omitempty"`
	Examples ordered[apiExample] `json:"examples,omitempty"`
}

type apiExample struct {
	Value json.RawMessage `json:"value"`
}

type apiScheme struct {
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	Name        string `json:"name,omitempty"`
	In          string `json:"in,omitempty"`
	Scheme      string `json:"scheme,omitempty"`
}

func operation(d *Dialect, e *Endpoint, components *schemas) *apiOperation {
	op := &apiOperation{
		OperationID: e.ID, Summary: e.Summary, Description: sentences(e.Description, e.AllowDoc),
		Badges: badges(d, e), Permission: e.Needs, Security: []ordered[[]string]{},
	}
	if !e.Public {
		for _, s := range d.Schemes {
			op.Security = append(op.Security, ordered[[]string]{{s.name(), []string{}}})
		}
	}
	for i := range e.Params {
		op.Parameters = append(op.Parameters, e.Params[i].openAPI())
	}
	if e.Body != nil {
		op.RequestBody = e.Body.openAPI(components)
	}
	for _, r := range e.Returns {
		op.respond(d, r, components)
	}
	if e.Stable() {
		*op.Responses.at(strconv.Itoa(http.StatusNotModified)) = unchanged(d)
	}
	return op
}

// keep drops the path parameters that a path lacks, and so those of an alias.
func (op *apiOperation) keep(path string) {
	kept := op.Parameters[:0]
	for _, p := range op.Parameters {
		if p.In != "path" || strings.Contains(path, "{"+p.Name+"}") {
			kept = append(kept, p)
		}
	}
	op.Parameters = kept
}

// badges returns the operation's credential header, rate limit and kinds of tokens: all kinds where only some are
// accepted, as the vendor's pages list what exists and say in words what counts. Then comes how certain it is that
// the vendor has the operation, and whether its answers differ by contract.
func badges(d *Dialect, e *Endpoint) []badge {
	if e.Public {
		return nil
	}
	var list []badge
	if len(d.Schemes) > 0 {
		list = append(list, badge{d.Schemes[0].header()})
	}
	if d.Limit.Rate > 0 {
		list = append(list, badge{strconv.FormatFloat(d.Limit.Rate, 'g', -1, 64) + " req/s"})
	}
	if len(e.Kinds) > 0 {
		kinds := make([]string, 0, len(roster.TokenKinds()))
		for _, k := range roster.TokenKinds() {
			kinds = append(kinds, strings.ToUpper(string(k[:1]))+string(k[1:]))
		}
		list = append(list, badge{"Token: " + strings.Join(kinds, " · ")})
	}
	if !d.Own {
		list = append(list, badge{"Fidelity: " + string(e.Mark)})
	}
	if slices.ContainsFunc(e.Returns, func(r Return) bool { return r.Contract != "" }) {
		list = append(list, badge{"Differs by contract"})
	}
	return list
}

// header returns the header that carries the credential, with its scheme where it has one.
func (s Scheme) header() string {
	switch s.Kind {
	case Bearer:
		return "Authorization: Bearer"
	case HTTPSignature:
		return "Signature"
	default:
		return s.Header
	}
}

// name returns the scheme's name in the document.
func (s Scheme) name() string {
	switch s.Kind {
	case Bearer:
		return "bearer"
	case HTTPSignature:
		return "signature"
	default:
		return s.Header
	}
}

func (s Scheme) openAPI() apiScheme {
	if s.Kind == Bearer {
		return apiScheme{Type: "http", Description: s.Doc, Scheme: "bearer"}
	}
	return apiScheme{Type: "apiKey", Description: s.Doc, Name: s.header(), In: "header"}
}
