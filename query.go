package roster

import (
	"iter"
	"slices"
	"strings"
)

// Query asks for users of one organization. The zero Query asks for all of them by number.
type Query struct {
	// Where is the filter; nil lets every user through.
	Where Expr
	// Search is combined with Where by AND; the zero Search lets every user through.
	Search Search
	// Sort orders the users. Without it they come best match first when there is a Search, and by number otherwise.
	Sort []Sort
	// Offset is how many users to skip, from 0.
	Offset int
	// Limit is how many users to return at the most; 0 means all.
	Limit int
}

// Sort orders by one field, which must be sortable. Users without a value come last, or first when descending.
type Sort struct {
	Field Field
	Desc  bool
	// Ranks, indexed by an enumeration's value, replaces the order of its values; equal ranks make values equal in
	// the order. nil orders them as they are numbered. It is for TypeEnum fields and covers all their values.
	Ranks []int64
}

// Value returns what u is ordered by under the key.
func (s Sort) Value(u *User) Value {
	v := s.Field.Value(u)
	if s.Ranks != nil {
		return IntValue(s.Ranks[v.Int()])
	}
	return v
}

// Page is the answer to a [Query].
type Page struct {
	// Version is the version of the organization that the answer is true for.
	Version Version
	// Total is the exact number of users that match, whatever the query's Offset and Limit.
	Total int
	// Users yields the users of the window in order, Permissions filled. Each pointer is valid only until the next
	// step: copy what must live longer. The texts and slices inside live on and are read only. It may be ranged
	// over again.
	Users iter.Seq[*User]
	// Written yields the texts that write appends to an empty buffer for these users, in order; each is valid only
	// until the next step and read only. It is nil but in the pages of a read model that keeps such texts: write is
	// not called for a user whose text in that form it has.
	Written func(form Form, write func(b []byte, u *User) []byte) iter.Seq[[]byte]
}

// Form is a way to write users as text. Of one user of one view, all who use a form write the same text.
type Form struct {
	// Name tells forms apart: what a text depends on besides the user and the view is part of it. It is "" where texts
	// are not worth keeping.
	Name string
	// Shows are the fields that the texts depend on. A user who is written may lack any other; none at all means all.
	Shows FieldSet
}

// Match reports whether u is among the users that q asks for, whatever its Offset and Limit. u.Permissions must be
// filled.
func (q Query) Match(u *User) bool {
	return (q.Where == nil || q.Where.match(asked{u})) && q.Search.Match(u)
}

// Compare orders two users that match q: negative when a comes before b, never 0 for two different users of an
// organization. What the keys of the order leave equal is ordered by number, in the direction of the first key.
func (q Query) Compare(a, b *User) int {
	if len(q.Sort) == 0 && !q.Search.IsZero() {
		if c := q.Search.Score(b) - q.Search.Score(a); c != 0 {
			return c
		}
	}
	for _, key := range q.Sort {
		if c := key.Value(a).Compare(key.Value(b)); c != 0 {
			return direct(c, key.Desc)
		}
	}
	c := FieldNumber.Value(a).Compare(FieldNumber.Value(b))
	return direct(c, len(q.Sort) > 0 && q.Sort[0].Desc)
}

func direct(c int, desc bool) int {
	if desc {
		return -c
	}
	return c
}

// Scan answers q by looking at every user: the page and the exact number of all that match. It is the reference
// that every faster way is tested against.
func (q Query) Scan(users iter.Seq[*User]) (page []*User, total int) {
	for u := range users {
		if q.Match(u) {
			page = append(page, u)
		}
	}
	slices.SortFunc(page, q.Compare)
	total = len(page)
	page = page[min(q.Offset, total):]
	if q.Limit > 0 {
		page = page[:min(q.Limit, len(page))]
	}
	return page, total
}

// Validate reports the first part of q that its fields do not support, as [Invalid].
func (q Query) Validate() error {
	if q.Offset < 0 || q.Limit < 0 {
		return Errorf(Invalid, "offset and limit must not be negative")
	}
	for _, key := range q.Sort {
		if !key.Field.Info().Sortable {
			return FieldErrorf(key.Field.String(), "can't be sorted by")
		}
		if key.Ranks != nil && (len(key.Ranks) == 0 || len(key.Ranks) != len(key.Field.Info().Enum)) {
			return FieldErrorf(key.Field.String(), "needs one rank for each of its values")
		}
	}
	for _, f := range q.Search.Fields {
		if !f.Info().Searchable {
			return FieldErrorf(f.String(), "can't be searched")
		}
	}
	if q.Where == nil {
		return nil
	}
	return q.Where.validate()
}

