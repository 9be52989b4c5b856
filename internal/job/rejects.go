package job

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/roster-dev/roster"
)

// maxText is how much of a rejected record is kept, in bytes.
const maxText = 64 << 10

// rejects gathers rejects in pieces.
type rejects struct {
	pieces [][]byte
	err    error
}

func (r *rejects) add(reject roster.Reject) {
	if len(reject.Text) > maxText {
		reject.Text = reject.Text[:maxText]
	}
	line, err := json.Marshal(reject)
	if err != nil {
		r.err = fmt.Errorf("encode a reject: %w", err)
		return
	}
	last := len(r.pieces) - 1
	if last < 0 || len(r.pieces[last])+len(line) >= pieceBytes {
		r.pieces = append(r.pieces, nil)
		last++
	}
	r.pieces[last] = append(append(r.pieces[last], line...), '\n')
}

// step returns a job as it is next, with its rejects.
func (r *rejects) step(next roster.Job) ([]roster.JobStep, error) {
	next.Revision++
	next.RejectChunks += len(r.pieces)
	return []roster.JobStep{{Job: next, Rejects: r.pieces}}, r.err
}

func eachReject(data []byte, fn func(roster.Reject) error) error {
	for line := range bytes.Lines(data) {
		var reject roster.Reject
		if err := json.Unmarshal(line, &reject); err != nil {
			return fmt.Errorf("decode a reject: %w", err)
		}
		if err := fn(reject); err != nil {
			return err
		}
	}
	return nil
}
