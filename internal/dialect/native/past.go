package native

import (
	"net/http"
	"slices"

	"github.com/roster-dev/roster/internal/dialect"
)

// inPast has what can be read of records be asked for as it was.
func inPast(lists ...[]dialect.Endpoint) []dialect.Endpoint {
	all := slices.Concat(lists...)
	for i := range all {
		e := &all[i]
		if e.Method != http.MethodGet {
			continue
		}
		e.AsOf = true
		e.Params = append(slices.Clone(e.Params), dialect.AsOfParam())
		if !slices.ContainsFunc(e.Returns, func(r dialect.Return) bool { return r.Status == gone }) {
			e.Returns = withGone(slices.Clone(e.Returns))
		}
	}
	return all
}
