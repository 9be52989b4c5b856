package dialect

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
)

// openAPI returns the body with one schema for all of its media types.
func (b *RequestBody) openAPI(components *schemas) *apiBody {
	body := &apiBody{
		Description: sentences(b.Doc, "At most "+strconv.FormatInt(b.MaxBytes(), 10)+" bytes."), Required: true,
	}
	for _, name := range b.MediaTypes() {
		media := &apiMedia{Example: json.RawMessage(b.Example)}
		if b.Body != nil {
			media.Schema = b.schema(components)
		}
		*body.Content.at(name) = media
	}
	return body
}

// respond adds what an endpoint returns to the operation's responses. Where a status has several forms, the schema
// allows any of them and the description names all.
func (op *apiOperation) respond(d *Dialect, r Return, components *schemas) {
	response := op.Responses.at(strconv.Itoa(r.Status))
	if *response == nil {
		*response = &apiResponse{Contract: r.Contract, Headers: headers(d, r.Status)}
	}
	doc := r.Doc
	if r.Contract != "" {
		doc += " (contract: " + string(r.Contract) + ")"
	}
	(*response).Description = sentences((*response).Description, doc)
	if (*response).Contract != r.Contract {
		(*response).Contract = ""
	}
	if r.Body == nil && r.ContentType == "" {
		return
	}
	media := (*response).Content.at(r.contentType())
	if *media == nil {
		*media = &apiMedia{}
		(*media).show(r)
	} else if r.Contract != "" {
		(*media).show(r)
	}
	if r.Body != nil {
		(*media).allow(components.of(reflect.TypeOf(r.Body)))
	}
}

// show adds the example of a return, under the name of its contract where it has one.
func (m *apiMedia) show(r Return) {
	switch {
	case r.Example == "":
	case r.Contract == "":
		m.Example = json.RawMessage(r.Example)
	default:
		m.Examples.at(string(r.Contract)).Value = json.RawMessage(r.Example)
	}
}

func (r Return) contentType() string {
	if r.ContentType == "" {
		return "application/json"
	}
	return r.ContentType
}

func (b *RequestBody) schema(components *schemas) *schema {
	t := reflect.TypeOf(b.Body)
	if b.MediaTypes()[0] == "application/merge-patch+json" && bare(t).Kind() == reflect.Struct {
		return components.patch(bare(t))
	}
	return components.of(t)
}

// allow lets bodies have the form of a schema as well.
func (m *apiMedia) allow(s *schema) {
	switch {
	case m.Schema == nil:
		m.Schema = s
	case reflect.DeepEqual(m.Schema, s):
	case m.Schema.AnyOf == nil:
		m.Schema = &schema{AnyOf: []*schema{m.Schema, s}}
	case !slices.ContainsFunc(m.Schema.AnyOf, func(known *schema) bool { return reflect.DeepEqual(known, s) }):
		m.Schema.AnyOf = append(m.Schema.AnyOf, s)
	}
}

// unchanged documents the answer to a client that has the answer already (RFC 9110, section 15.4.5).
func unchanged(d *Dialect) *apiResponse {
	r := &apiResponse{
		Description: "The answer with an entity tag in If-None-Match still holds",
		Headers:     headers(d, http.StatusNotModified),
	}
	*r.Headers.at("ETag") = apiHeader{Description: "The answer's entity tag.", Schema: &schema{Type: "string"}}
	return r
}

// headers returns the headers that the dialect documents for a status.
func headers(d *Dialect, status int) ordered[apiHeader] {
	var all ordered[apiHeader]
	for _, h := range d.Headers {
		if len(h.Statuses) > 0 && !slices.Contains(h.Statuses, status) {
			continue
		}
		s := &schema{Type: "string"}
		if h.Integer {
			s.Type = "integer"
		}
		*all.at(h.Name) = apiHeader{Description: h.Doc, Schema: s}
	}
	return all
}
