package store

import (
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// Erasing is a transaction about an organization in which a person is erased.
type Erasing interface {
	Traced

	// Ops returns the ops of the change to a version as they are kept, nil where there is none.
	Ops(v roster.Version) ([]byte, error)

	// Rewrite keeps the ops of a version, and the texts, salts and seals of its entries, anew.
	Rewrite(v roster.Version, ops []byte, entries []roster.Entry) error

	// ForgetAnswers forgets the answers with some keys, which need not be there.
	ForgetAnswers(keys []roster.Digest) error

	ErasingJobs
}

// ErasingJobs is the part of [Erasing] that is about jobs.
type ErasingJobs interface {
	// Jobs returns the jobs of the organization.
	Jobs() ([]roster.Job, error)

	// Piece returns a piece of what is kept of a job, nothing where it is not there.
	Piece(job roster.ID, kind roster.JobPieces, n int) ([]byte, error)

	// PutJob stores the next revision of a job.
	PutJob(job *roster.Job) error

	// PutPiece stores a piece in the place of the one that there is.
	PutPiece(job roster.ID, p JobPiece) error

	// DropInput forgets all pieces of the input of a job.
	DropInput(job roster.ID) error
}

// Erase makes the erasures of a change, which is written but for its answers.
func Erase(in Erasing, change *roster.Change) error {
	for _, e := range change.Erasures {
		if err := eraseUser(in, change, e); err != nil {
			return fmt.Errorf("erase user %s: %w", e.User, err)
		}
	}
	return nil
}

func eraseUser(in Erasing, change *roster.Change, e roster.Erasure) error {
	known := roster.Traces{}
	if e.Traces != nil {
		known = *e.Traces
	}
	x := eraser{tracer{in, audit.NewPerson(e.User, &known)}, in}
	names := x.person.Knows()
	versions, err := x.versions(known.Version, change.Version)
	if err == nil && x.person.Knows() > names { // by which nobody has looked for the person yet
		known = roster.Traces{}
		versions, err = x.versions(0, change.Version)
	}
	if err != nil {
		return err
	}
	for _, version := range slices.Concat(known.Versions, versions) {
		if err := x.version(version); err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
	}
	answers, _, err := in.Answers(known.At, x.person.Texts())
	if err != nil {
		return err
	}
	if err := in.ForgetAnswers(slices.Concat(known.Answers, answers)); err != nil {
		return fmt.Errorf("forget answers: %w", err)
	}
	return x.jobs(change.At)
}

// eraser erases a person.
type eraser struct {
	tracer

	in Erasing
}

// version erases the person from a change and its entries.
func (x *eraser) version(v roster.Version) error {
	doc, err := x.in.Ops(v)
	if doc == nil || err != nil {
		return err
	}
	ops, err := audit.DecodeOps(doc)
	if err != nil {
		return err
	}
	entries, err := x.entriesOf(v)
	if err != nil {
		return err
	}
	erased, err := x.person.Erase(entries, ops)
	if err != nil || !erased {
		return err
	}
	if doc, err = audit.EncodeOps(ops); err != nil {
		return err
	}
	return x.in.Rewrite(v, doc, entries)
}

// jobs erases the person from what is kept of jobs: what they are, what they have refused, and their input, as a whole
// where it tells of the person.
func (x *eraser) jobs(now roster.Time) error {
	jobs, err := x.in.Jobs()
	for i := 0; i < len(jobs) && err == nil; i++ {
		if err = x.job(&jobs[i], now); err != nil {
			err = fmt.Errorf("job %s: %w", jobs[i].ID, err)
		}
	}
	return err
}

func (x *eraser) job(job *roster.Job, now roster.Time) error {
	told, err := x.isInInput(job)
	if err == nil && told {
		err = x.in.DropInput(job.ID)
	}
	for n := 0; n < job.RejectChunks && err == nil; n++ {
		err = x.rejects(job.ID, n)
	}
	if err != nil || !x.person.EraseJob(job, told, now) {
		return err
	}
	return x.in.PutJob(job)
}

// isInInput reports whether what there is of a job's input tells of the person. How many pieces that is the job does
// not say while it is received. A line may begin at the end of one and end in the next.
func (x *eraser) isInInput(job *roster.Job) (told bool, err error) {
	const line = 4096
	var last []byte
	for n := 0; job.Import != nil && !told; n++ {
		data, err := x.in.Piece(job.ID, roster.JobInput, n)
		if err != nil || len(data) == 0 {
			return false, err
		}
		told, last = x.person.IsInInput(string(last)+string(data)), data[max(0, len(data)-line):]
	}
	return told, nil
}

// rejects erases the person from the n-th piece of what a job has refused.
func (x *eraser) rejects(job roster.ID, n int) error {
	data, err := x.in.Piece(job, roster.JobRejects, n)
	if err != nil {
		return err
	}
	left, erased, err := x.person.EraseRejects(data)
	if err != nil || !erased {
		return err
	}
	return x.in.PutPiece(job, JobPiece{roster.JobRejects, n, left})
}
