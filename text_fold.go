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

// foldedBlock is 256 characters in a row.
type foldedBlock [256]foldedRune

// foldedTo is the first character whose folded form is not remembered: behind all alphabets and kana.
const foldedTo = 0x3100

// foldedBlocks are the blocks below foldedTo, each made when a character of it is first folded.
var foldedBlocks = makeFoldedBlocks()

func makeFoldedBlocks() [foldedTo >> 8]func() *foldedBlock {
	var blocks [foldedTo >> 8]func() *foldedBlock
	for i := range blocks {
		blocks[i] = sync.OnceValue(func() *foldedBlock {
			var block foldedBlock
			for j := range block {
				block[j] = newFoldedRune(rune(i<<8 + j)) //nolint:gosec // a character
			}
			return &block
		})
	}
	return blocks
}

func newFoldedRune(r rune) foldedRune {
	s := string(r)
	f := foldedRune{fold: foldAny(s), search: foldSearchAny(s)}
	f.alone = begins(s) && begins(f.fold) && begins(f.search)
	return f
}

// begins reports whether s begins with a character that nothing before it changes or is changed by.
func begins(s string) bool { return s != "" && norm.NFKC.PropertiesString(s).BoundaryBefore() }

// foldAlone returns s under [Fold] and under [FoldSearch] when it is made of characters that fold by themselves, as
// nearly all names are.
func foldAlone(s string) (folded, bare string, ok bool) {
	var room [2][128]byte
	fold, search := room[0][:0], room[1][:0]
	for i, r := range s {
		if r >= foldedTo {
			if !isItself(r) {
				return "", "", false
			}
			own := s[i : i+utf8.RuneLen(r)]
			fold, search = append(fold, own...), append(search, own...)
			continue
		}
		f := &foldedBlocks[r>>8]()[r&0xff]
		if !f.alone {
			return "", "", false
		}
		fold, search = append(fold, f.fold...), append(search, f.search...)
	}
	folded = s
	if string(fold) != s {
		folded = string(fold)
	}
	bare = folded
	if string(search) != folded {
		bare = string(search)
	}
	return folded, bare, true
}

// isItself reports whether r is one of the many characters that fold to themselves: a Han character or a syllable of
// Hangul.
func isItself(r rune) bool { return '\u4e00' <= r && r <= '\u9fff' || '\uac00' <= r && r <= '\ud7a3' }
