package memory

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// eraseJobs returns the jobs as they are without a person.
func eraseJobs(jobs map[roster.ID]*job, person *audit.Person, now roster.Time) (map[roster.ID]*job, error) {
	left := make(map[roster.ID]*job, len(jobs))
	for id, j := range jobs {
		next, err := j.without(person, now)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		left[id] = next
	}
	return left, nil
}

// without returns the job as it is without a person.
func (j *job) without(person *audit.Person, now roster.Time) (*job, error) {
	read, err := j.read()
	if err != nil {
		return nil, err
	}
	next := &job{doc: j.doc, job: j.job, pieces: map[piece][]byte{}}
	told := person.IsInInput(j.input())
	for p, data := range j.pieces {
		if p.kind == roster.JobRejects {
			if data, _, err = person.EraseRejects(data); err != nil {
				return nil, err
			}
		}
		if p.kind != roster.JobInput || !told {
			next.pieces[p] = data
		}
	}
	if person.EraseJob(&read, told, now) {
		next.job = read
		next.doc, err = json.Marshal(read)
	}
	return next, err
}

// input returns all that there is of the input.
func (j *job) input() string {
	var all strings.Builder
	for n := 0; ; n++ {
		data, ok := j.pieces[piece{roster.JobInput, n}]
		if !ok {
			return all.String()
		}
		all.Write(data)
	}
}
