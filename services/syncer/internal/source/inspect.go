package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
)

// ServerInfo describes the server, the connection to it, and the user's rights.
type ServerInfo struct {
	Version string   `json:"version"`
	TLS     string   `json:"tls"`    // version; "" without TLS
	Cipher  string   `json:"cipher"` // "" without TLS
	Grants  []string `json:"grants"`
}

// Inspect reads what the server says about itself. Servers that only speak MySQL's protocol may say less.
func (r *Reader) Inspect(ctx context.Context) (ServerInfo, error) {
	var s ServerInfo
	if err := r.tx.GetContext(ctx, &s.Version, "SELECT VERSION()"); err != nil {
		return s, fmt.Errorf("read server version: %w", err)
	}

	// Whatever the server does not say stays empty.
	for name, value := range map[string]*string{"Ssl_version": &s.TLS, "Ssl_cipher": &s.Cipher} {
		var found struct {
			Name  string `db:"Variable_name"`
			Value string `db:"Value"`
		}
		if err := r.tx.GetContext(ctx, &found, "SHOW SESSION STATUS LIKE '"+name+"'"); err == nil {
			*value = found.Value
		}
	}

	_ = sqlx.SelectContext(ctx, r.tx, &s.Grants, "SHOW GRANTS")
	for i, g := range s.Grants {
		if before, _, ok := strings.Cut(g, " IDENTIFIED "); ok {
			s.Grants[i] = before // MariaDB adds the hash of the password
		}
	}

	return s, nil
}

// Bounds of the search for unique columns: rows of a sample, and candidates that are read from the whole view.
const (
	sampleRows      = 2000
	maxSingles      = 4
	maxPairsSampled = 40
	maxPairs        = 2
)

// UniqueColumns finds a column, or otherwise a pair of columns, with a different value in every row and no NULL: a key
// for a view without one. It reads the whole view at most twice. In an empty view it finds none.
func (r *Reader) UniqueColumns(ctx context.Context, t schema.Table) ([]string, error) {
	var candidates [][]string
	names := make([]string, len(t.Columns)) // named, since this user may not read all columns
	for i, c := range t.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
		switch c.Kind {
		case schema.Integer, schema.Text, schema.Decimal, schema.Date, schema.DateTime, schema.Timestamp:
			candidates = append(candidates, []string{c.Name})
		}
	}

	// A sample excludes most columns. Of the rest, those that are named like an identifier come first.
	whole := schema.QuoteMySQL(t.Name)
	sample := fmt.Sprintf("(SELECT %s FROM %s LIMIT %d) sample", strings.Join(names, ", "), whole, sampleRows)
	singles, err := r.filterUnique(ctx, sample, candidates)
	if err != nil {
		return nil, err
	}

	slices.SortStableFunc(singles, func(a, b []string) int { return identifierRank(a[0]) - identifierRank(b[0]) })
	found, err := r.filterUnique(ctx, whole, singles[:min(len(singles), maxSingles)])
	if err != nil || len(found) > 0 {
		return firstOrNil(found), err
	}

	// Try pairs in which at least one column is named like an identifier.
	var pairs [][]string
	for i, a := range candidates {
		for _, b := range candidates[i+1:] {
			if identifierRank(a[0]) < otherRank || identifierRank(b[0]) < otherRank {
				pairs = append(pairs, []string{a[0], b[0]})
			}
		}
	}

	pairs, err = r.filterUnique(ctx, sample, pairs[:min(len(pairs), maxPairsSampled)])
	if err != nil {
		return nil, err
	}

	found, err = r.filterUnique(ctx, whole, pairs[:min(len(pairs), maxPairs)])
	return firstOrNil(found), err
}

// firstOrNil returns the first of what was found; nil if nothing was.
func firstOrNil(found [][]string) []string {
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// otherRank is the rank of a name that does not look like an identifier's.
const otherRank = 2

// identifierRank returns how much a column's name looks like that of an identifier: 0 is best.
func identifierRank(column string) int {
	lower := strings.ToLower(column)
	if lower == "id" {
		return 0
	}

	for _, suffix := range []string{"id", "number", "no", "code", "key"} {
		if strings.HasSuffix(lower, suffix) {
			return 1
		}
	}

	if lower == "vin" {
		return 1
	}
	return otherRank
}

// filterUnique returns the candidates whose values are unique in a table, which must have rows.
func (r *Reader) filterUnique(ctx context.Context, from string, candidates [][]string) ([][]string, error) {
	if len(candidates) == 0 {
		return nil, nil
	}

	// Count the rows, and the different values of each candidate.
	counts := make([]string, len(candidates))
	for i, c := range candidates {
		names := make([]string, len(c))
		for j := range c {
			names[j] = schema.QuoteMySQL(c[j])
		}

		counts[i] = "COUNT(DISTINCT " + strings.Join(names, ", ") + ")"
	}

	rows, err := r.tx.QueryxContext(ctx, "SELECT COUNT(*), "+strings.Join(counts, ", ")+" FROM "+from)
	if err != nil {
		return nil, fmt.Errorf("look for unique columns: %w", err)
	}
	defer func() { _ = rows.Close() }()

	values := make([]int64, len(candidates)+1)
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}

	if rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for unique columns: %w", err)
	}

	// A candidate is unique if it has as many values as there are rows.
	var found [][]string
	for i, c := range candidates {
		if values[0] > 0 && values[i+1] == values[0] {
			found = append(found, c)
		}
	}

	return found, nil
}
