package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// userShow returns the command that shows users: one as of any time, or several as they are.
func (a *app) userShow() *cobra.Command {
	k := userKind()
	cmd := k.showCommand(a)
	one, exactlyOne := cmd.RunE, cmd.Args
	cmd.Use, cmd.Short = "show --org SLUG USER...", "Show users"
	cmd.Long = "Show users, each named by " + k.refs + ". Several are shown as a list.\n" +
		"As few requests are made for it as it takes."
	cmd.Example += "\n  roster user show --org acme ada@example.com 7 -o jsonl"
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return nil
		}
		return exactlyOne(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return a.showSeveral(cmd, k, args)
		}
		return one(cmd, args)
	}
	return cmd
}

func (a *app) showSeveral(cmd *cobra.Command, k *kind[roster.User], args []string) error {
	for _, name := range []string{"as-of", "etag"} {
		if cmd.Flags().Changed(name) {
			return usage(cmd, "--%s is for one user", name)
		}
	}
	refs := make([]roster.Ref, len(args))
	for i, arg := range args {
		var err error
		if refs[i], err = k.ref(cmd, arg); err != nil {
			return err
		}
	}
	flags := cmd.Flags()
	dsn, org := flags.Lookup("store").Value.String(), flags.Lookup("org").Value.String()
	out, _ := flags.Lookup("output").Value.(*format)
	return a.withAPI(cmd.Context(), dsn, org, func(api *apiclient.Client) error {
		missing := 0
		users := a.several(cmd.Context(), api, refs, &missing)
		err := listOf(*out, a.out, k.columns, users, func(u *roster.User) row { return k.row(*out, u) })
		if err == nil && missing > 0 {
			err = roster.Errorf(roster.NotFound, "%d of %d users are not there", missing, len(refs))
			err = hint(err, "%s", k.found)
		}
		return doing("find the users", err)
	})
}

// several yields the users who are named, and says who is not there.
func (a *app) several(
	ctx context.Context, api *apiclient.Client, refs []roster.Ref, missing *int,
) iter.Seq2[*roster.User, error] {
	return func(yield func(*roster.User, error) bool) {
		for len(refs) > 0 {
			n := min(len(refs), apiclient.MaxBatch)
			found, none, err := api.BatchGetUsers(ctx, refs[:n])
			if err != nil {
				yield(nil, err)
				return
			}
			*missing += len(none)
			for _, name := range none {
				_, _ = fmt.Fprintf(a.err, "there is no user %s\n", printable(name))
			}
			for _, u := range found {
				if !yield(u, nil) {
					return
				}
			}
			refs = refs[n:]
		}
	}
}

// batchJob is a batch of writes as its flags describe it.
type batchJob struct {
	*app

	api   *apiclient.Client
	each  bool
	write *writing
	// refused counts the writes that were refused.
	refused int
}

func (a *app) userBatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "batch --org SLUG FILE", Short: "Create, update and delete users as one change; - is standard input",
		Long: "Carry out writes, one JSON object on each line:\n\n" +
			`  {"op":"create","user":{"email":"ada@example.com","name":"Ada Moreno"}}` + "\n" +
			`  {"op":"update","ref":"number:7","patch":{"phone":null},"if_match":"..."}` + "\n" +
			`  {"op":"delete","ref":"ada@example.com"}` + "\n\n" +
			"Each sees what those before it do. They are up to 1000, and all are done or none; with --each those\n" +
			"that are refused are left out, and there may be any number, of which 1000 at a time are one change.",
		Args: exactly("FILE"),
		Example: "  roster user batch --org acme writes.jsonl --dry-run\n" +
			"  roster user batch --org acme - --each -o jsonl < writes.jsonl",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	b := &batchJob{app: a, write: writeFlag(cmd)}
	atomic := cmd.Flags().Bool("atomic", false, "all or none, up to 1000 (the default)")
	cmd.Flags().BoolVar(&b.each, "each", false, "leave out the writes that are refused")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		if *atomic && b.each {
			return usage(cmd, "--atomic and --each do not go together")
		}
		file, err := a.open(args[0])
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only read
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			b.api = api
			columns := []string{"line", "status", "number", "identifier", "id", "error"}
			outcomes := b.outcomes(cmd.Context(), file)
			err := listOf(*out, a.out, columns, outcomes, func(o batchDoc) row { return o.row(*out) })
			if err == nil {
				err = b.report()
			}
			return doing("write the users", err)
		})
	}
	return cmd
}

// report says how many writes were refused, which is a failure.
func (b *batchJob) report() error {
	b.write.note(b.app)
	if b.refused == 0 {
		return nil
	}
	return &failure{err: fmt.Errorf("%d writes were refused", b.refused), exit: exitFailed}
}

// batchDoc is what became of a write, as the formats for programs show it.
type batchDoc struct {
	Line   int           `json:"line"`
	Status int           `json:"status"`
	ETag   apiclient.Tag `json:"etag,omitempty"`
	User   *roster.User  `json:"user,omitempty"`
	Error  *refusalDoc   `json:"error,omitempty"`
}

