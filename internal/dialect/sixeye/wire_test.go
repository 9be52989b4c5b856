package sixeye

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestFormNamesWhatItShows(t *testing.T) {
	t.Parallel()
	all := encoder(attributeNames())
	dialecttest.ShowsNoMore(t, all.form(), all.user)
}

func TestWhatIsWrittenIsTheWireStruct(t *testing.T) {
	t.Parallel()
	all := encoder(attributeNames())
	for u := range demo.New(1, 300).Users() {
		got := dialecttest.Read[User](t, all.user(nil, u)).Attributes
		if got.Email != u.Email || (got.PhoneNumber != nil) != (u.Phone != "") || got.TenantAdmin != u.TenantAdmin ||
			got.TwoFactorEnabled != u.TwoFactor || got.Suspended != (u.Status == roster.Suspended) ||
			(got.LastLoginTime != nil) != (u.LastLoginAt != 0) || (got.LastActionTime != nil) != (u.LastActionAt != 0) {
			t.Errorf("user %d is shown as %+v", u.Number, got)
		}
	}
}
