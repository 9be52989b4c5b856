package job_test

import (
	"testing"

	"github.com/roster-dev/roster"
)

// An undo brings nobody back who was erased since, and says whom it has left out.
func TestUndoLeavesOutWhoWasErased(t *testing.T) {
	for _, action := range []roster.BulkAction{roster.BulkSuspend, roster.BulkDelete} {
		w := newWorld(t, 12)
		before := w.users(t)
		var gone roster.User
		for _, u := range before {
			if u.Status == roster.Active && !u.Owner {
				gone = u
			}
		}
		spec := roster.BulkUpdate{Filter: "status = active AND owner = false", Action: action}
		made, err := w.jobs.Update(t.Context(), w.org, roster.Operator(), spec, nil)
		j := w.ended(t, made, err)
		changed := j.Counts.Updated + j.Counts.Deleted
		w.do(t, roster.Erase{Ref: roster.Ref{ID: gone.ID}})
		undo, err := w.jobs.Undo(t.Context(), w.org, j.ID, roster.JobTurn{By: roster.Operator()})
		undo = w.ended(t, undo, err)
		c := undo.Counts
		if undo.State != roster.JobSucceeded || changed < 2 || c.Total != changed || c.Refused != 1 {
			t.Errorf("%s of %d: the undo has %s with %+v, want one who is refused", action, changed, undo.State, c)
		}
		var refused []roster.Reject
		err = w.jobs.Rejects(t.Context(), w.org, undo.ID, func(r roster.Reject) error {
			refused = append(refused, r)
			return nil
		})
		if err != nil || len(refused) != 1 || refused[0].ID != gone.ID || refused[0].Code != roster.NotFound {
			t.Errorf("%s: %v, refused %+v, want user %s", action, err, refused, gone.ID)
		}
		after := w.users(t)
		if _, back := after[gone.Number]; back || len(after) != len(before)-1 {
			t.Errorf("%s: %d users are left of %d, and who was erased is among them: %v", action, len(after), len(before), back)
		}
		for number, u := range after {
			if u.Status != before[number].Status || u.Email != before[number].Email {
				t.Errorf("%s: user %d is %+v, and was %+v", action, number, u, before[number])
			}
		}
	}
}
