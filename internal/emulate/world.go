package emulate

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
)

// world is the demo organization, as faults change it: through the directory, as the operator would.
type world struct {
	directory *directory.Service
	now       func() roster.Time
	appeared  atomic.Int64 // how many users were made
}

// Appear implements [fault.World]. The users' addresses are appeared-1@example.com and so on.
func (w *world) Appear(ctx context.Context, users int) error {
	var cmds []roster.Command
	for range users {
		n := w.appeared.Add(1)
		cmds = append(cmds, roster.Create{Record: &roster.User{
			Name:      fmt.Sprintf("Newcomer %d", n),
			FirstName: "Newcomer", LastName: fmt.Sprint(n), Email: fmt.Sprintf("appeared-%d@example.com", n),
		}})
	}
	return w.do(ctx, cmds...)
}

// Disappear implements [fault.World].
func (w *world) Disappear(ctx context.Context, users int) error {
	view, err := w.directory.View(ctx, demo.Organization().ID)
	if err != nil {
		return err
	}
	page, err := view.Users(roster.Query{
		Where: roster.Not{Expr: roster.Cmp{Field: roster.FieldOwner, Value: roster.BoolValue(true)}}, Limit: users,
	})
	if err != nil {
		return err
	}
	var cmds []roster.Command
	for u := range page.Users {
		cmds = append(cmds, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: u.ID}})
	}
	return w.do(ctx, cmds...)
}

// EndToken implements [fault.World].
func (w *world) EndToken(ctx context.Context, c dialect.Credential, revoke bool) error {
	if c.Secret == "" {
		return nil
	}
	token, _, err := w.directory.Token(ctx, roster.HashSecret(c.Secret))
	if roster.CodeOf(err) == roster.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if revoke {
		return w.do(ctx, roster.Revoke{Token: token.ID})
	}
	patch, err := json.Marshal(map[string]roster.Time{"expires_at": w.now()})
	if err != nil {
		return fmt.Errorf("encode when the token expires: %w", err)
	}
	return w.do(ctx, roster.Update{Type: roster.TypeToken, Ref: roster.Ref{ID: token.ID}, Patch: patch})
}

// do carries out commands; none is nothing.
func (w *world) do(ctx context.Context, cmds ...roster.Command) error {
	if len(cmds) == 0 {
		return nil
	}
	_, err := w.directory.Do(ctx, demo.Organization().ID, roster.Operator(), cmds...)
	return err
}
