package roster

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestNewID(t *testing.T) {
	t.Parallel()
	id, err := NewID(monday, bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)))
	if err != nil {
		t.Fatal(err)
	}
	// RFC 9562, section 5.7: milliseconds, version 7, variant 10.
	if got, want := id.String(), "019b8b74-1800-7fff-bfff-ffffffffffff"; got != want {
		t.Errorf("NewID = %s, want %s", got, want)
	}
	later, err := NewID(monday+1, bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if id.Compare(later) >= 0 || later.Compare(id) <= 0 || id.Compare(id) != 0 {
		t.Errorf("%s is not before %s", id, later)
	}
	broken := errors.New("no entropy")
	if _, err := NewID(monday, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("NewID fails with %v, want %v", err, broken)
	}
	if _, err := NewID(monday, bytes.NewReader(make([]byte, 9))); err == nil {
		t.Error("NewID with too little randomness succeeds")
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	const text = "d4add56e-c345-4ac9-b392-7a890a60559a"
	for _, in := range []string{text, strings.ToUpper(text)} {
		if id, err := ParseID(in); err != nil || id.String() != text {
			t.Errorf("ParseID(%q) = %s, %v; want %s", in, id, err, text)
		}
	}
	for _, in := range []string{
		"", "d4add56ec3454ac9b3927a890a60559a", "{" + text + "}", "urn:uuid:" + text, text + "0",
		"d4add56e-c345-4ac9-b392-7a890a60559g", "d4add56e-c345-4ac9-b3927-a890a60559a", strings.Repeat("é", 18),
	} {
		if id, err := ParseID(in); CodeOf(err) != Invalid {
			t.Errorf("ParseID(%q) = %s, %v; want the error %s", in, id, err, Invalid)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParseID of no UUID does not panic")
		}
	}()
	MustParseID("x")
}

func TestIDRoundTripsInOrder(t *testing.T) {
	t.Parallel()
	draw := rapid.Custom(func(t *rapid.T) ID { return ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")) })
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		if got := strings.Compare(a.String(), b.String()); got != a.Compare(b) {
			t.Errorf("the order of the texts of %s and %s is %d, that of the ids %d", a, b, got, a.Compare(b))
		}
		text, err := a.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.UnmarshalText(text); err != nil || b != a {
			t.Errorf("%s becomes %s, %v", a, b, err)
		}
	})
	id := testID(1)
	if err := id.UnmarshalText([]byte("x")); CodeOf(err) != Invalid || id != testID(1) {
		t.Errorf("UnmarshalText of no UUID: %v, want the error %s and the id as it was", err, Invalid)
	}
}

func TestParseRef(t *testing.T) {
	t.Parallel()
	id := MustParseID("d4add56e-c345-4ac9-b392-7a890a60559a")
	for in, want := range map[string]Ref{
		"7":                  {Number: 7},
		"number:7":           {Number: 7},
		id.String():          {ID: id},
		"id:" + id.String():  {ID: id},
		"Ada@Example.com":    {Email: "ada@example.com"},
		"email:Ada":          {Email: "ada"},
		"Ada":                {Identifier: "ada"},
		"identifier:7":       {Identifier: "7"},
		"identifier:a@b":     {Identifier: "a@b"},
		"idem":               {Identifier: "idem"},
		"identifier:email:x": {Identifier: "email:x"},
	} {
		got, err := ParseRef(in)
		if err != nil || got != want {
			t.Errorf("ParseRef(%q) = %+v, %v; want %+v", in, got, err, want)
		}
		if again, err := ParseRef(got.String()); err != nil || again != got {
			t.Errorf("ParseRef(%q) = %+v, %v; want %+v", got, again, err, got)
		}
	}
	for _, in := range []string{
		"", "email:", "identifier:", "number:", "id:", "0", "-7", "number:x", "number:9223372036854775808", "id:7",
		"00000000-0000-0000-0000-000000000000",
	} {
		if got, err := ParseRef(in); CodeOf(err) != Invalid {
			t.Errorf("ParseRef(%q) = %+v, %v; want the error %s", in, got, err, Invalid)
		}
	}
}

func TestTypesHaveRecords(t *testing.T) {
	t.Parallel()
	for i, typ := range Types() {
		e := NewEntity(typ)
		if e == nil || e.Key().Type != typ {
			t.Errorf("NewEntity(%s) = %v, want a record of the type", typ, e)
		}
		if slices.Contains(Types()[:i], typ) {
			t.Errorf("the type %s is listed twice", typ)
		}
	}
	if e := NewEntity("chair"); e != nil {
		t.Errorf("NewEntity of an unknown type = %v, want nil", e)
	}
}
