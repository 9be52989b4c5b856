package native

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const (
	// maxEntries is how many entries a page can have, and maxEntryOps how many ops of an entry a list shows.
	maxEntries  = 100
	maxEntryOps = 100
)

func auditEndpoints() []dialect.Endpoint {
	return []dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/audit", ID: "listAudit", Summary: "List audit entries",
			Description: "Who wrote what, when and why, newest first: one entry for each request that changed " +
				"something. Requests that change nothing but what users do (last_login_at, ...) have none. Entries " +
				"are kept in the transaction of what they are about. audit:read includes who did what: authors are " +
				"shown without metadata:read, too.",
			Needs: roster.AuditRead, Volatile: true, Params: auditParams(),
			Window: &dialect.Window{Token: pageToken, Log: true, Free: []string{"page_size", fieldsName}},
			// A token of an earlier run of the server is gone.
			Returns: withGone(returns(ok(AuditList{}), badRequest, tooMany)), Serve: serveAudit,
		},
		{
			Method: http.MethodGet, Path: "/audit/verification", ID: "verifyAudit", Summary: "Verify the audit",
			Description: "Reads all entries and the whole history, and holds them to the chain of their hashes: says " +
				"which entry is the first one that was altered, dropped or moved since it was written. Who keeps the " +
				"hash of an entry can tell whether it was replaced together with all that follow.",
			Needs: roster.AuditRead, Volatile: true,
			Returns: returns(ok(AuditVerification{}), badRequest, tooMany), Serve: serveVerification,
		},
		{
			Method: http.MethodGet, Path: "/audit/{seq}", ID: "getAuditEntry", Summary: "Get an audit entry",
			Description: "The entry with everything that was written.",
			Needs:       roster.AuditRead, Volatile: true, Params: []dialect.Param{fieldsParam(), {
				Name: "seq", In: dialect.Path, Type: dialect.Integer, Min: dialect.N(1),
				Max: dialect.N(roster.MaxNumber), Mark: dialect.Ours, Example: "1",
				Doc: "The place of the entry, from 1.",
			}},
			Returns: returns(ok(AuditEntry{}), badRequest, notFound, tooMany), Serve: serveAuditEntry,
		},
	}
}

func auditParams() []dialect.Param {
	types := make([]string, 0, len(roster.Types()))
	for _, t := range roster.Types() {
		types = append(types, string(t))
	}
	version := func(name, doc string) dialect.Param {
		return dialect.Param{
			Name: name, Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(roster.MaxNumber), Doc: doc,
			Mark: dialect.Ours,
		}
	}
	return []dialect.Param{
		{
			Name: "actor", Type: dialect.UUID, Mark: dialect.Ours,
			Doc: "Only what this token wrote, or this user, also through a token that acts as the user.",
		},
		{
			Name: "type", Enum: types, Mark: dialect.Ours,
			Doc: "Only writes of records of this type. The entries show nothing but those.",
		},
		{
			Name: "id", Type: dialect.UUID, Mark: dialect.Ours,
			Doc: "Only writes of the record with this id. The entries show nothing but those.",
		},
		{Name: "from", Type: dialect.DateTime, Doc: "Only what was written then or later.", Mark: dialect.Ours},
		{Name: "to", Type: dialect.DateTime, Doc: "Only what was written before.", Mark: dialect.Ours},
		version("from_version", "Only what was written in this version or later ones."),
		version("to_version", "Only what was written in this version or earlier ones."),
		{
			Name: "page_size", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(maxEntries), Default: "100",
			Doc: "How many entries a page has at the most.", Mark: dialect.Ours,
		},
		{
			Name: pageToken, Mark: dialect.Ours, Everywhere: true,
			Doc: "The next_page_token of the page before. What is written meanwhile does not show on later pages. " +
				"What chooses entries must stay.",
		},
		fieldsParam(),
	}
}

// AuditList is a page of audit entries.
type AuditList struct {
	Items         []AuditEntry   `json:"items" required:"yes"`
	Total         int            `json:"total" required:"yes" doc:"How many there are on all pages, exactly."`
	Version       roster.Version `json:"version" required:"yes" doc:"The version that all pages go up to."`
	NextPageToken string         `json:"next_page_token,omitempty" doc:"The page_token of the next page, if any."`
}

