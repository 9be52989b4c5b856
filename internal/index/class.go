package index

import (
	"maps"
	"math/bits"
	"strings"

	"github.com/roster-dev/roster"
)

// A class is a value of a low-cardinality field: "status is active", "own_permissions has bit 3". Classes are
// numbered alike in every view of an organization; those of roles and of access to apps get their number when they
// are first seen.
const (
	classKind     = 0
	classStatus   = classKind + 3
	classUserType = classStatus + 7
	classBool     = classUserType + 4
	classOwnBit   = classBool + boolCount
	classDynamic  = classOwnBit + 64
	classMax      = 256
)

// firstClass returns the class of the first value of kind, status or user_type.
func firstClass(f roster.Field) int {
	switch f {
	case roster.FieldKind:
		return classKind
	case roster.FieldStatus:
		return classStatus
	default:
		return classUserType
	}
}

// profile is the set of a user's classes.
type profile [classMax / 64]uint64

func (p *profile) add(class int) { p[class>>6] |= 1 << (class & 63) }

func (p *profile) has(class int) bool { return p[class>>6]>>(class&63)&1 != 0 }

func (p *profile) union(q profile) {
	for i := range p {
		p[i] |= q[i]
	}
}

func (p *profile) intersect(q profile) {
	for i := range p {
		p[i] &= q[i]
	}
}

func (p *profile) subtract(q profile) {
	for i := range p {
		p[i] &^= q[i]
	}
}

// size counts the classes of p.
func (p *profile) size() int {
	n := 0
	for _, word := range p {
		n += bits.OnesCount64(word)
	}
	return n
}

// rank counts the classes of p below class.
func (p *profile) rank(class int) int {
	n := bits.OnesCount64(p[class>>6] & (1<<(class&63) - 1))
	for i := range class >> 6 {
		n += bits.OnesCount64(p[i])
	}
	return n
}

func (p *profile) each(fn func(class int)) {
	for i, word := range p {
		for ; word != 0; word &= word - 1 {
			fn(i<<6 + bits.TrailingZeros64(word))
		}
	}
}

// dictionary numbers the values that get their class when they are first seen. It is immutable once a view has it.
type dictionary struct {
	roles map[string]int // folded handle -> class
	apps  map[int64]int
	next  int
	// Where a field has values without a class, because there are too many, queries on it scan.
	roleOverflow, appsOverflow bool
}

func newDictionary() *dictionary {
	return &dictionary{roles: map[string]int{}, apps: map[int64]int{}, next: classDynamic}
}

// with returns a dictionary that knows the values of r: d itself where it does.
func (d *dictionary) with(r rec) *dictionary {
	role, apps := foldedRole(r), r.word(wordApps)
	_, hasRole := d.roles[role]
	_, hasApps := d.apps[apps]
	needRole, needApps := !hasRole && role != "" && !d.roleOverflow, !hasApps && !d.appsOverflow
	if !needRole && !needApps {
		return d
	}
	grown := *d
	if needRole {
		grown.roles, grown.roleOverflow = number(&grown, d.roles, strings.Clone(role))
	}
	if needApps {
		grown.apps, grown.appsOverflow = number(&grown, d.apps, apps)
	}
	return &grown
}

// number returns a copy of classes with value in it, or classes and true where d is full.
func number[K comparable](d *dictionary, classes map[K]int, value K) (map[K]int, bool) {
	if d.next == classMax {
		return classes, true
	}
	grown := make(map[K]int, len(classes)+1)
	maps.Copy(grown, classes)
	grown[value] = d.next
	d.next++
	return grown, false
}

func foldedRole(r rec) string { return roster.Fold(r.textAt(textRole)) }

