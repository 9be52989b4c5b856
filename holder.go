package roster

import "slices"

// asked is a user as a [Holder].
type asked struct{ *User }

// Value implements [Holder].
func (a asked) Value(f Field) Value { return f.Value(a.User) }

// Has implements [Holder].
func (a asked) Has(f Field) bool {
	if f.Info().Type == TypeNumbers {
		return len(f.Numbers(a.User)) > 0
	}
	return f.Value(a.User).IsSet()
}

// HasAny implements [Holder].
func (a asked) HasAny(f Field, values []Value) bool {
	if f.Info().Type == TypeNumbers {
		return slices.ContainsFunc(f.Numbers(a.User), func(n int64) bool {
			return slices.Contains(values, IntValue(n))
		})
	}
	v := f.Value(a.User)
	return v.IsSet() && slices.Contains(values, v)
}

// SearchText implements [Holder].
func (a asked) SearchText(f Field) string { return f.SearchText(a.User) }
