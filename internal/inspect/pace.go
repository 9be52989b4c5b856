package inspect

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	// slack is how much sooner than Retry-After says a request may come: timers are not exact.
	slack = 25 * time.Millisecond
	// grace is for how long a client may not know yet that another one of its requests was told to wait.
	grace = 100 * time.Millisecond
	// pause is how long a client waits, at least, between two attempts. One attempt at once is let pass: HTTP clients
	// make it by themselves where a connection broke.
	pause = 100 * time.Millisecond
	// soon is for how long a refusal is remembered.
	soon = time.Minute
)

// failure is a request that has failed for the moment.
type failure struct {
	last     *exchange
	attempts int
	quick    int  // attempts in a row without a pause
	told     bool // it was said how long to wait
}

// open notes a request that was never retried.
func (f *failure) open(into *found) {
	if f.attempts == 1 {
		what := "it is " + f.last.outcome() + ", and not asked for again"
		into.add(f.last.finding(notRetried, "", what, "RFC 9110, section 15.6"), f.last.number)
	}
}

// refusal is a request that was refused for good.
type refusal struct {
	at     time.Time
	status int
}

// asked returns what tells requests of a client from each other.
func (x *exchange) asked() string { return x.method + " " + x.uri }

// whole returns what is the same only for requests that are, whatever was corrected: what is asked for, what with, and
// what is accepted.
func (x *exchange) whole() string {
	return fmt.Sprintf("%s %d %x %s", x.asked(), x.length, sha256.Sum256(x.body), x.header.Values("Accept"))
}

// pace judges when the request comes.
func (j *judge) pace() {
	c, key := j.client, j.asked()
	f, again := c.failures.get(key)
	j.early(again)
	if again {
		j.retried(f)
	}
	if !j.failed() {
		c.failures.forget(key)
		return
	}
	j.wait()
	if !again {
		f = &failure{}
	}
	_, f.told = j.retryAfter()
	f.attempts, f.last = f.attempts+1, j.light()
	c.failures.put(key, f)
}

// failed reports whether another attempt can succeed. Nobody is asked to repeat what the client itself has given up.
func (x *exchange) failed() bool {
	return x.broken && !x.gone || x.damage == NoAnswer && x.status < http.StatusBadRequest ||
		x.status == http.StatusTooManyRequests || x.status >= http.StatusInternalServerError
}

// outcome says what became of a request that failed.
func (x *exchange) outcome() string {
	switch {
	case x.status == 0:
		return "not answered: the connection was reset"
	case x.broken:
		return "answered in part only"
	case x.status < http.StatusBadRequest:
		return "answered with what can't be read"
	default:
		return fmt.Sprintf("answered %d %s", x.status, http.StatusText(x.status))
	}
}

// retryAfter returns how long the answer says to wait.
func (x *exchange) retryAfter() (time.Duration, bool) {
	seconds, err := strconv.Atoi(x.sent.Get("Retry-After"))
	return time.Duration(seconds) * time.Second, err == nil && x.status >= http.StatusBadRequest
}

// wait notes that the client was told to wait.
func (j *judge) wait() {
	if j.refused(http.StatusTooManyRequests) {
		limit := j.api.Dialect.Limit
		j.find(rateLimit, "", "it is answered 429: the bucket of the credential is empty",
			fmt.Sprintf("%s allows %v requests a second for each token, %d at once", j.api.Dialect.Title, limit.Rate,
				limit.Burst))
	}
	if after, told := j.retryAfter(); told {
		j.client.limited, j.client.until = j.ended, j.ended.Add(after)
	}
}

// early finds a request that comes before the client may ask again.
func (j *judge) early(again bool) {
	c := j.client
	if c.until.IsZero() || j.began.Before(c.limited) || !j.began.Before(c.until.Add(-slack)) {
		return
	}
	since := j.began.Sub(c.limited)
	if again || since >= grace {
		j.find(noBackOff, "", fmt.Sprintf("it comes %s after an answer that says to wait %s", rounded(since),
			rounded(c.until.Sub(c.limited))), "Retry-After of the answer before (RFC 9110, section 10.2.3)")
	}
}

// retried judges another attempt.
func (j *judge) retried(f *failure) {
	since := j.began.Sub(f.last.ended)
	if f.told || since >= pause || since < 0 {
		f.quick = 0
		return
	}
	if f.quick++; f.quick > 1 {
		what := fmt.Sprintf("it is attempt %d, %s after the last one failed", f.attempts+1, rounded(since))
		j.find(hammering, "", what, "RFC 9110, section 9.2.2, and any client's good manners")
	}
}

// again finds a request that is repeated though it was refused for good.
func (j *judge) again() {
	c, key := j.client, j.whole()
	if r, ok := c.refusals.get(key); ok && j.began.Sub(r.at) < soon && !j.began.Before(r.at) {
		j.find(refusedAgain, "", fmt.Sprintf("it was answered %d %s before", r.status, http.StatusText(r.status)),
			"RFC 9110, section 15.5: the client has to change the request")
	}
	switch j.status {
	case http.StatusUnauthorized:
		if j.credential.Signed {
			return // another date is another request
		}
	case http.StatusBadRequest, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusUnprocessableEntity:
	default:
		c.refusals.forget(key)
		return
	}
	c.refusals.put(key, &refusal{at: j.ended, status: j.status})
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
