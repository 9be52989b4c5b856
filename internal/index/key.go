package index

import (
	"cmp"
	"strings"

	"github.com/roster-dev/roster"
)

// key is what an order compares: a roster.Value taken apart.
type key struct {
	set  bool
	num  int64
	text string
}

func keyOf(v roster.Value) key { return key{v.IsSet(), v.Int(), v.Text()} }

// compare is roster.Value.Compare.
func (k key) compare(o key) int {
	if k.set != o.set {
		if k.set {
			return -1
		}
		return 1
	}
	if k.num != o.num {
		return cmp.Compare(k.num, o.num)
	}
	return strings.Compare(k.text, o.text)
}

// prefix returns a number that orders keys as compare does, as far as 8 bytes go.
func (k key) prefix() uint64 {
	if !k.set {
		return ^uint64(0)
	}
	if k.text == "" {
		return uint64(k.num) ^ 1<<63 //nolint:gosec // it maps the order of int64 to that of uint64
	}
	return k.textPrefix()
}

// textPrefix returns the first 8 bytes of the text as a number, zeros after its end.
func (k key) textPrefix() uint64 {
	var p uint64
	for i := range 8 {
		p <<= 8
		if i < len(k.text) {
			p |= uint64(k.text[i])
		}
	}
	return p
}

// source says where in a record the key of a sortable field is.
type source struct {
	word int // an index of a word, or -1
	text int // an index of a text, or -1
	flag int // a shift of the flags, or -1
	time bool
}

func sourceOf(f roster.Field) source {
	switch f {
	case roster.FieldKind:
		return source{-1, -1, 0, false}
	case roster.FieldStatus:
		return source{-1, -1, flagStatus, false}
	case roster.FieldUserType:
		return source{-1, -1, flagUserType, false}
	}
	for i, g := range wordFields() {
		if f == g {
			return source{i, -1, -1, f.Info().Type == roster.TypeTime}
		}
	}
	for i, g := range textFields() {
		if f == g {
			return source{-1, i, -1, false}
		}
	}
	panic("index: not a sortable field: " + f.String())
}

// key returns the key of r.
func (s source) key(r rec) key {
	switch {
	case s.word >= 0:
		n := r.word(s.word)
		return key{set: !s.time || n != 0, num: n}
	case s.flag >= 0:
		return key{set: true, num: int64(r.words[1] >> s.flag & 0xff)}
	case s.text < textIdentifier:
		id := r.textAt(s.text)
		return key{set: id != "", text: id}
	default:
		return key{set: r.has(bitTexts + s.text), text: r.folded(s.text)}
	}
}

// hasPrefix reports whether the prefix of k orders it among the keys of s as compare does. It does not where k is of
// another type.
func (s source) hasPrefix(k key) bool {
	if s.text >= 0 {
		return !k.set || k.num == 0 && k.text != ""
	}
	return k.text == "" && (k.set || k.num == 0)
}

// sortKey is one key of an order of users.
type sortKey struct {
	source
	field roster.Field
	desc  bool
	ranks []int64
}

func sortKeys(keys []roster.Sort) []sortKey {
	out := make([]sortKey, len(keys))
	for i, k := range keys {
		out[i] = sortKey{sourceOf(k.Field), k.Field, k.Desc, k.Ranks}
	}
	return out
}

func (s sortKey) key(r rec) key {
	k := s.source.key(r)
	if len(s.ranks) > 0 {
		k.num = s.ranks[k.num]
	}
	return k
}
