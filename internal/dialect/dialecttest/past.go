package dialecttest

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
)

// remembering is the past of Company.
type remembering struct{ service *directory.Service }

// Resolve implements [dialect.Past].
func (m remembering) Resolve(ctx context.Context, moment roster.Moment) (roster.Version, error) {
	return m.service.Resolve(ctx, Company, moment)
}

// Between implements [dialect.Past].
func (m remembering) Between(ctx context.Context, from, to roster.Version) ([]roster.Op, error) {
	return m.service.Between(ctx, Company, from, to)
}

// Kept implements [dialect.Past].
func (m remembering) Kept(ctx context.Context) (roster.HistoryInfo, error) {
	return m.service.Kept(ctx, Company)
}
