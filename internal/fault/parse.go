package fault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// Parse reads a plan in JSON. It fails with [roster.Invalid] for what is none, or makes no sense, whatever the
// dialects: see [Plan.Check]. The error says at which line, or in which rule.
func Parse(text []byte) (*Plan, error) {
	var written struct {
		Seed  uint64            `json:"seed"`
		Rules []json.RawMessage `json:"rules"`
	}
	if err := decode(text, &written); err != nil {
		return nil, misspelt(where(text, err), err)
	}
	p := &Plan{Seed: written.Seed, Rules: make([]Rule, len(written.Rules))}
	for i, rule := range written.Rules {
		if err := decode(rule, &p.Rules[i]); err != nil {
			return nil, misspelt(fmt.Sprintf(" in rule %d", i+1), err)
		}
	}
	return p, p.check()
}

// decode reads a value in JSON, and nothing besides it.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after the value")
		}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("%s must not be a %s", cmp.Or(wrong.Field, "it"), wrong.Value)
	}
	return err
}

// where returns at which line and column, in bytes, a text is no JSON; "" where it is.
func where(text []byte, err error) string {
	broken, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return ""
	}
	before := text[:min(max(broken.Offset, 0), int64(len(text)))]
	return fmt.Sprintf(" at line %d, column %d", 1+bytes.Count(before, []byte("\n")),
		len(before)-1-bytes.LastIndexByte(before, '\n'))
}

func misspelt(where string, err error) error {
	return roster.FieldErrorf("faults", "are not written as they must be%s: %s", where,
		strings.TrimPrefix(err.Error(), "json: "))
}

// ParseRule reads a rule as a command line has it: members of the JSON form as name=value, separated by commas, such as
// "kind=status,status=503,requests=3,4".
func ParseRule(text string) (Rule, error) {
	members, last := map[string]any{}, ""
	for part := range strings.SplitSeq(text, ",") {
		name, value, named := strings.Cut(part, "=")
		switch {
		case named && members[name] != nil:
			return Rule{}, roster.FieldErrorf("faults", "has %s twice in %q", name, text)
		case named:
			last = name
		case last == "requests":
			value = part
		default:
			return Rule{}, roster.FieldErrorf("faults", "must be name=value, separated by commas, not %q", part)
		}
		if last == "requests" {
			list, _ := members[last].([]any)
			members[last] = append(list, number(value))
			continue
		}
		members[name] = number(value)
	}
	var r Rule
	body, err := json.Marshal(members)
	if err == nil {
		err = decode(body, &r)
	}
	if err != nil {
		return Rule{}, misspelt("", err)
	}
	return r, nil
}

// number returns the number that a text is, or the text.
func number(text string) any {
	if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
		return json.Number(text)
	}
	return text
}
