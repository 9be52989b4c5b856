package roster_test

import (
	"testing"

	"github.com/roster-dev/roster"
)

func TestBulkIsBounded(t *testing.T) {
	t.Parallel()
	nobody := func(func(*roster.User) bool) {}
	b := roster.BulkUpdate{Action: roster.BulkSuspend}
	for total, want := range map[int]roster.Code{0: "", roster.MaxBulk: "", roster.MaxBulk + 1: roster.TooLarge} {
		if _, err := b.Commands(total, nobody); roster.CodeOf(err) != want {
			t.Errorf("%d users: got %v, want %q", total, err, want)
		}
	}
}
