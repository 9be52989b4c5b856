package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

const team = `{"type":"group","number":7,"name":"Buyers","permissions":4}
{"type":"space","number":3,"title":"Store"}
{"email":"ada@x.org","name":"Ada","groups":[7],"spaces":[{"number":3,"role":"writer"}]}
{"email":"bob@x.org","name":"Bob","groups":[8]}
{"email":"cy@x.org","name":
{"email":"dan@x.org","name":"Dan","phone":"1"}
`

func TestImporter(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name, in string
		on       roster.OnConflict
		want     ingest.Summary
		rejected []string
		changes  int // of the organization, in batches of 2
	}{
		{"first", team, roster.OnConflictFail, ingest.Summary{Line: 6, Records: 6, Created: 4, Rejected: 2}, []string{
			"4: groups[0]: there is no group 8", "5: is not valid JSON: unexpected end of JSON input at byte 27",
		}, 3},
		{"again, fail", team, roster.OnConflictFail, ingest.Summary{Line: 6, Records: 6, Rejected: 6}, []string{
			"1: exists already as group ", "2: exists already as space ", "3: exists already as user ",
			"4: groups[0]: there is no group 8", "5: is not valid JSON: unexpected end of JSON input at byte 27",
			"6: exists already as user ",
		}, 0},
		{"again, skip", team, roster.OnConflictSkip, ingest.Summary{Line: 6, Records: 6, Skipped: 4, Rejected: 2}, []string{
			"4: groups[0]: there is no group 8", "5: is not valid JSON: unexpected end of JSON input at byte 27",
		}, 0},
		{"again, update", team, roster.OnConflictUpdate, ingest.Summary{Line: 6, Records: 6, Unchanged: 4, Rejected: 2}, []string{
			"4: groups[0]: there is no group 8", "5: is not valid JSON: unexpected end of JSON input at byte 27",
		}, 0},
		{
			"news", "email,name,phone\ndan@x.org,Daniel,\neve@x.org,Eve,2\n", roster.OnConflictUpdate,
			ingest.Summary{Line: 3, Records: 2, Created: 1, Updated: 1},
			nil, 1,
		},
	}
	o := newOrg(t)
	for _, step := range steps {
		var rejected []string
		im := ingest.Importer{Apply: o.apply, BatchRecords: 2, Rejected: func(line int, err error) {
			reason, _, _ := strings.Cut(err.Error(), "fe00")
			rejected = append(rejected, fmt.Sprintf("%d: %s", line, reason))
		}}
		read := ingest.JSONL
		if !strings.HasPrefix(step.in, "{") {
			read = ingest.CSV
		}
		o.changes = 0
		got, err := im.Run(t.Context(), read(strings.NewReader(step.in), step.on))
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: summary (-want +got):\n%s", step.name, diff)
		}
		if diff := cmp.Diff(step.rejected, rejected); diff != "" {
			t.Errorf("%s: rejected (-want +got):\n%s", step.name, diff)
		}
		if o.changes != step.changes {
			t.Errorf("%s: made %d changes, want %d", step.name, o.changes, step.changes)
		}
	}
	for _, u := range all[*roster.User](o, roster.TypeUser) {
		if u.Email == "dan@x.org" && (u.Name != "Daniel" || u.Phone != "1") {
			t.Errorf("Dan is %q with phone %q, want Daniel with the phone that the row did not name", u.Name, u.Phone)
		}
	}
}

func TestImporterStopsAfterTheBatch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := newOrg(t)
	im := ingest.Importer{BatchRecords: 10, Apply: func(ctx context.Context, c []roster.Import) ([]ingest.Result, error) {
		if c[0].Record.Keys().Number == 11 {
			cancel()
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return o.apply(ctx, c)
	}}
	got, err := im.Run(ctx, ingest.JSONL(strings.NewReader(numbered(35)), ""))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if want := (ingest.Summary{Line: 20, Records: 20, Created: 20}); got != want {
		t.Errorf("summary is %+v, want %+v", got, want)
	}
}

