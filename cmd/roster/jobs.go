package main

import (
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
)

// jobs returns what makes and carries out the jobs of a directory.
func (s *service) jobs(d *directory.Service) *job.Service {
	return job.New(job.Config{Store: d.Jobs(), Directory: d, Now: s.time, NewID: s.newID, Log: s.log})
}
