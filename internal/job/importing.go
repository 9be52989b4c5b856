package job

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

// The most that a batch of an import has.
const (
	batchRecords = 1000
	batchBytes   = 8 << 20
)

// importing imports what is left of an input, in batches. Each is committed together with how far the job has come.
func (w *work) importing(ctx context.Context) error {
	in := ingest.Input{OnConflict: w.job.Import.OnConflict, After: w.job.Import.Line, KeepText: true}
	records := in.JSONL
	if w.job.Import.Format == roster.CSV {
		records = in.CSV
	}
	input := &pieces{next: func(n int) ([]byte, error) {
		if n >= w.job.Import.Chunks {
			return nil, io.EOF
		}
		data, err := w.Store.JobPiece(ctx, w.org, w.job.ID, roster.JobInput, n)
		if roster.CodeOf(err) == roster.NotFound {
			err = roster.Errorf(roster.Gone, "the input is not kept any more: somebody was erased who was in it")
		}
		return data, err
	}}
	next, stop := iter.Pull2(records(input))
	defer stop()
	for more := true; more; {
		var err error
		if more, err = w.batch(ctx, next); err != nil {
			return err
		}
	}
	return w.dropPieces(ctx, w.org, w.job.ID, roster.JobInput) // it is done, and nobody asks for it again
}

// pieces reads pieces one after the other.
type pieces struct {
	next func(n int) ([]byte, error)
	n    int
	in   bytes.Reader
}

// Read implements [io.Reader].
func (p *pieces) Read(b []byte) (int, error) {
	for p.in.Len() == 0 {
		data, err := p.next(p.n)
		if err != nil {
			return 0, err
		}
		p.in.Reset(data)
		p.n++
	}
	return p.in.Read(b)
}

// batch imports a batch, and ends the job after the last one.
func (w *work) batch(ctx context.Context, next func() (ingest.Record, error, bool)) (more bool, err error) {
	done, err := w.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	by, err := w.principal(ctx)
	if err != nil {
		return false, err
	}
	records, err := take(next)
	if err != nil {
		return false, err
	}
	if len(records) == 0 {
		last := w.job
		last.State, last.EndedAt, last.Counts.Total = roster.JobSucceeded, w.Now(), last.Counts.Done
		spec := *last.Import
		spec.DoneBytes = spec.Bytes
		last.Import = &spec
		return false, w.put(ctx, last)
	}
	return true, w.carryOut(ctx, by, records)
}

// take returns the records of the next batch, none at the end.
func take(next func() (ingest.Record, error, bool)) ([]ingest.Record, error) {
	var records []ingest.Record
	for size := 0; len(records) < batchRecords && size < batchBytes; {
		record, err, ok := next()
		if !ok {
			break
		}
		if err != nil {
			return nil, err
		}
		records = append(records, record)
		size += record.Size
	}
	return records, nil
}

// carryOut imports records.
func (w *work) carryOut(ctx context.Context, by roster.Principal, records []ingest.Record) error {
	cmds := make([]roster.Command, 0, len(records))
	for _, record := range records {
		if record.Err == nil {
			cmds = append(cmds, record.Import)
		}
	}
	var made roster.Job
	step := func(version roster.Version, outcomes []roster.Outcome) ([]roster.JobStep, error) {
		steps, err := imported(w.job, records, outcomes, version)
		if err == nil {
			made = steps[0].Job
		}
		return steps, err
	}
	var err error
	if len(cmds) > 0 && !w.job.Import.DryRun {
		err = w.Directory.DoStep(ctx, w.org, by, cmds, step)
	} else {
		err = w.stepOver(ctx, by, cmds, step)
	}
	if err != nil {
		return err
	}
	w.job = made
	return nil
}

// stepOver goes on without changing anything.
func (w *work) stepOver(
	ctx context.Context, by roster.Principal, cmds []roster.Command,
	step func(roster.Version, []roster.Outcome) ([]roster.JobStep, error),
) error {
	var outcomes []roster.Outcome
	var err error
	if len(cmds) > 0 {
		if outcomes, err = w.Directory.DryRun(ctx, w.org, by, cmds); err != nil {
			return err
		}
	}
	next, err := step(w.job.Version, outcomes)
	if err != nil {
		return err
	}
	return w.Store.PutJob(ctx, w.org, next[0])
}

// imported returns a job after a batch of records, given what became of those that could be carried out.
func imported(
	j roster.Job, records []ingest.Record, outcomes []roster.Outcome, version roster.Version,
) ([]roster.JobStep, error) {
	spec := *j.Import
	j.Import = &spec
	var refused rejects
	for _, record := range records {
		outcome := roster.Outcome{Err: record.Err}
		if record.Err == nil {
			if len(outcomes) == 0 {
				return nil, fmt.Errorf("there is no outcome of line %d", record.Line)
			}
			outcome, outcomes = outcomes[0], outcomes[1:]
		}
		spec.Line, spec.DoneBytes = record.Line, min(spec.DoneBytes+int64(record.Size)+1, spec.Bytes)
		j.Counts.Done++
		if outcome.Err != nil {
			j.Counts.Refused++
			reject := roster.NewReject(outcome.Err)
			reject.Line, reject.Text = record.Line, record.Text
			refused.add(reject)
			continue
		}
		if len(outcome.Ops) > 0 && !spec.DryRun {
			j.Version = version
		}
		count(&j.Counts, ingest.EffectOf(record.Import, outcome.Ops))
	}
	return refused.step(j)
}

func count(c *roster.JobCounts, e ingest.Effect) {
	switch e {
	case ingest.Created:
		c.Created++
	case ingest.Updated:
		c.Updated++
	case ingest.Skipped:
		c.Skipped++
	default:
		c.Unchanged++
	}
}
