package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
	"carstock/services/syncer/internal/source"
)

// Selection is what the patterns of SYNC_VIEWS matched in one run.
type Selection struct {
	Matched []PatternMatch `json:"matched"`            // one for each pattern, in the order of the settings
	LeftOut []PatternMatch `json:"left_out,omitempty"` // one for each entry with -

	Warnings []string `json:"-"` // about entries that match nothing
}

// PatternMatch is an entry of SYNC_VIEWS with the views that it has added or left out. Views with an entry of their own
// are not among them, nor are those of an earlier pattern.
type PatternMatch struct {
	Entry string   `json:"entry"`
	Views []string `json:"views"`
}

// selectViews returns the views of a run. It adds to the report what the patterns matched, and which views they have
// matched before and no longer do.
func selectViews(
	ctx context.Context, reader *source.Reader, s config.SyncConfig, o Options, report *Report,
) (config.ViewList, error) {
	if !s.Views.HavePatterns() {
		return selectNamed(s.Views, o.Views)
	}

	names, fold, err := reader.ReadableNames(ctx)
	if err != nil {
		return nil, err
	}

	views, selection, err := resolvePatterns(s.Views, names, fold)
	report.Selection = &selection
	if err != nil {
		return nil, err
	}
	if len(o.Views) > 0 { // a run of some views does not check the others
		return selectNamed(views, o.Views)
	}

	gone, err := goneViews(s, views, fold)
	if err != nil {
		return nil, err
	}

	report.Gone = []string{} // not nil: all views were checked
	report.Warnings = append(report.Warnings, selection.Warnings...)
	report.Warnings = append(report.Warnings, unusedIndexes(s.Indexes, views)...)
	for _, t := range gone {
		report.Gone = append(report.Gone, t.Table)
		report.Warnings = append(report.Warnings, fmt.Sprintf("%s: the view is gone, or this user may no longer read it: "+
			"the table %s keeps its rows of %s", t.View, t.Table, t.Synced.Format(time.RFC3339)))
	}

	return views, nil
}

// selectNamed returns the views that the command line names, by the name or a pattern of a view or table. It returns
// all views if it names none.
func selectNamed(views config.ViewList, named []string) (config.ViewList, error) {
	if len(named) == 0 {
		return views, nil
	}

	var selected config.ViewList
	for _, name := range named {
		// An exact name comes first: a view may have * in its name.
		isNamed := func(v config.ViewEntry) bool { return v.Name == name || v.Table == name }
		if !slices.ContainsFunc(views, isNamed) {
			matches := config.PatternMatcher(name)
			isNamed = func(v config.ViewEntry) bool { return matches(v.Name) || matches(v.Table) }
		}

		found := false
		for _, v := range views {
			if !isNamed(v) {
				continue
			}
			found = true
			isSelected := slices.ContainsFunc(selected, func(c config.ViewEntry) bool { return c.Table == v.Table })
			if !isSelected { // it may be named twice
				selected = append(selected, v)
			}
		}

		if !found {
			return nil, &UnknownViewError{Name: name, Known: viewNames(views)}
		}
	}

	return selected, nil
}

// viewNames returns the names of the views in the source.
func viewNames(views config.ViewList) (names []string) {
	for _, v := range views {
		names = append(names, v.Name)
	}
	return names
}

// UnknownViewError is the error for a name that is not in SYNC_VIEWS.
type UnknownViewError struct {
	Name  string
	Known []string
}

func (u *UnknownViewError) Error() string {
	return fmt.Sprintf("%s is not in SYNC_VIEWS, which has: %s", u.Name, strings.Join(u.Known, ", "))
}

