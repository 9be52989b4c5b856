package roster

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2023-05-06T00:00:00Z":           "2023-05-06T00:00:00.000Z",
		"2023-05-06T02:00:00+02:00":      "2023-05-06T00:00:00.000Z",
		"2026-07-09T15:13:12.2419999Z":   "2026-07-09T15:13:12.241Z",
		"1969-12-31T23:59:59.9991Z":      "1969-12-31T23:59:59.999Z",
		"0000-01-01T00:00:00Z":           "0000-01-01T00:00:00.000Z",
		"9999-12-31T23:59:59.999Z":       "9999-12-31T23:59:59.999Z",
		"2024-02-29T12:00:00.5-11:30":    "2024-02-29T23:30:00.500Z",
		"1970-01-01T00:00:00Z":           "", // can't be told from none
		"2023-05-06T00:00:00.000000001Z": "2023-05-06T00:00:00.000Z",
	} {
		if got, err := ParseTime(in); err != nil || got.String() != want {
			t.Errorf("ParseTime(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "2023-05-06", "2023-05-06T00:00:00", "2023-05-06 00:00:00Z", "2023-02-29T00:00:00Z", "2023-05-06T24:00:00Z",
		"2023-05-06T1:00:00Z", "2023-05-06T01:00:00,5Z", "2023-05-06T00:00:00+25:00", "0000-01-01T00:00:00+01:00",
		"9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z", "1683331200",
	} {
		if got, err := ParseTime(in); CodeOf(err) != Invalid {
			t.Errorf("ParseTime(%q) = %q, %v; want the error %s", in, got, err, Invalid)
		}
	}
}

func TestTimeJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`null`:                        `null`,
		`"2023-05-06T00:00:00+02:00"`: `"2023-05-05T22:00:00.000Z"`,
		`"1970-01-01T00:00:00Z"`:      `null`,
	} {
		at := Time(7)
		if err := json.Unmarshal([]byte(in), &at); err != nil {
			t.Errorf("decode %s: %v", in, err)
		}
		if got, err := json.Marshal(at); err != nil || string(got) != want {
			t.Errorf("%s becomes %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`7`, `""`, `"now"`, `{}`} {
		var at Time
		if err := json.Unmarshal([]byte(in), &at); CodeOf(err) != Invalid {
			t.Errorf("decode %s: %v, want the error %s", in, err, Invalid)
		}
	}
}

func TestTimeArithmetic(t *testing.T) {
	t.Parallel()
	if got := TimeOf(time.Time{}); got != 0 {
		t.Errorf("TimeOf(none) = %d, want 0", got)
	}
	if got := Time(0).Std(); !got.IsZero() {
		t.Errorf("none as time.Time = %s, want none", got)
	}
	if got, want := monday.Add(1999*time.Microsecond), monday+1; got != want {
		t.Errorf("Add cuts to %d, want %d", got, want)
	}
	for in, want := range map[Time]Time{1999: 1000, 2000: 2000, -1: -1000, -1000: -1000, -1001: -2000} {
		if got := in.Seconds(); got != want {
			t.Errorf("Seconds of %d = %d, want %d", in, got, want)
		}
	}
}

func TestTimeRoundTrips(t *testing.T) {
	t.Parallel()
	first, err := ParseTime("0000-01-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	last, err := ParseTime("9999-12-31T23:59:59.999Z")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := Time(rapid.Int64Range(int64(first), int64(last)).Draw(t, "at"))
		if got := TimeOf(at.Std()); got != at {
			t.Errorf("TimeOf(%d.Std()) = %d", at, got)
		}
		if at == 0 {
			return
		}
		if got, err := ParseTime(at.String()); err != nil || got != at {
			t.Errorf("ParseTime(%q) = %d, %v; want %d", at, got, err, at)
		}
	})
}

func TestEveryDayIsReadAsTheCalendarHasIt(t *testing.T) {
	t.Parallel()
	step := 1
	for day := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 10_000; day = day.AddDate(0, 0, step) {
		if day.Year() == 800 {
			step = 13 // the calendar repeats itself every 400 years
		}
		at := day.Add(time.Duration(day.YearDay()) * 12345 * time.Millisecond)
		text := at.Format("2006-01-02T15:04:05.000Z")
		if got, ok := parseCanonicalTime(text); !ok || int64(got) != at.UnixMilli() {
			t.Fatalf("got %d, %v for %s, want %d", got, ok, text, at.UnixMilli())
		}
	}
}
