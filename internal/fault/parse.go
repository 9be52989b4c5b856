package fault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
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
		if err := checkGiven(rule); err != nil {
			return nil, ruleError(i, err)
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
		err = fmt.Errorf("%s must not be %s", cmp.Or(wrong.Field, "it"), article(wrong.Value))
		if wrong.Type == reflect.TypeFor[Duration]() {
			err = fmt.Errorf("%w: it has a unit, such as 20ms", err)
		}
	}
	return err
}

func article(noun string) string {
	if strings.ContainsAny(noun[:min(1, len(noun))], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// checkGiven refuses a rule that says of no request that it is for it: 0 stands for a member that is left out, and
// without any the rule would be for all.
func checkGiven(rule []byte) *roster.Error {
	var when struct {
		Probability *float64 `json:"probability"`
		Every       *int     `json:"every"`
		Requests    []int    `json:"requests"`
	}
	_ = json.Unmarshal(rule, &when) // which decode has done before
	switch {
	case when.Probability != nil && *when.Probability == 0:
		return roster.FieldErrorf("probability", "must be above 0 and at most 1, not 0")
	case when.Every != nil && *when.Every == 0:
		return roster.FieldErrorf("every", "must be from 1, not 0")
	case when.Requests != nil && len(when.Requests) == 0:
		return roster.FieldErrorf("requests", "must have a number: leave it out for all requests")
	}
	return nil
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
	if err := checkGiven(body); err != nil {
		return Rule{}, roster.FieldErrorf("faults: "+err.Field, "%s", err.Message)
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
