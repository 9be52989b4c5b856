package ingest

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/roster-dev/roster"
)

// Effect is what importing a record did.
type Effect uint8

// The effects.
const (
	Unchanged Effect = iota // the record exists and says the same already
	Created                 // there was no such record
	Updated                 // the record that exists was brought up to date
	Skipped                 // the record exists and was left alone
)

// EffectOf returns the effect of an import that did ops, none where nothing was to be done.
func EffectOf(c roster.Import, ops []roster.Op) Effect {
	effect := Unchanged
	if c.OnConflict == roster.OnConflictSkip {
		effect = Skipped
	}
	for _, op := range ops {
		if op.Key().Type != c.Record.Key().Type {
			continue // the organization counts the numbers in use
		}
		if op.Before == nil {
			return Created
		}
		effect = Updated
	}
	return effect
}

// Result is what became of one command.
type Result struct {
	Effect Effect
	// Err is why the command was refused, an error with a code; Effect means nothing then.
	Err error
}

// Apply carries out commands as one change, without those that are refused, and returns the result of each, in order. A
// command may refer to what those before it made, in earlier calls too. An error means that none was carried out.
type Apply func(ctx context.Context, commands []roster.Import) ([]Result, error)

// Importer imports records in batches. One of Apply and Prepare must be set.
type Importer struct {
	Apply Apply
	// Prepare, if it is set, is told of the commands of each batch in the place of Apply, in order, while the batch
	// before may be being carried out. What it returns carries them out as Apply would; it is not called where a batch
	// before has failed.
	Prepare func(ctx context.Context, commands []roster.Import) func(context.Context) ([]Result, error)
	// BatchRecords is how many records make a batch at the most; 0 means 1,000. Above that, batches grow from 1,000 as
	// the import goes on.
	BatchRecords int
	// Rejected, if not nil, is told about every record that is not imported and why, in the order of the input.
	Rejected func(line int, err error)
}

// Summary counts what an import did.
type Summary struct {
	// Line is the line that the last finished record begins on; 0 where there is none.
	Line int `json:"line"`
	// Records is the number of finished records: the sum of the numbers below.
	Records   int `json:"records"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Skipped   int `json:"skipped"`
	Rejected  int `json:"rejected"`
}

// batchBytes bounds what a batch holds of the input, where records are large.
const batchBytes = 16 << 20

// Run imports records until there are no more. Each batch is atomic: it counts in the summary, or nothing of it was
// carried out. When ctx ends, the batch under way is still finished, and the error is that of ctx. An import that has
// stopped can be run again from the beginning, or from behind Summary.Line.
//
// While a batch is carried out, the next one is read and prepared, on a goroutine that Run waits for.
func (im *Importer) Run(ctx context.Context, records iter.Seq2[Record, error]) (Summary, error) {
	run := &running{Importer: im}
	batches, stop := make(chan batch), make(chan struct{})
	var reading sync.WaitGroup
	defer reading.Wait()
	defer close(stop)
	reading.Go(func() {
		defer close(batches)
		im.read(records, func(b batch) bool {
			b.carryOut = im.prepare(context.WithoutCancel(ctx), b.commands())
			select {
			case batches <- b:
				return true
			case <-stop:
				return false
			}
		})
	})
	for b := range batches {
		if err := run.flush(ctx, b); err != nil {
			return run.summary, err
		}
		if b.err != nil {
			return run.summary, b.err
		}
	}
	return run.summary, ctx.Err()
}

// batch is a run of records and what carries them out; err is why there are no more.
type batch struct {
	records  []Record
	carryOut func(context.Context) ([]Result, error)
	err      error
}

// commands returns those of the records that can be imported.
func (b *batch) commands() []roster.Import {
	commands := make([]roster.Import, 0, len(b.records))
	for _, record := range b.records {
		if record.Err == nil {
			commands = append(commands, record.Import)
		}
	}
	return commands
}

// prepare returns what carries out commands.
func (im *Importer) prepare(ctx context.Context, commands []roster.Import) func(context.Context) ([]Result, error) {
	if len(commands) == 0 {
		return func(context.Context) ([]Result, error) { return nil, nil }
	}
	carryOut := func(ctx context.Context) ([]Result, error) { return im.Apply(ctx, commands) }
	if im.Prepare != nil {
		carryOut = im.Prepare(ctx, commands)
	}
	return func(ctx context.Context) ([]Result, error) {
		results, err := carryOut(ctx)
		if err == nil && len(results) != len(commands) {
			err = fmt.Errorf("got %d results for %d commands", len(results), len(commands))
		}
		return results, err
	}
}

// read calls emit with batches of records, the last of which may be empty, until it returns false.
func (im *Importer) read(records iter.Seq2[Record, error], emit func(batch) bool) {
	const usual = 1000
	most, finished, bytes := im.BatchRecords, 0, 0
	if most <= 0 {
		most = usual
	}
	var b batch
	for record, err := range records {
		if err != nil {
			b.err = err
			break
		}
		b.records = append(b.records, record)
		bytes += record.Size
		if len(b.records) < min(most, max(usual, finished)) && bytes < batchBytes {
			continue
		}
		if !emit(b) {
			return
		}
		finished += len(b.records)
		b, bytes = batch{records: make([]Record, 0, len(b.records))}, 0
	}
	emit(b)
}

// running is an import under way.
type running struct {
	*Importer

	summary Summary
}

func (r *running) flush(ctx context.Context, b batch) error {
	if err := ctx.Err(); err != nil || len(b.records) == 0 {
		return err
	}
	results, err := b.carryOut(context.WithoutCancel(ctx))
	if err != nil {
		first, last := b.records[0].Line, b.records[len(b.records)-1].Line
		return fmt.Errorf("import lines %d to %d: %w", first, last, err)
	}
	for _, record := range b.records {
		result := Result{Err: record.Err}
		if record.Err == nil {
			result, results = results[0], results[1:]
		}
		r.count(record.Line, result)
	}
	return nil
}

func (r *running) count(line int, result Result) {
	s := &r.summary
	s.Line = line
	s.Records++
	if result.Err != nil {
		s.Rejected++
		if r.Rejected != nil {
			r.Rejected(line, result.Err)
		}
		return
	}
	switch result.Effect {
	case Created:
		s.Created++
	case Updated:
		s.Updated++
	case Skipped:
		s.Skipped++
	default:
		s.Unchanged++
	}
}
