package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/source"
)

// resolveView decides the key, the watermark, and how DECIMALs are stored.
func resolveView(t *schema.Table, v *config.ViewEntry, s config.SyncConfig) error {
	if len(v.Key) > 0 {
		t.Key = nil
		for _, k := range v.Key {
			t.Key = append(t.Key, columnName(*t, k))
		}
	}

	if err := checkUpsertKey(*t, *v, s); err != nil {
		return err
	}

	if v.Watermark != "" {
		v.Watermark = columnName(*t, v.Watermark)
		if err := checkWatermark(*t, *v, s); err != nil {
			return err
		}
	}

	// By default each DECIMAL is stored as its number of digits allows.
	for i, c := range t.Columns {
		if c.Kind != schema.Decimal {
			continue
		}

		switch s.Decimal {
		case config.DecimalText:
			t.Columns[i].Stored = "TEXT"
		case config.DecimalNumeric:
			t.Columns[i].Stored = "NUMERIC"
		}
	}

	return nil
}

// columnName returns a column's name as the view has it: MySQL ignores case in the names of columns.
func columnName(t schema.Table, name string) string {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c.Name
		}
	}
	return name
}

// checkUpsertKey returns an error for an upsert of a view without a key.
func checkUpsertKey(t schema.Table, v config.ViewEntry, s config.SyncConfig) error {
	switch {
	case s.Strategy != config.StrategyUpsert || len(t.Key) > 0:
		return nil
	case len(t.HiddenKey) > 0:
		return fmt.Errorf("SYNC_VIEWS: %s: SYNC_STRATEGY=upsert needs a whole key, and this user may not read "+
			"the column %s of its primary key: GRANT SELECT on it, or name other columns that identify a row, as in %[1]s(id)",
			v.Name, strings.Join(t.HiddenKey, ", "))
	}
	return fmt.Errorf("SYNC_VIEWS: %s: SYNC_STRATEGY=upsert needs a key: "+
		"name the columns that identify a row, as in %[1]s(id)", v.Name)
}

// checkWatermark returns an error if the column of the watermark cannot be one.
func checkWatermark(t schema.Table, v config.ViewEntry, s config.SyncConfig) error {
	switch findColumn(t, v.Watermark).Kind {
	case schema.Integer:
		if s.Strategy == config.StrategyUpsert && s.WatermarkOverlap > 0 {
			return fmt.Errorf("SYNC_VIEWS: %s@%s: an overlap cannot be taken from a number, so rows that are committed after "+
				"others with greater numbers would be missed: name a column of times, "+
				"or set SYNC_WATERMARK_OVERLAP=0s if that cannot happen", v.Name, v.Watermark)
		}
	case schema.Date, schema.DateTime, schema.Timestamp:
	default:
		return fmt.Errorf("SYNC_VIEWS: %s@%s: the watermark must be a column of %[1]s with integers, dates or times",
			v.Name, v.Watermark)
	}

	return nil
}

// readTable describes the view of an entry. If there is no such view, its name may need backticks.
func readTable(ctx context.Context, reader *source.Reader, v config.ViewEntry) (schema.Table, error) {
	t, err := reader.Table(ctx, v.Name)
	if !errors.Is(err, schema.ErrNoTable) {
		return t, err
	}

	// An entry ends at a special character, so the name in it may be only the beginning of the view's.
	names, listErr := reader.Names(ctx)
	if listErr != nil {
		return t, errors.Join(err, listErr)
	}

	for _, name := range names {
		quoted := config.QuoteName(name)
		if quoted != name && strings.HasPrefix(strings.ToLower(name), strings.ToLower(v.Name)) {
			return t, fmt.Errorf("%w; SYNC_VIEWS needs backticks around such a name: write %s", err, quoted)
		}
	}

	return t, err
}

// sourceWarnings warns of what the source cannot guarantee, whatever its rows are.
func sourceWarnings(t schema.Table, v config.ViewEntry, dependencies source.Dependencies) (warnings []string) {
	if len(dependencies.Untransactional) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: the storage engine has no transactions, so these rows may be newer "+
			"than those of the other views: ALTER TABLE ... ENGINE=InnoDB",
			strings.Join(dependencies.Untransactional, ", ")))
	}
	if len(t.HiddenKey) > 0 && len(v.Key) == 0 {
		warnings = append(warnings, fmt.Sprintf("this user may not read the column %s of the primary key, "+
			"so there is no key: GRANT SELECT on it", strings.Join(t.HiddenKey, ", ")))
	}
	return warnings
}

// findColumn returns a column by its exact name; a zero Column if t lacks it.
func findColumn(t schema.Table, name string) schema.Column {
	if i := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name }); i >= 0 {
		return t.Columns[i]
	}
	return schema.Column{}
}

// indexesOfTable returns the columns of each index that SYNC_INDEXES has for a table.
func indexesOfTable(s config.SyncConfig, table string) (indexes [][]string) {
	for _, x := range s.Indexes {
		if strings.EqualFold(x.Table, table) {
			indexes = append(indexes, x.Columns)
		}
	}
	return indexes
}
