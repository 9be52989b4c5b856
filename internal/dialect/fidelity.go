package dialect

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// Fidelity returns the page that says how faithful a dialect is: every parameter, member, status and header of its
// table, each with its [Mark], in Markdown. The same table makes the same bytes.
func Fidelity(d *Dialect) []byte {
	p := &page{}
	p.head(d)
	for i := range d.Endpoints {
		p.endpoint(&d.Endpoints[i])
	}
	p.allShapes()
	p.headers(d)
	p.facts(d)
	p.contracts(d)
	return append(bytes.TrimRight(p.b.Bytes(), "\n"), '\n')
}

// page is a fidelity page as it is written.
type page struct {
	b      bytes.Buffer
	shapes []shape
}

func (p *page) print(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// table writes a table; columns that are empty in every row are left out.
func (p *page) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	var kept []int
	for i := range head {
		if slices.ContainsFunc(rows, func(row []string) bool { return row[i] != "" }) {
			kept = append(kept, i)
		}
	}
	rule := slices.Repeat([]string{"---"}, len(head))
	for _, row := range append([][]string{head, rule}, rows...) {
		p.print("|")
		for _, i := range kept {
			p.print(" %s |", strings.ReplaceAll(row[i], "|", `\|`))
		}
		p.print("\n")
	}
	p.print("\n")
}

func (p *page) head(d *Dialect) {
	p.print("<!-- Code generated from the table in internal/dialect/%s by go generate. DO NOT EDIT. -->\n\n", d.Name)
	p.print("# %s\n\n%s\n\n", d.Title, d.Doc)
	p.print("- Source: %s\n", source(d))
	p.print("- Served: below `%s`, and at the root of hosts and listeners of its own\n", d.Mount())
	for i, s := range d.Schemes {
		nth := "Credential"
		if i > 0 {
			nth = "Or else"
		}
		p.print("- %s: `%s`. %s (%s)\n", nth, s.usage(), s.Doc, s.Mark)
	}
	p.print("- Rate limit: %s\n", limitText(d.Limit))
	if slices.ContainsFunc(d.Endpoints, func(e Endpoint) bool { return e.Stable() }) {
		p.print("- Conditional requests: a GET with a credential is answered with a weak ETag, and 304 without a " +
			"body where If-None-Match has it and the answer is still the same but for the request's id (RFC 9110; " +
			"ours)\n")
	}
	p.print("\n")
	p.print("Marks: **seed** stands on the page that the dialect implements; **seen** was read in the vendor's other " +
		"documentation or measured against the live API; **ours** is our decision where the vendor is silent.\n\n")
}

func source(d *Dialect) string {
	if d.Own {
		return "this API is Roster's own, version " + d.APIVersion
	}
	s := "the vendor's documentation"
	if d.APIVersion != "" {
		s += ", API version " + d.APIVersion
	}
	if d.Vendor != "" {
		s += "; the vendor's own API is at `" + d.Vendor + "`"
	}
	return s
}

func limitText(l roster.Limit) string {
	if l.Rate <= 0 {
		return "none, unless the organization sets one"
	}
	return fmt.Sprintf("%s requests a second for each token, %d at once; an organization can replace it",
		strconv.FormatFloat(l.Rate, 'g', -1, 64), l.Burst)
}

// usage returns the header with which a request carries the credential.
func (s Scheme) usage() string {
	switch s.Kind {
	case Bearer:
		return "Authorization: Bearer SECRET"
	case HTTPSignature:
		return `Signature: keyId="...",headers="...",signature="..."`
	default:
		return s.Header + ": SECRET"
	}
}

func (p *page) endpoint(e *Endpoint) {
	p.print("## %s: `%s %s`\n\n", cmp.Or(e.Summary, e.ID), e.Method, e.Path)
	if e.Description != "" {
		p.print("%s\n\n", e.Description)
	}
	for _, alias := range e.Aliases {
		p.print("- The same at `%s`\n", alias)
	}
	p.print("- Access: %s\n", access(e))
	if e.Window != nil && e.Window.Start != "" {
		p.print("- Pages: a client that has asked for the first page and goes on to others with the same credential "+
			"and the same parameters but `%s` sees all of them as the first page was, whatever is written meanwhile: "+
			"no user is lost or repeated. The server keeps this in mind for a minute after each page "+
			"(`serve --pin-pages`), as long as it is not short of memory or versions (`--walk-versions`); then the "+
			"present users are shown. (ours)\n", e.Window.Start)
	}
	if e.Strict {
		p.print("- Query parameters that are not listed here are refused.\n")
	}
	if e.Body != nil {
		p.print("- Request body: %s\n", p.requestBody(e))
	}
	p.print("- Mark: %s\n\n", e.Mark)
	if len(e.Params) == 0 {
		p.print("There are no parameters.\n\n")
	}
	p.params(e)
	p.returns(e)
}

func access(e *Endpoint) string {
	if e.Public {
		return "public, without a credential or a rate limit"
	}
	text := "tokens of any kind"
	if len(e.Kinds) > 0 {
		text = "tokens of the kind " + strings.Join(texts(e.Kinds), ", ")
	}
	if e.Needs != "" {
		text += ", with the permission `" + string(e.Needs) + "`"
	}
	return sentences(text, e.AllowDoc)
}

func (p *page) params(e *Endpoint) {
	var rows [][]string
	for i := range e.Params {
		q := &e.Params[i]
		required := ""
		if q.Required || q.In == Path {
			required = "yes"
		}
		rows = append(rows, []string{
			"`" + q.Name + "`", q.In.String(), q.Type.String(), required, code(q.Default), q.values(),
			sentences(q.Doc, q.notes()...), "yes", string(q.Mark),
		})
	}
	p.table([]string{
		"Parameter", "In", "Type", "Required", "Default", "Values", "Behaviour", "Implemented", "Mark",
	}, rows)
}

// String returns the type in the words of the fidelity page.
func (t ParamType) String() string {
	return [...]string{
		String: "string", Integer: "integer", Boolean: "boolean", DateTime: "date-time", UUID: "UUID",
		Strings: "list of strings", Integers: "list of integers",
	}[t]
}

// values says what the parameter's values can be.
func (p *Param) values() string {
	var list []string
	if len(p.Enum) > 0 {
		list = append(list, code(p.Enum...))
	}
	switch {
	case p.Min != nil && p.Max != nil:
		list = append(list, fmt.Sprintf("%d to %d", *p.Min, *p.Max))
	case p.Min != nil:
		list = append(list, fmt.Sprintf("from %d", *p.Min))
	case p.Max != nil:
		list = append(list, fmt.Sprintf("to %d", *p.Max))
	}
	if p.MaxItems > 0 {
		list = append(list, fmt.Sprintf("at most %d different items", p.MaxItems))
	}
	if p.JSON {
		list = append(list, "a JSON array as well")
	}
	if p.Pattern != "" {
		list = append(list, "matching "+code(p.Pattern))
	}
	return strings.Join(list, "; ")
}

// code returns texts as code spans; none and "" are "".
func code(texts ...string) string {
	spans := make([]string, 0, len(texts))
	for _, s := range texts {
		if s != "" {
			spans = append(spans, "`"+s+"`")
		}
	}
	return strings.Join(spans, ", ")
}
