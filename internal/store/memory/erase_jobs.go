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
		read, err := j.read()
		if err != nil {
			return nil, err
		}
		next := &job{doc: j.doc, job: j.job, pieces: map[piece][]byte{}}
		ended, input := audit.HasEnded(&read), &strings.Builder{}
		for n := 0; read.Import != nil && n < read.Import.Chunks; n++ {
			input.Write(j.pieces[piece{roster.JobInput, n}])
		}
		told := ended && person.IsTold(input.String())
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
			if next.doc, err = json.Marshal(read); err != nil {
				return nil, fmt.Errorf("encode job %s: %w", id, err)
			}
		}
		left[id] = next
	}
	return left, nil
}
