package roster

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, fold, search string }{
		{"", "", ""},
		{"ann@example.com", "ann@example.com", "ann@example.com"},
		{"Ann@EXAMPLE.com", "ann@example.com", "ann@example.com"},
		{"Ünal", "ünal", "unal"},
		{"U\u0308nal", "ünal", "unal"}, // decomposed
		{"STRASSE", "strasse", "strasse"},
		{"Straße", "strasse", "strasse"},
		{"ΣΊΣΥΦΟΣ", "σίσυφοσ", "σισυφοσ"},
		{"Łódź", "łódź", "łodz"}, // the stroke is no accent
		{"ﬁne", "fine", "fine"},
		{"１２", "12", "12"},
		{"Ёлка", "ёлка", "елка"},
		{"\u13a0\uab71\u13f8", "\u13a0\u13a1\u13f0", "\u13a0\u13a1\u13f0"}, // Cherokee folds to capital letters
		{"İ", "i\u0307", "i"},
		{"\u0301", "\u0301", ""},
	} {
		if got := Fold(tc.in); got != tc.fold {
			t.Errorf("Fold(%q) = %q, want %q", tc.in, got, tc.fold)
		}
		if got := FoldSearch(tc.in); got != tc.search {
			t.Errorf("FoldSearch(%q) = %q, want %q", tc.in, got, tc.search)
		}
	}
}

func idempotent(t interface{ Errorf(string, ...any) }, s string) {
	if once := Fold(s); Fold(once) != once {
		t.Errorf("Fold(%q) = %q, but Fold of that = %q", s, once, Fold(once))
	}
	if once := FoldSearch(s); FoldSearch(once) != once {
		t.Errorf("FoldSearch(%q) = %q, but FoldSearch of that = %q", s, once, FoldSearch(once))
	}
}

func TestFoldOfEveryCharacterIsIdempotent(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r > 0x3ffff && r < 0xe0000 {
			r += 36 // planes that have no characters
		}
		idempotent(t, string(r))
	}
}

func TestFoldIsIdempotent(t *testing.T) {
	t.Parallel()
	char := rapid.OneOf(rapid.Rune(), rapid.RuneFrom(nil, unicode.Mn, unicode.Lu, unicode.Lm))
	rapid.Check(t, func(t *rapid.T) {
		idempotent(t, rapid.OneOf(rapid.String(), rapid.StringOf(char)).Draw(t, "s"))
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	got := Words("ada.moreno-42 o'neil  e\u0301te x")
	if diff := cmp.Diff([]string{"ada", "moreno", "42", "o", "neil", "e\u0301te", "x"}, got); diff != "" {
		t.Errorf("Words (-want +got):\n%s", diff)
	}
	if got := Words(" .-"); len(got) != 0 {
		t.Errorf("Words of punctuation = %q, want none", got)
	}
}

func TestCleanText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "",
		" Ada\u00a0":                 "Ada",
		"e\u0301":                    "é",
		strings.Repeat("é", MaxText): strings.Repeat("é", MaxText),
	} {
		if got, err := CleanText(in); err != nil || got != want {
			t.Errorf("CleanText(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"\xff", "a\x00b", "a\nb", "a\u0085b", strings.Repeat("é", MaxText+1)} {
		if got, err := CleanText(in); CodeOf(err) != Invalid {
			t.Errorf("CleanText(%q) = %q, %v; want the error %s", in, got, err, Invalid)
		}
	}
}

func TestCleanTextIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once, err := CleanText(rapid.String().Draw(t, "s"))
		if err != nil {
			return
		}
		if twice, err := CleanText(once); err != nil || twice != once {
			t.Errorf("CleanText(%q) = %q, %v; want the same", once, twice, err)
		}
	})
}

// The short way of ASCII is the long one.
func TestCleanTextOfASCII(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(rapid.StringOfN(rapid.RuneFrom(nil, &unicode.RangeTable{
		R16: []unicode.Range16{{Lo: 0, Hi: 0x82, Stride: 1}}, LatinOffset: 1,
	}), 0, 20, -1), rapid.Map(rapid.IntRange(MaxText-2, MaxText+2), func(n int) string { return strings.Repeat("x", n) }))
	rapid.Check(t, func(t *rapid.T) {
		s := texts.Draw(t, "s")
		got, err := CleanText(s)
		want, wantErr := cleanText(s)
		if got != want || CodeOf(err) != CodeOf(wantErr) {
			t.Errorf("CleanText(%q) = %q, %v; want %q, %v", s, got, err, want, wantErr)
		}
	})
}
