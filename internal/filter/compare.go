package filter

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// target is the left side of a restriction.
type target struct {
	info    *roster.FieldInfo
	op      string // never !=, which is the negation of =
	written string // the comparator as it is written
	at      int    // where the comparator is
}

// cmp returns the comparison with a value of the field.
func (t target) cmp(v roster.Value) roster.Expr {
	ops := map[string]roster.CmpOp{"<": roster.LT, "<=": roster.LE, ">": roster.GT, ">=": roster.GE}
	return roster.Cmp{Field: t.info.Field, Op: ops[t.op], Value: v} // = and : are roster.EQ, which is 0
}

// equals reports whether the comparator asks for equality.
func (t target) equals() bool { return t.op == "=" || t.op == ":" }

// compare compiles the comparison of a field with one value.
func (p *parser) compare(t target, v text) (roster.Expr, error) {
	switch {
	case v.isNull():
		return p.compareNull(t)
	case len(v.stars) > 0:
		return p.comparePattern(t, v)
	case v.call != "" && t.info.Type != roster.TypeTime:
		return nil, p.faultAt(v.callAt, v.call, "%s is not compared with an instant", t.info.Name)
	case !slices.Contains(comparators(t.info), t.op):
		return nil, p.wrongComparator(t)
	}
	switch t.info.Type {
	case roster.TypeText:
		return p.compareText(t, v)
	case roster.TypeUUID:
		return p.compareID(t, v)
	case roster.TypeTime:
		return p.compareTime(t, v)
	case roster.TypeEnum:
		return p.compareName(t, v, t.info.Enum)
	case roster.TypeBool:
		return p.compareName(t, v, flags())
	case roster.TypeTexts:
		return p.compareMember(t, v)
	case roster.TypeDecimal:
		return p.compareDecimal(t, v)
	default:
		return p.compareNumber(t, v)
	}
}

func (p *parser) wrongComparator(t target) error {
	fault := p.faultAt(t.at, t.written, "%s can't be compared by %s", t.info.Name, t.written)
	fault.Allowed = comparators(t.info)
	return fault
}

// compareNull compiles field = null.
func (p *parser) compareNull(t target) (roster.Expr, error) {
	if t.op == "=" {
		return negation(p.present(t.info)), nil
	}
	fault := p.faultAt(t.at, t.written, "null can't be compared by %s", t.written)
	fault.Allowed = []string{"=", "!="}
	return nil, fault
}

// present returns what is true where the field has a value as AIP-160 sees it: zero is none.
func (p *parser) present(info *roster.FieldInfo) roster.Expr {
	has := roster.Has{Field: info.Field}
	notZero := roster.Not{Expr: roster.Cmp{Field: info.Field, Value: roster.IntValue(0)}}
	switch info.Type {
	case roster.TypeInt, roster.TypeMask, roster.TypeBool, roster.TypeDecimal:
		if p.fields.sparse {
			return roster.And{has, notZero}
		}
		return notZero
	case roster.TypeEnum:
		if info.Enum[0] == "" {
			return notZero
		}
	}
	return has
}

// comparePattern compiles a comparison with a value that has asterisks.
func (p *parser) comparePattern(t target, v text) (roster.Expr, error) {
	pat, rest := v.pattern(), v.pattern().rest
	fault := func(format string, args ...any) (roster.Expr, error) {
		return nil, p.faultAt(v.at, v.source, format, args...)
	}
	switch isText := t.info.Type == roster.TypeText; {
	case !t.equals():
		return fault("* goes with =, != and :, not with %s", t.written)
	case rest == "" && (t.op == ":" || isText):
		return p.present(t.info), nil
	case !isText && !t.info.Searchable || rest == "":
		return fault("%s is not compared with *; %s:* asks for any value", t.info.Name, t.info.Name)
	case pat.inside:
		return fault("* can stand only at the end, or at both ends, of a value")
	case pat.after && !pat.before && isText:
		return beginsWith(t.info.Field, rest), nil
	case pat.before && pat.after && t.info.Searchable:
		return roster.Contains{Field: t.info.Field, Text: rest}, nil
	case !t.info.Searchable:
		return fault("%s can be asked only for how it begins, as in %s", t.info.Name, quote(rest+"*"))
	case !isText:
		return fault("%s can be asked only for a part, as in %s", t.info.Name, quote("*"+rest+"*"))
	default:
		return fault("how a text ends can't be asked for, but a part of it, as in %s", quote("*"+rest+"*"))
	}
}

func (p *parser) compareText(t target, v text) (roster.Expr, error) {
	switch {
	case v.text == "" && t.op == "=":
		return negation(p.present(t.info)), nil
	case v.text == "":
		return nil, p.faultAt(v.at, v.source, "the empty text goes with = and !=, not with %s", t.written)
	case t.op == ":":
		return roster.Contains{Field: t.info.Field, Text: v.text}, nil
	default:
		return t.cmp(roster.TextValue(v.text)), nil
	}
}

