package stock

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"carstock/pkg/dbconn"
)

// manyRows is how many rows a table has before it is said to lack an index.
const manyRows = 10_000

// indexPrefix is what syncer puts before an entry of SYNC_INDEXES to name the index.
const indexPrefix = "_sync_index_"

// Findings are how a database answers the requests that many make.
type Findings struct {
	Fields  []string // and their columns, where they have other names
	Plans   []Plan   // none if there are no vehicles
	Missing []string // how to make the indexes that are missing
}

// Plan is how a database answers a request.
type Plan struct {
	Request string   // as a URL has it
	Steps   []string // in the words of the database

	slow     bool // many rows are read for a few
	behind   bool // in a table behind a view
	computed bool // the view is, before anything is looked for in it
}

// Check asks a database how it answers the requests that are usual, with values of a vehicle that it has.
func (s *Store) Check(ctx context.Context) (*Findings, error) {
	if err := s.Connect(ctx); err != nil {
		return nil, err
	}
	v, _ := s.state()
	found := &Findings{Fields: v.describe()}
	some, err := s.Search(ctx, url.Values{"limit": {"20"}, "include_total": {"false"}, "match": {"exact"}})
	if err != nil || some.Count == 0 {
		return found, err
	}
	var vehicles []map[string]json.RawMessage
	if err := json.Unmarshal(slices.Concat([]byte{'['}, some.Cars, []byte{']'}), &vehicles); err != nil {
		return nil, err
	}
	vehicle := vehicles[0]
	if i := slices.IndexFunc(vehicles, func(v map[string]json.RawMessage) bool { // one that says what it is
		return !slices.ContainsFunc([]string{"make", "model", "year"}, func(name string) bool { return string(v[name]) == "null" })
	}); i >= 0 {
		vehicle = vehicles[i]
	}
	value := func(name string) string {
		var text string
		if raw := vehicle[name]; json.Unmarshal(raw, &text) != nil {
			return string(raw) // a number
		}
		return text
	}
	search := func(values url.Values, fields ...string) question {
		request := "/cars/?" + values.Encode()
		values["include_total"] = []string{"false"}
		return question{request, fields, func(ctx context.Context) error { _, err := s.Search(ctx, values); return err }}
	}
	requests := []question{
		{"/cars/" + url.PathEscape(value("id")), []string{"id"}, func(ctx context.Context) error { _, err := s.Car(ctx, value("id"), nil); return err }},
		search(url.Values{"make": {value("make")}, "model": {value("model")}}, "make", "model"),
	}
	if vin := value("vin"); vin != "" {
		requests = append(requests, question{"/cars/vin/" + url.PathEscape(vin), []string{"vin"}, func(ctx context.Context) error { _, err := s.CarByVIN(ctx, vin, nil); return err }})
	}
	if f := v.byName["year"]; f != nil && f.class() == number && value("year") != "null" {
		requests[1] = search(url.Values{"make": {value("make")}, "model": {value("model")}, "year": {value("year")}}, "make", "model", "year")
	}
	if f := v.byName["price"]; f != nil && f.class() == number && f.number == f.quoted { // numbers that are kept as texts no index finds
		requests = append(requests, search(url.Values{"sort": {"price"}, "price_min": {"1"}}, "price"))
	}
	var bySyncer []string
	for _, r := range requests {
		p, err := s.explain(ctx, v, r)
		if err != nil {
			return nil, err
		}
		found.Plans = append(found.Plans, p)
		switch {
		case p.slow && v.copied && !p.behind:
			bySyncer = append(bySyncer, v.index(r.fields, p.behind))
		case p.slow:
			found.Missing = append(found.Missing, v.index(r.fields, p.behind))
		}
	}
	if bySyncer != nil { // with those that it has: what the setting does not name, syncer drops
		var kept []string
		err = s.query(ctx, "indexes", "SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name", nil, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			if entry, own := strings.CutPrefix(name, indexPrefix); own {
				kept = append(kept, strings.ReplaceAll(entry, ",", ", "))
			}
			return err
		})
		found.Missing = append(found.Missing, "SYNC_INDEXES='"+strings.Join(append(kept, bySyncer...), "; ")+"'")
	}
	return found, err
}

