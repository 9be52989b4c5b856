package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/roster-dev/roster"
)

// The limits of one import.
const (
	MaxImportLines = 1000
	MaxImportBytes = 8 << 20
)

// ImportOptions say how to import.
type ImportOptions struct {
	// OnConflict is what becomes of a record that exists; the zero OnConflict rejects it.
	OnConflict roster.OnConflict
	// DryRun asks what would become of each line, and changes nothing.
	DryRun bool
}

// ImportResult is what an import did.
type ImportResult struct {
	// Lines is every line that is not blank, in order.
	Lines []ImportedLine
	// Version is a version of the organization that has all of the import.
	Version roster.Version
}

// ImportedLine is what became of a line.
type ImportedLine struct {
	// Line is the number of the line, from 1.
	Line int
	// Outcome is created, updated, unchanged, skipped or rejected.
	Outcome string
	// Err is why a line was rejected, nil for others. Its fields are members of the record.
	Err *roster.Error
}

// Import imports JSON Lines: a role, group, space or user in the canonical form on each line, with a further member
// "type", user by default. A line may refer to what the lines before it make. All lines that are not rejected are one
// change. At most [MaxImportLines] lines and [MaxImportBytes] bytes are allowed: more is [roster.TooLarge].
func (c *Client) Import(
	ctx context.Context, lines []byte, o ImportOptions, options ...Option,
) (ImportResult, error) {
	query := url.Values{"dry_run": {strconv.FormatBool(o.DryRun)}}
	if o.OnConflict != "" {
		query.Set("on_conflict", string(o.OnConflict))
	}
	var answer struct {
		Items []struct {
			Line    int      `json:"line"`
			Outcome string   `json:"outcome"`
			Error   *problem `json:"error"`
		} `json:"items"`
		Version roster.Version `json:"version"`
	}
	err := c.call(ctx, request{
		method: http.MethodPost, path: []string{"import"}, query: query,
		body: lines, contentType: "application/jsonl",
	}.apply(options), &answer)
	if err != nil {
		return ImportResult{}, fmt.Errorf("import: %w", err)
	}
	result := ImportResult{Version: answer.Version}
	for _, item := range answer.Items {
		line := ImportedLine{Line: item.Line, Outcome: item.Outcome}
		if item.Error != nil {
			line.Err = item.Error.err()
		}
		result.Lines = append(result.Lines, line)
	}
	return result, nil
}

// Export returns all roles, groups, spaces and users, each by number, at one version, as JSON Lines that
// [Client.Import] reads. The caller closes the body. A body that ends before the export did fails with an error other
// than io.EOF.
func (c *Client) Export(ctx context.Context, options ...Option) (io.ReadCloser, error) {
	body, err := c.send(ctx, request{method: http.MethodGet, path: []string{"export"}}.apply(options))
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return body, nil
}
