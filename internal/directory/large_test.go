package directory_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/memory"
)

// TestAStepIsNoLargerThanAVersion holds that records which are too large together are refused before anything is written.
func TestAStepIsNoLargerThanAVersion(t *testing.T) {
	t.Parallel()
	ctx, service := t.Context(), newService(memory.New())
	org, err := service.CreateOrg(ctx, roster.Operator(), roster.Organization{Slug: "one", Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	large := roster.Object(`{"a":"` + strings.Repeat("x", roster.MaxObject-8) + `"}`)
	var cmds []roster.Command
	for range 9000 { // of which each has four objects
		cmds = append(cmds, roster.Create{Record: &roster.User{
			Name: "Ada", Kind: roster.Virtual, EmailSettings: large, NotificationSettings: large, WorkTime: large,
			PersonalSettings: large,
		}})
	}
	step := func(roster.Version, []roster.Outcome) ([]roster.JobStep, error) {
		t.Error("the step is made")
		return nil, nil
	}
	err = service.DoStep(ctx, org.ID, roster.Operator(), cmds, step)
	if roster.CodeOf(err) != roster.TooLarge {
		t.Errorf("got %v, want %s", err, roster.TooLarge)
	}
	_, decided, _ := strings.Cut(fmt.Sprint(err), " MiB with ")
	decided, _, _ = strings.Cut(decided, " of ")
	if n, err := strconv.Atoi(decided); err != nil || n < 100 || n >= len(cmds) {
		t.Errorf("it was refused after %q commands, %v, want fewer than all %d", decided, err, len(cmds))
	}
	view, err := service.View(ctx, org.ID)
	if err != nil || view.Version() != org.Version {
		t.Errorf("the organization is at version %d, %v, want %d", view.Version(), err, org.Version)
	}
}
