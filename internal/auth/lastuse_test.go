package auth_test

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

func numbered(n int) *roster.Token {
	var id roster.ID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return &roster.Token{ID: id}
}

// drain returns what Drain hands out.
func drain(t *testing.T, l *auth.LastUse, resolution time.Duration) []roster.TokenUse {
	t.Helper()
	var got []roster.TokenUse
	if err := l.Drain(resolution, func(uses []roster.TokenUse) error { got = uses; return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestLastUseDrainsWhatLagsBehind(t *testing.T) {
	const hour = roster.Time(3_600_000)
	l := auth.NewLastUse(1000)
	one, two, three := numbered(1), numbered(2), numbered(3)
	one.LastUsedAt = noon - hour
	two.LastUsedAt = noon - hour + 1
	other := roster.ID{2}
	l.Touch(other, one, noon)
	l.Touch(orgID, two, noon)
	l.Touch(orgID, three, noon)

	want := []roster.TokenUse{{Org: orgID, Token: three.ID, At: noon}, {Org: other, Token: one.ID, At: noon}}
	if diff := cmp.Diff(want, drain(t, l, time.Hour)); diff != "" {
		t.Errorf("first drain (-want +got):\n%s", diff)
	}
	if got := drain(t, l, time.Hour); got != nil {
		t.Errorf("second drain = %v, want none", got)
	}
	l.Touch(orgID, three, noon+1)
	want = []roster.TokenUse{{Org: orgID, Token: two.ID, At: noon}, {Org: orgID, Token: three.ID, At: noon + 1}}
	if diff := cmp.Diff(want, drain(t, l, 0)); diff != "" {
		t.Errorf("last drain (-want +got):\n%s", diff)
	}
}

func TestLastUseAt(t *testing.T) {
	l := auth.NewLastUse(1000)
	token := numbered(1)
	token.LastUsedAt = noon - 5
	if got := l.At(orgID, token); got != noon-5 {
		t.Errorf("before any use At = %v, want the stored %v", got, noon-5)
	}
	l.Touch(orgID, token, noon)
	l.Touch(orgID, token, noon-1)
	if got := l.At(orgID, token); got != noon {
		t.Errorf("At = %v, want the latest use %v", got, noon)
	}
	token.LastUsedAt = noon + 9 // by another node
	if got := l.At(orgID, token); got != noon+9 {
		t.Errorf("At = %v, want the later stored %v", got, noon+9)
	}
}

// TestLastUseKeepsOrganizationsApart checks that a token with the same id elsewhere is another token.
func TestLastUseKeepsOrganizationsApart(t *testing.T) {
	l := auth.NewLastUse(1000)
	l.Touch(orgID, numbered(1), noon)
	if got := l.At(roster.ID{2}, numbered(1)); got != 0 {
		t.Errorf("in another organization At = %v, want none", got)
	}
}

// TestLastUseLearnsWhatIsStored checks that what another node stored is not handed out again.
func TestLastUseLearnsWhatIsStored(t *testing.T) {
	l := auth.NewLastUse(1000)
	l.Touch(orgID, numbered(1), noon)
	newer := numbered(1)
	newer.LastUsedAt = noon
	l.Touch(orgID, newer, noon+1)
	if got := drain(t, l, time.Hour); got != nil {
		t.Errorf("drain = %v, want none", got)
	}
}

func TestLastUseKeepsWhatCouldNotBeWritten(t *testing.T) {
	l := auth.NewLastUse(1000)
	l.Touch(orgID, numbered(1), noon)
	full := errors.New("disk full")
	if err := l.Drain(time.Hour, func([]roster.TokenUse) error { return full }); !errors.Is(err, full) {
		t.Errorf("Drain = %v, want %v", err, full)
	}
	if got := drain(t, l, time.Hour); len(got) != 1 {
		t.Errorf("drain after a failure = %v, want the use again", got)
	}
}

// TestLastUseDuringAWrite checks that a use while write runs is not taken as stored.
func TestLastUseDuringAWrite(t *testing.T) {
	l := auth.NewLastUse(1000)
	l.Touch(orgID, numbered(1), noon)
	err := l.Drain(0, func([]roster.TokenUse) error {
		l.Touch(orgID, numbered(1), noon+7)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []roster.TokenUse{{Org: orgID, Token: numbered(1).ID, At: noon + 7}}
	if diff := cmp.Diff(want, drain(t, l, 0)); diff != "" {
		t.Errorf("drain (-want +got):\n%s", diff)
	}
}

func TestLastUseIsBounded(t *testing.T) {
	const capacity = 640
	l := auth.NewLastUse(capacity)
	for n := range 100 * capacity {
		l.Touch(orgID, numbered(n), noon+roster.Time(n))
	}
	got := drain(t, l, 0)
	if len(got) > capacity || len(got) < capacity/2 {
		t.Errorf("%d tokens are remembered, want about %d", len(got), capacity)
	}
}

func TestLastUseConcurrently(t *testing.T) {
	l := auth.NewLastUse(1000)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for n := range 500 {
				l.Touch(orgID, numbered(n%50), noon+roster.Time(n*4+worker))
				if n%100 == 0 {
					_ = l.Drain(0, func([]roster.TokenUse) error { return nil })
				}
			}
		})
	}
	wg.Wait()
	for n := range 50 {
		if got, want := l.At(orgID, numbered(n)), noon+roster.Time((450+n)*4+3); got != want {
			t.Errorf("token %d: At = %v, want %v", n, got, want)
		}
	}
}

func TestTouchDoesNotAllocate(t *testing.T) {
	l := auth.NewLastUse(1000)
	token := numbered(1)
	now := noon
	l.Touch(orgID, token, now)
	if got := testing.AllocsPerRun(100, func() { now++; l.Touch(orgID, token, now) }); got != 0 {
		t.Errorf("Touch allocates %v times", got)
	}
}

func BenchmarkTouch(b *testing.B) {
	l := auth.NewLastUse(1000)
	token := numbered(1)
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now++
		l.Touch(orgID, token, now)
	}
}
