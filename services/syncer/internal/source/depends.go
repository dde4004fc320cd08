package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Dependencies describes what a view or table is made of, as far as this user may see it.
type Dependencies struct {
	Hidden          []string // views whose definition this user may not see, and tables that it may not see
	UsesZone        bool     // a definition may evaluate to something else in another time zone
	CallsFunctions  bool     // a definition calls stored functions
	Untransactional []string // tables whose engine has no transactions, with the engine
}

// tableName is a table of some database.
type tableName struct{ database, name string }

func (n tableName) String() string { return n.database + "." + n.name }

// catalogNames are names that the definitions of views are compared with.
type catalogNames struct {
	database  string   // the current one
	databases []string // all that this user may see
	engines   []string // those with transactions; nil if the server does not list them
}

// Dependencies inspects a view or table and, through its definition, all views and tables below it.
func (r *Reader) Dependencies(ctx context.Context, name string) (d Dependencies, err error) {
	known, err := r.catalogNames(ctx)
	if err != nil {
		return d, err
	}

	// Walk from the view down to the tables that it reads.
	var computes, hasTimestamps bool
	queue := []tableName{{known.database, name}}
	for i := 0; i < len(queue); i++ {
		t := queue[i]
		var found struct {
			Type       string
			Engine     sql.NullString
			Timestamps int
		}
		err := r.tx.GetContext(ctx, &found, `SELECT table_type AS type, engine AS engine, (
				SELECT COUNT(*) FROM information_schema.columns
				WHERE table_schema = ? AND table_name = ? AND data_type = 'timestamp') AS timestamps
			FROM information_schema.tables WHERE table_schema = ? AND table_name = ?`,
			t.database, t.name, t.database, t.name)
		if errors.Is(err, sql.ErrNoRows) { // only the definer of the view above may see it
			d.Hidden = append(d.Hidden, t.name)
			continue
		}
		if err != nil {
			return d, fmt.Errorf("inspect %s: %w", t, err)
		}

		// A table ends the walk.
		if found.Type != "VIEW" {
			hasTimestamps = hasTimestamps || found.Timestamps > 0
			engine := found.Engine.String
			if engine != "" && known.engines != nil && !slices.Contains(known.engines, engine) {
				d.Untransactional = append(d.Untransactional, fmt.Sprintf("%s (%s)", t.name, engine))
			}
			continue
		}

		definition, err := r.definition(ctx, t)
		if err != nil {
			return d, err
		}
		if definition == "" {
			d.Hidden, computes = append(d.Hidden, t.name), true
			continue
		}

		// See what the definition computes. A quoted name becomes a single backtick, so that no word in it counts. The
		// call of a stored function then reads `(.
		withoutNames := quotedNamePattern.ReplaceAllString(definition, "`")
		computes = computes || computationPattern.MatchString(withoutNames)
		d.UsesZone = d.UsesZone || clockPattern.MatchString(withoutNames)
		d.CallsFunctions = d.CallsFunctions || strings.Contains(withoutNames, "`(")

		// Go on with the tables that it names.
		for _, next := range tablesInDefinition(definition, known.databases) {
			if !slices.Contains(queue, next) {
				queue = append(queue, next)
			}
		}
	}

	// A TIMESTAMP in a computation may depend on the zone. So may what is hidden.
	d.UsesZone = d.UsesZone || computes && (hasTimestamps || len(d.Hidden) > 0)
	return d, nil
}

// catalogNames reads the names to compare definitions with.
func (r *Reader) catalogNames(ctx context.Context) (known catalogNames, err error) {
	if err := r.tx.GetContext(ctx, &known.database, "SELECT DATABASE()"); err != nil {
		return known, err
	}
	err = sqlx.SelectContext(ctx, r.tx, &known.databases, "SELECT schema_name AS name FROM information_schema.schemata")
	if err != nil {
		return known, fmt.Errorf("list databases: %w", err)
	}

	err = sqlx.SelectContext(ctx, r.tx, &known.engines,
		"SELECT engine AS name FROM information_schema.engines WHERE transactions = 'YES'")
	if err != nil || len(known.engines) == 0 { // a server that only speaks MySQL's protocol
		known.engines = nil
	}
	return known, nil
}

// tablesInDefinition returns the tables and views of the given databases that a definition names.
func tablesInDefinition(definition string, databases []string) (tables []tableName) {
	for _, match := range qualifiedNamePattern.FindAllStringSubmatch(definition, -1) {
		t := tableName{unquoteName(match[1]), unquoteName(match[2])}
		isFunction := match[3] != ""
		if !isFunction && slices.Contains(databases, t.database) {
			tables = append(tables, t)
		}
	}
	return tables
}

// definition returns a view's SELECT as the server stores it; "" if this user may not see it.
func (r *Reader) definition(ctx context.Context, t tableName) (string, error) {
	var text sql.NullString
	err := r.tx.GetContext(ctx, &text, `SELECT view_definition AS definition
		FROM information_schema.views WHERE table_schema = ? AND table_name = ?`, t.database, t.name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the definition of %s: %w", t, err)
	}
	return text.String, nil
}

// Names in a definition. It names tables, columns and functions of a database as `database`.`table`.
var (
	quotedNamePattern    = regexp.MustCompile("`(?:[^`]|``)*`")
	qualifiedNamePattern = regexp.MustCompile("`((?:[^`]|``)+)`\\.`((?:[^`]|``)+)`(\\(?)")
)

// unquoteName undoes the doubling of backticks in a quoted name.
func unquoteName(name string) string { return strings.ReplaceAll(name, "``", "`") }

// clockPattern finds functions that depend on the session's time zone whatever the tables hold. The server stores a
// definition in one notation: NOW() as now() or current_timestamp(). A function of the user's may call them.
var clockPattern = regexp.MustCompile(`(?i)\b(now|current_timestamp|curdate|current_date|curtime|current_time|` +
	`sysdate|localtime|localtimestamp|from_unixtime|unix_timestamp)\s*\(|` +
	`\b(curdate|current_date|current_timestamp)\b|` + "`\\(")

// computationPattern finds what may evaluate differently for a TIMESTAMP in another time zone. That is anything beyond
// a list of columns: a function takes its text, and a comparison, a join or a UNION may turn it into a DATETIME.
var computationPattern = regexp.MustCompile(`(?i)\(|` +
	`\b(where|on|using|having|group by|order by|union|except|intersect|interval|between|case|like|in|distinct)\b|` +
	`[-+*/%<>=]`)