// resolvePatterns replaces patterns by the names that they match, without those that an entry with - matches. An entry
// that names a view takes precedence over both.
func resolvePatterns(
	entries config.ViewList, names []string, fold bool,
) (views config.ViewList, s Selection, err error) {
	// Names with an entry of their own are taken from the start.
	taken := map[string]bool{} // names that an entry has added or left out
	for _, name := range names {
		isNamed := func(v config.ViewEntry) bool { return v.Matcher(fold)(name) }
		taken[name] = slices.ContainsFunc(entries.Named(), isNamed)
	}

	// Take the names that are left out, so that no pattern adds them.
	isPatterns := matcherOf(entries, fold)
	for _, entry := range entries {
		if !entry.LeftOut {
			continue
		}

		found, all := takeNames(names, taken, entry.Matcher(fold), isPatterns)
		s.LeftOut = append(s.LeftOut, PatternMatch{entry.Entry(), found})
		if all == 0 {
			s.Warnings = append(s.Warnings,
				fmt.Sprintf("SYNC_VIEWS: %s leaves nothing out: no pattern finds such a view or table", entry.Entry()))
		}
	}

	// Replace the patterns, in the order of the entries.
	for _, entry := range entries {
		if entry.LeftOut {
			continue
		}
		if !entry.Pattern {
			views = append(views, entry)
			continue
		}

		found, all := takeNames(names, taken, entry.Matcher(fold), nil)
		s.Matched = append(s.Matched, PatternMatch{entry.Entry(), found})
		if all == 0 {
			s.Warnings = append(s.Warnings,
				fmt.Sprintf("SYNC_VIEWS: %s matches no view or table that this user may read", entry.Entry()))
		}

		for _, name := range found {
			views = append(views, config.ViewEntry{Name: name, Table: name})
		}
	}

	if len(views) == 0 {
		return nil, s, fmt.Errorf("SYNC_VIEWS: the patterns match no view or table that this user may read; available: %s",
			cmp.Or(strings.Join(names, ", "), "nothing"))
	}
	return views, s, views.CheckTables()
}

// takeNames marks as taken the names that match: matches returns true and, unless it is nil, so does alsoMatches. It
// returns those that were not taken before, and how many matched in all.
func takeNames(
	names []string, taken map[string]bool, matches, alsoMatches func(string) bool,
) (found []string, all int) {
	found = []string{} // not null in JSON
	for _, name := range names {
		if !matches(name) || alsoMatches != nil && !alsoMatches(name) {
			continue
		}

		all++
		if !taken[name] {
			taken[name] = true
			found = append(found, name)
		}
	}
	return found, all
}

// matcherOf returns a function that reports whether one of the patterns matches a name, even if an entry with - leaves
// it out.
func matcherOf(entries config.ViewList, fold bool) func(name string) bool {
	var patterns []func(string) bool
	for _, entry := range entries {
		if entry.Pattern && !entry.LeftOut {
			patterns = append(patterns, entry.Matcher(fold))
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(matches func(string) bool) bool { return matches(name) })
	}
}

// copiedByPattern returns a function that reports whether a table of the file is the copy of a view that the patterns
// select, even if that view no longer exists.
func copiedByPattern(entries config.ViewList, fold bool) func(t snapshotfile.TableContent) bool {
	isMatched := matcherOf(entries, fold)
	return func(t snapshotfile.TableContent) bool {
		hasOwnEntry := func(v config.ViewEntry) bool { return !v.Pattern && v.Matcher(fold)(t.View) } // with - or without
		isLeftOut := func(v config.ViewEntry) bool { return v.Pattern && v.LeftOut && v.Matcher(fold)(t.View) }
		return t.Table == t.View && isMatched(t.View) && !slices.ContainsFunc(entries, hasOwnEntry) &&
			!slices.ContainsFunc(entries, isLeftOut)
	}
}

// goneViews returns the tables of the file that a pattern has copied from views that no longer exist.
func goneViews(s config.SyncConfig, views config.ViewList, fold bool) (gone []snapshotfile.TableContent, err error) {
	if _, err := os.Stat(s.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}

	tables, err := snapshot.Contents(s.Path)
	if err != nil {
		return nil, err
	}

	isByPattern := copiedByPattern(s.Views, fold)
	for _, t := range tables {
		isCopied := func(v config.ViewEntry) bool { return strings.EqualFold(v.Table, t.Table) }
		if isByPattern(t) && !slices.ContainsFunc(views, isCopied) {
			gone = append(gone, t)
		}
	}

	return gone, nil
}

// unusedIndexes warns of entries of SYNC_INDEXES for tables that no view becomes. With patterns only a run knows that.
func unusedIndexes(indexes config.IndexList, views config.ViewList) (warnings []string) {
	for _, x := range indexes {
		if !slices.ContainsFunc(views, func(v config.ViewEntry) bool { return strings.EqualFold(v.Table, x.Table) }) {
			warnings = append(warnings, fmt.Sprintf("SYNC_INDEXES: %s: no view becomes this table", x.Table))
		}
	}
	return warnings
}

// AsOf returns when the oldest table of the given views was read. A pattern stands for the tables of the file that it
// has copied. Without views, AsOf considers all tables.
func AsOf(views config.ViewList, tables []snapshotfile.TableContent) time.Time {
	if len(views) == 0 {
		return snapshotfile.AsOf(tables, nil, nil)
	}

	var named []string
	for _, v := range views.Named() {
		named = append(named, v.Table)
	}
	return snapshotfile.AsOf(tables, named, copiedByPattern(views, true))
}
