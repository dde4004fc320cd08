package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"carstock/pkg/program"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

// changesCommand returns the command that prints the change history. It fails if SYNC_PATH does not exist.
func changesCommand() *cobra.Command {
	var asJSON bool
	var maxAge string
	cmd := &cobra.Command{
		Use:   "changes [TABLE]",
		Short: "Print which rows were inserted, updated and deleted, with their old and new values",
		Long: `Prints the change history that SYNC_HISTORY keeps, the oldest change first: which rows were inserted,
updated and deleted, with their old and new values. It reads only the file SYNC_PATH, and needs no database.`,
		Example: `  syncer changes
  syncer changes vehicles --since 7d
  syncer changes --json | jq '.[] | select(.op == "delete") | .old'`,
		Args: program.ArgCount(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, _, err := config.LoadTarget(program.ConfigFile(cmd))
			if err != nil {
				return err
			}

			// Without --since, the zero time selects all changes.
			since := time.Time{}
			if maxAge != "" {
				age, err := config.ParseAge(maxAge)
				if err != nil {
					return program.UsageErrorf("--since: %w", err)
				}

				since = time.Now().Add(-age)
			}

			if err := requireFile(path); err != nil {
				return err
			}

			out := bufio.NewWriter(cmd.OutOrStdout())
			err = snapshot.Read(path, func(db *sqlx.DB) error {
				table := ""
				if len(args) > 0 {
					if table, err = changedTable(cmd.Context(), db, args[0]); err != nil {
						return err
					}
				}

				if asJSON {
					return printChangesJSON(cmd.Context(), out, db, table, since)
				}

				return printChanges(cmd.Context(), out, db, table, since)
			})

			// Print what was read before an error, too.
			return errors.Join(err, out.Flush())
		},
	}

	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&maxAge, "since", "", "leave out changes that are older than `AGE`, such as 24h, 7d, 12w or 2y")
	return cmd
}

// changedTable returns the name of a table as the file or its change history spells it. Case does not matter in named.
// A name that neither has is a usage error, which lists the tables.
func changedTable(ctx context.Context, db *sqlx.DB, named string) (string, error) {
	changed, err := snapshotfile.ChangedTables(ctx, db)
	if err != nil {
		return "", err
	}

	copied, err := snapshotfile.CopiedTables(ctx, db)
	if err != nil {
		return "", err
	}

	// A table that was dropped may have changes, and one in the file may have none yet.
	tables := slices.Compact(slices.Sorted(slices.Values(slices.Concat(changed, copied))))
	for _, t := range tables {
		if strings.EqualFold(t, named) {
			return t, nil
		}
	}

	if len(tables) == 0 {
		tables = []string{"none"}
	}
	return "", program.UsageErrorf("%s is not a table of the file, which has: %s", named, strings.Join(tables, ", "))
}

// printChangesJSON prints changes as a JSON array, each on a line of its own, as soon as it is read. An empty table
// stands for all tables.
func printChangesJSON(ctx context.Context, w io.Writer, db *sqlx.DB, table string, since time.Time) error {
	separator := "[\n"
	err := snapshotfile.ReadChanges(ctx, db, table, since, func(c snapshotfile.RecordedChange) error {
		if _, err := io.WriteString(w, separator); err != nil {
			return err
		}

		separator = ","
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false) // values are printed as the file has them
		return e.Encode(c)
	})
	if err != nil {
		return err
	}

	// No change was printed, and so no opening bracket.
	if separator == "[\n" {
		_, err = io.WriteString(w, "[]\n")
		return err
	}

	_, err = io.WriteString(w, "]\n")
	return err
}

// printChanges prints a line per change, the oldest first, or why it prints no change. An empty table stands for all
// tables.
func printChanges(ctx context.Context, w io.Writer, db *sqlx.DB, table string, since time.Time) error {
	hasHistory, err := snapshotfile.HasChanges(ctx, db)
	if err != nil {
		return err
	}
	if !hasHistory {
		_, err = fmt.Fprintln(w, "the file has no change history: SYNC_HISTORY=90d keeps one from the next run on")
		return err
	}

	n := 0
	err = snapshotfile.ReadChanges(ctx, db, table, since, func(c snapshotfile.RecordedChange) error {
		n++
		text, err := changeText(c)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s  %s  %s\n", c.At, c.Table, text)
		}
		return err
	})
	if err == nil && n == 0 {
		_, err = fmt.Fprintln(w, "no changes")
	}
	return err
}

// changeText returns a change as one line: `id=7  update  price 21500 -> 19900`.
func changeText(c snapshotfile.RecordedChange) (string, error) {
	if c.Op == snapshotfile.OpBulk {
		return bulkText(c)
	}

	keys, err := members(c.Key)
	if err != nil {
		return "", err
	}

	before, err := members(c.Old)
	if err != nil {
		return "", err
	}

	after, err := members(c.New)
	if err != nil {
		return "", err
	}

	// Show a deleted row with all its values, an updated one with those that differ, and a new one by its key alone.
	text := joinMembers(keys) + "  " + c.Op
	switch {
	case len(after) == 0 && len(before) > 0:
		text += "  " + joinMembers(before)
	case len(after) > 0:
		// Both objects have the same columns in the same order.
		changed := make([]string, len(after))
		for i, m := range after {
			old := "?"
			if i < len(before) {
				old = before[i].value
			}

			changed[i] = m.name + " " + old + " -> " + m.value
		}

		text += "  " + strings.Join(changed, ", ")
	}
	return text, nil
}

// bulkText returns a change of many rows as one line: `bulk  +120 ~4,000 -3  price in 3,990 rows`.
func bulkText(c snapshotfile.RecordedChange) (string, error) {
	var b snapshotfile.Bulk
	if err := json.Unmarshal(c.New, &b); err != nil {
		return "", fmt.Errorf("change %d: %w", c.ID, err)
	}

	text := fmt.Sprintf("bulk  +%s ~%s -%s",
		humanize.Comma(b.Inserted), humanize.Comma(b.Updated), humanize.Comma(b.Deleted))
	for i, column := range slices.Sorted(maps.Keys(b.Columns)) {
		separator := ", "
		if i == 0 {
			separator = "  "
		}

		text += fmt.Sprintf("%s%s in %s rows", separator, column, humanize.Comma(b.Columns[column]))
	}
	return text, nil
}

// jsonMember is a member of a JSON object, with its value as written there.
type jsonMember struct{ name, value string }

// members returns the members of a JSON object in their order, which a map would lose. A nil object has no members.
func members(object json.RawMessage) (out []jsonMember, err error) {
	if object == nil {
		return nil, nil
	}

	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // the opening brace
		return nil, err
	}

	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}

		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}

		out = append(out, jsonMember{fmt.Sprint(name), string(value)})
	}

	return out, nil
}

// joinMembers returns members as `id=7, make="Kia"`.
func joinMembers(members []jsonMember) string {
	texts := make([]string, len(members))
	for i, m := range members {
		texts[i] = m.name + "=" + m.value
	}
	return strings.Join(texts, ", ")
}
