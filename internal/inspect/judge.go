package inspect

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// judge judges one exchange.
type judge struct {
	*exchange

	state *state
	// request is the request as the endpoint decodes it; nil where there is no endpoint or the query can't be read.
	request *dialect.Request
}

// find notes that the exchange breaks a rule.
func (j *judge) find(rule, where, what, source string) {
	if !slices.Contains(j.rules, rule) {
		j.rules = append(j.rules, rule)
	}
	j.state.found.add(j.finding(rule, where, what, source), j.number)
}

// finding makes a finding about what the exchange is for.
func (x *exchange) finding(rule, where, what, source string) Finding {
	m := newMask(x)
	r := ruleByID(rule)
	return Finding{
		Rule: rule, Severity: r.Severity, Fix: r.Fix, Dialect: x.api.Dialect.Name,
		Operation: x.method + " " + x.operation(),
		Client:    x.client.name, Where: m.text(where), What: m.text(what), Source: source,
	}
}

// vendorsPage names the vendor's page of the operation.
func (x *exchange) vendorsPage() string {
	return fmt.Sprintf("%s's page of %s %s", x.api.Dialect.Title, x.endpoint.Method, x.endpoint.Path)
}

func (j *judge) path() {
	if j.endpoint == nil {
		j.noOperation()
		return
	}
	if j.endpoint.Body == nil && j.length > 0 {
		j.find(bodyIgnored, "body", fmt.Sprintf("the request has a body of %d bytes", j.length),
			j.source(j.endpoint.Mark)+" has no body")
	}
	path := j.url.EscapedPath()
	for _, other := range j.endpoint.Aliases {
		probe := dialect.Endpoint{Path: other}
		if _, ok := probe.Match(path); ok {
			j.find(alias, "path", other+" is another name of "+j.endpoint.Path, j.source(j.endpoint.Mark))
		}
	}
}

// source says where what is marked so stands.
func (x *exchange) source(m dialect.Mark) string {
	switch m {
	case dialect.Seed:
		return x.vendorsPage()
	case dialect.Seen:
		return x.api.Dialect.Title + "'s other documentation, or its API as it was seen, on " + x.endpoint.Path
	default:
		return x.api.Dialect.Title + "'s documentation is silent: this is what Roster does for " + x.endpoint.Path
	}
}

// noOperation judges a request that no operation of the table is for. What is answered all the same, such as the
// OpenAPI document, or what a browser asks before it asks, is nobody's fault.
func (j *judge) noOperation() {
	if !j.refused(http.StatusNotFound, http.StatusMethodNotAllowed) {
		return
	}
	path := j.url.EscapedPath()
	var methods, paths []string
	for i := range j.api.Dialect.Endpoints {
		e := &j.api.Dialect.Endpoints[i]
		if _, ok := e.Match(path); ok {
			methods = append(methods, e.Method)
		}
		paths = append(paths, e.Path)
	}
	source := j.api.Dialect.Title + "'s pages have " + strings.Join(slices.Compact(paths), ", ")
	if len(methods) > 0 {
		j.find(wrongMethod, "method", "it takes "+strings.Join(methods, ", ")+", not "+j.method, source)
		return
	}
	what := "there is no such path"
	if near := roster.Closest(path, paths); near != "" {
		what += "; " + near + " is much like it"
	}
	j.find(unknownPath, "path", what, source)
}

// parameters judges what is asked for by the endpoint's table.
func (j *judge) parameters() {
	if j.endpoint == nil {
		return
	}
	params, _ := j.endpoint.Match(j.url.EscapedPath())
	req := &dialect.Request{
		Endpoint: j.endpoint, Contract: j.api.Contract, Header: j.header, URL: j.url,
		Principal: roster.Principal{Org: j.api.Org, Permissions: roster.Permissions{roster.Everything}},
	}
	err := req.Decode(j.url.RawQuery, func(name string) string { return params[name] })
	if err != nil {
		j.undecodable(err)
	}
	if req.Query == nil {
		return
	}
	j.request = req
	for _, i := range req.Ignored() {
		j.ignored(i)
	}
	for _, name := range slices.Sorted(maps.Keys(req.Query)) {
		j.named(name)
	}
}

func (j *judge) undecodable(err error) {
	e := roster.AsError(err)
	if e.Code == roster.NotFound {
		j.find(pathParameter, "path", e.Message, j.source(j.endpoint.Mark))
		return
	}
	details := e.Details
	if len(details) == 0 {
		details = []roster.Detail{{Message: e.Message}}
	}
	for _, d := range details {
		j.find(parameterInvalid, d.Field, strings.TrimSpace(d.Field+" "+d.Message), j.sourceOf(d.Field))
	}
}

