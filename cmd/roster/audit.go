package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/dialect/native"
)

func (a *app) audits() *cobra.Command {
	return group(&cobra.Command{Use: "audit", Short: "Show who wrote what, and verify that nobody has altered that"},
		a.auditList(), a.auditShow(), a.auditVerify())
}

// errStopped ends a list that nobody reads on.
var errStopped = errors.New("stopped")

func (l *localAccount) AuditEntries(ctx context.Context, q roster.EntryQuery) iter.Seq2[apiclient.AuditEntry, error] {
	q.Ops = true
	return func(yield func(apiclient.AuditEntry, error) bool) {
		err := l.Service.Entries(ctx, l.org, q, func(e roster.Entry, ops []roster.Op) error {
			var shown apiclient.AuditEntry
			doc, err := native.EncodeEntry(e, ops, q)
			if err == nil {
				err = json.Unmarshal(doc, &shown)
			}
			if err == nil && !yield(shown, nil) {
				return errStopped
			}
			return err
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(apiclient.AuditEntry{}, err)
		}
	}
}

func (l *localAccount) AuditEntry(ctx context.Context, seq int64) (apiclient.AuditEntry, error) {
	for e, err := range l.AuditEntries(ctx, roster.EntryQuery{Before: seq + 1, Limit: 1}) {
		if err != nil || e.Seq == seq {
			return e, err
		}
	}
	return apiclient.AuditEntry{}, roster.Errorf(roster.NotFound, "there is no audit entry %d", seq)
}

func (l *localAccount) VerifyAudit(ctx context.Context) (roster.AuditReport, error) {
	return l.Service.VerifyAudit(ctx, l.org)
}

// entryFlags choose entries.
type entryFlags struct {
	actor, typ, id, from, to string
	since, until             int64
	limit                    int
}

func (f *entryFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.actor, "actor", "", "only what the token or the user with this UUID wrote")
	flags.StringVar(&f.typ, "type", "", "only writes of records of this type, such as user")
	flags.StringVar(&f.id, "id", "", "only writes of the record with this UUID")
	flags.StringVar(&f.from, "from", "", "only what was written then or later, such as 2026-01-31T00:00:00Z")
	flags.StringVar(&f.to, "to", "", "only what was written before")
	flags.Int64Var(&f.since, "since", 0, "only what was written after this version")
	flags.Int64Var(&f.until, "until", 0, "only what was written up to this version (default: the present one)")
	flags.IntVar(&f.limit, "limit", 50, "how many entries to show at the most")
}

// query returns the query that the flags describe, or fails with [roster.Invalid].
func (f *entryFlags) query() (q roster.EntryQuery, err error) {
	if f.limit < 1 {
		return q, roster.FieldErrorf("--limit", "must be at least 1")
	}
	if f.since < 0 || f.until < 0 {
		return q, roster.Errorf(roster.Invalid, "--since and --until must not be negative")
	}
	if f.since > 0 {
		q.FirstVersion = roster.Version(f.since) + 1
	}
	q.LastVersion = roster.Version(f.until)
	q.Limit, q.Type = f.limit, roster.Type(f.typ)
	if f.typ != "" && roster.NewEntity(q.Type) == nil {
		return q, roster.FieldErrorf("--type", "there is no type %q", f.typ)
	}
	for _, id := range []struct {
		flag, text string
		to         *roster.ID
	}{{"--actor", f.actor, &q.Actor}, {"--id", f.id, &q.ID}} {
		if err := id.to.UnmarshalText([]byte(id.text)); err != nil {
			return q, roster.FieldErrorf(id.flag, "%s", roster.AsError(err).Message)
		}
	}
	for _, at := range []struct {
		flag, text string
		to         *roster.Time
	}{{"--from", f.from, &q.From}, {"--to", f.to, &q.To}} {
		if at.text == "" {
			continue
		}
		if *at.to, err = roster.ParseTime(at.text); err != nil {
			return q, roster.FieldErrorf(at.flag, "%s", roster.AsError(err).Message)
		}
	}
	return q, nil
}

func (a *app) auditList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list {--org SLUG | --instance}", Short: "List who wrote what, newest first", Args: exactly(),
		Example: "  roster audit list --org acme --type user --from 2026-01-31T00:00:00Z -o jsonl\n" +
			"  roster audit list --instance --limit 10",
	}
	dsn, org, out := storeFlag(cmd), ownerFlags(cmd), shownFlags(cmd)
	var f entryFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := org.require(cmd); err != nil {
			return err
		}
		q, err := f.query()
		if err != nil {
			return misused(cmd, err)
		}
		return a.inOwner(cmd.Context(), *dsn, org, func(in account) error {
			show := func(e apiclient.AuditEntry) row { return auditRow(e, *out) }
			entries := in.AuditEntries(cmd.Context(), q)
			return doing("list the audit", listOf(*out, a.out, auditColumns(), entries, show))
		})
	}
	return cmd
}