// question is a request, and the fields whose index it wants.
type question struct {
	request string
	fields  []string
	ask     func(context.Context) error
}

// asked is where query leaves the statements that a request comes to, if its context has one.
type asked struct {
	operation, statement string
	args                 []any
}

type askedKey struct{}

func (s *Store) explain(ctx context.Context, v view, r question) (Plan, error) {
	p := Plan{Request: r.request}
	var statements []asked
	if err := r.ask(context.WithValue(ctx, askedKey{}, &statements)); err != nil && !errors.Is(err, ErrNotFound) {
		return p, err
	}
	i := slices.IndexFunc(statements, func(a asked) bool { return a.operation == "car" || a.operation == "search" })
	if i < 0 {
		return p, fmt.Errorf("%s: nothing was asked of the database", r.request)
	}
	explain, read := "EXPLAIN FORMAT=TRADITIONAL ", p.fromMySQL
	if s.driver == dbconn.SQLite {
		explain, read = "EXPLAIN QUERY PLAN ", p.fromSQLite
	}
	err := s.query(ctx, "explain", explain+statements[i].statement, statements[i].args, func(rows *sql.Rows) error {
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		values, dest, step := make([]sql.NullString, len(names)), make([]any, len(names)), map[string]string{}
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, name := range names {
			step[strings.ToLower(name)] = values[i].String
		}
		read(step)
		return nil
	})
	var server *mysql.MySQLError
	if errors.As(err, &server) { // such as no right to look behind a view
		p.Steps = []string{"not told: " + server.Message}
		return p, nil
	}
	if p.computed {
		p.slow = false // whatever indexes there are
	}
	if err == nil && p.slow {
		err = s.query(ctx, "count", "SELECT COUNT(*) = ? FROM (SELECT 1 FROM "+v.from+" LIMIT ?) AS counted", []any{manyRows, manyRows}, func(rows *sql.Rows) error { return rows.Scan(&p.slow) })
	}
	return p, err
}

func (p *Plan) fromMySQL(step map[string]string) {
	how := "index " + step["key"]
	switch {
	case step["table"] == "":
		how = step["extra"]
	case step["key"] == "":
		how = "no index"
	}
	p.behind = p.behind || step["table"] != "t" && step["table"] != ""
	p.computed = p.computed || strings.HasPrefix(step["table"], "<")
	if strings.Contains(step["extra"], "filesort") {
		how += ", sorts"
	}
	if step["rows"] != "" {
		how += ", about " + grouped(step["rows"]) + " rows"
	}
	p.Steps = append(p.Steps, how)
	p.slow = p.slow || step["table"] != "" && step["possible_keys"] == "" // another index may be used to sort by
}

func (p *Plan) fromSQLite(step map[string]string) {
	p.Steps = append(p.Steps, step["detail"])
	table, ok := strings.CutPrefix(step["detail"], "SCAN ")
	p.slow = p.slow || ok && !strings.Contains(table, " USING ")
	p.behind = p.behind || ok && table != "t"
}

// longType is a text of more than 99 characters, or of any number.
var longType = regexp.MustCompile(`(?i)text|blob|\(\d{3,}\)`)

// index says how to make an index on the fields; for syncer's file, what to add to SYNC_INDEXES.
func (v view) index(fields []string, behind bool) string {
	var plain, quoted []string
	for _, name := range fields {
		c := v.byName[name].Column
		plain, quoted = append(plain, c.Name), append(quoted, v.dialect.quote(c.Name))
		if v.dialect == mysqlDialect && longType.MatchString(c.Type) {
			quoted[len(quoted)-1] += "(40)" // the whole is too long for an index
		}
	}
	switch {
	case v.copied && !behind:
		return v.table.Name + "(" + strings.Join(plain, ", ") + ")"
	case behind:
		return "an index on (" + strings.Join(plain, ", ") + ") of the table behind " + v.table.Name
	}
	return "CREATE INDEX by_" + strings.Join(fields, "_") + " ON " + v.dialect.quote(v.table.Name) + " (" + strings.Join(quoted, ", ") + ")"
}