func (p *parser) compareID(t target, v text) (roster.Expr, error) {
	id, err := roster.ParseID(v.text)
	switch {
	case err != nil && t.op == ":" && t.info.Searchable && v.text != "":
		return roster.Contains{Field: t.info.Field, Text: v.text}, nil
	case err != nil:
		return nil, p.faultAt(v.at, v.source, "%s must be compared with a UUID, not %s", t.info.Name, quote(v.text))
	case id.IsZero():
		return nil, p.faultAt(v.at, v.source, "this is the UUID of nothing; null asks for none")
	default:
		return t.cmp(roster.IDValue(id)), nil
	}
}

// compareName compiles the comparison with one of the names of a field's values.
func (p *parser) compareName(t target, v text, names []string) (roster.Expr, error) {
	if i := slices.Index(names, v.text); i >= 0 {
		return t.cmp(roster.IntValue(int64(i))), nil
	}
	fault := p.faultAt(v.at, v.source, "%s is never %s", t.info.Name, quote(v.text)).instead(named(names)).
		of(roster.NotAllowed)
	fault.Meant = closest(v.text, fault.Allowed) // without the quotes
	return nil, fault
}

// compareMember compiles the question for a member of a set of texts, which has only those of Enum where there is one.
func (p *parser) compareMember(t target, v text) (roster.Expr, error) {
	if v.text == "" {
		return nil, p.faultAt(v.at, v.source, "the empty text is no member; null asks for the empty set")
	}
	if t.info.Enum != nil {
		if _, err := p.compareName(t, v, t.info.Enum); err != nil {
			return nil, err
		}
	}
	return roster.In{Field: t.info.Field, Values: []roster.Value{roster.TextValue(v.text)}}, nil
}

// named returns the names but for the empty one.
func named(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
}

// flags returns the names of the values of a flag.
func flags() []string { return []string{"false", "true"} }

// compareNumber compiles the comparison with a number, or the question for a bit or a member.
func (p *parser) compareNumber(t target, v text) (roster.Expr, error) {
	n, err := strconv.ParseInt(v.text, 10, 64)
	switch {
	case err != nil:
		return nil, p.faultAt(v.at, v.source, "%s must be compared with an integer, not %s", t.info.Name, quote(v.text))
	case t.op == ":" && t.info.Type == roster.TypeNumbers:
		return roster.In{Field: t.info.Field, Values: []roster.Value{roster.IntValue(n)}}, nil
	case t.op == ":" && t.info.Type == roster.TypeMask:
		if n <= 0 || n&(n-1) != 0 {
			return nil, p.faultAt(v.at, v.source, "%d is not the value of one bit (1, 2, 4, 8 ...); "+
				"ask for several by AND or OR, as in %s:(1 OR 4)", n, t.info.Name)
		}
		return roster.Bits{Field: t.info.Field, Mask: n}, nil
	default:
		return t.cmp(roster.IntValue(n)), nil
	}
}

// compareDecimal compiles the comparison with a number that need not be whole.
func (p *parser) compareDecimal(t target, v text) (roster.Expr, error) {
	x, err := strconv.ParseFloat(v.text, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return nil, p.faultAt(v.at, v.source, "%s must be compared with a number, not %s", t.info.Name, quote(v.text))
	}
	return t.cmp(roster.DecimalValue(x)), nil
}

// checkKeyword refuses and, or and not without quotes: they are meant as operators more often than not.
func (p *parser) checkKeyword(v text) error {
	operator := strings.ToUpper(v.text)
	if v.quoted || !isKeyword(operator) {
		return nil
	}
	return p.faultAt(v.at, v.source, "%s is the operator %s only in capitals, and a text only in quotes", quote(v.text),
		operator)
}

// literal compiles a text alone.
func (p *parser) literal(v text) (roster.Expr, error) {
	if err := p.count(v.at); err != nil {
		return nil, err
	}
	if err := p.checkKeyword(v); err != nil {
		return nil, err
	}
	v.quoted = true // null alone is a text, too
	rest := v.pattern().rest
	switch {
	case rest == "" && len(v.stars) > 0:
		return roster.And{}, nil
	case rest == "":
		return nil, p.faultAt(v.at, v.source, "the empty text can't be looked for")
	}
	var anywhere roster.Or
	for i := range p.fields.rows {
		if info := &p.fields.rows[i]; holdsParts(info) {
			e, err := p.compare(target{info: info, op: ":", written: ":", at: v.at}, v)
			if err != nil {
				return nil, err
			}
			anywhere = append(anywhere, e)
		}
	}
	if anywhere == nil {
		return nil, p.faultAt(v.at, v.source, "%s have no texts to look for %s in: a field and a comparator must "+
			"come before it", p.fields.many, quote(v.source)).instead(p.fields.names(filterable))
	}
	return disjunction(anywhere), nil
}
