package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/trace"
)

// result is how an attempt ended.
type result struct {
	roster.Attempt

	// wait is how long the receiver asks to be left alone.
	wait time.Duration
	// unwritten is set where there was nothing to send.
	unwritten bool
}

// reason says what went wrong, for logs: not what the webhook's filter says, which may name people.
func (r result) reason() string {
	if r.unwritten {
		return "the message can't be written"
	}
	return r.Error
}

// mostAnswer is how much of a response is read, so that the connection can be used again.
const mostAnswer = 64 << 10

// send sends a message and waits for the answer.
func (s *Service) send(ctx context.Context, w *roster.Webhook, id string, body []byte) result {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	begun := s.Now()
	r := result{Attempt: roster.Attempt{At: roster.TimeOf(begun)}}
	if err := s.request(ctx, w, id, body, &r); err != nil {
		r.Error = wordsFor(err)
	}
	r.Took = s.Now().Sub(begun).Truncate(time.Millisecond)
	return r
}

func (s *Service) request(
	ctx context.Context, w *roster.Webhook, id string, body []byte, r *result,
) (err error) {
	header := http.Header{}
	ctx, span := trace.Send(ctx, s.Tracer, "deliver to a webhook", header)
	defer func() {
		span.Text("roster.message", id)
		span.Int("http.response.status_code", int64(r.Status))
		span.End(err)
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.Agent)
	if err := sign(req.Header, w, id, s.Now(), body); err != nil {
		return err
	}
	response, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close()                                           //nolint:errcheck // it was only read
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, mostAnswer)) // what it says does not count
	r.Status = response.StatusCode
	r.wait = retryAfter(response.Header, s.Now())
	if r.Status < 200 || r.Status > 299 {
		r.Error = strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", r.Status, http.StatusText(r.Status)))
	}
	if r.Status >= 300 && r.Status <= 399 {
		r.Error += ": redirects are not followed"
	}
	return nil
}

// sign sets the headers of the specification: the id, the time and a signature by each secret that signs.
func sign(h http.Header, w *roster.Webhook, id string, now time.Time, body []byte) error {
	var signatures []string
	for _, secret := range w.Signing(roster.TimeOf(now)) {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return errors.New("a secret of the webhook can't be read") // and must not be told
		}
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return fmt.Errorf("sign a message: %w", err)
		}
		signatures = append(signatures, signature)
	}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}

// wordsFor says what went wrong with an attempt, and nothing of the network that the server is in: no address that a
// name has there.
func wordsFor(err error) string {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return refused.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name " + dns.Name + " has no address"
	}
	_, badName := errors.AsType[x509.HostnameError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	verification, bad := errors.AsType[*tls.CertificateVerificationError](err)
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case bad:
		return "the certificate of the receiver does not count: " + verification.Err.Error()
	case badName || unknown:
		return "the certificate of the receiver does not count"
	case ok && timeout.Timeout():
		return "the receiver did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the receiver refuses connections"
	case errors.Is(err, context.Canceled):
		return "the attempt was cut off"
	default:
		return "the connection to the receiver failed"
	}
}
