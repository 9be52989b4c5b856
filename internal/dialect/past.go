package dialect

import (
	"context"
	"net/url"
	"strings"

	"github.com/roster-dev/roster"
)

// AsOf is the query parameter with which a client asks what an answer was at an earlier version.
const AsOf = "as_of"

// AsOfParam returns the parameter of endpoints whose AsOf is set.
func AsOfParam() Param {
	return Param{
		Name: AsOf, Mark: Ours, Everywhere: true, Example: "12",
		Doc: "Shows everything as it was at a version, or at an instant (RFC 3339 with an offset), which means the " +
			"last version at or before it; of an instant, ago() counts back from there. What the token may see is as " +
			"of now.",
	}
}

// Moment returns the moment that the answer is to be true for, if the client names one with [AsOf]. It may be called
// before the parameters are decoded, and fails with [roster.Invalid] for a value that is none.
func (r *Request) Moment() (m roster.Moment, found bool, err error) {
	if !r.Endpoint.AsOf || !strings.Contains(r.URL.RawQuery, AsOf+"=") {
		return m, false, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return m, false, nil //nolint:nilerr // Decode says so
	}
	given := withoutBlanks(query[AsOf])
	switch len(given) {
	case 0:
		return m, false, nil
	case 1:
		if m, err = roster.ParseMoment(given[0]); err != nil {
			return m, false, inParam(AsOf, err)
		}
		return m, true, nil
	default:
		return m, false, inParam(AsOf, invalid("must be given once, not %d times", len(given)))
	}
}

// Past tells what the organization of a principal was at other versions. It is safe for concurrent use.
type Past interface {
	// Resolve returns the version that a moment names. It fails with [roster.Invalid] for one in the future or before
	// the first version, and with [roster.Gone] for one that is not kept.
	Resolve(ctx context.Context, m roster.Moment) (roster.Version, error)
	// Between returns what became of records from one version to another, which may be the earlier one: one op at the
	// most for each of them, by type, number and id. It fails as Resolve does, and with [roster.Unavailable] where too
	// much happened between the versions. Ops are shared and read only.
	Between(ctx context.Context, from, to roster.Version) ([]roster.Op, error)
	// Kept says how much of the history is kept.
	Kept(ctx context.Context) (roster.HistoryInfo, error)
}
