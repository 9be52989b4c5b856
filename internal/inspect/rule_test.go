package inspect_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/roster-dev/roster/internal/inspect"
)

// The guide has every rule, as it is.
func TestTheGuideHasTheRules(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("| Rule | | What is found | What to do instead |\n|---|---|---|---|\n")
	seen := map[string]bool{}
	for _, r := range inspect.Rules() {
		if seen[r.ID] {
			t.Errorf("there are two rules %s", r.ID)
		}
		seen[r.ID] = true
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, r.Severity, r.What, r.Fix)
	}
	page, err := os.ReadFile("../../docs/guides/inspect.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n"+b.String()+"\n") {
		t.Errorf("docs/guides/inspect.md lacks this table:\n%s", b.String())
	}
}
