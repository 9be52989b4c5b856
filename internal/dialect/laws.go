package dialect

import "github.com/roster-dev/roster"

// Laws say what can be seen of a list from outside, for who checks a server without knowing its records: where things
// stand in the answer, and what the parameters do to the records in it. Members are named by their path in a record,
// with dots between names and [] for each element of an array, such as "groups[].id".
type Laws struct {
	// List is the member of the answer that is the list, "" where the answer itself is. Of an operation that answers
	// one record, as a list has it, it is that record.
	List string
	// Key is the member that no two records have alike.
	Key string
	// Total is where the number of records on all pages stands.
	Total Total
	// Filters and Orders are what parameters do.
	Filters []Filter
	Orders  []Order
}

// Total is where an answer has the number of records on all pages: in a header, in a member, or in a member of another
// answer, which is that to the same question with the flag Flag. The zero Total is nowhere.
type Total struct{ Header, Member, Flag string }

// Filter says which records a parameter leaves.
type Filter struct {
	Param string
	// Members are what the parameter's value is held against; one that fits is enough.
	Members []string
	Is      Relation
	// Values are what members are held against where that is not the parameter's value itself; of a parameter that
	// has any, only these values are known to be filters.
	Values map[string]string
	// Partly is true where records can fit and still be left out.
	Partly bool
	// Contract is the one contract in which the members show it; "" for both.
	Contract roster.Contract
}

// Relation is how a member fits a value.
type Relation int

// The relations.
const (
	Equals   Relation = iota // but for case
	Contains                 // as a part, but for case and accents
	AtLeast                  // an instant
	AtMost                   // an instant
	AnyBit                   // of a mask
	NoBit                    // of a mask
	Finds                    // records with such a member are among those that are found, and others may be
)

// Order says by what records are ordered. Records without a value are last or first.
type Order struct {
	// Query is the query with which they are, "" for any that has no other order.
	Query  string
	Member string
	Desc   bool
	Mark   Mark
}
