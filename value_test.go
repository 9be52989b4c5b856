package roster

import (
	"slices"
	"testing"
)

func TestValuesInOrder(t *testing.T) {
	t.Parallel()
	low, high := testID(1), testID(2)
	for name, ascending := range map[string][]Value{
		"numbers":  {IntValue(-1), IntValue(0), IntValue(7), {}},
		"flags":    {BoolValue(false), BoolValue(true), {}},
		"instants": {TimeValue(-5), TimeValue(monday), TimeValue(tuesday), TimeValue(0)},
		"ids":      {IDValue(low), IDValue(high), IDValue(ID{})},
		"texts":    {TextValue("Ada"), TextValue("ada b"), TextValue("Bob"), TextValue("éa"), TextValue("")},
	} {
		for i, a := range ascending {
			for j, b := range ascending {
				if got, want := a.Compare(b), sign(i-j); sign(got) != want {
					t.Errorf("%s: Compare of %d and %d = %d, want %d", name, i, j, got, want)
				}
			}
		}
		shuffled := slices.Clone(ascending)
		slices.Reverse(shuffled)
		slices.SortFunc(shuffled, Value.Compare)
		if !slices.Equal(shuffled, ascending) {
			t.Errorf("%s sorted = %v, want %v", name, shuffled, ascending)
		}
	}
}

func sign(n int) int { return max(-1, min(1, n)) }

func TestValues(t *testing.T) {
	t.Parallel()
	if TextValue("ADA") != TextValue("ada") {
		t.Error("texts that fold to the same have different values")
	}
	for _, v := range []Value{{}, TimeValue(0), IDValue(ID{}), TextValue("")} {
		if v.IsSet() || v != (Value{}) {
			t.Errorf("%+v is a value, want none", v)
		}
	}
	id := testID(9)
	if got := IDValue(id); !got.IsSet() || got.Text() != string(id[:]) || got.Int() != 0 {
		t.Errorf("IDValue = %+v, want the 16 bytes", got)
	}
	if got := IntValue(0); !got.IsSet() || got.Int() != 0 || got.Text() != "" {
		t.Errorf("IntValue(0) = %+v, want a value", got)
	}
	if got := BoolValue(false); !got.IsSet() || got != IntValue(0) || BoolValue(true) != IntValue(1) {
		t.Errorf("BoolValue(false) = %+v, want 0; true, want 1", got)
	}
}
