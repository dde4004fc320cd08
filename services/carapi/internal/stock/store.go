package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

// ErrNotFound says that no vehicle has the id that was asked for.
var ErrNotFound = errors.New("no such vehicle")

// Store answers searches from one database. MySQL and SQLite take the same statements.
type Store struct {
	*Registry
	db         *sqlx.DB
	vocabulary *vocabulary
	timeout    time.Duration
	columns    string // of a SELECT, in the order of the fields
}

// Open reads the columns of the table and binds them. No query takes longer than timeout.
func Open(ctx context.Context, db *sqlx.DB, driver, table string, timeout time.Duration) (*Store, error) {
	read, dialect := schema.FromMySQL, mysqlDialect
	if driver == dbconn.SQLite {
		read, dialect = schema.FromSQLite, sqliteDialect
	}
	t, err := read(ctx, db, table)
	if err != nil {
		return nil, fmt.Errorf("CARS_TABLE: %w", err)
	}
	r, err := newRegistry(t, dialect)
	if err != nil {
		return nil, err
	}
	columns := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		columns[i] = f.quoted
	}
	return &Store{Registry: r, db: db, vocabulary: newVocabulary(db, r.Table), timeout: timeout, columns: strings.Join(columns, ", ")}, nil
}

// Page is the answer to a search.
type Page struct {
	Cars    []byte // a JSON array
	Count   int
	HasMore bool
}

// Search finds vehicles, in the order of their ids.
func (s *Store) Search(ctx context.Context, q Query) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	where, args, err := where(q.Filters, func(f *Field, word string) ([]string, error) {
		return s.vocabulary.resolve(ctx, f, word)
	})
	if err != nil {
		return Page{}, err
	}
	// One more than is shown tells whether there are more.
	query := "SELECT " + s.columns + " FROM " + s.Table + where + " ORDER BY " + s.byID() + " LIMIT ?"
	rows, err := s.db.QueryContext(ctx, query, append(args, q.Limit+1)...)
	if err != nil {
		return Page{}, fmt.Errorf("search: %w", err)
	}
	defer func() { _ = rows.Close() }()
	page := Page{Cars: []byte("[")}
	enc := newEncoder(s.Fields)
	for rows.Next() {
		if page.Count == q.Limit {
			page.HasMore = true
			break
		}
		if page.Count > 0 {
			page.Cars = append(page.Cars, ',')
		}
		if page.Cars, err = enc.append(page.Cars, rows); err != nil {
			return Page{}, fmt.Errorf("search: %w", err)
		}
		page.Count++
	}
	if err := rows.Err(); err != nil {
		return Page{}, fmt.Errorf("search: %w", err)
	}
	page.Cars = append(page.Cars, ']')
	return page, nil
}

// byID is what vehicles are ordered by.
func (s *Store) byID() string {
	id := s.byName["id"]
	if id.Kind == schema.Text {
		return id.exact
	}
	return id.quoted
}

// Car gives the vehicle of an id as a JSON object, or ErrNotFound.
func (s *Store) Car(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	field := s.byName["id"]
	var arg any = id
	if field.Kind == schema.Integer {
		// MySQL would compare as numbers, and find 12 for "12abc".
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != id { // +1 and 01 are no ids
			return nil, ErrNotFound
		}
		arg = n
	}
	condition, args := field.quoted+" = ?", []any{arg}
	if field.Kind == schema.Text { // the first condition finds it by the index, the second is sure
		condition, args = condition+" AND "+field.exact+" = ?", append(args, id)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT "+s.columns+" FROM "+s.Table+" WHERE "+condition+" LIMIT 1", args...)
	if err != nil {
		return nil, fmt.Errorf("read car: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read car: %w", err)
		}
		return nil, ErrNotFound
	}
	car, err := newEncoder(s.Fields).append(nil, rows)
	if err != nil {
		return nil, fmt.Errorf("read car: %w", err)
	}
	return car, nil
}

// Ready reports whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var one int
	err := s.db.GetContext(ctx, &one, "SELECT 1 FROM "+s.Table+" LIMIT 1")
	if errors.Is(err, sql.ErrNoRows) {
		return nil // an empty stock is an answer
	}
	return err
}
