package index

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// words are the distinct words of the searchable texts, shortest first, and which slots have them in which field.
type words struct {
	text  []byte
	ends  []uint32 // where in text a word ends
	signs []uint64 // its letters, see sign
	first []uint32 // by length in characters: the first word that is so long; the last entry is the number of words
	posts []uint32 // where in data the slots of a word in a field end, fields within words
	data  []byte
}

// wordRunes is the length from which on words are not told apart by their length.
const wordRunes = 255

// eachWord calls fn with the words of a folded text, as roster.Words returns them.
func eachWord(text string, fn func(word string)) {
	start := -1
	for i := 0; i < len(text); {
		inside, size := wordByte(text[i]), 1
		if text[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			inside = wordRune(r)
		}
		if inside && start < 0 {
			start = i
		} else if !inside && start >= 0 {
			fn(text[start:i])
			start = -1
		}
		i += size
	}
	if start >= 0 {
		fn(text[start:])
	}
}

// wordByte is wordRune for ASCII, false for all other bytes.
func wordByte(b byte) bool {
	const (
		digits  = uint64(0x3ff) << '0'
		letters = uint64(1<<26-1)<<('A'-64) | uint64(1<<26-1)<<('a'-64)
	)
	if b < 64 {
		return digits>>b&1 != 0
	}
	return letters>>(b-64)&1 != 0
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return wordByte(byte(r)) //nolint:gosec // it is ASCII
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// sign returns a number that differs by at most one bit gained and one lost for each typing error: a bit for the
// first occurrence of a letter and another one for the second. Rare letters share bits.
func sign(word string) uint64 {
	var once, twice uint64
	for _, r := range word {
		bit := uint64(1) << (26 + uint32(r)%6) //nolint:gosec // a rune is not negative
		if 'a' <= r && r <= 'z' {
			bit = 1 << (r - 'a')
		}
		twice |= once & bit
		once |= bit
	}
	return once | twice<<32
}

func runeLength(word string) int { return min(utf8.RuneCountInString(word), wordRunes) }

// wordTable numbers the distinct words of some fields as they come.
type wordTable struct {
	seed   maphash.Seed
	places []uint32 // by hash: the number of a word, from 1
	hashes []uint32 // by word
	text   []byte
	ends   []uint32
}

func newWordTable() *wordTable {
	return &wordTable{seed: maphash.MakeSeed(), places: make([]uint32, 1024)}
}

func (t *wordTable) word(i uint32) string {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return view(t.text[from:t.ends[i]])
}

// number returns the number of a word, which it adds where it is new.
func (t *wordTable) number(word string) uint32 {
	hash := uint32(maphash.String(t.seed, word)) //nolint:gosec // its lower half
	mask := uint32(len(t.places) - 1)            //nolint:gosec // a power of two
	at := hash & mask
	for ; t.places[at] != 0; at = (at + 1) & mask {
		if i := t.places[at] - 1; t.hashes[i] == hash && t.word(i) == word {
			return i
		}
	}
	i := uint32(len(t.ends)) //nolint:gosec // fewer than 2^32 words
	t.places[at] = i + 1
	t.hashes = push(t.hashes, hash)
	t.text = append(roomy(t.text, len(word)), word...)
	t.ends = push(t.ends, uint32(len(t.text))) //nolint:gosec // far below 4 GB
	if 2*len(t.ends) > len(t.places) {
		t.grow()
	}
	return i
}

func (t *wordTable) grow() {
	t.places = make([]uint32, 2*len(t.places))
	mask := uint32(len(t.places) - 1) //nolint:gosec // a power of two
	for i, hash := range t.hashes {
		at := hash & mask
		for t.places[at] != 0 {
			at = (at + 1) & mask
		}
		t.places[at] = uint32(i) + 1
	}
}

// push is append for what gets large: while it grows, it leaves no more than its own size behind.
func push[E any](s []E, e E) []E { return append(roomy(s, 1), e) }

// roomy returns s with room for more: for as much again where there was none.
func roomy[E any](s []E, more int) []E {
	if len(s)+more > cap(s) {
		return slices.Grow(s, max(more, len(s)))
	}
	return s
}

// fitted returns s without much room behind it.
func fitted[E any](s []E) []E {
	if cap(s)-len(s) > cap(s)/16 {
		return slices.Clone(s)
	}
	return s
}

// wordPart is the words of some fields on their way into an index.
type wordPart struct {
	table  *wordTable
	sorted []wordItem
	fields []wordField
}

// wordField is the words of the texts of one field, one after the other.
type wordField struct {
	field int
	slots []uint32 // that have words
	ends  []uint32 // where in words those of a slot end
	words []uint32
	posts []posting // by word
}

// wordItem is a word on its way into the order of an index: by length, prefix and the rest.
type wordItem struct {
	length uint32
	number uint32
	prefix uint64
}

// parts are the fields whose words are found side by side: of identifiers and e-mails most are the same.
func wordParts() [2][]int { return [...][]int{{0, 1}, {2, 3}} }

// makeWordPart finds the words of some fields.
func makeWordPart(fields []int, of func(field int) eachText) *wordPart {
	part := &wordPart{table: newWordTable()}
	for _, field := range fields {
		f := wordField{field: field}
		of(field)(func(slot uint32, text string) {
			before := len(f.words)
			eachWord(text, func(word string) {
				i := part.table.number(word)
				f.words = push(f.words, i)
				for int(i) >= len(f.posts) {
					f.posts = push(f.posts, posting{})
				}
				f.posts[i].measure(slot)
			})
			if len(f.words) > before {
				f.slots, f.ends = push(f.slots, slot), push(f.ends, uint32(len(f.words))) //nolint:gosec // 32 bits
			}
		})
		part.fields = append(part.fields, f)
	}
	part.sort()
	return part
}

func (p *wordPart) sort() {
	p.sorted = make([]wordItem, len(p.table.ends))
	for i := range p.sorted {
		number := uint32(i)
		word := p.table.word(number)
		p.sorted[i] = wordItem{uint32(runeLength(word)), number, key{text: word}.textPrefix()} //nolint:gosec // small
	}
	slices.SortFunc(p.sorted, func(a, b wordItem) int { return p.compare(a, p, b) })
}

// compare compares a word of p with one of q.
func (p *wordPart) compare(a wordItem, q *wordPart, b wordItem) int {
	switch {
	case a.length != b.length:
		return cmp.Compare(a.length, b.length)
	case a.prefix != b.prefix:
		return cmp.Compare(a.prefix, b.prefix)
	default:
		return strings.Compare(p.table.word(a.number), q.table.word(b.number))
	}
}

// joinWords makes the index of the words that were found; run carries out jobs. The parts are of no use afterwards.
func joinWords(parts []*wordPart, run func([]func())) *words {
	w := &words{first: make([]uint32, 0, wordRunes+2)}
	w.lay(parts)
	var jobs []func()
	for _, p := range parts {
		for i := range p.fields {
			jobs = append(jobs, func() { p.fields[i].write(w.data) })
		}
	}
	run(jobs)
	return w
}

// lay orders the words and gives every list of slots its place.
func (w *words) lay(parts []*wordPart) {
	most, text := 0, 0 // words that several parts have count several times
	for _, p := range parts {
		most, text = most+len(p.table.ends), text+len(p.table.text)
	}
	w.text, w.ends, w.signs = make([]byte, 0, text), make([]uint32, 0, most), make([]uint64, 0, most)
	w.posts = make([]uint32, 0, most*bareCount)
	size := uint32(0)
	for {
		var posts [bareCount]*posting
		item, word, ok := nextWord(parts, &posts)
		if !ok {
			break
		}
		for len(w.first) <= int(item.length) {
			w.first = append(w.first, uint32(len(w.ends))) //nolint:gosec // fewer than 2^32 words
		}
		w.text = append(w.text, word...)
		w.ends = append(w.ends, uint32(len(w.text))) //nolint:gosec // far below 4 GB
		w.signs = append(w.signs, sign(word))
		for _, p := range posts {
			if p != nil {
				from := size
				size += p.at
				*p = posting{at: from}
			}
			w.posts = append(w.posts, size)
		}
	}
	for len(w.first) <= wordRunes+1 {
		w.first = append(w.first, uint32(len(w.ends))) //nolint:gosec // fewer than 2^32 words
	}
	w.data = make([]byte, size)
	w.text, w.ends, w.signs, w.posts = fitted(w.text), fitted(w.ends), fitted(w.signs), fitted(w.posts)
}

// nextWord takes the first word off the parts that have it, and returns it with its lists of slots by field.
func nextWord(parts []*wordPart, posts *[bareCount]*posting) (first wordItem, word string, ok bool) {
	var of *wordPart
	for _, p := range parts {
		if len(p.sorted) > 0 && (of == nil || p.compare(p.sorted[0], of, first) < 0) {
			of, first = p, p.sorted[0]
		}
	}
	if of == nil {
		return first, "", false
	}
	for _, p := range parts {
		if len(p.sorted) == 0 || p.compare(p.sorted[0], of, first) != 0 {
			continue
		}
		number := int(p.sorted[0].number)
		p.sorted = p.sorted[1:]
		for i := range p.fields {
			if f := &p.fields[i]; number < len(f.posts) {
				posts[f.field] = &f.posts[number]
			}
		}
	}
	return first, of.table.word(first.number), true
}

func (f *wordField) write(data []byte) {
	from := uint32(0)
	for i, slot := range f.slots {
		for _, number := range f.words[from:f.ends[i]] {
			f.posts[number].write(data, slot)
		}
		from = f.ends[i]
	}
}

func (w *words) word(i int) string {
	from := uint32(0)
	if i > 0 {
		from = w.ends[i-1]
	}
	return view(w.text[from:w.ends[i]])
}

// similar returns the words that equal wanted but for typing errors.
func (w *words) similar(wanted string) []int {
	var found []int
	limit, length, letters := roster.TypingErrors(wanted), runeLength(wanted), sign(wanted)
	lo, hi := w.first[max(0, length-limit)], w.first[min(length+limit, wordRunes)+1]
	for i := int(lo); i < int(hi); i++ {
		if closeSigns(w.signs[i], letters, limit) && roster.SimilarWords(w.word(i), wanted) {
			found = append(found, i)
		}
	}
	return found
}

// slots appends the slots that have a word in a field.
func (w *words) slots(dst []uint32, word, field int) []uint32 {
	at := word*bareCount + field
	from := uint32(0)
	if at > 0 {
		from = w.posts[at-1]
	}
	return decodeSlots(dst, w.data[from:w.posts[at]])
}

// find adds the slots in whose field every word of a term has a similar word.
func (w *words) find(term string, field int, set *slotSets) {
	var hits []uint32
	for i, wanted := range roster.Words(term) {
		var own []uint32
		for _, word := range w.similar(wanted) {
			own = w.slots(own, word, field)
		}
		slices.Sort(own)
		if hits == nil && i == 0 {
			hits = slices.Compact(own)
		} else {
			hits = intersect(hits, own)
		}
	}
	set.add(hits...)
}

func (w *words) bytes() int {
	return cap(w.text) + 4*cap(w.ends) + 8*cap(w.signs) + 4*cap(w.first) + 4*cap(w.posts) + cap(w.data)
}
