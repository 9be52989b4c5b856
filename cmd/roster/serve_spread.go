package main

import (
	"context"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/spread"
)

// spreadFlag is the URL at which other servers reach this one, nil unless organizations are spread over all of them.
type spreadFlag struct{ at *url.URL }

var _ pflag.Value = (*spreadFlag)(nil)

// String implements [pflag.Value].
func (f *spreadFlag) String() string {
	if f.at == nil {
		return ""
	}
	return f.at.String()
}

// Set implements [pflag.Value].
func (f *spreadFlag) Set(text string) (err error) {
	f.at, err = spread.ParseURL(text)
	return err
}

// Type implements [pflag.Value].
func (f *spreadFlag) Type() string { return "URL" }

// How often a server looks who else is there, and how often it lets go of organizations that it need not have. What
// another server has is kept for as long as requests for it come here, and no shorter than that.
const (
	lookEvery = time.Second
	shedEvery = 30 * time.Second
	lookTime  = 5 * time.Second
)

// spreadOut has organizations spread over all servers that a directory's store has, where that is wanted. It fails with
// [roster.Invalid] where others can't have the store.
func (s *service) spreadOut(ctx context.Context, d *directory.Service) error {
	if s.spread.at == nil {
		return nil
	}
	if !d.IsShared() {
		return roster.FieldErrorf("--spread", "needs a store that several servers can have, which is a PostgreSQL "+
			"database; of any other there is one server, which has all organizations")
	}
	s.members = spread.New(s.spread.at, func(ctx context.Context) ([]spread.Member, error) {
		nodes, err := d.Nodes(ctx)
		members := make([]spread.Member, len(nodes))
		for i, n := range nodes {
			members[i] = spread.Member{URL: n.URL, Quiet: n.Quiet}
		}
		return members, err
	})
	_, err := s.members.Refresh(ctx)
	return err
}

// owns reports whether an organization is to be in the memory of this server.
func (s *service) owns(org roster.ID) bool { return s.members == nil || s.members.Owns(org) }

// spreading returns what passes requests on to the servers that are to have their organizations, nil where all servers
// have all.
func (s *service) spreading(ctx context.Context, d *directory.Service) (*server.Spread, error) {
	if s.members == nil {
		return nil, nil //nolint:nilnil // which is what the server takes it for
	}
	secret, err := s.sharedSecret(ctx, d, "hops")
	if err != nil {
		return nil, err
	}
	return &server.Spread{
		Owner: func(org roster.ID) server.Peer {
			if n := s.members.Owner(org); n != nil {
				return n
			}
			return nil
		},
		Orgs: d, Secret: secret,
		Share: func() (processes, owned, strangers int) {
			owned, strangers = d.Share(s.members.Owns)
			return s.members.Count(), owned, strangers
		},
	}, nil
}

// keepSpread looks who else is there, and lets go of organizations of others, until ctx ends.
func (s *service) keepSpread(ctx context.Context, d *directory.Service) {
	if s.members == nil {
		return
	}
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	failing := false
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		changed, err := s.look(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.WarnContext(ctx, "which servers there are is not known", "error", err)
		}
		failing = err != nil
		if changed {
			s.log.InfoContext(ctx, "organizations are spread anew", "servers", s.members.Count())
		}
		if n%int(shedEvery/lookEvery) == 0 {
			if shed := d.Shed(s.members.Owns); shed > 0 {
				s.log.InfoContext(ctx, "organizations of other servers were forgotten", "organizations", shed)
			}
		}
	}
}

func (s *service) look(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return s.members.Refresh(ctx)
}
