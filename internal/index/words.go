package index

import (
	"cmp"
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

// makeWords indexes the words of texts, one source for each field.
func makeWords(fields [bareCount]eachText) *words {
	ids := map[string]uint32{}
	var posts []posting
	for f, texts := range fields {
		texts(func(slot uint32, text string) {
			eachWord(text, func(word string) {
				id, ok := ids[word]
				if !ok {
					id = uint32(len(ids)) //nolint:gosec // fewer than 2^32 words
					ids[strings.Clone(word)] = id
					posts = append(posts, make([]posting, bareCount)...)
				}
				posts[int(id)*bareCount+f].measure(slot)
			})
		})
	}
	w := &words{}
	w.lay(ids, posts)
	for f, texts := range fields {
		texts(func(slot uint32, text string) {
			eachWord(text, func(word string) { posts[int(ids[word])*bareCount+f].write(w.data, slot) })
		})
	}
	return w
}

// lay orders the words and gives every list of slots its place.
func (w *words) lay(ids map[string]uint32, posts []posting) {
	type entry struct {
		word   string
		id     uint32
		length int
	}
	order := make([]entry, 0, len(ids))
	for word, id := range ids {
		order = append(order, entry{word, id, runeLength(word)})
	}
	slices.SortFunc(order, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.length, b.length), cmp.Compare(a.word, b.word))
	})
	w.posts = make([]uint32, 0, len(order)*bareCount)
	w.first = make([]uint32, 0, wordRunes+2)
	size := uint32(0)
	for i, e := range order {
		for len(w.first) <= e.length {
			w.first = append(w.first, uint32(i))
		}
		w.text = append(w.text, e.word...)
		w.ends = append(w.ends, uint32(len(w.text))) //nolint:gosec // far below 4 GB
		w.signs = append(w.signs, sign(e.word))
		for f := range bareCount {
			p := &posts[int(e.id)*bareCount+f]
			from := size
			size += p.at
			*p = posting{at: from}
			w.posts = append(w.posts, size)
		}
	}
	for len(w.first) <= wordRunes+1 {
		w.first = append(w.first, uint32(len(order))) //nolint:gosec // fewer than 2^32 words
	}
	w.data = make([]byte, size)
	w.text, w.ends, w.signs = slices.Clip(w.text), slices.Clip(w.ends), slices.Clip(w.signs)
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
