package roster

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Search finds users the way a person looks for them. Its text, folded with [FoldSearch], is cut at white space
// into terms; a user matches when every term hits at least one of the fields:
//
//   - the field's text contains the term, or
//   - with Fuzzy, every word of the term (see [Words]) equals a word of the field's text but for typing errors:
//     none in words of up to 3 characters, 1 in words of 4 to 7, 2 in longer ones. A typing error is a character
//     too many, too few, wrong, or two neighbours swapped. UUIDs are not searched for typing errors.
//
// A Search without terms lets every user through.
type Search struct {
	Text   string
	Fields []Field
	Fuzzy  bool
}

// The points that a term earns in a field; the best field counts, and the terms add up.
const (
	scoreFuzzy      = 1 // with typing errors
	scoreSubstring  = 2 // somewhere inside
	scoreWordPrefix = 3 // at the beginning of a word
	scoreWord       = 4 // a whole word
	scorePrefix     = 5 // at the beginning of the field
	scoreEqual      = 6 // the whole field
)

// Terms returns the folded terms.
func (s Search) Terms() []string { return strings.Fields(FoldSearch(s.Text)) }

// IsZero reports whether the search has no terms and so lets every user through.
func (s Search) IsZero() bool { return len(s.Terms()) == 0 }

// Match reports whether u matches.
func (s Search) Match(u *User) bool { return s.IsZero() || s.Score(u) > 0 }

// Score returns how well u matches: 0 when it does not, and more the better it does.
func (s Search) Score(u *User) int { return s.ScoreOf(asked{u}) }

// ScoreOf is [Search.Score] of a record, whose fields those of s must be. Fuzzy is for users.
func (s Search) ScoreOf(r Holder) int {
	total := 0
	for _, term := range s.Terms() {
		best := 0
		for _, f := range s.Fields {
			best = max(best, ScoreTerm(r.SearchText(f), term, s.Fuzzy && f.Info().Type == TypeText))
		}
		if best == 0 {
			return 0
		}
		total += best
	}
	return total
}

// ScoreTerm returns the points of a folded term in a folded text, 0 when it does not hit.
func ScoreTerm(text, term string, fuzzy bool) int {
	at := strings.Index(text, term)
	switch {
	case at < 0 && fuzzy && FuzzyHit(text, term):
		return scoreFuzzy
	case at < 0 || term == "":
		return 0
	case at == 0 && len(text) == len(term):
		return scoreEqual
	case at == 0:
		return scorePrefix
	}
	best := scoreSubstring
	for _, word := range Words(text) {
		if word == term {
			return scoreWord
		}
		if strings.HasPrefix(word, term) {
			best = scoreWordPrefix
		}
	}
	return best
}

// FuzzyHit reports whether every word of a folded term equals a word of a folded text but for typing errors.
// A term without words hits nothing.
func FuzzyHit(text, term string) bool {
	wanted := Words(term)
	words := Words(text)
	for _, w := range wanted {
		if !slices.ContainsFunc(words, func(word string) bool { return SimilarWords(word, w) }) {
			return false
		}
	}
	return len(wanted) > 0
}

// TypingErrors returns how many typing errors a term's word may have.
func TypingErrors(word string) int {
	switch n := utf8.RuneCountInString(word); {
	case n < 4:
		return 0
	case n < 8:
		return 1
	default:
		return 2
	}
}

// SimilarWords reports whether word equals wanted but for the typing errors that wanted may have.
func SimilarWords(word, wanted string) bool {
	limit := TypingErrors(wanted)
	if limit == 0 || word == wanted {
		return word == wanted
	}
	return distanceWithin([]rune(word), []rune(wanted), limit)
}

// distanceWithin reports whether the optimal string alignment distance of a and b is at most limit.
func distanceWithin(a, b []rune, limit int) bool {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return false
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			d := min(last[j], row[j-1]) + 1
			if a[i-1] == b[j-1] {
				d = min(d, last[j-1])
			} else {
				d = min(d, last[j-1]+1)
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > limit {
			return false
		}
		before, last, row = last, row, before
	}
	return last[len(b)] <= limit
}