func TestImporterFailedBatch(t *testing.T) {
	t.Parallel()
	o := newOrg(t)
	busy := roster.Errorf(roster.Unavailable, "try again")
	im := ingest.Importer{BatchRecords: 10, Apply: func(ctx context.Context, c []roster.Import) ([]ingest.Result, error) {
		if c[0].Record.Keys().Number == 11 {
			return nil, busy
		}
		return o.apply(ctx, c)
	}}
	got, err := im.Run(t.Context(), ingest.JSONL(strings.NewReader(numbered(35)), ""))
	if roster.CodeOf(err) != roster.Unavailable || !strings.HasPrefix(err.Error(), "import lines 11 to 20: ") {
		t.Errorf("error is %v, want Unavailable for lines 11 to 20", err)
	}
	if want := (ingest.Summary{Line: 10, Records: 10, Created: 10}); got != want {
		t.Errorf("summary is %+v, want %+v", got, want)
	}
}

// What was read before the input broke is imported.
func TestImporterBrokenInput(t *testing.T) {
	t.Parallel()
	o := newOrg(t)
	in := "number,name,email\n1,A,a@x.org\n2,\"" + strings.Repeat("b", ingest.MaxRecord+1<<16)
	im := ingest.Importer{Apply: o.apply}
	got, err := im.Run(t.Context(), ingest.CSV(strings.NewReader(in), ""))
	if roster.CodeOf(err) != roster.TooLarge {
		t.Errorf("error is %v, want TooLarge", err)
	}
	if want := (ingest.Summary{Line: 2, Records: 1, Created: 1}); got != want {
		t.Errorf("summary is %+v, want %+v", got, want)
	}
}

// Large records make smaller batches, so that memory is bounded.
func TestImporterBoundsABatch(t *testing.T) {
	t.Parallel()
	o := newOrg(t)
	var sizes []int
	im := ingest.Importer{Apply: func(ctx context.Context, c []roster.Import) ([]ingest.Result, error) {
		sizes = append(sizes, len(c))
		return o.apply(ctx, c)
	}}
	line := `{"kind":"virtual","name":"x"` + strings.Repeat(" ", 1<<19) + "}\n"
	if _, err := im.Run(t.Context(), ingest.JSONL(strings.NewReader(strings.Repeat(line, 40)), "")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{32, 8}, sizes); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// While a batch is carried out one more is read, and no more than that; nothing is read after Run has returned.
func TestImporterReadsAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		read, batches, busy := 0, 0, roster.Errorf(roster.Unavailable, "try again")
		im := ingest.Importer{BatchRecords: 10, Apply: func(_ context.Context, c []roster.Import) ([]ingest.Result, error) {
			synctest.Wait()
			if batches++; read != 10*(batches+1) {
				t.Errorf("%d records are read while batch %d is carried out, want %d", read, batches, 10*(batches+1))
			}
			if batches == 3 {
				return nil, busy
			}
			return make([]ingest.Result, len(c)), nil
		}}
		got, err := im.Run(t.Context(), func(yield func(ingest.Record, error) bool) {
			for read++; yield(ingest.Record{Line: read, Import: roster.Import{Record: &roster.User{}}}, nil); read++ {
			}
		})
		if !errors.Is(err, busy) || got.Line != 20 || read != 40 {
			t.Errorf("got %+v, %v after %d records, want 20 lines, %v after 40", got, err, read, busy)
		}
	})
}

func numbered(users int) string {
	var b strings.Builder
	for n := range users {
		fmt.Fprintf(&b, "{\"number\":%d,\"name\":\"U\",\"email\":\"u%d@x.org\"}\n", n+1, n+1)
	}
	return b.String()
}

// Batches grow with what is imported already, up to what is asked for.
func TestImporterGrowsBatches(t *testing.T) {
	t.Parallel()
	for most, want := range map[int][]int{
		0:    {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 500},
		300:  nil, // all alike
		5000: {1000, 1000, 2000, 4000, 1500},
	} {
		var got []int
		im := ingest.Importer{BatchRecords: most, Apply: func(_ context.Context, cmds []roster.Import) ([]ingest.Result, error) {
			got = append(got, len(cmds))
			return make([]ingest.Result, len(cmds)), nil
		}}
		in := strings.Repeat("{\"name\":\"x\"}\n", 9500)
		summary, err := im.Run(t.Context(), ingest.JSONL(strings.NewReader(in), roster.OnConflictFail))
		if err != nil || summary.Records != 9500 {
			t.Fatalf("got %d records, %v; want 9500", summary.Records, err)
		}
		if most == 300 {
			for n := 9500; n > 0; n -= most {
				want = append(want, min(n, most))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at most %d (-want +got):\n%s", most, diff)
		}
	}
}
