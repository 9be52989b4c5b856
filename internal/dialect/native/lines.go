package native

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/ingest"
)

const (
	linesType = "application/jsonl"
	// The limits of one import.
	maxLines     = 1000
	maxLinesBody = 8 << 20
)

// importedHistory says in the documents of imports when what a line says of the past counts.
const importedHistory = "A new record keeps its created_at and updated_at, unless they are still to come, and a new " +
	"user created_by and updated_by, where the caller has the permission metadata:read; without it, and where a line " +
	"has none, they are set as by any other request."

func lineEndpoints() []dialect.Endpoint {
	return []dialect.Endpoint{
		{
			Method: http.MethodPost, Path: "/import", ID: "import", Summary: "Import records",
			Description: "Roles, groups, spaces and users as JSON Lines: one canonical record on each line, with a " +
				"member type (user by default). A line may refer to what the lines before it make. All lines that " +
				"are not rejected are one change. Records but users need the permission groups:write. " +
				importedHistory,
			Needs: roster.UsersWrite,
			Params: []dialect.Param{
				{
					Name: "on_conflict", Enum: []string{"fail", "skip", "update"}, Default: "fail", Mark: dialect.Ours,
					Doc: "What becomes of a record that exists: its line is rejected, or it stays as it is, or the " +
						"members that the line has replace those of the record, but for created_at, updated_at and " +
						"their authors.",
				},
				{
					Name: "dry_run", Type: dialect.Boolean, Default: "false", Mark: dialect.Ours,
					Doc: "Say what would become of each line, and change nothing.",
				},
			},
			Body: &dialect.RequestBody{
				Doc:          fmt.Sprintf("At most %d lines; blank ones do not count.", maxLines),
				ContentTypes: []string{linesType}, Limit: maxLinesBody,
			},
			Returns: returns(ok(ImportResult{}), badRequest, tooLarge, tooMany), Serve: serveImport,
		},
		{
			Method: http.MethodGet, Path: "/export", ID: "export", Summary: "Export records",
			Description: "All roles, groups, spaces and users at one version, as an import reads them.",
			Needs:       roster.MetadataRead, // which includes users:read
			Returns: returns(dialect.Return{
				Status: http.StatusOK, Doc: "JSON Lines", ContentType: linesType, Mark: dialect.Ours,
			}, badRequest, tooMany),
			Serve: serveExport,
		},
	}
}

// ImportResult is what an import did.
type ImportResult struct {
	Items   []ImportedLine `json:"items" required:"yes" doc:"Each line that is not blank, in order."`
	Version roster.Version `json:"version" required:"yes" doc:"The version of the organization with all of the import."`
}

// ImportedLine is what became of a line.
type ImportedLine struct {
	Line    int          `json:"line" required:"yes" doc:"The number of the line, from 1."`
	Outcome string       `json:"outcome" required:"yes" enum:"created,updated,unchanged,skipped,rejected"`
	Error   *LineProblem `json:"error,omitempty" doc:"Why the line was rejected."`
}

// LineProblem says why a line was rejected.
type LineProblem struct {
	Code   string  `json:"code" required:"yes" doc:"What went wrong, for programs."`
	Detail string  `json:"detail" required:"yes" doc:"What went wrong, for people."`
	Errors []fault `json:"errors,omitempty" doc:"Each member at fault."`
}

func serveImport(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	records, cmds, err := readLines(r.Body, roster.OnConflict(r.String("on_conflict")))
	if err != nil {
		return dialect.Response{}, err
	}
	write := r.Writer.DoEach
	if r.Bool("dry_run") {
		write = r.Writer.DryRun
	}
	var outcomes []roster.Outcome
	if len(cmds) > 0 {
		if outcomes, err = write(ctx, cmds); err != nil {
			return dialect.Response{}, err
		}
	}
	items := slices.Values(importedLines(records, outcomes))
	return dialect.Response{
		Body: dialect.List(`{"items":[`, items, fmt.Sprintf(`],"version":%d}`, versionOf(outcomes, r.View))),
	}, nil
}

// readLines returns every line of an import, and the commands of those that can be imported.
func readLines(body []byte, on roster.OnConflict) ([]ingest.Record, []roster.Command, error) {
	var records []ingest.Record
	var cmds []roster.Command
	for record, err := range ingest.JSONL(bytes.NewReader(body), on) {
		if err != nil {
			return nil, nil, err
		}
		if len(records) == maxLines {
			return nil, nil, roster.Errorf(roster.TooLarge, "an import must have at most %d lines", maxLines)
		}
		records = append(records, record)
		if record.Err == nil {
			cmds = append(cmds, record.Import)
		}
	}
	return records, cmds, nil
}

// importedLines joins the lines of an import with the outcomes of those that were carried out, in order.
func importedLines(records []ingest.Record, outcomes []roster.Outcome) []ImportedLine {
	lines := make([]ImportedLine, len(records))
	for i, record := range records {
		outcome := roster.Outcome{Err: record.Err}
		if record.Err == nil {
			outcome, outcomes = outcomes[0], outcomes[1:]
		}
		lines[i] = ImportedLine{Line: record.Line}
		if outcome.Err != nil {
			lines[i].Outcome, lines[i].Error = "rejected", lineProblem(outcome.Err)
			continue
		}
		lines[i].Outcome = effect(ingest.EffectOf(record.Import, outcome.Ops))
	}
	return lines
}

func effect(e ingest.Effect) string {
	switch e {
	case ingest.Created:
		return "created"
	case ingest.Updated:
		return "updated"
	case ingest.Skipped:
		return "skipped"
	default:
		return "unchanged"
	}
}

func lineProblem(err error) *LineProblem {
	e := roster.AsError(inBody(err))
	details := e.Details
	if len(details) == 0 {
		details = []roster.Detail{{Field: e.Field, Message: e.Message}}
	}
	return &LineProblem{Code: string(e.Code), Detail: detail(details[0]), Errors: wireFaults(details, e.Code)}
}

func serveExport(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	return dialect.Response{
		ContentType: linesType, Body: func(w io.Writer) error { return ingest.WriteJSONL(w, r.View) },
	}, nil
}
