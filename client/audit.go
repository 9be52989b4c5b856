package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/roster-dev/roster"
)

// AuditEntry is what the audit keeps of one write.
type AuditEntry struct {
	// Seq is the place among the entries, from 1 without gaps.
	Seq     int64          `json:"seq"`
	Version roster.Version `json:"version"`
	At      roster.Time    `json:"at"`
	// Actor is the user on whose behalf it was done, else the token, else none: the operator. ActorName is the name of
	// the token as of then.
	Actor     roster.ID `json:"actor,omitzero"`
	ActorName string    `json:"actor_name"`
	Token     roster.ID `json:"token,omitzero"`
	// RequestID is none where no request led to it.
	RequestID roster.ID `json:"request_id,omitzero"`
	Reason    string    `json:"reason,omitempty"`
	// Ops are what was done to each record: in a list the first 100 of TotalOps.
	Ops      []AuditOp     `json:"ops"`
	TotalOps int           `json:"total_ops"`
	Hash     roster.Digest `json:"hash"`
}

// AuditOp is what was done to one record.
type AuditOp struct {
	// Op is create, update or delete.
	Op   string      `json:"op"`
	Type roster.Type `json:"type"`
	ID   roster.ID   `json:"id"`
	// Changes has, by their names, the members that are others than before.
	Changes map[string]Difference `json:"changes"`
}

// AuditEntries yields the audit entries that q asks for, newest first, at most q.Limit of them where that is not 0, all
// as of the time of the first page. Its Before is not for servers. The token needs the permission audit:read. The first
// error is yielded last: it is [roster.Gone] where the server was started again between two pages.
func (c *Client) AuditEntries(
	ctx context.Context, q roster.EntryQuery, options ...Option,
) iter.Seq2[AuditEntry, error] {
	query := auditQuery(q)
	all := walk(ListOptions{}, func(o ListOptions) (Page[AuditEntry], error) {
		r := request{method: http.MethodGet, path: []string{"audit"}, query: query}.apply(options)
		if o.PageToken != "" {
			r.set("page_token", o.PageToken)
		}
		var p Page[AuditEntry]
		if err := c.call(ctx, r, &p); err != nil {
			return p, fmt.Errorf("list the audit: %w", err)
		}
		return p, nil
	})
	return func(yield func(AuditEntry, error) bool) {
		left := q.Limit
		for e, err := range all {
			if err != nil {
				yield(AuditEntry{}, err)
				return
			}
			if left--; !yield(*e, nil) || left == 0 {
				return
			}
		}
	}
}

func auditQuery(q roster.EntryQuery) url.Values {
	const most = 100
	size := most
	if q.Limit > 0 {
		size = min(q.Limit, most)
	}
	query := url.Values{"page_size": {strconv.Itoa(size)}}
	set := func(name string, given bool, value string) {
		if given {
			query.Set(name, value)
		}
	}
	set("actor", !q.Actor.IsZero(), q.Actor.String())
	set("type", q.Type != "", string(q.Type))
	set("id", !q.ID.IsZero(), q.ID.String())
	set("from", q.From != 0, q.From.String())
	set("to", q.To != 0, q.To.String())
	set("from_version", q.FirstVersion != 0, strconv.FormatInt(int64(q.FirstVersion), 10))
	set("to_version", q.LastVersion != 0, strconv.FormatInt(int64(q.LastVersion), 10))
	return query
}

// AuditEntry returns the entry at a place with all of its ops, or fails with [roster.NotFound].
func (c *Client) AuditEntry(ctx context.Context, seq int64, options ...Option) (AuditEntry, error) {
	var e AuditEntry
	path := []string{"audit", strconv.FormatInt(seq, 10)}
	if err := c.call(ctx, request{method: http.MethodGet, path: path}.apply(options), &e); err != nil {
		return AuditEntry{}, fmt.Errorf("get audit entry %d: %w", seq, err)
	}
	return e, nil
}

// VerifyAudit has the server read the whole audit, and returns whether it is as it was written.
func (c *Client) VerifyAudit(ctx context.Context) (roster.AuditReport, error) {
	var answer struct {
		Entries int64         `json:"entries"`
		Head    roster.Digest `json:"head"`
		Fault   *struct {
			Seq     int64          `json:"seq"`
			Version roster.Version `json:"version"`
			Kind    string         `json:"kind"`
			Detail  string         `json:"detail"`
		} `json:"fault"`
	}
	err := c.call(ctx, request{method: http.MethodGet, path: []string{"audit", "verification"}}, &answer)
	if err != nil {
		return roster.AuditReport{}, fmt.Errorf("verify the audit: %w", err)
	}
	report := roster.AuditReport{Entries: answer.Entries, Head: answer.Head}
	if f := answer.Fault; f != nil {
		report.Fault = &roster.AuditFault{Seq: f.Seq, Version: f.Version, Kind: f.Kind, Detail: f.Detail}
	}
	return report, nil
}
