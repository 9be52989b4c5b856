package filter

import (
	"unicode"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// The limits of a filter.
const (
	MaxBytes = 8 << 10 // of an order, too
	MaxTerms = 500     // values and texts
	MaxTests = 100     // what tests count together, once those that ask one field for one of several values are one
	MaxDepth = 50      // parentheses inside each other
)

// What a test counts that is not answered as fast as others, which count 1: one for a part of a text, and one for which
// every user is looked at ([roster.Scans]). So the worst filter takes a few times what one such test does.
const partWork, scanWork = 4, 10

// Param is the name of the parameter that holds a filter.
const Param = "filter"

// Parse compiles a filter of users. It knows the fields that visible allows, all of them where visible is nil; now is
// what ago(30d) counts back from. The empty filter, or one of white space, is nil, which lets every user through. The
// expression is valid in a [roster.Query]. Errors are [*Error], and so [roster.Invalid].
func Parse(filter string, visible func(roster.Field) bool, now roster.Time) (roster.Expr, error) {
	return Users(visible).Parse(filter, now)
}

// Parse is [Parse] for these fields. Other than for users, the expression is for [roster.Holds].
func (fs Fields) Parse(filter string, now roster.Time) (roster.Expr, error) {
	s, err := newScanner(Param, filter)
	if err != nil {
		return nil, err
	}
	p := parser{scanner: s, fields: fs, now: now}
	p.space()
	if p.end() {
		return nil, nil
	}
	e, err := p.expression(p.restriction)
	if err != nil {
		return nil, err
	}
	if !p.end() {
		return nil, p.faultAt(p.at, ")", ") closes no (")
	}
	return e, nil
}

// parser reads a filter by recursive descent and compiles it on the way.
type parser struct {
	scanner
	fields Fields
	now    roster.Time
	depth  int // of parentheses
	terms  int // values and texts, so far
	work   int // of the tests so far
}

// leaf reads what an expression is made of: restrictions, or the values of one restriction.
type leaf func() (roster.Expr, error)

// expression reads factors joined by AND up to a closing parenthesis or the end.
func (p *parser) expression(read leaf) (roster.Expr, error) {
	var all roster.And
	for more := true; more; {
		e, err := p.factor(read)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if more, err = p.more(); err != nil {
			return nil, err
		}
	}
	return conjunction(all), nil
}

// more steps to the next factor, over AND if there is one.
func (p *parser) more() (bool, error) {
	spaced := p.space()
	if p.end() || p.sees(")") {
		return false, nil
	}
	if !spaced {
		return false, p.unexpected("a space or the end must come here")
	}
	if p.keyword("AND") {
		p.space()
	}
	return true, nil
}

// factor reads terms joined by OR.
func (p *parser) factor(read leaf) (roster.Expr, error) {
	var either roster.Or
	before := p.work
	for {
		start := p.at
		e, err := p.term(read)
		if err != nil {
			return nil, err
		}
		either = include(either, e)
		if p.work = before + p.fields.work(either); p.work > MaxTests {
			return nil, p.faultAt(start, p.text[start:p.at], "the tests of a filter can count at most %d together: "+
				"one for a part of a text counts %d, one of a field that users can be neither ordered nor counted by "+
				"%d, any other 1", MaxTests, partWork, scanWork)
		}
		end := p.at
		if !p.space() || !p.keyword("OR") {
			p.at = end
			return disjunction(either), nil
		}
		p.space()
	}
}

func (p *parser) term(read leaf) (roster.Expr, error) {
	at, not := p.at, p.keyword("NOT")
	if not {
		p.space()
	} else if not = p.take("-"); not {
		if next, _ := utf8.DecodeRuneInString(p.rest()); p.end() || unicode.IsSpace(next) || next == '-' {
			return nil, p.faultAt(at, "-", "a term must come right after -; in quotes it is a text")
		}
	}
	e, err := p.simple(read)
	if err != nil || !not {
		return e, err
	}
	return negation(e), nil
}

func (p *parser) simple(read leaf) (roster.Expr, error) {
	open := p.at
	if !p.take("(") {
		return read()
	}
	if p.depth++; p.depth > MaxDepth {
		return nil, p.faultAt(open, "(", "at most %d parentheses can be open at a time", MaxDepth)
	}
	p.space()
	e, err := p.expression(read)
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.faultAt(p.at, "", "the ( at character %d is not closed", p.column(open))
	}
	p.depth--
	return e, nil
}

