package demo

import (
	"regexp"
	"testing"
)

func TestNames(t *testing.T) {
	latin := regexp.MustCompile(`^[a-z]+$`)
	cultures := readCultures(namesText)
	if len(cultures) < 30 {
		t.Errorf("got %d cultures, want at least 30", len(cultures))
	}
	for _, c := range cultures {
		if c.order != "given" && c.order != "family" && c.order != "joined" {
			t.Errorf("%s: order %q", c.language, c.order)
		}
		if c.weight < 1 || len(c.family[female]) != len(c.family[male]) {
			t.Errorf("%s: weight %d, %d surnames of women, %d of men",
				c.language, c.weight, len(c.family[female]), len(c.family[male]))
		}
		for _, list := range [][]word{c.given[female], c.given[male], c.family[female], c.family[male]} {
			if len(list) < 3 {
				t.Errorf("%s: a list of %d names", c.language, len(list))
			}
			seen := map[string]bool{}
			for _, w := range list {
				if !latin.MatchString(w.latin) || w.initial == "" || seen[w.text] {
					t.Errorf("%s: %q is %q in Latin letters, initial %q, seen before: %v",
						c.language, w.text, w.latin, w.initial, seen[w.text])
				}
				seen[w.text] = true
			}
		}
	}
}

func TestFullNames(t *testing.T) {
	given, family := word{text: "健"}, word{text: "佐藤"}
	for _, tt := range []struct {
		order  string
		family word
		want   string
	}{
		{"given", family, "健 佐藤"},
		{"family", family, "佐藤 健"},
		{"joined", family, "佐藤健"},
		{"family", word{}, "健"},
	} {
		c := &culture{order: tt.order}
		if got := c.full(given, tt.family); got != tt.want {
			t.Errorf("order %s: got %q, want %q", tt.order, got, tt.want)
		}
	}
}

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{"élodie": "É", "कृष्ण": "कृ", "王": "王", "de Jong": "D", "Њ": "Њ"} {
		if got := initial(name); got != want {
			t.Errorf("initial of %q: got %q, want %q", name, got, want)
		}
	}
}
