package roster

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{io.EOF, Internal},
		{Errorf(NotFound, "no user"), NotFound},
		{fmt.Errorf("load: %w", Errorf(Gone, "too old")), Gone},
		{&Error{Code: Conflict, Err: Errorf(NotFound, "inside")}, Conflict},
	} {
		if got := CodeOf(tc.err); got != tc.want {
			t.Errorf("CodeOf(%v) = %q, want %q", tc.err, got, tc.want)
		}
	}
}

func TestAsError(t *testing.T) {
	t.Parallel()
	ours := FieldErrorf("name", "is %d characters too long", 3)
	if got := AsError(fmt.Errorf("create: %w", ours)); got != ours {
		t.Errorf("AsError = %v, want the error inside", got)
	}
	got := AsError(io.EOF)
	if got.Code != Internal || !errors.Is(got, io.EOF) || strings.Contains(got.Message, "EOF") {
		t.Errorf("AsError(EOF) = %+v, want it as the cause of an internal error, not in its message", got)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	several := []Detail{{Field: "a", Message: "one"}, {Field: "b", Message: "two"}, {Field: "c", Message: "three"}}
	for want, e := range map[string]*Error{
		"gone":                     {Message: "gone"},
		"name: is required":        FieldErrorf("name", "is required"),
		"gone: EOF":                {Message: "gone", Err: io.EOF},
		"a: one; b: two; c: three": {Field: "a", Message: "one", Details: several},
	} {
		if got := e.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}

func TestQuoteIsShort(t *testing.T) {
	t.Parallel()
	if got, want := quote("a\"b"), `"a\"b"`; got != want {
		t.Errorf("quote = %s, want %s", got, want)
	}
	if got := quote(strings.Repeat("é", 1000)); len(got) > 100 || !strings.HasSuffix(got, "...") {
		t.Errorf("quote of a long text = %s, want it cut", got)
	}
}

func TestFaultsSayWhatIsAllowedAndWhatWasMeant(t *testing.T) {
	t.Parallel()
	_, err := ParseEntity(TypeUser, []byte(`{"namme":"x","status":"actve","zzz":1}`))
	var got []Detail
	for _, d := range AsError(err).Details {
		got = append(got, Detail{Field: d.Field, Code: d.Code, DidYouMean: d.DidYouMean})
		if len(d.Allowed) == 0 {
			t.Errorf("%s does not say what is allowed", d.Field)
		}
	}
	want := []Detail{
		{Field: "namme", Code: Unknown, DidYouMean: "name"},
		{Field: "status", Code: NotAllowed, DidYouMean: "active"},
		{Field: "zzz", Code: Unknown},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestClosest(t *testing.T) {
	t.Parallel()
	names := []string{"name", "names", "first_name", "phone", "id"}
	for found, want := range map[string]string{
		"name": "name", "nam": "name", "NAMES": "names", "fristname": "first_name", "ph": "", "x": "", "": "", "ib": "",
	} {
		if got := Closest(found, names); got != want {
			t.Errorf("Closest(%q) = %q, want %q", found, got, want)
		}
	}
}
