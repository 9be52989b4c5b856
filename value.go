package roster

import (
	"cmp"
	"math"
	"strings"
)

// Value is what a field of a user holds, in the form in which values are compared. The zero Value is no value.
// Values are comparable with ==.
type Value struct {
	set  bool
	num  int64
	text string
}

// IntValue returns the value of a number, a mask, or an enumeration's index.
func IntValue(n int64) Value { return Value{set: true, num: n} }

// DecimalValue returns the value of a finite number that need not be whole: zero is that of [IntValue].
func DecimalValue(x float64) Value {
	bits := int64(math.Float64bits(x)) //nolint:gosec // the order of the bits is that of the numbers
	if bits < 0 {
		bits ^= math.MaxInt64 // the further from zero, the smaller
	}
	if x == 0 {
		bits = 0
	}
	return IntValue(bits)
}

// BoolValue returns the value of a flag: 0 or 1.
func BoolValue(b bool) Value {
	if b {
		return IntValue(1)
	}
	return IntValue(0)
}

// TimeValue returns the value of an instant; none has no value.
func TimeValue(t Time) Value { return Value{set: t != 0, num: int64(t)} }

// IDValue returns the value of a UUID; none has no value.
func IDValue(id ID) Value {
	if id.IsZero() {
		return Value{}
	}
	return Value{set: true, text: string(id[:])}
}

// TextValue returns the value of a text, folded with [Fold]; the empty text has no value.
func TextValue(s string) Value { return Value{set: s != "", text: Fold(s)} }

// IsSet reports whether there is a value at all.
func (v Value) IsSet() bool { return v.set }

// Int returns a number, mask, index, flag, or the milliseconds of an instant; 0 for texts and ids.
func (v Value) Int() int64 { return v.num }

// Text returns a folded text or the 16 bytes of a UUID; "" for everything else.
func (v Value) Text() string { return v.text }

// Compare orders values of one field: numbers, instants and flags by size, texts and UUIDs by their bytes.
// No value comes after every value.
func (v Value) Compare(other Value) int {
	if v.set != other.set {
		if v.set {
			return -1
		}
		return 1
	}
	if c := cmp.Compare(v.num, other.num); c != 0 {
		return c
	}
	return strings.Compare(v.text, other.text)
}
