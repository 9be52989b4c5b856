package filter

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
)

// What an expression means can be written as a filter and is read back.
func TestExpressionsCanBeWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawExpr(t, 3)
		filter := format(want)
		got, err := Parse(filter, nil, now)
		if err != nil && Users(nil).work(want) > MaxTests/2 {
			return // it counts more as it is written
		}
		if err != nil {
			t.Fatalf("%#v is written as %s: %v", want, filter, err)
		}
		for range 8 {
			u := drawUser(t)
			if got, want := matches(got, u), matches(want, u); got != want {
				t.Fatalf("%s matches %+v: %t, want %t", filter, u, got, want)
			}
		}
	})
}

func matches(e roster.Expr, u *roster.User) bool { return roster.Query{Where: e}.Match(u) }

// "name = x*" finds exactly the names that begin with x when both are folded.
func TestBeginsWith(t *testing.T) {
	t.Parallel()
	ends := []string{
		"", "a", "z", "@", "ß", "Ä", "é", "\u02ff", "\u0345", "\ud7ff", "\ufffd", "\U0002f7ff", "\U0010fffe", "\U0010ffff",
	}
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.OneOf(rapid.SampledFrom(someTexts()), rapid.StringN(0, 4, 16)).Draw(t, "prefix") + draw(t, ends)
		rest := rapid.StringN(0, 200, 800).Draw(t, "rest")
		if prefix == "" {
			return
		}
		for _, text := range []string{
			prefix, prefix + rest, strings.ToUpper(prefix) + rest, rest, prefix + strings.Repeat("\U0010ffff", 200), neighbour(t, prefix),
		} {
			want := strings.HasPrefix(roster.Fold(text), roster.Fold(prefix))
			if got := matches(beginsWith(roster.FieldName, prefix), &roster.User{Name: text}); got != want {
				t.Fatalf("%q begins with %q: %t, want %t", text, prefix, got, want)
			}
		}
	})
}

func TestAfter(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"a": "b", "ada": "adb", "z": "{", "@": "[", "я": "ѐ", "a9": "a:", "ö": "÷", "a\u02ff": "a\u0305",
	} {
		if got := after(prefix); got != want {
			t.Errorf("after(%q) = %q, want %q", prefix, got, want)
		}
	}
}

// neighbour returns a text that stands close to those that begin with the prefix.
func neighbour(t *rapid.T, prefix string) string {
	folded := roster.Fold(prefix)
	last, size := utf8.DecodeLastRuneInString(folded)
	return folded[:len(folded)-size] + string(last+rune(rapid.IntRange(-60, 60).Draw(t, "step")))
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "ada", "ada AND bob OR -zoë", `name = "a\*b*" OR (status=(active OR risky) groups:7)`, "NOT (a", "a)", `"\`,
		"created_at > ago(30d) created_at <= 2026-03-01", "permissions:(1 AND 4)", "emial:*", "\xff", "name='", "ago(",
		"id:0a email != null", "a!=b", "name = ago(1d)",
	} {
		f.Add(seed)
	}
	for _, example := range Examples() {
		f.Add(example.Filter)
	}
	users := []*roster.User{
		{}, {Number: 1, Name: "Ada", Email: "ada@example.com", Groups: []int64{7}, CreatedAt: march, Permissions: 5},
	}
	f.Fuzz(func(t *testing.T, filter string) {
		for _, visible := range []func(roster.Field) bool{nil, func(f roster.Field) bool { return f.Info().Needs == "" }} {
			e, err := Parse(filter, visible, now)
			if err != nil {
				checkFault(t, filter, err)
				continue
			}
			checkExpr(t, filter, e, users)
		}
		if _, err := ParseOrder(filter, nil); err != nil {
			checkFault(t, filter, err)
		}
	})
}

// checkFault checks that an error is about a place in the text.
func checkFault(t *testing.T, text string, err error) {
	t.Helper()
	fault, ok := errors.AsType[*Error](err)
	if !ok || roster.CodeOf(err) != roster.Invalid {
		t.Fatalf("%q: got the error %v, want an *Error that is %s", text, err, roster.Invalid)
	}
	if fault.Offset < 0 || fault.Offset > len(text) || !strings.HasPrefix(text[fault.Offset:], fault.Found) {
		t.Fatalf("%q: the error %v is about %q at byte %d", text, err, fault.Found, fault.Offset)
	}
	if fault.Column != utf8.RuneCountInString(text[:fault.Offset])+1 {
		t.Fatalf("%q: the error %v at byte %d is at character %d", text, err, fault.Offset, fault.Column)
	}
	if message := err.Error(); !utf8.ValidString(message) || len(message) > 2000 {
		t.Fatalf("%q: the error says %q", text, message)
	}
}

// checkExpr checks that an expression is valid and means the same after it is written and read again.
func checkExpr(t *testing.T, text string, e roster.Expr, users []*roster.User) {
	t.Helper()
	if e == nil {
		if strings.TrimSpace(text) != "" {
			t.Fatalf("%q is no filter", text)
		}
		return
	}
	if err := (roster.Query{Where: e}).Validate(); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	again, err := Parse(format(e), nil, now)
	if roster.CodeOf(err) == roster.Invalid && (len(text) > 200 || Users(nil).work(e) > MaxTests/2) {
		return // format writes more than is allowed
	}
	if err != nil {
		t.Fatalf("%q is written as %s: %v", text, format(e), err)
	}
	for _, u := range users {
		if got, want := matches(again, u), matches(e, u); got != want {
			t.Fatalf("%q matches %+v: %t, but written as %s: %t", text, u, want, format(e), got)
		}
	}
}
