package store

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// All rows of a large table decide what its columns are, even if the first rows suggest something else. If the first
// rows suffice, the table is read only once.
func TestBindingOfLargeTables(t *testing.T) {
	vocabulary, err := value.ReadVocabulary("")
	if err != nil {
		t.Fatal(err)
	}

	binding := catalog.Binding{Vocabulary: vocabulary}
	mysql := dbtest.Database(t)

	sqlite, file := dbtest.SQLite(t)
	databases := map[*sqlx.DB]dbconn.Config{dbtest.Open(t, mysql): mysql, file: sqlite}
	for name, c := range map[string]struct {
		first string // the values of the column c7 in the first rows
		reads int
	}{
		"alike": {"SUBSTR('Automatic Manual', 1 + 10 * (n % 2), 9)", 1}, "other": {"SUBSTR('abcde', 1 + n % 5, 1)", 2},
		"empty": {"NULL", 2},
	} {
		for db, config := range databases {
			dbtest.MustExec(t, db, "DROP TABLE IF EXISTS cars",
				"CREATE TABLE cars (id INT NOT NULL PRIMARY KEY, make VARCHAR(20), model "+
					"VARCHAR(20), c7 VARCHAR(20), price VARCHAR(20))")
			fill := fmt.Sprintf(`INSERT INTO cars WITH RECURSIVE few (i) AS (
				SELECT 0 UNION ALL SELECT i + 1 FROM few WHERE i < 299),
				n (n) AS (SELECT 300 * a.i + b.i FROM few AS a, few AS b)
				SELECT n, 'Kia', 'Rio', CASE WHEN n < %d THEN %s ELSE SUBSTR('Automatic Manual', 1 + 10 * (n %% 2), 9) END, '$100'
				FROM n WHERE n <= %d ORDER BY n`, sampleRows, c.first, manyTableRows)
			dbtest.MustExec(t, db, fill)

			if config.Driver != dbconn.SQLite {
				dbtest.MustExec(t, db, "ANALYZE TABLE cars")
			}

			s := openStore(t, config, Settings{Table: "cars", Binding: binding})
			reads, rows := 0, 0
			read, _, err := s.Read(t.Context(), nil, func(c *catalog.Catalog, _ int) ([]*catalog.Field, AddRow, error) {
				reads++
				rows = 0
				return c.Read, func([]value.Cell) error { rows++; return nil }, nil
			})
			if err != nil {
				t.Fatal(err)
			}

			if rows != manyTableRows+1 || reads != c.reads && config.Driver == dbconn.SQLite {
				t.Errorf("%s: %s: %d rows in %d reads", config.Driver, name, rows, reads)
			}

			// In a small table all rows are examined first.
			whole := tableRead{store: s, conn: nil, source: catalog.Source{Table: read.Table}, binding: binding}
			conn, release, err := s.acquireReader(t.Context())
			if err != nil {
				t.Fatal(err)
			}

			whole.conn = conn
			plan, err := whole.planOfRows(t.Context(), 0)
			release(false)

			if err != nil {
				t.Fatal(err)
			}

			if !reflect.DeepEqual(read.Plan, plan) || plan.Fields["transmission"].Column != "c7" {
				t.Errorf("%s: %s: %+v, want %+v", config.Driver, name, read.Plan, plan)
			}
		}
	}
}
