package roster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxText is the largest length of a text member, in characters, after trimming.
const MaxText = 256

// Fold returns the form of s in which texts are compared for equality and order: NFKC with Unicode's full case
// folding. It is idempotent.
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	if folded, _, ok := foldAlone(s); ok {
		return folded
	}
	return foldAny(s)
}

func foldAny(s string) string {
	return norm.NFKC.String(strings.Map(foldCherokee, cases.Fold().String(norm.NFKC.String(s))))
}

// foldCherokee turns small letters of Cherokee into capital ones, as Unicode folds them; [cases.Fold] swaps the two.
func foldCherokee(r rune) rune {
	switch {
	case '\uab70' <= r && r <= '\uabbf':
		return r - '\uab70' + '\u13a0'
	case '\u13f8' <= r && r <= '\u13fd':
		return r - '\u13f8' + '\u13f0'
	default:
		return r
	}
}

// FoldSearch returns the form of s in which texts are searched: [Fold] without accents (combining marks).
// It is idempotent.
func FoldSearch(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	if _, bare, ok := foldAlone(s); ok {
		return bare
	}
	return foldSearchAny(s)
}

func foldSearchAny(s string) string {
	decomposed := norm.NFKD.String(foldAny(s))
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, decomposed)
	return norm.NFKC.String(bare)
}

// FoldBoth returns s under [Fold] and under [FoldSearch].
func FoldBoth(s string) (folded, bare string) {
	if folded, ok := foldASCII(s); ok {
		return folded, folded
	}
	if folded, bare, ok := foldAlone(s); ok {
		return folded, bare
	}
	return foldAny(s), foldSearchAny(s)
}

// foldASCII folds s when it is ASCII; it returns s itself where nothing changes.
func foldASCII(s string) (string, bool) {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	upper, i := false, 0
	for ; i+8 <= len(s); i += 8 {
		eight := word(s[i : i+8])
		if eight&highest != 0 {
			return "", false
		}
		upper = upper || (eight+ones*(0x80-'A'))&^(eight+ones*(0x7f-'Z'))&highest != 0
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return "", false
		}
		upper = upper || 'A' <= s[i] && s[i] <= 'Z'
	}
	if !upper {
		return s, true
	}
	return strings.ToLower(s), true
}

// Words cuts text folded with [FoldSearch] into its words: the longest runs of letters, marks and digits.
func Words(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// CleanText returns s trimmed and in NFC, the form in which text is kept. It fails with [Invalid] where the result
// is not valid UTF-8, has control characters, or is longer than [MaxText] characters. The empty text is clean.
func CleanText(s string) (string, error) {
	if isCleanASCII(s) {
		return s, nil
	}
	return cleanText(s)
}

// isCleanASCII reports whether s is clean for the plainest of reasons.
func isCleanASCII(s string) bool {
	if len(s) > MaxText || s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// cleanText is CleanText for any text.
func cleanText(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", Errorf(Invalid, "must be valid UTF-8")
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if n := utf8.RuneCountInString(s); n > MaxText {
		return "", Errorf(Invalid, "must have at most %d characters, not %d", MaxText, n)
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		return "", Errorf(Invalid, "must not contain control characters, as at byte %d", i)
	}
	return s, nil
}
