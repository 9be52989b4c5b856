package ingest_test

import (
	"bytes"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

// FuzzImport reads any bytes as both forms: nothing crashes, every rejection has a code and a line, every record
// counts, and what was imported is exported and imported again to the same bytes.
func FuzzImport(f *testing.F) {
	f.Add([]byte(team))
	f.Add([]byte("{\"type\":\"role\",\"handle\":\"admin\"}\n\uFEFF{}\n{\"type\":\"user\"\n"))
	f.Add([]byte("number,email,name,groups,spaces\n1,a@x.org,'=x,,\n\"2\n"))
	f.Add([]byte("\uFEFFid,kind,name,slack.settings,notification_channels\n,virtual,x,{},a;b\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, on := range []roster.OnConflict{roster.OnConflictFail, roster.OnConflictSkip, roster.OnConflictUpdate} {
			fuzzOne(t, in, on)
		}
	})
}

func fuzzOne(t *testing.T, in []byte, on roster.OnConflict) {
	t.Helper()
	o := newOrg(t)
	last, told := 0, 0
	im := ingest.Importer{Apply: o.apply, BatchRecords: 2, Rejected: func(line int, err error) {
		if line < last || roster.CodeOf(err) == roster.Internal {
			t.Errorf("line %d after %d is rejected with %v", line, last, err)
		}
		last = line
		told++
	}}
	for _, read := range []func() (ingest.Summary, error){
		func() (ingest.Summary, error) { return im.Run(t.Context(), ingest.JSONL(bytes.NewReader(in), on)) },
		func() (ingest.Summary, error) { return im.Run(t.Context(), ingest.CSV(bytes.NewReader(in), on)) },
	} {
		last, told = 0, 0
		s, err := read()
		if err != nil && roster.CodeOf(err) == roster.Internal {
			t.Errorf("error without a code: %v", err)
		}
		if told != s.Rejected || s.Records != s.Created+s.Updated+s.Unchanged+s.Skipped+s.Rejected {
			t.Errorf("told of %d rejected records, counted %+v", told, s)
		}
	}
	var first, second bytes.Buffer
	if err := ingest.WriteJSONL(&first, o); err != nil {
		t.Fatal(err)
	}
	again := newOrg(t)
	im = ingest.Importer{Apply: again.apply, Rejected: func(line int, err error) {
		t.Errorf("line %d of the export is rejected: %v\n%s", line, err, first.Bytes())
	}}
	if _, err := im.Run(t.Context(), ingest.JSONL(bytes.NewReader(first.Bytes()), "")); err != nil {
		t.Fatal(err)
	}
	if err := ingest.WriteJSONL(&second, again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("second export differs:\n%s\n%s", first.Bytes(), second.Bytes())
	}
}
