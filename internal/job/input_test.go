package job_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

// An input may take any time to arrive; one that does not arrive any more goes.
func TestAnInputThatTakesLong(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 0)
	meanwhile := readerFunc(func([]byte) (int, error) {
		w.now.Add(2 * int64(time.Hour/time.Millisecond))
		return 0, errors.Join(w.jobs.RunAll(ctx), io.EOF)
	})
	input := io.MultiReader(strings.NewReader(lines(3)), meanwhile, strings.NewReader(lines(3)))
	made, err := w.jobs.Import(ctx, w.org, roster.Operator(), importOf(input), nil)
	if j := w.ended(t, made, err); j.State != roster.JobSucceeded {
		t.Errorf("the job is %s: %+v", j.State, j.Error)
	}
	gone := roster.Job{
		ID: roster.MustParseID("0190a000-0000-7000-8000-ffffffffffff"), Type: roster.JobImport,
		State: roster.JobReceiving, Revision: 1, CreatedAt: roster.Time(w.now.Load()), Import: &roster.ImportJob{},
	}
	if err := w.directory.Jobs().PutJob(ctx, w.org, roster.JobStep{Job: gone}); err != nil {
		t.Fatal(err)
	}
	w.now.Add(2 * int64(time.Hour/time.Millisecond))
	if err := w.jobs.RunAll(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.directory.Jobs().Job(ctx, w.org, gone.ID); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("a job whose input nobody sends any more: %v, want %s", err, roster.NotFound)
	}
}

type readerFunc func([]byte) (int, error)

func (fn readerFunc) Read(p []byte) (int, error) { return fn(p) }
