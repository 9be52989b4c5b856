package webhook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

// pauses are between the attempts at a message, about: each is drawn from half to one and a half of it, so that those
// who failed together do not come back together. Ten attempts take about 27 hours.
var pauses = [...]time.Duration{ //nolint:gochecknoglobals // a constant table
	5 * time.Second, 15 * time.Second, time.Minute, 3 * time.Minute, 10 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	6 * time.Hour, 18 * time.Hour,
}

// mostAttempts is how often a message is sent before it is given up.
const mostAttempts = len(pauses) + 1

// longestWait bounds what a receiver may ask for with Retry-After.
const longestWait = 24 * time.Hour

// patience is how long a webhook may fail, with no message accepted, before it is disabled.
const patience = 5 * 24 * time.Hour

// pause returns how long to wait after so many attempts have failed, at least as long as the receiver asks for.
func pause(failed int, asked time.Duration, jitter float64) time.Duration {
	about := pauses[min(failed, len(pauses))-1]
	return max(about/2+time.Duration(jitter*float64(about)), min(asked, longestWait))
}

func jitter() float64 { return rand.Float64() } //nolint:gosec // nothing is to be kept from guessing it

// retryAfter reads the header with which a receiver asks for time (RFC 9110): seconds or a date; 0 where it does not.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), int64(longestWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// after returns the standing of a webhook after an attempt at the message about a version, and what has become of the
// message where that is decided.
func (c *Config) after(was roster.Standing, version roster.Version, a result) (roster.Standing, *roster.Delivery) {
	next := was
	next.Last = a.Attempt
	decided := &roster.Delivery{
		Version: version, Round: was.Round, State: roster.Delivered, Attempts: was.Attempts + 1, Last: a.Attempt,
	}
	if a.Succeeded() {
		next.Position, next.Attempts, next.NextAt = version, 0, 0
		next.SucceededAt, next.FailingSince = a.At, 0
		return next, decided
	}
	if next.FailingSince == 0 {
		next.FailingSince = a.At
	}
	if next.Attempts++; next.Attempts < c.Attempts {
		next.NextAt = a.At.Add(a.Took + pause(next.Attempts, a.wait, c.Jitter()))
		return next, nil
	}
	next.Position, next.Attempts, next.NextAt = version, 0, 0
	decided.State = roster.Dead
	return next, decided
}
