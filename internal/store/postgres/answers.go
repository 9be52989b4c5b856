package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

const (
	answerQuery  = `SELECT request, at, content FROM answers WHERE org_id = $1 AND key = $2`
	insertAnswer = `INSERT INTO answers (org_id, key, request, at, content) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id, key) DO UPDATE
		SET request = excluded.request, at = excluded.at, content = excluded.content`
	oldAnswers    = `SELECT org_id FROM answers WHERE at < $1 GROUP BY org_id`
	forgetAnswers = `DELETE FROM answers WHERE org_id = $1 AND at < $2`
)

// Answer implements [store.Answered].
func (s *state) Answer(key roster.Digest) (*roster.Answer, error) {
	a, err := scanAnswer(key, s.t.conn.QueryRow(s.t.quiet, answerQuery, uid(s.t.org), key[:]))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // as State: nothing found is no error
	}
	if err != nil {
		return nil, fmt.Errorf("look up the answer to a request: %w", s.t.note(err))
	}
	return &a, nil
}

func scanAnswer(key roster.Digest, row pgx.Row) (roster.Answer, error) {
	a := roster.Answer{Key: key}
	err := row.Scan(scanBytes(a.Request[:]), &a.At, &a.Content)
	return a, err
}

// Answer implements [store.Store].
func (s *Store) Answer(ctx context.Context, org roster.ID, key roster.Digest) (roster.Answer, error) {
	if err := s.enter(ctx); err != nil {
		return roster.Answer{}, err
	}
	defer s.gate.Leave()
	a := roster.Answer{Key: key}
	err := s.queryRow(ctx, []any{scanBytes(a.Request[:]), &a.At, &a.Content}, answerQuery, uid(org), key[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return roster.Answer{}, store.NoAnswer()
	}
	if err != nil {
		return roster.Answer{}, readError(ctx, "look up the answer to a request", err)
	}
	return a, nil
}

// answerSteps returns the steps that keep what requests are answered.
func answerSteps(org roster.ID, answers []roster.Answer) []step {
	steps := make([]step, len(answers))
	for i, a := range answers {
		content := a.Content
		if content == nil {
			content = []byte{}
		}
		steps[i] = step{query: insertAnswer, args: []any{uid(org), a.Key[:], a.Request[:], int64(a.At), content}}
	}
	return steps
}

// ForgetAnswers implements [store.Store]. The answers of each organization are forgotten on their own.
func (s *Store) ForgetAnswers(ctx context.Context, before roster.Time) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	var steps []step
	err := s.query(ctx, func(rows pgx.Rows) error {
		var org roster.ID
		err := rows.Scan(scanID{&org})
		steps = append(steps, step{query: forgetAnswers, args: []any{uid(org), int64(before)}})
		return err
	}, oldAnswers, int64(before))
	for _, one := range steps {
		if err == nil {
			err = s.aside(ctx, []step{one})
		}
	}
	if err != nil {
		return readError(ctx, "forget the answers to requests", err)
	}
	return nil
}
