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

	"carstock/pkg/schema"
)

// Dependencies is what a view or table is made of, as far as this user may see it.
type Dependencies struct {
	Hidden          bool     // the definition of a view, this one or one below it, is hidden from this user
	UsesZone        bool     // a definition may evaluate to something else in another time zone
	Untransactional []string // tables whose engines have no transactions, with the engine
}

// tableName is a table of some database.
type tableName struct{ database, name string }

func (n tableName) String() string { return n.database + "." + n.name }

// Dependencies looks at a view or table and, through its definition, at all below it.
func (r *Reader) Dependencies(ctx context.Context, name string) (d Dependencies, err error) {
	var known struct {
		Database  string
		Databases []string
		Engines   []string // those with transactions
	}
	if err := r.tx.GetContext(ctx, &known.Database, "SELECT DATABASE()"); err != nil {
		return d, err
	}
	err = sqlx.SelectContext(ctx, r.tx, &known.Databases, "SELECT schema_name AS name FROM information_schema.schemata")
	if err != nil {
		return d, fmt.Errorf("list databases: %w", err)
	}
	err = sqlx.SelectContext(ctx, r.tx, &known.Engines,
		"SELECT engine AS name FROM information_schema.engines WHERE transactions = 'YES'")
	if err != nil || len(known.Engines) == 0 { // a server that only speaks MySQL's protocol
		known.Engines = nil
	}

	queue := []tableName{{known.Database, name}}
	for i := 0; i < len(queue); i++ {
		t := queue[i]
		var found struct {
			Type   string
			Engine sql.NullString
		}
		err := r.tx.GetContext(ctx, &found, `SELECT table_type AS type, engine AS engine
			FROM information_schema.tables WHERE table_schema = ? AND table_name = ?`, t.database, t.name)
		if errors.Is(err, sql.ErrNoRows) {
			continue // no table, or one that only the view's definer may see
		}
		if err != nil {
			return d, fmt.Errorf("look at %s: %w", t, err)
		}
		if found.Type != "VIEW" {
			engine := found.Engine.String
			if engine != "" && known.Engines != nil && !slices.Contains(known.Engines, engine) {
				d.Untransactional = append(d.Untransactional, fmt.Sprintf("%s (%s)", t.name, engine))
			}
			continue
		}

		definition, err := r.definition(ctx, t)
		if err != nil {
			return d, err
		}
		if definition == "" {
			d.Hidden = true
			continue
		}
		d.UsesZone = d.UsesZone || zoneUse.MatchString(definition)
		for _, pair := range qualifiedName.FindAllStringSubmatch(definition, -1) {
			next := tableName{unquote(pair[1]), unquote(pair[2])}
			if slices.Contains(known.Databases, next.database) && !slices.Contains(queue, next) {
				queue = append(queue, next)
			}
		}
	}
	return d, nil
}

// definition is a view's SELECT as the server keeps it; "" if this user may not see it.
func (r *Reader) definition(ctx context.Context, t tableName) (string, error) {
	var text sql.NullString
	err := r.tx.GetContext(ctx, &text, `SELECT view_definition AS definition
		FROM information_schema.views WHERE table_schema = ? AND table_name = ?`, t.database, t.name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the definition of %s: %w", t, err)
	}
	return text.String, nil
}

// qualifiedName is how a definition names tables, and columns too: `database`.`table`.
var qualifiedName = regexp.MustCompile("`((?:[^`]|``)+)`\\.`((?:[^`]|``)+)`")

func unquote(name string) string { return strings.ReplaceAll(name, "``", "`") }

// zoneUse finds what can depend on the session's time zone: the functions for it, and TIMESTAMPs that are
// compared, grouped or computed with. A plain list of columns does not.
var zoneUse = regexp.MustCompile(`(?i)\b(now|current_timestamp|curdate|curtime|current_date|current_time|sysdate|` +
	`localtime|localtimestamp|from_unixtime|unix_timestamp|date|time|year|month|week|day|hour|cast|convert|date_format|` +
	`date_add|date_sub|timestampdiff|timestamp|to_days|extract|concat|weekday|dayofweek|dayofmonth|dayofyear|quarter|` +
	`yearweek|last_day|datediff|timediff|time_format|monthname|dayname)\s*\(|` +
	`\b(curdate|current_date|where|having|group by|interval)\b`)

// Probe prepares the read of a view as a run does, and reads no row.
func (r *Reader) Probe(ctx context.Context, t schema.Table) error {
	query, _, _ := r.selectRows(Query{Table: t}, false)
	stmt, err := r.tx.PreparexContext(ctx, query+" LIMIT 0")
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	rows, err := stmt.QueryContext(ctx)
	if err != nil {
		return err
	}
	return errors.Join(rows.Err(), rows.Close())
}
