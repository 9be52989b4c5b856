package roster

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestScoreTerm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, term string
		fuzzy      bool
		want       int
	}{
		{"ada", "ada", false, scoreEqual},
		{"ada moreno", "ada", false, scorePrefix},
		{"ada moreno", "moreno", false, scoreWord},
		{"xmore more", "more", false, scoreWord},
		{"ada moreno", "more", false, scoreWordPrefix},
		{"smore moreno", "more", false, scoreWordPrefix},
		{"ada moreno", "ren", false, scoreSubstring},
		{"ada@example.com", "a@e", false, scoreSubstring},
		{"ada moreno", "mroeno", false, 0},
		{"ada moreno", "mroeno", true, scoreFuzzy},
		{"ada moreno", "moreno", true, scoreWord},
		{"ada", "", false, 0},
		{"ada", "", true, 0},
		{"", "a", true, 0},
		{"", "", false, 0},
	} {
		if got := ScoreTerm(tc.text, tc.term, tc.fuzzy); got != tc.want {
			t.Errorf("ScoreTerm(%q, %q, %t) = %d, want %d", tc.text, tc.term, tc.fuzzy, got, tc.want)
		}
	}
}

func TestSearchScore(t *testing.T) {
	t.Parallel()
	u := &User{
		ID: MustParseID("d4add56e-c345-4ac9-b392-7a890a60559a"), Name: "Ada Łukasz Müller", Email: "am@example.com",
	}
	fields := []Field{FieldID, FieldName, FieldEmail}
	for _, tc := range []struct {
		text  string
		fuzzy bool
		want  int
	}{
		{"ada", false, scorePrefix},
		{" MULLER\tAda ", false, scoreWord + scorePrefix},
		{"ada nobody", false, 0}, // every term must hit
		{"am@example.com", false, scoreEqual},
		{"D4ADD56E", false, scorePrefix},
		{"d4add56f", true, 0}, // no typing errors in UUIDs
		{"mulelr", false, 0},
		{"mulelr", true, scoreFuzzy},
		{"xmuelrl", true, 0},
		{"adb", true, 0}, // too short for one
	} {
		s := Search{Text: tc.text, Fields: fields, Fuzzy: tc.fuzzy}
		if got := s.Score(u); got != tc.want {
			t.Errorf("score of %q = %d, want %d", tc.text, got, tc.want)
		}
		if got := s.Match(u); got != (tc.want > 0) {
			t.Errorf("match of %q = %t, want %t", tc.text, got, tc.want > 0)
		}
	}
}

func TestSearchWithoutTermsLetsEveryUserThrough(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " \t", "\u00a0", "\u0301"} {
		s := Search{Text: text, Fields: []Field{FieldName}}
		if !s.IsZero() || !s.Match(&User{Name: "Ada"}) {
			t.Errorf("Search{%q}: IsZero %t, Match %t; want both", text, s.IsZero(), s.Match(&User{Name: "Ada"}))
		}
	}
	if s := (Search{Text: "ada"}); s.IsZero() || s.Match(&User{Name: "Ada"}) {
		t.Error("a search in no fields lets a user through")
	}
}

func TestSimilarWords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		word, wanted string
		want         bool
	}{
		{"ada", "ada", true},
		{"adb", "ada", false},
		{"adam", "adom", true},
		{"adma", "adam", true}, // neighbours swapped
		{"ada", "adam", true},
		{"adams", "adam", true},
		{"maad", "adam", false},
		{"moreno", "mroeno", true},
		{"morena", "mroeno", false}, // two errors, one allowed
		{"christopher", "cristofer", false},
		{"cristopher", "cristofer", true},
		{"élan", "elan", true},
		{"", "adam", false},
	} {
		if got := SimilarWords(tc.word, tc.wanted); got != tc.want {
			t.Errorf("SimilarWords(%q, %q) = %t, want %t", tc.word, tc.wanted, got, tc.want)
		}
	}
	for word, want := range map[string]int{"": 0, "abc": 0, "abcd": 1, "ёлкаёлк": 1, "abcdefgh": 2} {
		if got := TypingErrors(word); got != want {
			t.Errorf("TypingErrors(%q) = %d, want %d", word, got, want)
		}
	}
}

func TestFuzzyHitNeedsEveryWord(t *testing.T) {
	t.Parallel()
	if !FuzzyHit("ada moreno", "moreon-ada") {
		t.Error("every word of the term is in the text, want a hit")
	}
	if FuzzyHit("ada moreno", "moreno-bob") || FuzzyHit("ada", "-") {
		t.Error("a word of the term is not in the text or the term has none, want no hit")
	}
}

// distance is the optimal string alignment distance by its definition.
func distance(a, b []rune) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	}
	cost := 1
	if a[len(a)-1] == b[len(b)-1] {
		cost = 0
	}
	d := min(distance(a[:len(a)-1], b)+1, distance(a, b[:len(b)-1])+1, distance(a[:len(a)-1], b[:len(b)-1])+cost)
	if n, m := len(a), len(b); n > 1 && m > 1 && a[n-1] == b[m-2] && a[n-2] == b[m-1] {
		d = min(d, distance(a[:n-2], b[:m-2])+1)
	}
	return d
}

func TestDistanceWithinIsTheDistance(t *testing.T) {
	t.Parallel()
	word := rapid.SliceOfN(rapid.RuneFrom([]rune("abcé")), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		limit := rapid.IntRange(0, 4).Draw(t, "limit")
		if got, want := distanceWithin(a, b, limit), distance(a, b) <= limit; got != want {
			t.Errorf("distanceWithin(%q, %q, %d) = %t, want %t", string(a), string(b), limit, got, want)
		}
		if distanceWithin(a, b, math.MaxInt/2) != distanceWithin(b, a, math.MaxInt/2) {
			t.Errorf("distance of %q and %q depends on their order", string(a), string(b))
		}
	})
}
