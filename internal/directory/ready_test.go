package directory_test

import (
	"crypto/rand"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

func TestReady(t *testing.T) {
	t.Parallel()
	s := memory.New()
	d := directory.New(s, directory.Options{Now: func() roster.Time { return 1 }, NewID: func() (roster.ID, error) {
		return roster.NewID(1, rand.Reader)
	}})
	if err := d.Ready(t.Context()); err != nil {
		t.Errorf("an empty store: %v", err)
	}
	if _, err := d.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "a", Name: "A"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Ready(t.Context()); err != nil {
		t.Errorf("a store with an organization: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Ready(t.Context()); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("a closed store: got %v, want %s", err, roster.Unavailable)
	}
}
