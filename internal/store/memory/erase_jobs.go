package memory

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// eraseJobs returns the jobs as they are without a person.
func eraseJobs(jobs map[roster.ID]*job, person *audit.Person) (map[roster.ID]*job, error) {
	left := make(map[roster.ID]*job, len(jobs))
	for id, j := range jobs {
		next, err := j.without(person)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", id, err)
		}
		left[id] = next
	}
	return left, nil
}

// without returns the job as it is without a person.
func (j *job) without(person *audit.Person) (*job, error) {
	read, err := j.read()
	if err != nil {
		return nil, err
	}
	next := &job{doc: j.doc, job: j.job, pieces: map[piece][]byte{}}
	ended := audit.HasEnded(&read)
	told := ended && person.IsTold(j.input(&read))
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
	if ended && person.EraseJob(&read) {
		read.Revision++ // so that nobody stores what was read before
		next.job = read
		next.doc, err = json.Marshal(read)
	}
	return next, err
}

// input returns all that is kept of the input.
func (j *job) input(read *roster.Job) string {
	var all strings.Builder
	for n := 0; read.Import != nil && n < read.Import.Chunks; n++ {
		all.Write(j.pieces[piece{roster.JobInput, n}])
	}
	return all.String()
}
