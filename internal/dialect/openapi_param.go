package dialect

import (
	"fmt"
	"strings"
)

func (in In) String() string {
	switch in {
	case Path:
		return "path"
	case Header:
		return "header"
	default:
		return "query"
	}
}

func (p *Param) openAPI() apiParam {
	return apiParam{
		Name: p.Name, In: p.In.String(), Description: sentences(p.Doc, p.notes()...),
		Required: p.Required || p.In == Path, Schema: p.schema(),
	}
}

// notes says what the kit does with the parameter beyond its schema.
func (p *Param) notes() []string {
	var notes []string
	if p.Clip && p.Max != nil {
		notes = append(notes, fmt.Sprintf("A larger value counts as %d.", *p.Max))
	}
	if len(p.With) > 0 {
		notes = append(notes, "Ignored without "+strings.Join(p.With, " or ")+p.unlessFreed()+".")
	}
	if len(p.Aliases) > 0 {
		notes = append(notes, "Also called "+strings.Join(p.Aliases, ", ")+".")
	}
	if p.Needs != "" {
		notes = append(notes, "Needs the permission "+string(p.Needs)+".")
	}
	return notes
}

// unlessFreed says in which contract the parameter needs nothing of With.
func (p *Param) unlessFreed() string {
	if p.Freed == "" {
		return ""
	}
	return ", but not under the contract " + string(p.Freed)
}

// sentences joins texts, each of them ended by a full stop where another follows.
func sentences(first string, rest ...string) string {
	text := first
	for _, s := range rest {
		if s == "" {
			continue
		}
		if text != "" && !strings.HasSuffix(text, ".") {
			text += "."
		}
		text = strings.TrimSpace(text + " " + s)
	}
	return text
}

func (p *Param) schema() *schema {
	one := p.element()
	if !p.IsList() {
		if p.Default != "" {
			one.Default = literal(p.Default, one.Type)
		}
		if p.Example != "" {
			one.Example = literal(p.Example, one.Type)
		}
		return one
	}
	list := &schema{Type: "array", MaxItems: p.MaxItems, UniqueItems: true, Items: one}
	if p.Example != "" {
		list.Example = p.Example // as it is written in a URL
	}
	if p.Default != "" {
		var items []any
		for item := range strings.SplitSeq(p.Default, ",") {
			items = append(items, literal(item, one.Type))
		}
		list.Default = items
	}
	return list
}

// element returns the schema of the value, or of one item of a list.
func (p *Param) element() *schema {
	s := &schema{Type: "string", Pattern: p.Pattern}
	switch p.Type {
	case Integer, Integers:
		s.Type, s.Minimum, s.Maximum = "integer", p.Min, p.Max
	case Boolean:
		s.Type = "boolean"
	case DateTime:
		s.Format = "date-time"
	case UUID:
		s.Format = "uuid"
	}
	for _, v := range p.Enum {
		s.Enum = append(s.Enum, literal(v, s.Type))
	}
	return s
}
