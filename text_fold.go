package roster

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldedRune is a character that folds by itself, whatever stands beside it.
type foldedRune struct {
	fold, search string
	alone        bool
}

// The characters whose folded forms are remembered: Latin, Greek, Cyrillic and Armenian letters, and kana.
const (
	foldedAlphabets = 0x0590
	kanaFrom        = 0x3040
	kanaTo          = 0x3100
)

// foldedRunes returns the characters below foldedAlphabets, and behind them the kana.
var foldedRunes = sync.OnceValue(func() []foldedRune {
	all := make([]foldedRune, 0, foldedAlphabets+kanaTo-kanaFrom)
	for r := range rune(foldedAlphabets) {
		all = append(all, newFoldedRune(r))
	}
	for r := rune(kanaFrom); r < kanaTo; r++ {
		all = append(all, newFoldedRune(r))
	}
	return all
})

func newFoldedRune(r rune) foldedRune {
	s := string(r)
	f := foldedRune{fold: foldAny(s), search: foldSearchAny(s)}
	f.alone = begins(s) && begins(f.fold) && begins(f.search)
	return f
}

// begins reports whether s begins with a character that nothing before it changes or is changed by.
func begins(s string) bool { return s != "" && norm.NFKC.PropertiesString(s).BoundaryBefore() }

// foldAlone folds s when it is made of characters that fold by themselves, as nearly all names are.
func foldAlone(s string, search bool) (string, bool) {
	known := foldedRunes()
	var room [128]byte
	out := room[:0]
	for i, r := range s {
		switch {
		case r >= kanaFrom && r < kanaTo:
			r += foldedAlphabets - kanaFrom
		case r >= foldedAlphabets:
			if !isItself(r) {
				return "", false
			}
			out = append(out, s[i:i+utf8.RuneLen(r)]...)
			continue
		}
		f := &known[r]
		switch {
		case !f.alone:
			return "", false
		case search:
			out = append(out, f.search...)
		default:
			out = append(out, f.fold...)
		}
	}
	if string(out) == s {
		return s, true
	}
	return string(out), true
}

// isItself reports whether r is one of the many characters that fold to themselves: a Han character or a syllable of
// Hangul.
func isItself(r rune) bool { return '\u4e00' <= r && r <= '\u9fff' || '\uac00' <= r && r <= '\ud7a3' }
