package ingest_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", []string{"end: the first line must name the columns, but there is none"}},
		{"no users", "number,email\n", nil},
		{
			"byte order mark, blank lines, quotes over lines",
			"\uFEFFnumber, email \r\n\r\n1,a@x.org\r\n\"2\",\"b@\nx.org\"\n3,\n",
			[]string{
				"3: user {Number:1 Email:a@x.org Identifier: Owner:false}",
				"4: user {Number:2 Email:b@\nx.org Identifier: Owner:false}",
				"6: user {Number:3 Email: Identifier: Owner:false}",
			},
		},
		{"unknown column", "number,nick\n", []string{"end: nick: is not a column; columns, separated by commas, are id, number, "}},
		{"other separator", "number;email\n", []string{"end: number;email: is not a column; columns, separated by commas, are id, number, "}},
		{"column twice", "number,email,number\n", []string{"end: number: is a column twice"}},
		{"broken header", "number,\"email\n", []string{
			"end: read the row of column names: is not a row of CSV: column 15: extraneous or missing \" in quoted-field",
		}},
		{"rejected rows", "number,email,owner,groups,spaces,slack.id,work_time\n" +
			"1,a@x.org\n" +
			"x,b\"c,yes,a,1,z,{\n" +
			"x,b,yes,a,1,z,{\n" +
			"2,\xff,,,,,\n" +
			"3,,TRUE,1; 2,1:reader;2:writer,-7,{}\n", []string{
			`2: invalid: has 2 cells, but there are 7 columns`,
			`3: invalid: is not a row of CSV: column 4: bare " in non-quoted-field`,
			`4: invalid: number: must be an integer; owner: must be true or false; ` +
				`groups: must be integers separated by semicolons, such as 1;2; ` +
				`spaces: must be spaces as number:role separated by semicolons, such as 1:reader;2:writer; ` +
				`slack.id: must be an integer; work_time: is not valid JSON`,
			`5: invalid: email: must be valid UTF-8`,
			`6: user {Number:3 Email: Identifier: Owner:true}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := outline(t, ingest.CSV(strings.NewReader(tt.in), roster.OnConflictFail))
			for i := range got {
				if begin, _, ok := strings.Cut(got[i], "identifier, "); ok && strings.Contains(begin, "is not a column") {
					got[i] = begin
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("records of %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestCSVCells(t *testing.T) {
	t.Parallel()
	in := `kind,takes_licence,phone,name,groups,notification_channels,slack.settings,slack.private_channel_id,permissions,created_at
virtual,False,'+49 30 1,'=x,3;1,"[""a;b"",""c""]","{""a"": 1}",D1,77,2024-01-02T03:04:05+01:00
,,+1,'x,,a; b,,,,
`
	var got []*roster.User
	for r, err := range ingest.CSV(strings.NewReader(in), "") {
		if err = errors.Join(err, r.Err); err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Import.Record.(*roster.User))
	}
	want := []*roster.User{
		{
			Kind: roster.Virtual, AppsAccess: 1, Phone: "+49 30 1", Name: "=x", Groups: []int64{3, 1},
			NotificationChannels: []string{"a;b", "c"},
			Slack:                roster.Slack{PrivateChannelID: "D1", Settings: `{"a":1}`}, CreatedAt: 1704161045000,
		},
		{AppsAccess: 1, TakesLicence: true, Phone: "+1", Name: "'x", NotificationChannels: []string{"a", "b"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestCSVWithoutClosingQuote(t *testing.T) {
	t.Parallel()
	in := "number,name\n1,a\n2,\"" + strings.Repeat("b\n", ingest.MaxRecord)
	want := []string{
		"2: user {Number:1 Email: Identifier: Owner:false}",
		"end: read the row after line 2: the row is longer than 1048576 bytes; is a closing quote missing?",
	}
	if diff := cmp.Diff(want, outline(t, ingest.CSV(strings.NewReader(in), ""))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	in = "number,name\n2,\"b\n3,c\n"
	want = []string{`2: invalid: is not a row of CSV: column 5: extraneous or missing " in quoted-field`}
	if diff := cmp.Diff(want, outline(t, ingest.CSV(strings.NewReader(in), ""))); diff != "" {
		t.Errorf("records of a short input (-want +got):\n%s", diff)
	}
}

func TestCSVBrokenInput(t *testing.T) {
	t.Parallel()
	in := iotest.TimeoutReader(strings.NewReader("number\n1\n"))
	var last error
	for _, err := range ingest.CSV(in, "") {
		last = err
	}
	if !errors.Is(last, iotest.ErrTimeout) {
		t.Errorf("last error is %v, want %v", last, iotest.ErrTimeout)
	}
}

// Every member of a user has a column, and no column means two members.
func TestColumnsCoverTheFields(t *testing.T) {
	t.Parallel()
	columns := ingest.Columns()
	for _, f := range roster.Fields() {
		has := slices.ContainsFunc(columns, func(c string) bool {
			return c == f.Name || strings.HasPrefix(c, f.Name+".")
		})
		if !has {
			t.Errorf("field %s has no column", f.Name)
		}
	}
	slices.Sort(columns)
	if got := slices.Compact(slices.Clone(columns)); !reflect.DeepEqual(got, columns) {
		t.Errorf("columns are named twice: %v", columns)
	}
}
