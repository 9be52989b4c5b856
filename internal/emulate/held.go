package emulate

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// Held is a snapshot without a name: it is forgotten with its last copy.
type Held struct{ past *past }

// Hold returns everything that [Instance.Reset] puts back, as it is now.
func (i *Instance) Hold(ctx context.Context) (Held, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	p, err := i.present.Load().past(ctx)
	return Held{p}, err
}

// PutBack puts everything back as it was when it was held, as [Instance.Restore] does.
func (i *Instance) PutBack(ctx context.Context, h Held) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.restore(ctx, h.past)
}

// Do carries out commands in the organization, as its operator: all of them, or none and it fails.
func (i *Instance) Do(ctx context.Context, commands ...roster.Command) (roster.Change, error) {
	return i.present.Load().directory.Do(ctx, demo.Organization().ID, roster.Operator(), commands...)
}