// AuditEntry is what the audit keeps of one write.
type AuditEntry struct {
	Seq       int64          `json:"seq" required:"yes" doc:"The place among the entries, from 1 without gaps."`
	Version   roster.Version `json:"version" required:"yes" doc:"The version that the write is part of."`
	At        roster.Time    `json:"at" required:"yes"`
	Actor     roster.ID      `json:"actor,omitzero" doc:"The user who acted, else the token, else absent."`
	ActorName string         `json:"actor_name" required:"yes" doc:"The name of the token as of then."`
	Token     roster.ID      `json:"token,omitzero"`
	RequestID roster.ID      `json:"request_id,omitzero" doc:"Absent on the command line."`
	Reason    string         `json:"reason,omitempty" doc:"What the request said that it is for."`
	Ops       []AuditOp      `json:"ops" required:"yes" doc:"What was done to each record; in a list the first 100."`
	TotalOps  int            `json:"total_ops" required:"yes" doc:"How many there are in all."`
	Hash      roster.Digest  `json:"hash" required:"yes" doc:"Covers the entry, what it is about, and the hash before."`
}

// AuditOp is what was done to one record.
type AuditOp struct {
	Op      string                `json:"op" required:"yes" enum:"create,update,delete"`
	Type    roster.Type           `json:"type" required:"yes"`
	ID      roster.ID             `json:"id" required:"yes"`
	Erased  bool                  `json:"erased,omitempty" doc:"The record was erased since."`
	Changes map[string]Difference `json:"changes" required:"yes" doc:"The members that are others than before."`
}

// AuditVerification says whether the audit is as it was written.
type AuditVerification struct {
	Whole   bool          `json:"whole" required:"yes" doc:"All is as it was written."`
	Entries int64         `json:"entries" required:"yes" doc:"How many entries, from the first one, are as they were."`
	Head    roster.Digest `json:"head" required:"yes" doc:"The hash of the last of them; zeros where there is none."`
	Fault   *AuditFault   `json:"fault,omitempty" doc:"The first entry that is not."`
}

// AuditFault is an entry that is not as it was written.
type AuditFault struct {
	Seq     int64          `json:"seq" required:"yes" doc:"Its place."`
	Version roster.Version `json:"version,omitempty" doc:"The version that it is about, as far as that is known."`
	Kind    string         `json:"kind" required:"yes" enum:"altered,dropped,moved"`
	Detail  string         `json:"detail" required:"yes" doc:"How it shows, for people."`
}

