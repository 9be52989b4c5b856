package demo

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

//go:embed names.txt
var namesText string

// word is a name as it is written and in Latin letters, a to z only.
type word struct {
	text, latin, initial string
}

// sex is an index into the lists of a culture.
type sex int

const (
	female sex = iota
	male
	sexes
)

// culture is the names of people who share a language.
type culture struct {
	language string
	weight   int
	order    string // given, family or joined, as names.txt explains
	zones    []string
	given    [sexes][]word
	family   [sexes][]word
}

// full returns a full name; family is the zero word for people with one name.
func (c *culture) full(given, family word) string {
	switch {
	case family.text == "":
		return given.text
	case c.order == "family":
		return family.text + " " + given.text
	case c.order == "joined":
		return family.text + given.text
	default:
		return given.text + " " + family.text
	}
}

// lottery returns each culture as often as its weight says.
func lottery(cultures []*culture) []*culture {
	var tickets []*culture
	for _, c := range cultures {
		for range c.weight {
			tickets = append(tickets, c)
		}
	}
	return tickets
}

// readCultures reads the format of names.txt. It panics where the text breaks that format.
func readCultures(text string) []*culture {
	var cultures []*culture
	for line := range strings.Lines(text) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind == "" || kind == "#" {
			continue
		}
		if kind == "@" {
			cultures = append(cultures, readCulture(rest))
			continue
		}
		cultures[len(cultures)-1].add(kind, readWords(rest))
	}
	return cultures
}

func readCulture(line string) *culture {
	parts := strings.Fields(line)
	weight, err := strconv.Atoi(parts[1])
	if err != nil {
		panic(fmt.Errorf("weight of the culture %q: %w", line, err))
	}
	return &culture{language: parts[0], weight: weight, order: parts[2], zones: strings.Split(parts[3], ",")}
}

func (c *culture) add(kind string, words []word) {
	switch kind {
	case "f":
		c.given[female] = words
	case "m":
		c.given[male] = words
	case "l":
		c.family[female], c.family[male] = words, words
	case "lf":
		c.family[female] = words
	default:
		panic(fmt.Errorf("culture %s: a line begins with %q", c.language, kind))
	}
}

func readWords(line string) []word {
	var words []word
	for entry := range strings.FieldsSeq(line) {
		native, latin, given := strings.Cut(entry, "/")
		text, err := roster.CleanText(strings.ReplaceAll(native, "_", " "))
		if err != nil {
			panic(fmt.Errorf("name %q: %w", entry, err))
		}
		if !given {
			latin = strings.Map(plainLetter, roster.FoldSearch(text))
		}
		words = append(words, word{text: text, latin: latin, initial: initial(text)})
	}
	return words
}

// plainLetter drops what stands in names between the letters; anything else is kept, for a test to find.
func plainLetter(r rune) rune {
	if r == ' ' || r == '-' || r == '\'' {
		return -1
	}
	return r
}

// initial returns the first letter with its marks, in upper case where there is one.
func initial(name string) string {
	_, end := utf8.DecodeRuneInString(name)
	for end < len(name) {
		r, size := utf8.DecodeRuneInString(name[end:])
		if !unicode.IsMark(r) {
			break
		}
		end += size
	}
	return strings.ToUpper(name[:end])
}
