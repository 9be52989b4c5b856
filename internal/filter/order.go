package filter

import (
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// OrderParam is the name of the parameter that holds an order.
const OrderParam = "order_by"

// ParseOrder reads an order of users: the names of fields with commas between them, each followed by desc or asc, in
// either case, or by nothing, which is asc. It knows the fields that visible allows, all of them where visible is nil.
// A field can be named once. The empty order, or one of white space, is nil. Errors are [*Error], and so
// [roster.Invalid].
func ParseOrder(order string, visible func(roster.Field) bool) ([]roster.Sort, error) {
	return Users(visible).ParseOrder(order)
}

// ParseOrder is [ParseOrder] for these fields.
func (fs Fields) ParseOrder(order string) ([]roster.Sort, error) {
	s, err := newScanner(OrderParam, order)
	if err != nil {
		return nil, err
	}
	s.space()
	if s.end() {
		return nil, nil
	}
	p := parser{scanner: s, fields: fs}
	var keys []roster.Sort
	for {
		key, err := p.sortKey(keys)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
		if p.end() {
			return keys, nil
		}
		if !p.take(",") {
			return nil, p.unexpectedKeyword()
		}
	}
}

// sortKey reads the next key and the white space around it.
func (p *parser) sortKey(before []roster.Sort) (roster.Sort, error) {
	p.space()
	name := p.word(endsKey)
	if name.source == "" {
		return roster.Sort{}, p.unexpected("the name of a field must come here")
	}
	info, known := p.fields.byName(name.text)
	switch {
	case !known:
		return roster.Sort{}, p.unknownKey(name)
	case !info.Sortable:
		return roster.Sort{}, p.faultAt(name.at, name.source, "%s can't be ordered by %s", p.fields.many, name.text).
			instead(p.fields.names(sortable))
	case slices.ContainsFunc(before, func(key roster.Sort) bool { return key.Field == info.Field }):
		return roster.Sort{}, p.faultAt(name.at, name.source, "%s is there already", name.text)
	}
	key := roster.Sort{Field: info.Field}
	p.space()
	direction := p.peek(endsKey)
	if key.Desc = strings.EqualFold(direction, "desc"); key.Desc || strings.EqualFold(direction, "asc") {
		p.take(direction)
		p.space()
	}
	return key, nil
}

// unknownKey returns an error about a name of no field. Other languages have a hyphen before what is descending.
func (p *parser) unknownKey(name text) error {
	fault := p.faultAt(name.at, name.source, "there is no field %s", quote(name.text)).
		instead(p.fields.names(sortable)).of(roster.Unknown)
	if bare, ok := strings.CutPrefix(name.text, "-"); ok && slices.Contains(fault.Allowed, bare) {
		fault.Meant = bare + " desc"
	}
	return fault
}

// unexpectedKeyword returns an error about what stands where a direction or a comma should.
func (p *parser) unexpectedKeyword() error {
	found := p.peek(endsKey)
	return p.faultAt(p.at, found, "a comma must come before %s", quote(found)).instead([]string{"asc", "desc", ","})
}
