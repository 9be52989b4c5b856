package main

import (
	"strings"
	"testing"
)

// Who has lost a tag, as in --if-match "$ETAG", wants no write without a condition.
func TestAnEmptyTagIsRefused(t *testing.T) {
	t.Parallel()
	got := execute(t, "user", "update", "number:1", "--org", "acme", "--name", "Ada", "--if-match", "")
	if got.code != 2 || !strings.Contains(got.stderr, "must be an entity tag, as --etag shows it") {
		t.Errorf("got %d, %s, want 2 and what is wanted", got.code, got.stderr)
	}
}