// restriction reads a text alone, or a field, a comparator and an argument.
func (p *parser) restriction() (roster.Expr, error) {
	if p.seesString() {
		return p.literalString()
	}
	const needed = "a field or a text must come here"
	if isKeyword(p.peek(endsWord)) {
		return nil, p.unexpectedWord(needed)
	}
	w := p.word(endsWord)
	if w.source == "" || w.source[0] == '-' {
		p.at = w.at
		return nil, p.unexpected(needed)
	}
	if p.sees("(") {
		return nil, p.faultAt(w.at, w.source, "there is no function %s here", quote(w.source))
	}
	after := p.at
	p.space()
	opAt := p.at
	op, ok := p.comparator()
	if !ok {
		p.at = after
		return p.literal(w)
	}
	info, err := p.field(w)
	if err != nil {
		return nil, err
	}
	return p.argument(target{info: info, op: op, written: op, at: opAt})
}

func (p *parser) literalString() (roster.Expr, error) {
	q, err := p.quotedText()
	if err != nil {
		return nil, err
	}
	after := p.at
	p.space()
	if _, ok := p.comparator(); ok {
		return nil, p.faultAt(q.at, q.source, "the name of a field is not written in quotes")
	}
	p.at = after
	return p.literal(q)
}

// argument reads what a field is compared with.
func (p *parser) argument(t target) (roster.Expr, error) {
	p.space()
	differs := t.op == "!="
	if differs {
		t.op = "="
	}
	e, err := p.simple(func() (roster.Expr, error) {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		return p.compare(t, v)
	})
	if err != nil || !differs {
		return e, err
	}
	return negation(e), nil
}

func (p *parser) value() (text, error) {
	if err := p.count(p.at); err != nil {
		return text{}, err
	}
	if p.seesString() {
		return p.quotedText()
	}
	const needed = "a value must come here"
	if isKeyword(p.peek(endsValue)) {
		return text{}, p.unexpectedWord(needed)
	}
	v := p.word(endsValue)
	if v.source == "" {
		return v, p.unexpected(needed)
	}
	if p.take("(") {
		return p.call(v)
	}
	return v, p.checkKeyword(v)
}

// call reads the rest of a call of a function, of which there is one.
func (p *parser) call(function text) (text, error) {
	if function.text != "ago" {
		return text{}, p.faultAt(function.at, function.source, "there is no function %s", quote(function.source)).
			instead([]string{"ago"})
	}
	p.space()
	v := p.word(endsValue)
	if v.source == "" {
		return v, p.unexpected("a duration such as 30d must come here")
	}
	p.space()
	if !p.take(")") {
		return v, p.unexpected("a ) must come here")
	}
	v.call, v.callAt = function.text, function.at
	return v, nil
}

// count counts the value or the text at a byte.
func (p *parser) count(at int) error {
	if p.terms++; p.terms > MaxTerms {
		return p.faultAt(at, "", "a filter can have at most %d values and texts", MaxTerms)
	}
	return nil
}

// unexpected returns an error about the character that comes next.
func (p *parser) unexpected(needed string) error {
	if p.end() {
		return p.faultAt(p.at, "", "%s", needed)
	}
	_, size := utf8.DecodeRuneInString(p.rest())
	found := p.rest()[:size]
	return p.faultAt(p.at, found, "%s, not %s", needed, quote(found))
}

// unexpectedWord returns an error about the keyword that comes next.
func (p *parser) unexpectedWord(needed string) error {
	found := p.peek(endsWord)
	return p.faultAt(p.at, found, "%s, not the operator %s; the text is written in quotes", needed, found)
}

func isKeyword(word string) bool { return word == "AND" || word == "OR" || word == "NOT" }
