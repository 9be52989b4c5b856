package fault

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// takes returns the members that a kind of fault needs, and those that it may have besides.
func (k Kind) takes() (needs, may []string) {
	delays := []string{"distribution", "deviation", "min", "max"}
	switch k {
	case Latency:
		return []string{"mean"}, delays
	case Drip:
		return []string{"mean"}, append(delays, "bytes")
	case Status:
		return []string{"status"}, []string{"retry_after"}
	case HTML:
		return nil, []string{"status"}
	case Truncate, Reset:
		return nil, []string{"bytes"}
	case ShiftPage:
		return []string{"by"}, nil
	case Appear, Disappear:
		return nil, []string{"users"}
	case ShiftClock:
		return []string{"shift"}, nil
	default:
		return nil, nil
	}
}

// name returns what the rule is called where its fault is counted.
func (r *Rule) name() string { return cmp.Or(r.Name, string(r.Kind)) }

// member is a member of a rule that only some kinds take.
type member struct {
	name  string
	given bool
}

func (r *Rule) members() []member {
	return []member{
		{"status", r.Status != 0},
		{"retry_after", r.RetryAfter != 0},
		{"distribution", r.Distribution != ""},
		{"mean", r.Mean != 0},
		{"deviation", r.Deviation != 0},
		{"min", r.Min != 0},
		{"max", r.Max != 0},
		{"bytes", r.Bytes != 0},
		{"by", r.By != 0},
		{"users", r.Users != 0},
		{"shift", r.Shift != 0},
	}
}

func (r *Rule) check() *roster.Error {
	if !slices.Contains(Kinds(), r.Kind) {
		var kinds []string
		for _, k := range Kinds() {
			kinds = append(kinds, string(k))
		}
		return roster.FieldErrorf("kind", "must be one of %s, not %q", strings.Join(kinds, ", "), r.Kind)
	}
	needs, may := r.Kind.takes()
	for _, m := range r.members() {
		switch {
		case m.given && !slices.Contains(needs, m.name) && !slices.Contains(may, m.name):
			return roster.FieldErrorf(m.name, "does not count for the kind %s", r.Kind)
		case !m.given && slices.Contains(needs, m.name):
			return roster.FieldErrorf(m.name, "is required for the kind %s", r.Kind)
		}
	}
	if err := r.checkWhen(); err != nil {
		return err
	}
	return r.checkWhat()
}

// maxFor is how many requests in a row a fault happens to, at most.
const maxFor = 1000

func (r *Rule) checkWhen() *roster.Error {
	ways := 0
	for _, given := range []bool{r.Probability != 0, r.Every != 0, len(r.Requests) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return roster.FieldErrorf("probability", "must stand alone: only one of probability, every and requests counts")
	case r.Probability < 0 || r.Probability > 1:
		return roster.FieldErrorf("probability", "must be above 0 and at most 1, not %v", r.Probability)
	case r.Every < 0:
		return roster.FieldErrorf("every", "must be from 1, not %d", r.Every)
	case r.For < 0 || r.For > maxFor:
		return roster.FieldErrorf("for", "must be from 1 to %d, not %d", maxFor, r.For)
	case slices.ContainsFunc(r.Requests, func(n int) bool { return n < 1 }):
		return roster.FieldErrorf("requests", "must be numbers from 1")
	}
	return nil
}

func (r *Rule) checkWhat() *roster.Error {
	least := http.StatusBadRequest
	if r.Kind == HTML {
		least = http.StatusOK
	}
	const most = 599
	switch {
	case r.Status != 0 && (r.Status < least || r.Status > most):
		return roster.FieldErrorf("status", "must be from %d to %d, not %d", least, most, r.Status)
	case r.Kind == HTML && (r.Status == http.StatusNoContent || r.Status == http.StatusNotModified):
		return roster.FieldErrorf("status", "must be one that has a body, not %d", r.Status)
	case r.RetryAfter < 0:
		return roster.FieldErrorf("retry_after", "must not be negative")
	case r.Bytes < 0:
		return roster.FieldErrorf("bytes", "must not be negative")
	case r.Users < 0 || r.Users > maxFor:
		return roster.FieldErrorf("users", "must be from 1 to %d, not %d", maxFor, r.Users)
	case r.Mean < 0 || r.Deviation < 0 || r.Min < 0 || r.Max < 0:
		return roster.FieldErrorf("mean", "must, as deviation, min and max, not be negative")
	case r.Max != 0 && r.Max < r.Min:
		return roster.FieldErrorf("max", "must not be less than min")
	case r.Distribution != "" && !slices.Contains(distributions(), r.Distribution):
		return roster.FieldErrorf("distribution", "must be one of constant, uniform, exponential and normal, not %q",
			r.Distribution)
	}
	return nil
}
