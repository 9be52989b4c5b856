package record

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// mask replaces what may be of a person, or a secret. It is not safe for concurrent use.
type mask struct {
	dialect  *dialect.Dialect
	contract roster.Contract
	shift    time.Duration
	base     string // the path of the vendor's base URL
	// numbers are what values were replaced by, by the kind of value; the first of a kind is 1.
	numbers map[string]map[string]int
	// known are the words, and segments the segments of paths, that the tables have.
	known, segments map[string]bool
}

func newMask(o Options) *mask {
	m := &mask{
		dialect: o.Dialect, contract: o.Contract, shift: o.Shift,
		base:    strings.TrimSuffix(o.Upstream.EscapedPath(), "/"),
		numbers: map[string]map[string]int{}, known: map[string]bool{}, segments: map[string]bool{},
	}
	for i := range o.Dialect.Endpoints {
		e := &o.Dialect.Endpoints[i]
		for _, path := range e.Paths() {
			for s := range strings.SplitSeq(path, "/") {
				m.segments[s] = true
			}
		}
		m.learn(e)
	}
	for status := range 600 {
		m.learnText(http.StatusText(status))
	}
	m.learnText("Bearer Basic Signature realm GET HEAD OPTIONS POST PUT PATCH DELETE html head body title")
	m.learnText("application json text plain problem xml octet stream")
	m.learnText(ofFailures)
	for _, f := range o.Dialect.Facts {
		m.learnText(f.Text)
	}
	return m
}

// ofFailures are words that messages of failures have and nobody is called by.
const ofFailures = "access allowed already an and are array at authentication authorization bad be boolean by cannot " +
	"characters date denied does empty error exist expected expired failed field for format from greater has have " +
	"integer invalid is it key least less limit long malformed maximum minimum missing must no not number of one " +
	"only or parameter permission please positive query range required retry revoked should signature string than " +
	"that the there this to token too unknown user users valid value was with your"

// learn takes in the words that an operation is documented with. Examples of success have names of people.
func (m *mask) learn(e *dialect.Endpoint) {
	m.learnText(e.Summary + " " + e.Description + " " + e.AllowDoc)
	for _, p := range e.Params {
		m.learnText(p.Doc)
		m.learnText(p.Name + " " + strings.Join(p.Aliases, " ") + " " + strings.Join(p.Enum, " "))
	}
	for _, r := range e.Returns {
		m.learnText(r.ContentType)
		if m.learnText(r.Doc); r.Status >= http.StatusBadRequest {
			m.learnText(r.Example)
		}
	}
}

func (m *mask) learnText(text string) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) }) {
		m.known[strings.ToLower(word)] = true
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// number returns the number that stands for a value, the same each time.
func (m *mask) number(kind, value string) int {
	all := m.numbers[kind]
	if all == nil {
		all = map[string]int{}
		m.numbers[kind] = all
	}
	key := roster.Fold(value)
	if all[key] == 0 {
		all[key] = len(all) + 1
	}
	return all[key]
}

// leaf replaces a value of JSON.
func (m *mask) leaf(l dialect.Leaf, text func(dialect.Leaf, string) string) any {
	switch v := l.Value.(type) {
	case string:
		if l.Listed {
			return v
		}
		return text(l, v)
	case json.Number:
		if l.Listed || l.Documented && !isID(l.Name) {
			return v
		}
		return json.Number(m.integer(v.String()))
	default:
		return v // true and false are nobody's
	}
}

// isID reports whether a member or parameter has ids or numbers of records, by its name.
func isID(name string) bool {
	for _, end := range [...]string{"id", "ids", "uid", "number"} {
		rest, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(name, "[]")), end)
		if ok && (rest == "" || strings.HasSuffix(rest, "_") || strings.HasSuffix(name, "Id") ||
			strings.HasSuffix(name, "ID") || strings.HasSuffix(name, "Ids")) {
			return true
		}
	}
	return false
}

// integer replaces a number of a record, or anything else that is written as a number.
func (m *mask) integer(digits string) string { return strconv.Itoa(m.number("number", digits)) }

// Forms of texts.
var (
	email  = regexp.MustCompile(`^[^\s@]+@[^\s@]+$`)
	digits = regexp.MustCompile(`^\+?[0-9][0-9 ()./-]*$`)
)

