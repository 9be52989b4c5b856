package dialect

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// shape is a wire struct that the page describes once, and the mark of those of its members that have none. Of one that
// takes the place of Base in another contract the page says what is different.
type shape struct {
	Type, Base reflect.Type
	Mark       Mark
}

func (p *page) returns(e *Endpoint) {
	var rows [][]string
	for _, r := range e.Returns {
		rows = append(rows, []string{
			strconv.Itoa(r.Status), r.Doc, p.body(e, r), string(r.Contract), string(r.Mark),
		})
	}
	p.table([]string{"Status", "Meaning", "Body", "Contract", "Mark"}, rows)
}

// body says what a response's body is.
func (p *page) body(e *Endpoint, r Return) string {
	if r.Body == nil {
		return cmp.Or(code(r.ContentType), "none")
	}
	text := p.shape(r.Body, e.base(r), r.Mark)
	if r.ContentType != "" {
		text += ", " + code(r.ContentType)
	}
	return text
}

// base returns the documented body that a return has another one for; nil where there is none.
func (e *Endpoint) base(r Return) any {
	if r.Contract != roster.Live {
		return nil
	}
	for _, other := range e.Returns {
		if other.Status == r.Status && other.Contract == roster.Documented {
			return other.Body
		}
	}
	return nil
}

// requestBody says what an endpoint takes.
func (p *page) requestBody(e *Endpoint) string {
	text := code(e.Body.MediaTypes()...)
	if e.Body.Body != nil {
		text = p.shape(e.Body.Body, nil, e.Mark) + ", " + text
	}
	return sentences(text+", at most "+strconv.FormatInt(e.Body.MaxBytes(), 10)+" bytes", e.Body.Doc)
}

// shape says what the form of a body is, and notes the struct in it for a section of its own.
func (p *page) shape(body, base any, mark Mark) string {
	t := reflect.TypeOf(body)
	if named := inside(t); named != nil {
		known := slices.ContainsFunc(p.shapes, func(s shape) bool { return s.Type == named })
		if !known {
			s := shape{Type: named, Mark: mark}
			if base != nil {
				s.Base = inside(reflect.TypeOf(base))
			}
			p.shapes = append(p.shapes, s)
		}
	}
	return typeText(t)
}

// inside returns the struct that a type is, or is a list or map of; nil where there is none.
func inside(t reflect.Type) reflect.Type {
	for wellKnown(t) == nil {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		case reflect.Struct:
			return t
		default:
			return nil
		}
	}
	return nil
}

func (p *page) allShapes() {
	for _, s := range p.shapes {
		p.print("## Body: %s\n\n", structText(s.Type))
		rows := memberRows("", s, nil)
		if s.Base != nil {
			p.print("It is %s but for:\n\n", structText(s.Base))
			rows = without(rows, memberRows("", shape{Type: s.Base, Mark: s.Mark}, nil))
			for _, row := range rows {
				row[len(row)-1] = string(s.Mark) // that they are different is as certain as the whole body
			}
		}
		p.table([]string{"Member", "Type", "Values", "Required", "Nullable", "Meaning", "Mark"}, rows)
	}
}

// without returns the rows that are not among known ones.
func without(rows, known [][]string) [][]string {
	return slices.DeleteFunc(rows, func(row []string) bool {
		return slices.ContainsFunc(known, func(other []string) bool { return slices.Equal(row, other) })
	})
}

// memberRows returns a row for each member of a struct and of the structs inside it, with dots between the names.
// within are the structs around it.
func memberRows(prefix string, s shape, within []reflect.Type) [][]string {
	within = append(slices.Clone(within), s.Type)
	var rows [][]string
	for _, m := range members(s.Type) {
		mark := cmp.Or(m.Mark, s.Mark)
		rows = append(rows, []string{
			"`" + prefix + m.Name + "`", m.typeText(), code(m.Enum...), yes(m.Required), yes(m.Nullable),
			m.Doc, string(mark),
		})
		inner := inside(m.Type)
		if inner != nil && m.JSONType == "" && !slices.Contains(within, inner) {
			at := prefix + m.Name + brackets(m.Type) + "."
			rows = append(rows, memberRows(at, shape{Type: inner, Mark: mark}, within)...)
		}
	}
	return rows
}

func (m member) typeText() string {
	text := cmp.Or(m.JSONType, typeText(m.Type))
	if m.Format != "" {
		text += " (" + m.Format + ")"
	}
	return text
}

// brackets returns the sign for the elements of a list.
func brackets(t reflect.Type) string {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		return "[]"
	}
	return ""
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func (p *page) headers(d *Dialect) {
	if len(d.Headers) == 0 {
		return
	}
	p.print("## Headers\n\n")
	var rows [][]string
	for _, h := range d.Headers {
		statuses := "all"
		if len(h.Statuses) > 0 {
			texts := make([]string, len(h.Statuses))
			for i, s := range h.Statuses {
				texts[i] = strconv.Itoa(s)
			}
			statuses = strings.Join(texts, ", ")
		}
		kind := "string"
		if h.Integer {
			kind = "integer"
		}
		rows = append(rows, []string{"`" + h.Name + "`", kind, statuses, h.Doc, string(h.Mark)})
	}
	p.table([]string{"Header", "Type", "Statuses", "Meaning", "Mark"}, rows)
}

func (p *page) facts(d *Dialect) {
	var rows [][]string
	for _, f := range d.Facts {
		if f.Contract == "" {
			rows = append(rows, []string{f.Text, string(f.Mark)})
		}
	}
	if len(rows) > 0 {
		p.print("## Decisions\n\n")
	}
	p.table([]string{"Fact", "Mark"}, rows)
}

// contracts lists what is true under one contract only.
func (p *page) contracts(d *Dialect) {
	var rows [][]string
	add := func(c roster.Contract, text string, m Mark) {
		if c != "" {
			rows = append(rows, []string{string(c), text, string(m)})
		}
	}
	for _, f := range d.Facts {
		add(f.Contract, f.Text, f.Mark)
	}
	for _, e := range d.Endpoints {
		for _, r := range e.Returns {
			add(r.Contract, "`"+e.Method+" "+e.Path+"` answers "+strconv.Itoa(r.Status)+": "+r.Doc, r.Mark)
		}
	}
	p.print("## Contracts\n\nAn organization chooses the contract of each dialect: `documented`, the default, " +
		"follows the vendor's page; `live` follows what the vendor's API was seen to do.\n\n")
	if len(rows) == 0 {
		p.print("This dialect is the same under both.\n")
	}
	p.table([]string{"Contract", "Difference", "Mark"}, rows)
}
