package dialect

import "github.com/roster-dev/roster"

// In says where a parameter stands.
type In int

// The places.
const (
	Query In = iota
	Path
	Header
)

// ParamType is the type of a parameter's value.
type ParamType int

// The types. An empty value of any type, a list without items included, is the same as none.
const (
	String   ParamType = iota
	Integer            // decimal, optional sign
	Boolean            // true, false, 1, 0
	DateTime           // RFC 3339
	UUID               // 36 characters
	Strings            // a list: repeated, comma-separated, name[], and any mix; blanks trimmed, duplicates removed
	Integers           // a list of integers, written likewise
)

// Param is one parameter of an endpoint: what it is called, what it may hold, and what its documentation says.
type Param struct {
	Name string
	// Aliases are other names; where several are given, Name wins, then the first alias.
	Aliases []string
	In      In
	Type    ParamType
	// Enum lists the allowed values of a String; none allows all.
	Enum []string
	// Default is the value where none is given, as a client would write it; "" for none.
	Default string
	// Min and Max are the range of an Integer or of each item of Integers, each nil where open. With Clip a larger
	// value counts as Max, however large it is.
	Min, Max *int64
	Clip     bool
	// MaxItems is how many different items a list may have; 0 for any number.
	MaxItems int
	// JSON lets a list be written as a JSON array as well.
	JSON bool
	// Pattern documents the form of a String or UUID.
	Pattern string
	// Needs is the permission without which giving the parameter is refused as [roster.Forbidden].
	Needs roster.Permission
	// With names boolean parameters without a With of their own, of which one must be true for this one to count;
	// otherwise it is silently ignored, whatever its value.
	With []string
	// Freed is the one contract in which the parameter needs nothing of With; "" for none.
	Freed roster.Contract
	// Required parameters must be given.
	Required bool
	// Own is for a UUID in the path: anything but the id of the principal's organization is [roster.NotFound].
	Own bool
	// Ignored parameters are accepted, documented and never looked at: any value will do.
	Ignored bool
	// Everywhere is for a parameter that is the same in every endpoint that has it, since the server alone looks at it:
	// one golden case is enough for all.
	Everywhere bool
	// From is where a client finds values of a path parameter: the id of an operation whose list has them, and the
	// member of its records. It is nil where only who runs the server knows one.
	From    *From
	Doc     string
	Example string
	Mark    Mark
}

// From is a member of the records of a list, as [Laws] names it.
type From struct{ Operation, Member string }

// N returns a pointer to n, for the range of a [Param].
func N(n int64) *int64 { return new(n) }

// IsList reports whether the parameter holds any number of values.
func (p *Param) IsList() bool { return p.Type == Strings || p.Type == Integers }

// names returns every name of the parameter, the foremost first.
func (p *Param) names() []string { return append([]string{p.Name}, p.Aliases...) }