// refusalDoc is why something was refused.
type refusalDoc struct {
	Code    roster.Code `json:"code"`
	Field   string      `json:"field,omitempty"`
	Message string      `json:"message"`
}

func (d batchDoc) row(f format) row {
	number, identifier, id, refusal := "", "", "", ""
	if u := d.User; u != nil {
		number, identifier, id = strconv.FormatInt(u.Number, 10), u.Identifier, u.ID.String()
	}
	if d.Error != nil {
		refusal = (&roster.Error{Field: d.Error.Field, Message: d.Error.Message}).Error()
	}
	return row{d, dashes(f, strconv.Itoa(d.Line), strconv.Itoa(d.Status), number, identifier, id, refusal)}
}

// outcomes yields what became of the writes of a file.
func (b *batchJob) outcomes(ctx context.Context, file io.Reader) iter.Seq2[batchDoc, error] {
	return func(yield func(batchDoc, error) bool) {
		done := 0
		for writes, err := range b.batches(file) {
			var docs []batchDoc
			if err == nil {
				docs, err = b.carryOut(ctx, writes, done)
			}
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
			if err != nil {
				yield(batchDoc{}, err)
				return
			}
			done++
		}
	}
}

// batches yields the writes of a file, each time those that are one change.
func (b *batchJob) batches(file io.Reader) iter.Seq2[[]numbered, error] {
	return func(yield func([]numbered, error) bool) {
		const most = apiclient.MaxBatch
		var batch []numbered
		for w, err := range writesOf(file) {
			if err == nil && len(batch) == most && !b.each {
				err = roster.Errorf(roster.TooLarge, "at most %d writes can be all or none: use --each", most)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(batch) == most {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
			batch = append(batch, w)
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// numbered is a write with the line that it stands on.
type numbered struct {
	apiclient.Write

	line int
}

// carryOut carries out the n-th of several batches.
func (b *batchJob) carryOut(ctx context.Context, list []numbered, n int) ([]batchDoc, error) {
	writes := make([]apiclient.Write, len(list))
	for i, w := range list {
		writes[i] = w.Write
	}
	call, how := b.api.BatchUsers, *b.write
	if b.each {
		call = b.api.BatchUsersEach
	}
	if how.key != "" && n > 0 { // which is another request
		how.key += "-" + strconv.Itoa(n)
	}
	outcomes, err := call(ctx, writes, how.options()...)
	if err != nil {
		return nil, located(err, list)
	}
	docs := make([]batchDoc, len(outcomes))
	for i, o := range outcomes {
		docs[i] = batchDoc{Line: list[i].line, Status: o.Status, ETag: o.Tag, User: o.User}
		if o.Err != nil {
			b.refused++
			e := itemError(o.Err)
			docs[i].Error = &refusalDoc{e.Code, e.Field, e.Message}
		}
	}
	return docs, nil
}

// located returns the refusal of a batch with the line of the write that is at fault.
func located(err error, list []numbered) error {
	var i int
	if n, _ := fmt.Sscanf(roster.AsError(err).Field, "items[%d]", &i); n == 0 || i >= len(list) {
		return err
	}
	return onLine(list[i].line, itemError(err))
}

// itemError returns the refusal of an item of a batch as one of the item itself.
func itemError(err error) *roster.Error {
	e := *roster.AsError(err)
	if _, field, inside := strings.Cut(e.Field, "]"); inside {
		e.Field, e.Details = strings.TrimPrefix(field, "."), nil
	}
	return &e
}

// onLine returns an error of a line of a file.
func onLine(line int, err error) error {
	e := *roster.AsError(err)
	e.Message, e.Field, e.Details = fmt.Sprintf("line %d: %s", line, e.Error()), "", nil
	e.Err = nil
	return &e
}

// writesOf yields the writes of a file, one of each line that is not blank, and ends with the first that is none.
func writesOf(file io.Reader) iter.Seq2[numbered, error] {
	const longest = 1 << 20 // bytes, of a line
	return func(yield func(numbered, error) bool) {
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, longest)
		n := 0
		for lines.Scan() {
			n++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			w, err := parseWrite(lines.Bytes())
			if err != nil {
				err = onLine(n, err)
			}
			if !yield(numbered{w, n}, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(numbered{}, fmt.Errorf("read line %d: %w", n+1, err))
		}
	}
}

// parseWrite reads a line of a batch. What it asks for is checked by whoever carries it out.
func parseWrite(line []byte) (apiclient.Write, error) {
	var w struct {
		apiclient.Write

		User json.RawMessage `json:"user"`
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	err := in.Decode(&w)
	if err == nil && in.More() {
		err = errors.New("there is more after it")
	}
	if err != nil {
		return w.Write, roster.Errorf(roster.Invalid,
			"must be one JSON object with op, ref, user, patch and if_match: %v", err)
	}
	if w.User != nil {
		record, err := roster.ParseEntity(roster.TypeUser, w.User)
		if err != nil {
			return w.Write, err
		}
		w.Write.User, _ = record.(*roster.User)
	}
	return w.Write, nil
}
