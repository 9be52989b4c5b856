package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) history() *cobra.Command {
	cmd := &cobra.Command{
		Use: "history --org SLUG", Short: "Show how much of the history is kept, and trim it", Args: exactly(),
		Long: "Show how much of the history is kept: of which versions lists, exports and changes can be asked for.",
		Example: "  roster history --org acme\n" +
			"  roster history trim --org acme --before 2026-01-01T00:00:00Z",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			info, err := api.History(cmd.Context())
			if err != nil {
				return doing("read the history", err)
			}
			return a.showHistory(info, *out)
		})
	}
	cmd.AddCommand(a.historyTrim())
	return cmd
}

func (a *app) historyTrim() *cobra.Command {
	cmd := &cobra.Command{
		Use: "trim --org SLUG --before VERSION|TIME", Short: "Give up what is older than a version", Args: exactly(),
		Long: "Give up the history before a version, which is the oldest that can be shown afterwards. The audit\n" +
			"still says who wrote to which record, when and why, and can be verified, but what was written is gone.\n" +
			"The file does not get smaller: what is freed is used for what is written next.",
		Example: "  roster history trim --org acme --before 2026-01-01T00:00:00Z",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	var before asOf
	cmd.Flags().Var(&before, "before", "the oldest version to keep, or a time such as 2026-01-31T00:00:00Z")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org", "before"); err != nil {
			return err
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			info, err := in.Trim(cmd.Context(), roster.Moment(before))
			if err != nil {
				return doing("trim the history", err)
			}
			return a.showHistory(info, *out)
		})
	}
	return cmd
}

// keptHistory is what `roster history` shows.
type keptHistory struct {
	OldestVersion roster.Version `json:"oldest_version"`
	OldestAt      roster.Time    `json:"oldest_at"`
	Version       roster.Version `json:"version"`
	Changes       int64          `json:"changes"`
	Bytes         int64          `json:"bytes"`
}

func (a *app) showHistory(info roster.HistoryInfo, out format) error {
	shown := keptHistory{info.Oldest, info.OldestAt, info.Version, info.Changes, info.Bytes}
	columns := []string{"oldest_version", "oldest_at", "version", "changes", "bytes"}
	return out.one(a.out, columns, row{shown, dashes(out, strconv.FormatInt(int64(info.Oldest), 10),
		info.OldestAt.String(), strconv.FormatInt(int64(info.Version), 10), strconv.FormatInt(info.Changes, 10),
		strconv.FormatInt(info.Bytes, 10))})
}

func (a *app) changesCompare() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compare --org SLUG FROM [TO]", Short: "Show what became of the records between two versions",
		Long: "Show what became of the records between two versions, as if it had happened at once. FROM and TO are\n" +
			"versions or times; without TO it is the present version. As json each record is a line.",
		Example: "  roster changes compare --org acme 17 42\n" +
			"  roster changes compare --org acme 2026-01-01T00:00:00Z --types user --filter 'status = suspended'",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), tailFormat("text")
	cmd.Flags().VarP(&out, "output", "o", "form of the output")
	var t tail
	flags := cmd.Flags()
	flags.StringSliceVar(&t.types, "types", nil, "only records of these types, such as user,group")
	flags.StringVar(&t.filter, "filter", "", "only users who match a filter, such as status=active")
	flags.BoolVar(&t.diff, "diff", false, "of an update show only the members that it changes")
	var moments [2]asOf
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) < 1 || len(args) > len(moments) {
			return usage(cmd, "needs the arguments FROM and, maybe, TO")
		}
		for i, arg := range args {
			if err := moments[i].Set(arg); err != nil {
				return usage(cmd, "%s: %w", arg, err)
			}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			c, err := api.Compare(cmd.Context(), roster.Moment(moments[0]), roster.Moment(moments[1]), t.options(0))
			if err != nil {
				return doing("compare the versions", err)
			}
			return out.writeOps(a.out, c.Items)
		})
	}
	return cmd
}

// writeOps writes what became of records, a line for each.
func (f tailFormat) writeOps(w io.Writer, ops []apiclient.Op) error {
	var b strings.Builder
	for _, op := range ops {
		line, err := opLine(op)
		if f == "json" {
			var doc []byte
			doc, err = json.Marshal(op)
			line = string(doc)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// checkRetention fails for a time that means nothing.
func checkRetention(d time.Duration) error {
	if d < 0 {
		return roster.FieldErrorf("--history-retention", "must not be negative, but is %s", d)
	}
	return nil
}
