package index

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// The points of roster.ScoreTerm, which this file computes without making garbage.
const (
	pointsFuzzy = 1 + iota
	pointsSubstring
	pointsWordPrefix
	pointsWord
	pointsPrefix
	pointsEqual
)

// scorer scores records as roster.Search.Score does users. It is for one goroutine.
type scorer struct {
	terms  []scoredTerm
	fields []int
	texts  [bareCount]string
	buf    [36]byte
}

type scoredTerm struct {
	text  string
	word  bool         // it is nothing but letters, marks and digits
	hex   bool         // it may be a part of a UUID
	fuzzy []scoredWord // its words, where typing errors are allowed
}

// scoredWord is a word of a term and what was found out about words of texts.
type scoredWord struct {
	text          string
	limit, length int
	sign          uint64
	known         map[string]bool
}

func newScorer(s roster.Search) *scorer {
	sc := &scorer{}
	for _, term := range s.Terms() {
		t := scoredTerm{text: term}
		words := roster.Words(term)
		t.word = len(words) == 1 && words[0] == term
		t.hex = strings.Trim(term, "0123456789abcdef-") == ""
		if s.Fuzzy {
			for _, w := range words {
				t.fuzzy = append(t.fuzzy, newScoredWord(w))
			}
		}
		sc.terms = append(sc.terms, t)
	}
	fields := searched()
	for _, f := range s.Fields {
		sc.fields = append(sc.fields, slices.Index(fields[:], f))
	}
	return sc
}

func newScoredWord(word string) scoredWord {
	return scoredWord{word, roster.TypingErrors(word), runeLength(word), sign(word), map[string]bool{}}
}

// score returns how well a record matches, 0 when it does not.
func (s *scorer) score(r rec) int {
	r.bareAll(&s.texts)
	total := 0
	for i := range s.terms {
		t, best := &s.terms[i], 0
		for _, field := range s.fields {
			if field > 0 {
				best = max(best, t.score(s.texts[field-1], true))
			} else if t.hex {
				best = max(best, t.score(bareText(r, field, s.buf[:]), false))
			}
		}
		if best == 0 {
			return 0
		}
		total += best
	}
	return total
}

// score returns the points of the term in a text; typing errors count where fuzzy allows them.
func (t *scoredTerm) score(text string, fuzzy bool) int {
	at := strings.Index(text, t.text)
	switch {
	case at < 0 && fuzzy && t.similar(text):
		return pointsFuzzy
	case at < 0:
		return 0
	case at == 0 && len(text) == len(t.text):
		return pointsEqual
	case at == 0:
		return pointsPrefix
	case !t.word:
		return pointsSubstring
	default:
		return t.scoreInside(text, at)
	}
}

// scoreInside returns the points of a term that is a word and first occurs at a place behind the beginning of a text.
func (t *scoredTerm) scoreInside(text string, at int) int {
	best := pointsSubstring
	for {
		if before, _ := utf8.DecodeLastRuneInString(text[:at]); !wordRune(before) {
			end := at + len(t.text)
			if after, _ := utf8.DecodeRuneInString(text[end:]); end == len(text) || !wordRune(after) {
				return pointsWord
			}
			best = pointsWordPrefix
		}
		next := strings.Index(text[at+1:], t.text)
		if next < 0 {
			return best
		}
		at += 1 + next
	}
}

// similar reports whether every word of the term has a similar word in a text.
func (t *scoredTerm) similar(text string) bool {
	for i := range t.fuzzy {
		found := false
		eachWord(text, func(word string) { found = found || t.fuzzy[i].similar(word) })
		if !found {
			return false
		}
	}
	return len(t.fuzzy) > 0
}

// similar reports whether a word of a text equals w but for typing errors.
func (w *scoredWord) similar(word string) bool {
	if word == w.text {
		return true
	}
	if w.limit == 0 || !closeSigns(sign(word), w.sign, w.limit) {
		return false
	}
	result, ok := w.known[word]
	if !ok {
		result = roster.SimilarWords(word, w.text)
		w.known[word] = result
	}
	return result
}

// closeSigns reports whether the signs of two words leave it open that they differ by at most limit typing errors.
func closeSigns(a, b uint64, limit int) bool {
	return bits.OnesCount64(a&^b) <= limit && bits.OnesCount64(b&^a) <= limit
}