// sourceOf says where the parameter stands that a client means by a name.
func (x *exchange) sourceOf(name string) string {
	for i := range x.endpoint.Params {
		p := &x.endpoint.Params[i]
		if p.Name == name || slices.Contains(p.Aliases, name) {
			return x.source(p.Mark) + ": " + p.Doc
		}
	}
	return x.source(x.endpoint.Mark)
}

func (j *judge) ignored(i dialect.Ignored) {
	switch i.Why {
	case dialect.NoParam:
		what := strconv.Quote(i.Name) + " is no parameter"
		if j.status < http.StatusBadRequest {
			what += " and is ignored"
		}
		if i.Near != "" {
			what += "; " + i.Near + " is much like it"
		}
		j.find(parameterUnknown, i.Name, what, j.source(j.endpoint.Mark)+" does not have it")
	case dialect.NoFlag:
		j.find(parameterFlag, i.Name, fmt.Sprintf("%s works only with %s, of which none is true", i.Name,
			strings.Join(i.Param.With, " or ")), j.sourceOf(i.Param.Name))
	case dialect.NoValue:
		j.find(parameterEmpty, i.Name, i.Name+" has no value, and is as if it were not there", j.sourceOf(i.Param.Name))
	case dialect.Clipped:
		what := fmt.Sprintf("%s=%s counts as %d", i.Name, j.request.Query.Get(i.Name), i.Counts)
		j.find(parameterClipped, i.Name, what, j.sourceOf(i.Param.Name))
	}
}

// named judges the name that a parameter is given by.
func (j *judge) named(name string) {
	bare := strings.TrimSuffix(name, "[]")
	for i := range j.endpoint.Params {
		switch p := &j.endpoint.Params[i]; {
		case p.In != dialect.Query:
		case slices.Contains(p.Aliases, bare):
			j.find(alias, name, name+" is another name of "+p.Name, j.sourceOf(p.Name))
		case p.Mark == dialect.Ours && (p.Name == name || p.IsList() && p.Name == bare):
			j.find(parameterOurs, name, name+" works here only", j.sourceOf(p.Name))
		}
	}
}

// headers judges what the request says of its client.
func (j *judge) headers() {
	if strings.TrimSpace(j.header.Get("User-Agent")) == "" {
		j.find(noUserAgent, "User-Agent", "the request does not say who asks", "RFC 9110, section 10.1.5")
	}
	if j.endpoint == nil || len(j.header.Values("Accept")) == 0 {
		return
	}
	var types []string
	for i := range j.endpoint.Returns {
		r := &j.endpoint.Returns[i]
		if r.Status < http.StatusMultipleChoices && (r.Body != nil || r.ContentType != "") &&
			(r.Contract == "" || r.Contract == j.api.Contract) {
			types = append(types, strings.TrimSpace(orJSON(r.ContentType)))
		}
	}
	accept := strings.Join(j.header.Values("Accept"), ", ")
	if len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return accepts(accept, t) }) {
		j.find(notAccepted, "Accept", accept+" leaves out "+types[0], j.source(j.endpoint.Mark))
	}
}

func orJSON(contentType string) string {
	if contentType == "" {
		return "application/json"
	}
	return contentType
}

// accepts reports whether an Accept header lets a media type through. What is JSON goes as application/json.
func accepts(accept, contentType string) bool {
	want, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return true
	}
	kind, _, _ := strings.Cut(want, "/")
	for item := range strings.SplitSeq(accept, ",") {
		given, params, err := mime.ParseMediaType(strings.TrimSpace(item))
		if err != nil || params["q"] == "0" {
			continue
		}
		switch given {
		case "*/*", kind + "/*", want:
			return true
		case "application/json":
			if strings.HasSuffix(want, "+json") {
				return true
			}
		}
	}
	return false
}

// rest finds refusals that no other rule explains, and requests that are refused again.
func (j *judge) rest() {
	if j.endpoint != nil && len(j.rules) == 0 && j.refused(http.StatusBadRequest, http.StatusNotAcceptable,
		http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity) {
		j.find(refusedRequest, "", "it is answered "+strconv.Itoa(j.status)+" "+http.StatusText(j.status),
			j.source(j.endpoint.Mark))
	}
	j.again()
}

// canonical returns a query with its parameters in the order of their names, without those in left.
func canonical(query url.Values, left ...string) string {
	kept := maps.Clone(query)
	for _, name := range left {
		delete(kept, name)
	}
	return kept.Encode()
}