func (a *app) auditShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show {--org SLUG | --instance} SEQ", Short: "Show an entry of the audit by its place, from 1",
		Args: exactly("SEQ"), Example: "  roster audit show --org acme 42 -o json",
	}
	dsn, org, out := storeFlag(cmd), ownerFlags(cmd), shownFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := org.require(cmd); err != nil {
			return err
		}
		seq, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || seq < 1 {
			return usage(cmd, "SEQ must be the place of an entry, a number from 1, not %q", args[0])
		}
		return a.inOwner(cmd.Context(), *dsn, org, func(in account) error {
			e, err := in.AuditEntry(cmd.Context(), seq)
			if err != nil {
				return doing("show the audit entry", err)
			}
			return out.one(a.out, auditColumns(), auditRow(e, *out))
		})
	}
	return cmd
}

func auditColumns() []string { return []string{"seq", "version", "at", "actor", "reason", "ops"} }

func auditRow(e apiclient.AuditEntry, f format) row {
	const few = 3
	var ops []string
	for _, op := range e.Ops[:min(len(e.Ops), few)] {
		ops = append(ops, op.Op+" "+string(op.Type)+" "+op.ID.String())
	}
	if more := e.TotalOps - len(ops); more > 0 {
		ops = append(ops, fmt.Sprintf("and %d more", more))
	}
	return row{e, dashes(f, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(int64(e.Version), 10), e.At.String(),
		e.ActorName, e.Reason, strings.Join(ops, ", "))}
}

// verified is what `roster audit verify` shows.
type verified struct {
	Entries int64         `json:"entries"`
	Head    roster.Digest `json:"head"`
	Whole   bool          `json:"whole"`
	Fault   *auditFault   `json:"fault,omitempty"`
}

type auditFault struct {
	Seq     int64          `json:"seq"`
	Version roster.Version `json:"version,omitempty"`
	Kind    string         `json:"kind"`
	Detail  string         `json:"detail"`
}

func (a *app) auditVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify {--org SLUG | --instance}", Short: "Say whether the audit is as it was written", Args: exactly(),
		Long: "Read the whole audit with the history that it is about, and name the first entry that was altered,\n" +
			"dropped or moved; then the exit code is 1. Who can write to the store could make the audit anew from\n" +
			"some entry on: keep the entries and the head that this shows somewhere else, and hold the audit to\n" +
			"them later with --known.",
		Example: "  roster audit verify --org acme --known 42:5f0c...",
	}
	dsn, org, out := storeFlag(cmd), ownerFlags(cmd), shownFlags(cmd)
	known := cmd.Flags().String("known", "", "SEQ:HASH: the hash that the entry at a place must have")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := org.require(cmd); err != nil {
			return err
		}
		k, err := parseKnown(*known)
		if err != nil {
			return misused(cmd, err)
		}
		return a.inOwner(cmd.Context(), *dsn, org, func(in account) error {
			report, err := k.verify(cmd.Context(), in)
			if err != nil {
				return doing("verify the audit", err)
			}
			return a.showReport(report, *out)
		})
	}
	return cmd
}

func (a *app) showReport(report roster.AuditReport, out format) error {
	v := verified{Entries: report.Entries, Head: report.Head, Whole: report.Fault == nil}
	cells := []string{strconv.FormatInt(v.Entries, 10), v.Head.String(), strconv.FormatBool(v.Whole)}
	f := report.Fault
	if f != nil {
		v.Fault = &auditFault{f.Seq, f.Version, f.Kind, f.Detail}
	}
	if err := out.one(a.out, []string{"entries", "head", "whole"}, row{v, cells}); err != nil || f == nil {
		return err
	}
	return fmt.Errorf("verify the audit: entry %d was %s: %s", f.Seq, f.Kind, f.Detail)
}

// knownEntry is an entry that somebody has noted; the zero one is none.
type knownEntry struct {
	seq  int64
	hash roster.Digest
}

// parseKnown reads SEQ:HASH.
func parseKnown(text string) (k knownEntry, err error) {
	if text == "" {
		return k, nil
	}
	seq, hash, _ := strings.Cut(text, ":")
	k.seq, err = strconv.ParseInt(seq, 10, 64)
	if err != nil || k.seq < 1 || k.hash.UnmarshalText([]byte(hash)) != nil {
		return k, roster.FieldErrorf("--known", "must be SEQ:HASH, as the place and the hash of an entry, not %q", text)
	}
	return k, nil
}

// verify verifies the audit, and that the entry is as it was noted.
func (k knownEntry) verify(ctx context.Context, in account) (roster.AuditReport, error) {
	report, err := in.VerifyAudit(ctx)
	if err != nil || k.seq == 0 || report.Fault != nil && report.Fault.Seq <= k.seq {
		return report, err
	}
	e, err := in.AuditEntry(ctx, k.seq)
	switch {
	case roster.CodeOf(err) == roster.NotFound:
		report.Fault = &roster.AuditFault{Seq: k.seq, Kind: roster.Dropped, Detail: "there is no such entry any more"}
	case err != nil:
		return report, err
	case e.Hash != k.hash:
		report.Fault = &roster.AuditFault{
			Seq: k.seq, Version: e.Version, Kind: roster.Altered,
			Detail: "it has another hash by now, as it has where one before it was altered",
		}
	}
	return report, nil
}
