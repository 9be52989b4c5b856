package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/roster-dev/roster"
)

// everything is the name that --preload takes for all organizations.
const everything = "all"

// preloadAll loads the organizations that are to be there when the first request comes, and in this server.
func (s *service) preloadAll(ctx context.Context, l *local) error {
	orgs, err := l.Orgs(ctx)
	if err != nil {
		return doing("list the organizations", err)
	}
	wanted := s.preload
	if slices.Contains(wanted, everything) {
		wanted = nil
		for _, o := range orgs {
			wanted = append(wanted, o.Slug)
		}
	}
	for _, slug := range wanted {
		i := slices.IndexFunc(orgs, func(o *roster.Organization) bool { return o.Slug == slug })
		if i < 0 {
			return roster.FieldErrorf("--preload",
				"there is no organization %q: `roster org list` shows what there is", slug)
		}
		if !s.owns(orgs[i].ID) {
			continue
		}
		if err := s.preloadOne(ctx, l, orgs[i]); err != nil {
			return doing("load the organization "+slug, err)
		}
	}
	return nil
}

func (s *service) preloadOne(ctx context.Context, l *local, o *roster.Organization) error {
	began := s.now()
	hide := s.loading.begin(s.err, o)
	view, err := l.View(ctx, o.ID)
	hide()
	if err != nil {
		return err
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "loaded", slog.String("organization", o.Slug),
		slog.Int64("version", int64(view.Version())), slog.Duration("took", s.now().Sub(began).Round(time.Millisecond)))
	return nil
}

// loadingBar shows on a terminal how much of an organization is loaded. It is safe for concurrent use.
type loadingBar struct {
	mu  sync.Mutex
	org roster.ID                // guarded by mu
	bar *progressbar.ProgressBar // nil while nothing is shown; guarded by mu
}

// begin shows the loading of an organization, where w is a terminal, until it is hidden. How many records there are is
// taken from the numbers in use, which are more where some were deleted.
func (b *loadingBar) begin(w io.Writer, o *roster.Organization) (hide func()) {
	terminal, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return func() {}
	}
	records := int64(0)
	for _, t := range roster.Types() {
		records += o.Next.Next(t) - 1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.org = o.ID
	b.bar = progressbar.NewOptions64(records, progressbar.OptionSetWriter(terminal), progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription("loading "+o.Slug))
	return b.hide
}

func (b *loadingBar) hide() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Clear()
	b.bar = nil
}

// show is told how many records of an organization have been loaded.
func (b *loadingBar) show(org roster.ID, records int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil && b.org == org {
		_ = b.bar.Set64(min(int64(records), b.bar.GetMax64()))
	}
}
