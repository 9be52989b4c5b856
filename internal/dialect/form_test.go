package dialect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func TestMembersSeconds(t *testing.T) {
	t.Parallel()
	for given, want := range map[roster.Time]string{
		0:             "",
		1:             "1970-01-01T00:00:00Z",
		1776643200999: "2026-04-20T00:00:00Z",
		-1:            "1969-12-31T23:59:59Z",
	} {
		if got := string(dialect.NewMembers(nil).Seconds("at", given).Close()); got != `{"at":"`+want+`"}` {
			t.Errorf("Seconds(%d) = %s, want %q", given, got, want)
		}
	}
}

func TestFirstLast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		user roster.User
		want [2]string
	}{
		{roster.User{FirstName: "Ada", LastName: "Moreno", Name: "Dr. Moreno"}, [2]string{"Ada", "Moreno"}},
		{roster.User{FirstName: "Ada", Name: "Ada M."}, [2]string{"Ada", ""}},
		{roster.User{LastName: "Moreno", Name: "A. Moreno"}, [2]string{"Moreno", ""}},
		{roster.User{Name: "Night shift"}, [2]string{"Night shift", ""}},
	} {
		first, last := dialect.FirstLast(&c.user)
		if diff := cmp.Diff(c.want, [2]string{first, last}); diff != "" {
			t.Errorf("FirstLast of %q, %q, %q (-want +got):\n%s", c.user.FirstName, c.user.LastName, c.user.Name, diff)
		}
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	fault := func(field, message string) roster.Detail { return roster.Detail{Field: field, Message: message} }
	internal := dialect.Failure{Error: roster.AsError(errors.New("the disk is full"))}
	one := dialect.Failure{Error: roster.FieldErrorf("page", "must be an integer")}
	two := dialect.Failure{Error: &roster.Error{
		Code: roster.Invalid, Field: "a", Message: "is bad", Details: []roster.Detail{fault("a", "is bad"), fault("b", "is worse")},
	}}
	for name, c := range map[string]struct {
		failure dialect.Failure
		message string
		faults  []roster.Detail
	}{
		"internal": {internal, "internal error", []roster.Detail{fault("", "internal error")}},
		"one":      {one, "must be an integer", []roster.Detail{fault("page", "must be an integer")}},
		"two":      {two, "is bad", []roster.Detail{fault("a", "is bad"), fault("b", "is worse")}},
	} {
		if got := c.failure.Message(); got != c.message {
			t.Errorf("the message of %s = %q, want %q", name, got, c.message)
		}
		if diff := cmp.Diff(c.faults, c.failure.Faults()); diff != "" {
			t.Errorf("the faults of %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRetrySeconds(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		0: "1", time.Nanosecond: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90",
	} {
		if got := (dialect.Failure{RetryAfter: wait}).RetrySeconds(); got != want {
			t.Errorf("RetrySeconds after %s = %s, want %s", wait, got, want)
		}
	}
}
