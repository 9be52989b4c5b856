package filter

import (
	"strings"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// beginsWith returns what is true where the folded text of a field begins with the folded prefix, which is not empty.
// In the order of texts they are in one piece, which begins with the prefix itself.
func beginsWith(f roster.Field, prefix string) roster.Expr {
	folded := roster.Fold(prefix)
	return roster.And{
		roster.Cmp{Field: f, Op: roster.GE, Value: roster.TextValue(folded)},
		roster.Cmp{Field: f, Op: roster.LT, Value: roster.TextValue(after(folded))},
	}
}

// after returns a folded text above all folded texts that begin with a folded prefix, with no others in between: the
// prefix with the next character in the place of its last one. Characters that no folded text has there, such as
// capital letters, are skipped. Where many would have to be, it is the prefix and then the last character of all, more
// often than a text can have it.
func after(prefix string) string {
	const most = 40 // more than there are capital letters in a row
	last, size := utf8.DecodeLastRuneInString(prefix)
	for next := last + 1; next <= last+most && utf8.ValidRune(next); next++ {
		bound := prefix[:len(prefix)-size] + string(next)
		if roster.Fold(bound) == bound {
			return bound
		}
	}
	return prefix + strings.Repeat(string(utf8.MaxRune), roster.MaxText+1)
}
