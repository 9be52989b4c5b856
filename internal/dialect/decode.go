package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// decode turns what was sent for a parameter into its value, or the default where nothing was sent.
func (p *Param) decode(name string, sent []string) (value, *roster.Error) {
	given := len(sent) > 0
	if !given && p.Required {
		return value{}, faulty(roster.Detail{Field: name, Code: roster.Required, Message: "is required"})
	}
	if !given && p.Default != "" {
		sent = []string{p.Default}
	}
	if len(sent) == 0 {
		return value{}, nil
	}
	var v value
	var err error
	if p.IsList() {
		v, err = p.list(sent)
	} else {
		v, err = p.scalar(sent)
	}
	if err != nil {
		return value{}, inParam(name, err)
	}
	v.given = given && (!p.IsList() || v.items() > 0)
	return v, nil
}

// faulty returns the error about a parameter with one fault.
func faulty(fault roster.Detail) *roster.Error {
	return &roster.Error{
		Code: roster.Invalid, Field: fault.Field, Message: fault.Message, Details: []roster.Detail{fault},
	}
}

// inParam returns an error about a value as one about the parameter that has it.
func inParam(name string, err error) *roster.Error {
	e := roster.AsError(err)
	fault := roster.Detail{Message: e.Message}
	if len(e.Details) > 0 {
		fault = e.Details[0]
	}
	fault.Field = name
	return faulty(fault)
}

func (v value) items() int { return len(v.texts) + len(v.nums) }

func (p *Param) scalar(sent []string) (value, error) {
	if len(sent) > 1 {
		return value{}, invalid("must be given once, not %d times", len(sent))
	}
	v := value{text: sent[0]}
	var err error
	switch p.Type {
	case Integer:
		v.num, err = p.integer(sent[0])
	case Boolean:
		v.num, err = boolean(sent[0])
	case DateTime:
		var t roster.Time
		t, err = roster.ParseTime(sent[0])
		v.num = int64(t)
	case UUID:
		v.id, err = roster.ParseID(sent[0])
	default:
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, sent[0]) {
			err = faulty(roster.NotOneOf("", sent[0], p.Enum))
		}
	}
	return v, err
}

func (p *Param) integer(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64) // n is the nearest number when s is out of range
	if err != nil && (!p.Clip || !errors.Is(err, strconv.ErrRange)) {
		return 0, invalid("must be an integer%s, not %s", p.rangeText(), quote(s))
	}
	if p.Max != nil && n > *p.Max && p.Clip {
		return *p.Max, nil
	}
	if p.Min != nil && n < *p.Min || p.Max != nil && n > *p.Max {
		return 0, invalid("must be an integer%s, not %s", p.rangeText(), quote(s))
	}
	return n, nil
}

// rangeText says what an Integer may be, as in " from 1 to 100".
func (p *Param) rangeText() string {
	s := ""
	if p.Min != nil {
		s = fmt.Sprintf(" from %d", *p.Min)
	}
	if p.Max != nil && !p.Clip {
		s += fmt.Sprintf(" to %d", *p.Max)
	}
	return s
}

func boolean(s string) (int64, error) {
	switch strings.ToLower(s) {
	case "true", "1":
		return 1, nil
	case "false", "0":
		return 0, nil
	default:
		return 0, invalid("must be true, false, 1 or 0, not %s", quote(s))
	}
}

func (p *Param) list(sent []string) (value, error) {
	var v value
	for _, s := range sent {
		items, err := p.items(s)
		if err != nil {
			return value{}, err
		}
		for _, item := range items {
			if err := p.addItem(&v, item); err != nil {
				return value{}, err
			}
		}
	}
	if p.MaxItems > 0 && v.items() > p.MaxItems {
		return value{}, invalid("must have at most %d different items, not %d", p.MaxItems, v.items())
	}
	v.text = strings.Join(sent, ",")
	return v, nil
}

// items cuts one sent value of a list into its items.
func (p *Param) items(s string) ([]string, error) {
	s = strings.TrimSpace(s)
	if !p.JSON || !strings.HasPrefix(s, "[") {
		return strings.Split(s, ","), nil
	}
	var elements []any
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	if err := dec.Decode(&elements); err != nil || strings.TrimSpace(s[dec.InputOffset():]) != "" {
		return nil, invalid("is not a valid JSON array: %s", quote(s))
	}
	items := make([]string, len(elements))
	for i, e := range elements {
		switch e := e.(type) {
		case string:
			items[i] = e
		case json.Number:
			items[i] = e.String()
		default:
			return nil, invalid("must be a JSON array of texts or numbers, not %s", quote(s))
		}
	}
	return items, nil
}

// addItem adds a new item of a list; blanks are passed over.
func (p *Param) addItem(v *value, item string) error {
	item = strings.TrimSpace(item)
	if item == "" {
		return nil
	}
	if p.Type == Strings {
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, item) {
			fault := roster.NotOneOf("", item, p.Enum)
			fault.Message = "must hold any of " + strings.Join(p.Enum, ", ") + ", not " + quote(item)
			return faulty(fault)
		}
		if !slices.Contains(v.texts, item) {
			v.texts = append(v.texts, item)
		}
		return nil
	}
	n, err := p.integer(item)
	if err != nil {
		return invalid("must hold integers%s, not %s", p.rangeText(), quote(item))
	}
	if !slices.Contains(v.nums, n) {
		v.nums = append(v.nums, n)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return roster.Errorf(roster.Invalid, format, args...)
}

// quote quotes what a client sent, cut to what a message can carry.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}
