package filter

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
)

// The values that users have and expressions ask for.

func someTexts() []string {
	return []string{
		"", "ada", "Ada", "adam", "Zoë", "zoe", "ada moreno", "ad", "O'Brien", `say "a\b"`, "*", "a*b", "null", "AND",
		"Straße", "STRASSE", "-1", "(a)", "ada\U0010ffff", "ada\U0010ffffz", "Привет", "a,b=c", "42", "true", " ",
	}
}

func someNumbers() []int64 { return []int64{0, 1, 2, 3, 4, 5, 6, 7, 1 << 40, roster.MaxNumber} }

func someTimes() []int64 {
	return []int64{1, 500, march - 1, march, march + 1, march + day - 1, march + day, int64(now)}
}

func someIDs() []roster.ID {
	return []roster.ID{roster.MustParseID(idA), {0: 1}, {15: 1}, {0: 0xff, 15: 0xff}}
}

func draw[T any](t *rapid.T, from []T) T { return rapid.SampledFrom(from).Draw(t, "value") }

// drawUser returns a user with some of the values.
func drawUser(t *rapid.T) *roster.User {
	u := &roster.User{ID: draw(t, someIDs())}
	for _, info := range roster.Fields()[1:] {
		if rapid.Bool().Draw(t, "given") {
			fill(t, reflect.ValueOf(u).Elem().Field(int(info.Field)), info)
		}
	}
	return u
}

func fill(t *rapid.T, member reflect.Value, info roster.FieldInfo) {
	switch info.Type {
	case roster.TypeText:
		member.SetString(draw(t, someTexts()))
	case roster.TypeUUID:
		member.Set(reflect.ValueOf(draw(t, someIDs())))
	case roster.TypeInt, roster.TypeMask:
		member.SetInt(draw(t, someNumbers()))
	case roster.TypeEnum:
		member.SetUint(uint64(rapid.IntRange(0, len(info.Enum)-1).Draw(t, "index")))
	case roster.TypeBool:
		member.SetBool(true)
	case roster.TypeTime:
		member.SetInt(draw(t, someTimes()))
	case roster.TypeNumbers:
		for range rapid.IntRange(1, 3).Draw(t, "count") {
			element := reflect.New(member.Type().Elem()).Elem()
			number := element
			if element.Kind() == reflect.Struct {
				number = element.Field(0)
			}
			number.SetInt(draw(t, someNumbers()))
			member.Set(reflect.Append(member, element))
		}
	}
}

// drawExpr returns an expression of any shape that the fields support, but for bits of plain numbers.
func drawExpr(t *rapid.T, depth int) roster.Expr {
	shape := "test"
	if depth > 0 {
		shape = draw(t, []string{"test", "and", "or", "not", "and", "or"})
	}
	switch shape {
	case "and":
		return roster.And(drawExprs(t, depth-1))
	case "or":
		return roster.Or(drawExprs(t, depth-1))
	case "not":
		return roster.Not{Expr: drawExpr(t, depth-1)}
	default:
		return drawTest(t, draw(t, Users(nil).rows))
	}
}

func drawExprs(t *rapid.T, depth int) []roster.Expr {
	var list []roster.Expr
	for range draw(t, []int{0, 1, 2, 2, 3, 3}) {
		list = append(list, drawExpr(t, depth))
	}
	return list
}

func drawTest(t *rapid.T, info roster.FieldInfo) roster.Expr {
	if !info.Filterable {
		return roster.Has{Field: roster.FieldPhone}
	}
	shape := draw(t, []int{0, 1, 1, 2, 3, 3, 3})
	switch {
	case shape == 0:
		return roster.Has{Field: info.Field}
	case shape == 1 && info.Searchable:
		return roster.Contains{Field: info.Field, Text: draw(t, someTexts())}
	case shape == 1 && info.Type == roster.TypeMask:
		return roster.Bits{Field: info.Field, Mask: draw(t, someNumbers())}
	case shape == 2, info.Type == roster.TypeNumbers:
		e := roster.In{Field: info.Field}
		for range draw(t, []int{0, 1, 2, 3}) {
			e.Values = append(e.Values, drawValue(t, info))
		}
		return e
	default:
		op := rapid.SampledFrom([]roster.CmpOp{roster.EQ, roster.LT, roster.LE, roster.GT, roster.GE}).Draw(t, "op")
		return roster.Cmp{Field: info.Field, Op: op, Value: drawValue(t, info)}
	}
}

