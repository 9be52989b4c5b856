package index

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
)

// TestScoreIsRostersScore compares the points of a term with those of roster.ScoreTerm.
func TestScoreIsRostersScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := roster.FoldSearch(rapid.StringMatching(`[abß .\-é漢1]{0,12}`).Draw(t, "text"))
		terms := strings.Fields(roster.FoldSearch(rapid.StringMatching(`[abß.\-1漢]{1,5}`).Draw(t, "term")))
		fuzzy := rapid.Bool().Draw(t, "fuzzy")
		if len(terms) != 1 {
			return
		}
		s := newScorer(roster.Search{Text: terms[0], Fuzzy: fuzzy})
		if got, want := s.terms[0].score(text, fuzzy), roster.ScoreTerm(text, terms[0], fuzzy); got != want {
			t.Fatalf("score(%q, %q, fuzzy %v) = %d, want %d", text, terms[0], fuzzy, got, want)
		}
	})
}

func TestEachWordIsRostersWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := roster.FoldSearch(rapid.String().Draw(t, "text"))
		var got []string
		eachWord(text, func(word string) { got = append(got, word) })
		if want := roster.Words(text); !slices.Equal(got, want) {
			t.Fatalf("eachWord(%q) = %q, want %q", text, got, want)
		}
	})
}

// TestSignsLetSimilarWordsThrough holds the filter in front of the edit distance to its promise.
func TestSignsLetSimilarWordsThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringMatching(`[abcéñ1]{3,10}`).Draw(t, "a")
		b := rapid.StringMatching(`[abcéñ1]{3,10}`).Draw(t, "b")
		if roster.SimilarWords(a, b) && !closeSigns(sign(a), sign(b), roster.TypingErrors(b)) {
			t.Fatalf("the signs %x and %x of similar words %q and %q differ too much", sign(a), sign(b), a, b)
		}
	})
}

// TestPostingsFindEveryHit compares candidates with the texts that contain a needle: none may be missing, and needles
// of up to three bytes find no others.
func TestPostingsFindEveryHit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[abé ]{0,9}`), 1, 300).Draw(t, "texts")
		needle := rapid.StringMatching(`[abé ]{1,5}`).Draw(t, "needle")
		p := makePostings(func(fn func(slot uint32, text string)) {
			for i, text := range texts {
				fn(uint32(3*i), text)
			}
		})
		v := &View{pages: make([]*page, 1)}
		set := v.newSet()
		p.find(needle, set, func(slot uint32) string { return texts[slot/3] })
		found := set.done()
		for i, text := range texts {
			hit, want := found.has(uint32(3*i)), strings.Contains(text, needle)
			if want && !hit || hit && !want && len(needle) <= 3 {
				t.Fatalf("find(%q) among %q: slot %d is %v, want %v", needle, texts, 3*i, hit, want)
			}
		}
	})
}

// TestIntersect compares both ways to intersect with what a list holds.
func TestIntersect(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	v := &View{pages: make([]*page, 40)}
	for _, every := range []int{1, 2, 7, 300} {
		in := map[uint32]bool{}
		var a, want []uint32
		var list []byte
		last := uint32(0)
		for slot := range uint32(40 << rowBits) {
			if rnd.IntN(3) == 0 {
				a = append(a, slot)
			}
			if rnd.IntN(every) == 0 {
				list = binary.AppendUvarint(list, uint64(slot-last))
				last, in[slot] = slot, true
			}
		}
		for _, slot := range a {
			if in[slot] {
				want = append(want, slot)
			}
		}
		if got := v.newSet().intersect(slices.Clone(a), list); !slices.Equal(got, want) {
			t.Errorf("every %d: intersect keeps %d slots, want %d", every, len(got), len(want))
		}
		if got := intersectList(slices.Clone(a), list); !slices.Equal(got, want) {
			t.Errorf("every %d: intersectList keeps %d slots, want %d", every, len(got), len(want))
		}
	}
}

// TestCopyBits compares copying bits with copying bools.
func TestCopyBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var src, dst bitmap
		for i := range src {
			src[i] = rapid.Uint64().Draw(t, "word")
		}
		n := rapid.IntRange(0, rowMax).Draw(t, "n")
		from, to := rapid.IntRange(0, rowMax-n).Draw(t, "from"), rapid.IntRange(0, rowMax-n).Draw(t, "to")
		copyBits(dst[:], to, src[:], from, n)
		for i := range rowMax {
			if want := i >= to && i < to+n && src.has(from+i-to); dst.has(i) != want {
				t.Fatalf("copyBits(%d, src, %d, %d): bit %d is %v, want %v", to, from, n, i, dst.has(i), want)
			}
		}
	})
}

// TestSlotSetForms compares the list and the bits of a set.
func TestSlotSetForms(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	v := &View{pages: make([]*page, 20)}
	for _, n := range []int{0, 10, listMax, listMax + 1, 15000} {
		set, want := v.newSet(), map[uint32]bool{}
		for len(want) < n {
			slot := rnd.Uint32N(20 << rowBits)
			set.add(slot, slot)
			want[slot] = true
		}
		got := set.done()
		if got.n != n || len(got.slots()) != n || !slices.IsSorted(got.slots()) {
			t.Errorf("a set of %d slots has n %d and %d slots", n, got.n, len(got.slots()))
		}
		in := 0
		for page := range v.pages {
			var b bitmap
			got.load(page, &b)
			in += b.count()
		}
		if in != n {
			t.Errorf("the pages of a set of %d slots have %d", n, in)
		}
	}
}

// TestBuildOrderOfSimilarTexts builds orders of texts that agree in many bytes, end where others go on, or repeat.
func TestBuildOrderOfSimilarTexts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	b := newBuilder(options{scanBelow: 1, tail: 8})
	for i := range int64(2000) {
		name := make([]byte, rnd.IntN(26))
		for j := range name {
			name[j] = "aaaaaaaaab\x00"[rnd.IntN(11)]
		}
		b.Add(&roster.User{
			ID: roster.ID{1, byte(i >> 8), byte(i)}, Number: 1 + i*7919%2000, Name: string(name), Identifier: fmt.Sprint("user-number-", i),
		})
	}
	checkInvariants(t, b.View(1))
}

// TestManyRolesAndApps has more values than there are classes: then queries scan.
func TestManyRolesAndApps(t *testing.T) {
	b := newBuilder(options{scanBelow: 1, tail: 8})
	var users []*roster.User
	for i := range int64(600) {
		u := &roster.User{ID: roster.ID{1, byte(i >> 8), byte(i)}, Number: i + 1, Identifier: strings.Repeat("x", int(i)+1)}
		u.Role, u.AppsAccess = "role"+u.Identifier[:i/3+1], i/4
		users = append(users, u)
		b.Add(u)
	}
	s := snapshot{b.View(1), users}
	for i := 0; i < 600; i += 37 {
		s.check(t, roster.Query{Where: roster.Cmp{Field: roster.FieldRole, Value: roster.FieldRole.Value(users[i])}})
		s.check(t, roster.Query{Where: roster.Bits{Field: roster.FieldAppsAccess, Mask: users[i].AppsAccess}})
		s.check(t, roster.Query{Where: roster.Not{Expr: roster.Has{Field: roster.FieldRole}}})
		s.checkFacets(t, roster.Query{}, roster.FieldRole, roster.FieldAppsAccess)
	}
	if !s.view.dict.roleOverflow && !s.view.dict.appsOverflow {
		t.Error("the dictionary still has room: the test must add more values")
	}
}
