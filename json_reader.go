package roster

import (
	"encoding/json"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// reader reads JSON in one pass, as encoding/json does. Its methods return false where there is anything that they do
// not expect, right or wrong; then encoding/json has to read the whole again.
type reader struct {
	doc string
	at  int
	// absent says that null is the absence of a member.
	absent bool
	// shares says that texts may keep doc in memory; else they are copied.
	shares bool
	// valid says that doc is known to be UTF-8.
	valid bool
	// texts holds all texts that were copied: one allocation for many.
	texts strings.Builder
}

// newReader returns a reader at the beginning of doc.
func newReader(doc []byte) *reader { return &reader{doc: string(doc)} }

// readUser reads a whole document.
func (r *reader) readUser(u *User) bool { return userMembers.read(r, u) && r.ended() }

// readOps reads what [Op.MarshalJSON] wrote for each of ops.
func (r *reader) readOps(ops *[]Op) bool { return readList(r, ops, r.readOp) && r.ended() }

func (r *reader) readOp(op *Op) bool {
	var id ID
	if !r.next('{') || !r.named("op") {
		return false
	}
	if _, ok := r.raw(); !ok || !r.next(',') || !r.named("type") {
		return false
	}
	t, ok := r.raw()
	if !ok || !r.next(',') || !r.named("id") || !r.id(&id) {
		return false
	}
	ok = r.readRecord("before", Type(t), &op.Before) && r.readRecord("after", Type(t), &op.After)
	return ok && r.next('}')
}

// named skips the name of a member and the colon, if they are next.
func (r *reader) named(name string) bool {
	got, ok := r.raw()
	return ok && got == name && r.next(':')
}

// readRecord reads a member of an op, if it is next.
func (r *reader) readRecord(name string, t Type, e *Entity) bool {
	start := r.at
	if !r.next(',') || !r.named(name) {
		r.at = start
		return true
	}
	if t == TypeUser {
		u := &User{}
		r.texts = strings.Builder{} // so that users do not keep each other's texts in memory
		*e = u
		return userMembers.read(r, u)
	}
	from := r.at
	if r.at = skipObject(r.doc, from); r.at < 0 {
		return false
	}
	var err error
	*e, err = DecodeEntity(t, []byte(r.doc[from:r.at]))
	return err == nil
}

// ended reports whether nothing but white space is left.
func (r *reader) ended() bool {
	r.space()
	return r.at == len(r.doc)
}

// space skips white space, of which the documents that we write have none.
func (r *reader) space() {
	if r.at < len(r.doc) && r.doc[r.at] <= ' ' {
		r.spaces()
	}
}

func (r *reader) spaces() {
	for r.at < len(r.doc) {
		switch r.doc[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// next skips white space and c, if it is next.
func (r *reader) next(c byte) bool {
	r.space()
	if r.at >= len(r.doc) || r.doc[r.at] != c {
		return false
	}
	r.at++
	return true
}

// word skips a word, if it is next.
func (r *reader) word(word string) bool {
	end := skipWord(r.doc, r.at, word)
	if end < 0 {
		return false
	}
	r.at = end
	return true
}

// read reads an object into v. Members that are missing leave v as it is.
func (ms members[T]) read(r *reader, v *T) bool {
	if !r.next('{') {
		return false
	}
	if r.next('}') {
		return true
	}
	var seen [2]uint64
	for expected := 0; ; {
		i := ms.next(r, expected)
		if i < 0 || seen[i/64]&(1<<(i%64)) != 0 {
			return false
		}
		seen[i/64] |= 1 << (i % 64)
		if !r.value(ms[i].at(v)) {
			return false
		}
		if !r.next(',') {
			return r.next('}')
		}
		expected = i + 1
	}
}

// next reads the name of a member and the colon, and returns the member's index, or -1; it looks from the expected one
// on.
func (ms members[T]) next(r *reader, expected int) int {
	const near = 8 // of members, most of which are absent
	left := r.doc[r.at:]
	for i := expected; i < min(expected+near, len(ms)); i++ {
		if head := ms[i].head[1:]; len(left) > 1 && left[1] == head[1] && strings.HasPrefix(left, head) {
			r.at += len(head)
			return i
		}
	}
	name, ok := r.raw()
	if !ok || !r.next(':') {
		return -1
	}
	return ms.find(name, expected)
}

// find returns the index of the member with a name, or -1; it looks from the expected one on.
func (ms members[T]) find(name string, expected int) int {
	for i := expected; i < len(ms); i++ {
		if ms[i].name() == name {
			return i
		}
	}
	for i := range min(expected, len(ms)) {
		if ms[i].name() == name {
			return i
		}
	}
	return -1
}

// value reads the value that p points to.
func (r *reader) value(p any) bool {
	if r.space(); r.at < len(r.doc) && r.doc[r.at] == 'n' {
		return r.absent && r.word("null")
	}
	switch p := p.(type) {
	case *string:
		return r.text(p)
	case *int64:
		return r.integer(p)
	case *bool:
		return r.flag(p)
	case *Time:
		return r.time(p)
	case *ID:
		return r.id(p)
	case *Object:
		return r.object(p)
	case *Kind:
		return readEnum(r, kindNames, p)
	case *Status:
		return readEnum(r, statusNames, p)
	case *UserType:
		return readEnum(r, userTypeNames, p)
	case *[]int64:
		return readList(r, p, r.integer)
	case *[]string:
		return readList(r, p, r.text)
	case *[]SpaceAccess:
		return readList(r, p, func(s *SpaceAccess) bool { return spaceAccessMembers.read(r, s) })
	default:
		return r.structure(p)
	}
}

func (r *reader) structure(p any) bool {
	switch p := p.(type) {
	case *AccessTransfer:
		return accessTransferMembers.read(r, p)
	case *Avatar:
		return avatarMembers.read(r, p)
	case *Slack:
		return slackMembers.read(r, p)
	case *Source:
		return sourceMembers.read(r, p)
	default:
		return false
	}
}

func readList[E any](r *reader, list *[]E, read func(*E) bool) bool {
	if !r.next('[') {
		return false
	}
	if *list = (*list)[:0]; *list == nil {
		*list = make([]E, 0, 4)
	}
	if r.next(']') {
		return true
	}
	for {
		r.space()
		var zero E
		*list = append(*list, zero)
		if !read(&(*list)[len(*list)-1]) {
			return false
		}
		if !r.next(',') {
			return r.next(']')
		}
	}
}

// raw returns what stands between the quotes of a string without escapes.
func (r *reader) raw() (string, bool) {
	if !r.next('"') {
		return "", false
	}
	for i := r.at; i < len(r.doc); i++ {
		if i+8 <= len(r.doc) {
			ends := textEnds(r.doc[i : i+8])
			if ends == 0 {
				i += 7
				continue
			}
			i += bits.TrailingZeros64(ends) / 8
		}
		switch c := r.doc[i]; {
		case c == '"':
			raw := r.doc[r.at:i]
			r.at = i + 1
			return raw, true
		case c < ' ' || c == '\\':
			return "", false
		}
	}
	return "", false
}

// textEnds looks at 8 bytes at once: the lowest bit that is set belongs to the first quote, backslash or control
// character among them.
func textEnds(s string) uint64 {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	x := word(s)
	quote, backslash := x^(ones*'"'), x^(ones*'\\')
	return ((quote-ones)&^quote | (backslash-ones)&^backslash | (x-ones*' ')&^x) & highest
}

// word returns the first 8 bytes of s, the first one lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func (r *reader) text(s *string) bool {
	start := r.at
	raw, ok := r.raw()
	if !ok || !r.valid && !utf8.ValidString(raw) {
		r.at = start
		return r.escapedText(s)
	}
	*s = r.own(raw)
	return true
}

// own returns a part of the document such that it may be kept.
func (r *reader) own(raw string) string {
	if r.shares {
		return raw
	}
	from := r.texts.Len()
	if from == 0 {
		const most = 256 // bytes of text that nearly every user has at most
		r.texts.Grow(min(len(r.doc)/4, most))
	}
	r.texts.WriteString(raw)
	return r.texts.String()[from:]
}

// escapedText reads a string by way of encoding/json.
func (r *reader) escapedText(s *string) bool {
	if !r.next('"') {
		return false
	}
	for i := r.at; i < len(r.doc); i++ {
		switch r.doc[i] {
		case '"':
			raw := r.doc[r.at-1 : i+1]
			r.at = i + 1
			return json.Unmarshal([]byte(raw), s) == nil
		case '\\':
			i++
		}
	}
	return false
}

// integer reads an integer of at most 18 digits.
func (r *reader) integer(n *int64) bool {
	negative := r.at < len(r.doc) && r.doc[r.at] == '-'
	if negative {
		r.at++
	}
	end := skipDigits(r.doc, r.at)
	if end < 0 || end-r.at > 18 || r.doc[r.at] == '0' && end-r.at > 1 {
		return false
	}
	var value int64
	for _, c := range []byte(r.doc[r.at:end]) {
		value = value*10 + int64(c-'0')
	}
	if negative {
		value = -value
	}
	*n, r.at = value, end
	return true // what a fraction or an exponent leaves behind is not expected
}

func (r *reader) flag(b *bool) bool {
	if r.word("true") {
		*b = true
		return true
	}
	*b = false
	return r.word("false")
}

func (r *reader) time(t *Time) bool {
	raw, ok := r.raw()
	if !ok {
		return false
	}
	if at, ok := parseCanonicalTime(raw); ok {
		*t = at
		return true
	}
	at, err := ParseTime(raw)
	*t = at
	return err == nil
}

func (r *reader) id(id *ID) bool {
	raw, ok := r.raw()
	if !ok || len(raw) == 0 {
		*id = ID{}
		return ok
	}
	*id, ok = parseID(raw)
	return ok
}

func (r *reader) object(o *Object) bool {
	end := skipObject(r.doc, r.at)
	if end < 0 {
		return false
	}
	text := r.doc[r.at:end]
	if r.absent && RepeatedMember([]byte(text)) != "" { // it comes from outside
		return false
	}
	*o, r.at = Object(r.own(text)), end
	return true
}

func readEnum[E ~uint8](r *reader, names []string, e *E) bool {
	raw, ok := r.raw()
	if !ok {
		return false
	}
	i := slices.Index(names, raw)
	if i < 0 {
		return false
	}
	*e = E(i)
	return true
}
