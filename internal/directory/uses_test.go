package directory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

// TestTokenUses holds that a use changes nothing of an organization, and that a record's own time is the least.
func TestTokenUses(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			service := newService(open(t))
			org, other := newOrg(t, service, "one"), newOrg(t, service, "two")
			used := createToken(t, service, org, "used", "1")
			unused := createToken(t, service, org, "unused", "2")
			old := do(t, service, org, roster.Create{Record: &roster.Token{
				Name: "old", Kind: roster.TokenAccount, Hash: roster.HashSecret("3"), LastUsedAt: now - 5,
			}}).Ops[0].Key().ID
			before, err := service.View(t.Context(), org)
			if err != nil {
				t.Fatal(err)
			}
			err = service.TouchTokens(t.Context(), []roster.TokenUse{
				{Org: org, Token: used, At: now}, {Org: org, Token: old, At: now - 6}, {Org: other, Token: unused, At: now},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := service.TokenUses(t.Context(), org)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[roster.ID]roster.Time{used: now, old: now - 5}, got); diff != "" {
				t.Errorf("uses (-want +got):\n%s", diff)
			}
			if after, err := service.View(t.Context(), org); err != nil || after != before {
				t.Errorf("a use replaces the view (%v)", err)
			}
			report, err := service.Check(t.Context(), org)
			if err != nil || len(report.Problems) > 0 {
				t.Errorf("check: %v, %v", report.Problems, err)
			}
			_, err = service.TokenUses(t.Context(), id(77))
			wantCode(t, "uses in no organization", err, roster.NotFound)
		})
	}
}
