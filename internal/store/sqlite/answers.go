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
	for _, a := range u.change.Answers {
		_, err := u.insertAnswer.ExecContext(u.quiet, u.change.Org[:], a.Key[:], a.Request[:], int64(a.At), a.Content)
		if err != nil {
			return fmt.Errorf("keep the answer to a request: %w", err)
		}
	}
	return nil
}

// ForgetAnswers implements [store.Store].
func (s *Store) ForgetAnswers(ctx context.Context, before roster.Time) error {
	done, err := s.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	quiet := context.WithoutCancel(ctx)
	err = s.writer.transact(quiet, func() (commit bool, err error) {
		gone, err := s.writer.forgetAnswers.ExecContext(quiet, int64(before))
		if err != nil {
			return false, err
		}
		n, err := gone.RowsAffected()
		return n > 0, errors.Join(err, ctx.Err())
	})
	if err != nil {
		return readError(ctx, "forget the answers to requests", err)
	}
	return nil
}
