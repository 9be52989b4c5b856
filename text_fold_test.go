package roster

import (
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// Folding character by character is folding, wherever it is done.
func TestFoldsAlone(t *testing.T) {
	t.Parallel()
	alone := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r > 0xffff {
			r += 36 // nothing there folds by itself as long as isItself ends before
		}
		alone += checkAlone(t, string(r)) + checkAlone(t, "a"+string(r)+"a")
	}
	if alone < 2*35_000 {
		t.Errorf("only %d texts fold character by character", alone)
	}
	ranges := rapid.OneOf(
		rapid.Int32Range(0, foldedTo), rapid.Int32Range(0, 0x600), rapid.Int32Range(foldedTo-0x100, foldedTo+10), rapid.Int32Range(0x1100, 0x1200),
		rapid.Int32Range(0x4dff, 0x4e10), rapid.Int32Range(0xabff, 0xac30), rapid.Int32Range(0x300, 0x370), rapid.Int32Range(0, 0x10ffff),
	)
	rapid.Check(t, func(t *rapid.T) { checkAlone(t, string(rapid.SliceOfN(ranges, 0, 8).Draw(t, "text"))) })
}

// checkAlone returns 1 where s folds character by character.
func checkAlone(t interface {
	Helper()
	Errorf(format string, args ...any)
}, s string,
) int {
	t.Helper()
	if fold, search := FoldBoth(s); fold != Fold(s) || search != FoldSearch(s) {
		t.Errorf("FoldBoth(%+q) = %+q, %+q, want %+q, %+q", s, fold, search, Fold(s), FoldSearch(s))
	}
	fold, search, ok := foldAlone(s)
	if !ok {
		return 0
	}
	if want := foldAny(s); fold != want {
		t.Errorf("%+q folds to %+q, want %+q", s, fold, want)
	}
	if want := foldSearchAny(s); search != want {
		t.Errorf("%+q is searched as %+q, want %+q", s, search, want)
	}
	return 1
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{"ASCII": "Rebecca Walker", "Latin": "Oğuz Şahin", "kana": "さくら ひなた"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Fold(s)
				FoldSearch(s)
			}
		})
	}
}
