package e2e

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// bareSearch is the query of the default search.
func bareSearch() string {
	return "SELECT " + strings.Join(columnNames(vehicleColumns()), ", ") +
		" FROM bench WHERE make = ? AND model = ? AND year = ? ORDER BY id LIMIT 20"
}

// bareHandler answers a search by make, model and year with as little work as possible. It knows nothing about the
// table, has no timeouts and no limits, interprets nothing and counts nothing. Its rate is the upper bound that HTTP,
// JSON and the database allow.
func bareHandler(b *testing.B, db *sql.DB, query string) http.Handler {
	b.Helper()
	statement, err := db.PrepareContext(context.Background(), query)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = statement.Close() })

	answer := func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		rows, err := statement.QueryContext(r.Context(), q.Get("make"), q.Get("model"), q.Get("year"))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		types, err := rows.ColumnTypes()
		if err != nil {
			return err
		}
		values, dest := make([]sql.RawBytes, len(types)), make([]any, len(types))
		for i := range values {
			dest[i] = &values[i]
		}
		body := append(make([]byte, 0, 16<<10), '[')
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			for i, t := range types {
				body = append(append(append(body, ",\""...), t.Name()...), "\":"...)
				switch {
				case values[i] == nil:
					body = append(body, "null"...)
				case isQuoted(t.DatabaseTypeName()):
					body = append(append(append(body, '"'), values[i]...), '"')
				default:
					body = append(body, values[i]...)
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, err = w.Write(body)
		return errors.Join(err, rows.Err())
	}

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-API-Key")), []byte(apiKey)) != 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if err := answer(w, r); err != nil {
			b.Error(err)
		}
	})
}

// isQuoted reports whether JSON puts values of a MySQL type in quotes.
func isQuoted(databaseType string) bool {
	for _, part := range []string{"CHAR", "TEXT", "DATE", "TIMESTAMP"} {
		if strings.Contains(databaseType, part) {
			return true
		}
	}
	return false
}