// Expr is a boolean expression over the fields of a record: [And], [Or], [Not], [Cmp], [In], [Bits], [Has] or
// [Contains]. A record without a value in a field fails every test of that field. In a [Query] the record is a user and
// the fields are those of users; [Holds] asks it of any other.
type Expr interface {
	match(r Holder) bool
	validate() error
}

// Holder is a record that an [Expr] and a [Search] can be asked of. Which fields a [Field] stands for, the table says
// that they were made with.
type Holder interface {
	// Value returns what the record holds in a field; no value for a set.
	Value(f Field) Value
	// Has reports whether the field has a value or, where it is a set, members.
	Has(f Field) bool
	// HasAny reports whether the field has any of the values or, where it is a set, any of them is a member.
	HasAny(f Field, values []Value) bool
	// SearchText returns the text of a searchable field, folded with [FoldSearch].
	SearchText(f Field) string
}

// Holds reports whether e, which may be nil, is true for a record. The fields of e must be those of the record.
func Holds(e Expr, r Holder) bool { return e == nil || e.match(r) }

// And is true where every member is, and so without members.
type And []Expr

// Or is true where any member is, and so false without members.
type Or []Expr

// Not is true where its expression is false.
type Not struct{ Expr Expr }

// CmpOp is a comparison.
type CmpOp uint8

// The comparisons.
const (
	EQ CmpOp = iota
	LT
	LE
	GT
	GE
)

// Cmp compares a field with a value of the field's type.
type Cmp struct {
	Field Field
	Op    CmpOp
	Value Value
}

// In is true where the field equals any of the values or, for a set of numbers, where the set has any of them.
type In struct {
	Field  Field
	Values []Value
}

// Bits is true where a number or mask has any of the bits of Mask.
type Bits struct {
	Field Field
	Mask  int64
}

// Has is true where the field has a value; for a set of numbers, where it is not empty.
type Has struct{ Field Field }

// Contains is true where the searchable field's text contains Text, both folded with [FoldSearch]. Every text contains
// the empty one, and so does none at all.
type Contains struct {
	Field Field
	Text  string
}

func (e And) match(r Holder) bool {
	for _, x := range e {
		if !x.match(r) {
			return false
		}
	}
	return true
}

func (e Or) match(r Holder) bool {
	for _, x := range e {
		if x.match(r) {
			return true
		}
	}
	return false
}

func (e Not) match(r Holder) bool { return !e.Expr.match(r) }

func (e Cmp) match(r Holder) bool {
	v := r.Value(e.Field)
	return v.IsSet() && e.Op.holds(v.Compare(e.Value))
}

func (op CmpOp) holds(c int) bool {
	switch op {
	case EQ:
		return c == 0
	case LT:
		return c < 0
	case LE:
		return c <= 0
	case GT:
		return c > 0
	default:
		return c >= 0
	}
}

func (e In) match(r Holder) bool { return r.HasAny(e.Field, e.Values) }

func (e Bits) match(r Holder) bool { return r.Value(e.Field).Int()&e.Mask != 0 }

func (e Has) match(r Holder) bool { return r.Has(e.Field) }

func (e Contains) match(r Holder) bool {
	return strings.Contains(r.SearchText(e.Field), FoldSearch(e.Text))
}

func (e And) validate() error { return validateAll(e) }

func (e Or) validate() error { return validateAll(e) }

func validateAll(exprs []Expr) error {
	for _, x := range exprs {
		if err := x.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (e Not) validate() error { return e.Expr.validate() }

func (e Cmp) validate() error {
	if e.Field.Info().Type == TypeNumbers {
		return FieldErrorf(e.Field.String(), "is a set and can't be compared")
	}
	return filterable(e.Field)
}

func (e In) validate() error { return filterable(e.Field) }

func (e Bits) validate() error {
	if t := e.Field.Info().Type; t != TypeInt && t != TypeMask {
		return FieldErrorf(e.Field.String(), "has no bits")
	}
	return nil
}

func (e Has) validate() error { return filterable(e.Field) }

func (e Contains) validate() error {
	if !e.Field.Info().Searchable {
		return FieldErrorf(e.Field.String(), "can't be searched")
	}
	return nil
}

func filterable(f Field) error {
	if !f.Info().Filterable {
		return FieldErrorf(f.String(), "can't be filtered by")
	}
	return nil
}
