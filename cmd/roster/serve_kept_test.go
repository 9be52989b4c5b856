package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

// keeper is what a server does on its own with what it keeps, as its flags say, in a bubble of fake time.
type keeper struct {
	*directory.Service
	org roster.ID
	log *bytes.Buffer
}

// keeping begins that, until the end of the test.
func keeping(t *testing.T, args ...string) *keeper {
	t.Helper()
	var f serveFlags
	cmd := &cobra.Command{}
	f.add(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	k := &keeper{log: &bytes.Buffer{}}
	a := &app{streams: streams{strings.NewReader(""), k.log, k.log}, now: time.Now, random: rand.Reader}
	s, err := a.newService(&f)
	if err != nil {
		t.Fatal(err)
	}
	o := directory.Options{Now: s.time, NewID: s.newID}
	s.keep(&o)
	k.Service = directory.New(memory.New(), o)
	org, err := k.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	k.org = org.ID
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	for _, work := range []func(context.Context, *directory.Service){s.purge, s.retain} {
		go func() {
			work(ctx, k.Service)
			ended <- struct{}{}
		}()
	}
	t.Cleanup(func() {
		stop()
		<-ended
		<-ended
		k.Close()
		if strings.Contains(k.log.String(), "level=ERROR") {
			t.Errorf("the log has errors:\n%s", k.log)
		}
	})
	return k
}

func (k *keeper) do(t *testing.T, cmd roster.Command) roster.Change {
	t.Helper()
	change, err := k.Do(t.Context(), k.org, roster.Operator(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// pass lets time pass, with all that happens meanwhile.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// A deleted user can be restored for as long as --deleted-kept says, and is gone for good within a minute afterwards.
func TestDeletedKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := keeping(t, "--deleted-kept", "1h")
		undelete := roster.Undelete{Type: roster.TypeUser, Ref: roster.Ref{Number: 1}}
		k.do(t, roster.Create{Record: &roster.User{Name: "Ada", Email: "ada@example.com"}})
		k.do(t, roster.Delete{Type: roster.TypeUser, Ref: undelete.Ref})
		pass(time.Hour - time.Millisecond)
		k.do(t, undelete)
		k.do(t, roster.Delete{Type: roster.TypeUser, Ref: undelete.Ref})
		pass(time.Hour + time.Minute)
		if _, err := k.Do(t.Context(), k.org, roster.Operator(), undelete); roster.CodeOf(err) != roster.NotFound {
			t.Errorf("restored after an hour and a minute: %v, want %s", err, roster.NotFound)
		}
		view, err := k.View(t.Context(), k.org)
		if err != nil {
			t.Fatal(err)
		}
		if left := view.Deleted(roster.TypeDeletedUser); len(left) > 0 {
			t.Errorf("%d deleted users are kept after an hour and a minute", len(left))
		}
	})
}

// What was can be asked for as long as --history-retention says, and no longer than ten minutes more.
func TestHistoryRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := keeping(t, "--history-retention", "24h")
		oldest := func(want roster.Version) {
			t.Helper()
			info, err := k.Kept(t.Context(), k.org)
			if err != nil || info.Oldest != want {
				t.Errorf("after %s the oldest version is %d, %v, want %d", time.Now(), info.Oldest, err, want)
			}
		}
		for range 3 {
			pass(10 * time.Hour)
			k.do(t, roster.Create{Record: &roster.User{Name: "x", Kind: roster.Virtual}})
		}
		// By now the versions 2, 3 and 4 are twenty, ten and no hours old, and 1 was the present one for long enough.
		oldest(1)
		pass(4*time.Hour - time.Minute)
		oldest(1)
		pass(11 * time.Minute)
		oldest(2)
		_, err := k.At(t.Context(), k.org, 1)
		if roster.CodeOf(err) != roster.Gone {
			t.Errorf("version 1 after more than a day: %v, want %s", err, roster.Gone)
		}
		if _, err := k.At(t.Context(), k.org, 2); err != nil {
			t.Errorf("version 2: %v", err)
		}
		pass(240 * time.Hour)
		oldest(4)
	})
}

// Without the flag all is kept.
func TestHistoryIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := keeping(t)
		k.do(t, roster.Create{Record: &roster.User{Name: "x", Kind: roster.Virtual}})
		pass(1000 * time.Hour)
		if info, err := k.Kept(t.Context(), k.org); err != nil || info.Oldest != 1 {
			t.Errorf("the oldest version is %d, %v, want 1", info.Oldest, err)
		}
	})
}
