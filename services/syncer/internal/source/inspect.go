package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
)

// Server is what a connection tells of the server and of the user's rights.
type Server struct {
	Version string   `json:"version"`
	TLS     string   `json:"tls"`    // version, "" without TLS
	Cipher  string   `json:"cipher"` // "" without TLS
	Grants  []string `json:"grants"`
}

// Inspect asks the server about itself. Servers that only speak MySQL's protocol may know less.
func (r *Reader) Inspect(ctx context.Context) (Server, error) {
	var s Server
	if err := r.tx.GetContext(ctx, &s.Version, "SELECT VERSION()"); err != nil {
		return s, fmt.Errorf("read server version: %w", err)
	}
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
			s.Grants[i] = before // MariaDB adds the password's hash
		}
	}
	return s, nil
}

// sampleRows is how many rows are looked at before a whole view is.
const sampleRows = 2000

// UniqueColumns finds columns, or else a pair of them, that have another value in every row and no
// NULL: what a view without a key can be given as one. It reads the view twice at the most. None
// are found in an empty view.
func (r *Reader) UniqueColumns(ctx context.Context, t schema.Table) ([]string, error) {
	var candidates [][]string
	names := make([]string, len(t.Columns)) // named, since this user may not read all there are
	for i, c := range t.Columns {
		names[i] = schema.QuoteMySQL(c.Name)
		switch c.Kind {
		case schema.Integer, schema.Text, schema.Decimal, schema.Date, schema.DateTime, schema.Timestamp:
			candidates = append(candidates, []string{c.Name})
		}
	}
	from := schema.QuoteMySQL(t.Name)
	sample := fmt.Sprintf("(SELECT %s FROM %s LIMIT %d) sample", strings.Join(names, ", "), from, sampleRows)
	singles, err := r.filterUnique(ctx, sample, candidates)
	if err != nil {
		return nil, err
	}
	// Names that identifiers have come first.
	slices.SortStableFunc(singles, func(a, b []string) int { return identifierRank(a[0]) - identifierRank(b[0]) })
	if len(singles) > 4 {
		singles = singles[:4]
	}
	found, err := r.filterUnique(ctx, from, singles)
	if err != nil || len(found) > 0 {
		return firstOrNil(found), err
	}
	var pairs [][]string
	for i, a := range candidates {
		for _, b := range candidates[i+1:] {
			if identifierRank(a[0]) < 2 || identifierRank(b[0]) < 2 {
				pairs = append(pairs, []string{a[0], b[0]})
			}
		}
	}
	pairs, err = r.filterUnique(ctx, sample, pairs[:min(len(pairs), 40)])
	if err != nil {
		return nil, err
	}
	found, err = r.filterUnique(ctx, from, pairs[:min(len(pairs), 2)])
	return firstOrNil(found), err
}

func firstOrNil(found [][]string) []string {
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func identifierRank(column string) int {
	switch lower := strings.ToLower(column); {
	case lower == "id":
		return 0
	case strings.HasSuffix(lower, "id"), lower == "vin", strings.HasSuffix(lower, "number"), strings.HasSuffix(lower, "no"),
		strings.HasSuffix(lower, "code"), strings.HasSuffix(lower, "key"):
		return 1
	}
	return 2
}

// unique keeps of the candidates those that are unique in a table, which has to have rows.
func (r *Reader) filterUnique(ctx context.Context, from string, candidates [][]string) ([][]string, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
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
	dest := make([]any, len(values))
	for i := range values {
		dest[i] = &values[i]
	}
	if rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for unique columns: %w", err)
	}
	var found [][]string
	for i, c := range candidates {
		if values[0] > 0 && values[i+1] == values[0] {
			found = append(found, c)
		}
	}
	return found, nil
}
