package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

const answerQuery = `SELECT request, at, content FROM answers WHERE org_id = ? AND key = ?`

var _ store.Answered = (*state)(nil)

// Answer implements [store.Answered].
func (s *state) Answer(key roster.Digest) (*roster.Answer, error) {
	a, err := scanAnswer(key, s.w.answer.QueryRowContext(context.WithoutCancel(s.ctx), s.org[:], key[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // as State: nothing found is no error
	}
	if err != nil {
		return nil, fmt.Errorf("look up the answer to a request: %w", err)
	}
	return &a, nil
}

func scanAnswer(key roster.Digest, row *sql.Row) (roster.Answer, error) {
	a := roster.Answer{Key: key}
	err := row.Scan(scanBytes(a.Request[:]), &a.At, &a.Content)
	return a, err
}

// Answer implements [store.Store].
func (s *Store) Answer(ctx context.Context, org roster.ID, key roster.Digest) (roster.Answer, error) {
	if err := s.gate.Enter(); err != nil {
		return roster.Answer{}, err
	}
	defer s.gate.Leave()
	a, err := scanAnswer(key, s.readers.QueryRowContext(ctx, answerQuery, org[:], key[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return roster.Answer{}, store.NoAnswer()
	}
	if err != nil {
		return roster.Answer{}, readError(ctx, "look up the answer to a request", err)
	}
	return a, nil
}

// writeAnswers keeps what requests are answered that the change was made for.
func (u *update) writeAnswers() error {
	return u.keepAnswers(u.quiet, u.change.Org, u.change.Answers...)
}

// keepAnswers keeps what requests are answered, in the place of earlier answers with their keys.
func (w *writer) keepAnswers(ctx context.Context, org roster.ID, answers ...roster.Answer) error {
	for _, a := range answers {
		_, err := w.insertAnswer.ExecContext(ctx, org[:], a.Key[:], a.Request[:], int64(a.At), a.Content)
		if err != nil {
			return fmt.Errorf("keep the answer to a request: %w", err)
		}
	}
	return nil
}

// ForgetAnswers implements [store.Store].
func (s *Store) ForgetAnswers(ctx context.Context, before roster.Time) error {
	return s.change(ctx, "forget the answers to requests", func(w *writer) error {
		_, err := w.forgetAnswers.ExecContext(context.WithoutCancel(ctx), int64(before))
		return err
	})
}