func drawValue(t *rapid.T, info roster.FieldInfo) roster.Value {
	switch info.Type {
	case roster.TypeText:
		return roster.TextValue(draw(t, someTexts()[1:]))
	case roster.TypeUUID:
		return roster.IDValue(draw(t, someIDs()))
	case roster.TypeEnum:
		return roster.IntValue(int64(rapid.IntRange(0, len(info.Enum)-1).Draw(t, "index")))
	case roster.TypeBool:
		return roster.BoolValue(rapid.Bool().Draw(t, "flag"))
	case roster.TypeTime:
		return roster.IntValue(draw(t, someTimes()))
	default:
		return roster.IntValue(draw(t, someNumbers()))
	}
}

// everybody and nobody are filters.
const everybody, nobody = "*", "-*"

// format writes an expression as a filter with the same meaning.
func format(e roster.Expr) string {
	switch e := e.(type) {
	case roster.And:
		return formatAll(e, " AND ", everybody)
	case roster.Or:
		return formatAll(e, " OR ", nobody)
	case roster.Not:
		return "NOT (" + format(e.Expr) + ")"
	case roster.Cmp:
		return formatCmp(e)
	case roster.In:
		return formatIn(e)
	case roster.Bits:
		var list []string
		for bit := int64(1); bit > 0 && bit <= e.Mask; bit <<= 1 {
			if e.Mask&bit != 0 {
				list = append(list, fmt.Sprint(bit))
			}
		}
		return values(e.Field, ":", list)
	case roster.Has:
		return formatHas(e.Field)
	case roster.Contains:
		if e.Text == "" {
			return everybody
		}
		return e.Field.String() + " = " + quoted("*", e.Text, "*")
	default:
		panic(fmt.Sprintf("an expression of the type %T", e))
	}
}

func formatAll(list []roster.Expr, operator, empty string) string {
	if len(list) == 0 {
		return empty
	}
	formatted := make([]string, len(list))
	for i, e := range list {
		formatted[i] = format(e)
	}
	return "(" + strings.Join(formatted, operator) + ")"
}

// values asks for any of the values of a field.
func values(f roster.Field, op string, list []string) string {
	if len(list) == 0 {
		return nobody
	}
	return f.String() + op + "(" + strings.Join(list, " OR ") + ")"
}

func formatHas(f roster.Field) string {
	switch f.Info().Type {
	case roster.TypeInt, roster.TypeMask, roster.TypeBool, roster.TypeEnum:
		return everybody
	default:
		return f.String() + ":*"
	}
}

func formatCmp(e roster.Cmp) string {
	operators := []string{roster.EQ: "=", roster.LT: "<", roster.LE: "<=", roster.GT: ">", roster.GE: ">="}
	info := e.Field.Info()
	count := map[roster.FieldType]int{roster.TypeEnum: len(info.Enum), roster.TypeBool: 2}[info.Type]
	if count == 0 || e.Op == roster.EQ {
		return e.Field.String() + operators[e.Op] + formatValue(info, e.Value)
	}
	var list []string
	for i := range int64(count) {
		v := roster.IntValue(i)
		if c := v.Compare(e.Value); c == 0 && (e.Op == roster.LE || e.Op == roster.GE) ||
			c < 0 && (e.Op == roster.LT || e.Op == roster.LE) || c > 0 && (e.Op == roster.GT || e.Op == roster.GE) {
			list = append(list, formatValue(info, v))
		}
	}
	return values(e.Field, "=", list)
}

func formatIn(e roster.In) string {
	var list []string
	for _, v := range e.Values {
		list = append(list, formatValue(e.Field.Info(), v))
	}
	if e.Field.Info().Type == roster.TypeNumbers {
		return values(e.Field, ":", list)
	}
	return values(e.Field, "=", list)
}

func formatValue(info *roster.FieldInfo, v roster.Value) string {
	switch info.Type {
	case roster.TypeText:
		return quoted("", v.Text(), "")
	case roster.TypeUUID:
		return roster.ID([]byte(v.Text())).String()
	case roster.TypeEnum:
		return quoted("", info.Enum[v.Int()], "")
	case roster.TypeBool:
		return fmt.Sprint(v.Int() == 1)
	case roster.TypeTime:
		return time.UnixMilli(v.Int()).UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v.Int())
	}
}

var plain = regexp.MustCompile(`^[a-z][a-z_]*$`)

// quoted writes a text between what is not escaped, without quotes where none are needed.
func quoted(before, text, after string) string {
	if plain.MatchString(text) && text != "null" && !isKeyword(strings.ToUpper(text)) {
		return before + text + after
	}
	return `"` + before + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `*`, `\*`).Replace(text) + after + `"`
}