// profile returns the classes of r.
func (d *dictionary) profile(r rec) profile {
	var p profile
	f := r.words[1]
	if kind := int(f & 0xff); kind < classStatus-classKind {
		p.add(classKind + kind)
	}
	if status := int(f >> flagStatus & 0xff); status < classUserType-classStatus {
		p.add(classStatus + status)
	}
	if userType := int(f >> flagUserType & 0xff); userType < classBool-classUserType {
		p.add(classUserType + userType)
	}
	p[0] |= f >> flagBools & (1<<boolCount - 1) << classBool
	own := uint64(r.word(wordOwn)) //nolint:gosec // a mask is kept bit by bit
	p[0] |= own << classOwnBit
	p[1] |= own >> (64 - classOwnBit)
	if class, ok := d.roles[foldedRole(r)]; ok {
		p.add(class)
	}
	if class, ok := d.apps[r.word(wordApps)]; ok {
		p.add(class)
	}
	return p
}

// rowWords is how many words hold a bit for each of the most rows that a chunk or a page has.
const (
	rowBits  = 10
	rowMax   = 1 << rowBits
	rowWords = rowMax / 64
)

// bitmap has a bit for each row of a chunk or a page.
type bitmap [rowWords]uint64

func (b *bitmap) fill(n int) {
	for i := range b {
		switch {
		case n >= (i+1)*64:
			b[i] = ^uint64(0)
		case n <= i*64:
			b[i] = 0
		default:
			b[i] = 1<<(n&63) - 1
		}
	}
}

func (b *bitmap) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

func (b *bitmap) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

func (b *bitmap) set(i int, on bool) {
	b[i>>6] &^= 1 << (i & 63)
	if on {
		b[i>>6] |= 1 << (i & 63)
	}
}

// rows knows the classes of up to rowMax rows. It is a value: what changes it returns another one. Only classes that
// some but not all rows have take memory.
type rows struct {
	n     int
	full  profile // classes that all rows have
	some  profile // classes that have words and a count, in the order of their numbers
	words []uint64
	count []uint16
}

func (r *rows) width() int { return (r.n + 63) / 64 }

// size returns how many rows have the class.
func (r *rows) size(class int) int {
	switch {
	case r.full.has(class):
		return r.n
	case r.some.has(class):
		return int(r.count[r.some.rank(class)])
	default:
		return 0
	}
}

// slice returns the words of a class that some but not all rows have.
func (r *rows) slice(class int) []uint64 {
	at, w := r.some.rank(class), r.width()
	return r.words[at*w : at*w+w]
}

// load writes the rows that have the class to dst.
func (r *rows) load(class int, dst *bitmap) {
	switch {
	case r.full.has(class):
		dst.fill(r.n)
	case r.some.has(class):
		n := copy(dst[:], r.slice(class))
		clear(dst[n:])
	default:
		*dst = bitmap{}
	}
}

// has reports whether row i has the class.
func (r *rows) has(class, i int) bool {
	return r.full.has(class) || r.some.has(class) && r.slice(class)[i>>6]>>(i&63)&1 != 0
}

// patch moves row i from some classes to others, in place. It reports whether the classes that it left or came to are
// still such that some but not all rows have; r is of no use where they are not.
func (r *rows) patch(i int, old, now profile) bool {
	ok := true
	for w := range old {
		for diff := old[w] ^ now[w]; diff != 0; diff &= diff - 1 {
			class := w<<6 + bits.TrailingZeros64(diff)
			at := r.some.rank(class)
			r.words[at*r.width()+i>>6] ^= 1 << (i & 63)
			if now.has(class) {
				r.count[at]++
			} else {
				r.count[at]--
			}
			ok = ok && r.count[at] > 0 && int(r.count[at]) < r.n
		}
	}
	return ok
}

func newRows(n, classes int) rows {
	r := rows{n: n}
	r.words = make([]uint64, 0, classes*r.width())
	r.count = make([]uint16, 0, classes)
	return r
}

// adopt adds a class above all that r has, whose rows lie behind the words of r.
func (r *rows) adopt(class int, words []uint64) {
	n := 0
	for _, word := range words {
		n += bits.OnesCount64(word)
	}
	switch n {
	case 0:
	case r.n:
		r.full.add(class)
		clear(words)
	default:
		r.some.add(class)
		r.words = r.words[:len(r.words)+len(words)]
		r.count = append(r.count, uint16(n))
	}
}