// text replaces a text by one of the same form.
func (m *mask) text(l dialect.Leaf, text string) string {
	_, noID := roster.ParseID(text)
	at, noTime := time.Parse(time.RFC3339, text)
	switch {
	case strings.TrimSpace(text) == "":
		return ""
	case noID == nil:
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", m.number("id", text))
	case noTime == nil:
		return at.Add(m.shift).Format(layout(text))
	case strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://"):
		return m.url(text)
	case email.MatchString(text):
		return fmt.Sprintf("user%d@example.com", m.number("email", text))
	case digits.MatchString(text):
		return m.digits(l, text)
	default:
		return fmt.Sprintf("Text %d", m.number("text", text))
	}
}

// digits replaces the digits of a telephone number and the like. Two are nobody's.
func (m *mask) digits(l dialect.Leaf, text string) string {
	const few = 2
	switch {
	case len(text) <= few && l.Documented && !isID(l.Name):
		return text
	case strings.HasPrefix(text, "+"):
		return "+" + m.integer(text[1:])
	default:
		return m.integer(text)
	}
}

// layout returns the layout of an instant.
func layout(text string) string {
	zone := "-07:00"
	if strings.HasSuffix(text, "Z") {
		zone = "Z"
	}
	fraction := ""
	if _, after, ok := strings.Cut(text, "."); ok {
		n := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
		fraction = "." + strings.Repeat("0", max(0, n))
	}
	return "2006-01-02T15:04:05" + fraction + zone
}

// member replaces the name of a member that is not documented: kept is what the names of an API look like, where the
// name is not data itself.
func (m *mask) member(name string, free bool) string {
	if !free && identifier.MatchString(name) {
		return name
	}
	return m.data(name, free)
}

var identifier = regexp.MustCompile(`^[a-z][a-zA-Z_]{0,39}$`)

// data replaces the name of a member that can be data, which in a request is any that is not documented.
func (m *mask) data(name string, _ bool) string {
	if m.known[strings.ToLower(name)] {
		return name
	}
	return fmt.Sprintf("member%d", m.number("member", name))
}

// message replaces a text of a failure: words that the tables know stay, and others do not.
func (m *mask) message(l dialect.Leaf, text string) string {
	if _, err := roster.ParseID(text); err == nil {
		return m.text(l, text)
	}
	return m.words(text)
}

// words keeps the words that the tables know, short numbers and plain signs.
func (m *mask) words(text string) string {
	var b strings.Builder
	word := func(s string) {
		const most = 3
		_, err := strconv.Atoi(s)
		if s == "" || m.known[strings.ToLower(s)] || err == nil && len(s) <= most {
			b.WriteString(s)
			return
		}
		b.WriteString("x")
	}
	from, at := 0, 0
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if at += size; isWord(r) {
			continue
		}
		word(text[from : at-size])
		if from = at; r > unicode.MaxASCII || unicode.IsControl(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	word(text[from:])
	return strings.ReplaceAll(b.String(), "--", "-") // which would begin a section
}

// mediaType keeps a media type and its charset.
func (m *mask) mediaType(value string) string {
	t, params, err := mime.ParseMediaType(value)
	if err != nil {
		return "x"
	}
	kept := map[string]string{}
	if charset := strings.ToLower(params["charset"]); charset == "utf-8" {
		kept["charset"] = charset
	}
	if t = m.words(t); strings.Contains(t, "x/") || strings.HasSuffix(t, "/x") {
		t = "application/octet-stream"
	}
	return mime.FormatMediaType(t, kept)
}

// links replaces the targets of a Link header, and keeps the relations that there are.
func (m *mask) links(value string) string {
	var kept []string
	for _, found := range link.FindAllStringSubmatch(value, -1) {
		kept = append(kept, fmt.Sprintf(`<%s>; rel="%s"`, m.url(found[1]), found[2]))
	}
	return strings.Join(kept, ", ")
}

var link = regexp.MustCompile(`<([^>]*)>; *rel="?(first|prev|next|last|self)"?`)

// url replaces what of a URL is not documented.
func (m *mask) url(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "http://roster.example/x"
	}
	e, path := m.path(http.MethodGet, strings.TrimPrefix(u.EscapedPath(), m.base))
	if query := m.query(e, u.Query()); query != "" {
		path += "?" + query
	}
	return "http://roster.example" + path
}
