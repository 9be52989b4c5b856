package main

import (
	"context"
	"log/slog"

	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
)

// jobsOf returns what makes and carries out the jobs of a directory.
func (a *app) jobsOf(d *directory.Service, log *slog.Logger) *job.Service {
	return job.New(job.Config{Store: d.Jobs(), Directory: d, Now: a.time, NewID: a.newID, Log: log, Poll: pollOf(d)})
}

// jobService returns the jobs of the store, which nobody carries out before RunJobs.
func (l *local) jobService() *job.Service {
	log := slog.New(slog.NewTextHandler(l.err, &slog.HandlerOptions{Level: slog.LevelError}))
	return l.jobsOf(l.Service, log)
}

// RunJobs implements account.
func (l *localAccount) RunJobs(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Service.Alone(ctx, func(ctx context.Context) error { // or who is alone carries them out
			l.jobService().Run(ctx)
			return nil
		})
	}()
	l.whenClosed(func() error {
		stop()
		<-done
		return nil
	})
}