func serveAudit(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	q := entryQuery(r)
	total, err := r.Audit.CountEntries(ctx, q)
	if err != nil {
		return dialect.Response{}, err
	}
	size := q.Limit
	q.Limit++ // to see whether there are more
	var items [][]byte
	token, last := "", int64(0)
	err = r.Audit.Entries(ctx, q, func(e roster.Entry, ops []roster.Op) error {
		if len(items) == size {
			token = r.PageToken(int(last))
			return nil
		}
		w, err := wireEntry(e, audited(ops, q), maxEntryOps)
		if err != nil {
			return err
		}
		doc, err := dialect.Encode(w)
		items, last = append(items, doc), e.Seq
		return err
	})
	if err != nil {
		return dialect.Response{}, err
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"items":[%s],"total":%d,"version":%d`, bytes.Join(items, []byte(",")), total, r.Until)
	header := noStore()
	if token != "" {
		fmt.Fprintf(&body, `,"next_page_token":%q`, token)
	}
	if links := tokenLinks(r, token); links != "" {
		header.Set("Link", links)
	}
	body.WriteByte('}')
	return dialect.Response{Header: header, Body: dialect.Text(body.String())}, nil
}

func noStore() http.Header { return http.Header{"Cache-Control": {"no-store"}} }

// entryQuery asks for the entries that the parameters of listAudit describe, up to the version of the walk.
func entryQuery(r *dialect.Request) roster.EntryQuery {
	q := roster.EntryQuery{
		Actor: r.UUID("actor"), Type: roster.Type(r.String("type")), ID: r.UUID("id"),
		From: r.Time("from"), To: r.Time("to"), FirstVersion: roster.Version(r.Int("from_version")),
		LastVersion: r.Until, Before: int64(r.Position), Limit: int(r.Int("page_size")), Ops: true,
	}
	if r.Given("to_version") {
		q.LastVersion = min(q.LastVersion, roster.Version(r.Int("to_version")))
	}
	return q
}

// audited returns those of an entry's ops that a query asks for. What is only bookkeeping is not shown.
func audited(ops []roster.Op, q roster.EntryQuery) []roster.Op {
	return slices.DeleteFunc(slices.Clone(ops), func(op roster.Op) bool {
		key := op.Key()
		return q.Type != "" && key.Type != q.Type || !q.ID.IsZero() && key.ID != q.ID || op.IsBookkeeping()
	})
}

// EncodeEntry returns the JSON of an entry, with those of its ops that a query asks for.
func EncodeEntry(e roster.Entry, ops []roster.Op, q roster.EntryQuery) ([]byte, error) {
	ops = audited(ops, q)
	w, err := wireEntry(e, ops, len(ops))
	if err != nil {
		return nil, err
	}
	return dialect.Encode(w)
}

// wireEntry returns an entry with its ops, at most so many of them. Who may read the audit may know who did what, so
// that it is not less for those without [roster.MetadataRead].
func wireEntry(e roster.Entry, ops []roster.Op, most int) (AuditEntry, error) {
	w := AuditEntry{
		Seq: e.Seq, Version: e.Version, At: e.At, Actor: e.User, ActorName: e.Name, RequestID: e.Request,
		Reason: e.Reason, Ops: []AuditOp{}, TotalOps: len(ops), Hash: e.Hash,
	}
	if e.Actor != e.User {
		w.Token = e.Actor
	}
	if w.Actor.IsZero() {
		w.Actor = e.Actor
	}
	for _, op := range ops[:min(len(ops), most)] {
		key := op.Key()
		changes, err := auditChanges(op)
		if err != nil {
			return w, fmt.Errorf("show entry %d of the audit: %w", e.Seq, err)
		}
		w.Ops = append(w.Ops, AuditOp{
			Op: op.Verb(), Type: key.Type, ID: key.ID, Erased: op.IsErased(), Changes: changes,
		})
	}
	return w, nil
}

// auditChanges returns the members that an op changed, but for secrets.
func auditChanges(op roster.Op) (map[string]Difference, error) {
	f := &feed{by: roster.Operator()}
	members := [2]map[string]json.RawMessage{}
	for i, e := range []roster.Entity{op.Before, op.After} {
		doc, err := f.record(e)
		if err != nil {
			return nil, err
		}
		if doc == nil {
			continue
		}
		if err := json.Unmarshal(doc, &members[i]); err != nil {
			return nil, fmt.Errorf("read a record again: %w", err)
		}
	}
	return differences(members[0], members[1]), nil
}

func serveAuditEntry(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	seq := r.Int("seq")
	response := dialect.Response{Header: noStore()}
	err := r.Audit.Entries(ctx, roster.EntryQuery{Before: seq + 1, Limit: 1, Ops: true},
		func(e roster.Entry, ops []roster.Op) error {
			if e.Seq != seq {
				return nil
			}
			w, err := wireEntry(e, audited(ops, roster.EntryQuery{}), len(ops))
			response.Body = dialect.JSON(w)
			return err
		})
	if err == nil && response.Body == nil {
		err = roster.Errorf(roster.NotFound, "there is no audit entry %d", seq)
	}
	return response, err
}

func serveVerification(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	report, err := r.Audit.Verify(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	w := AuditVerification{Whole: report.Fault == nil, Entries: report.Entries, Head: report.Head}
	if f := report.Fault; f != nil {
		w.Fault = &AuditFault{f.Seq, f.Version, f.Kind, f.Detail}
	}
	return dialect.Response{Header: noStore(), Body: dialect.JSON(w)}, nil
}
