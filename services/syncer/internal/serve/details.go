package serve

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/syncer/internal/config"
	"carstock/services/syncer/internal/snapshot"
)

// Bounds of what the page shows of the rows of tables, so that it stays small.
const (
	sampleRows    = 5
	sampleColumns = 40
	sampledTables = 50
	sampleLength  = 60 // characters of a value
)

// sizedRows is how many rows of a table are measured. The size of a larger table is an estimate.
const sizedRows = 1000

// fileDetails are the facts about a file that are too expensive to read for each view of the page.
type fileDetails struct {
	changes, changeBytes int64                   // the change history
	tables               map[string]tableDetails // by name
}

// tableDetails are the size and the first rows of a table.
type tableDetails struct {
	size      int64 // of its values
	estimated bool
	sample    *rowSample // nil if no page shows rows
}

// rowSample is the first rows of a table. Of a wide table it has the first columns.
type rowSample struct {
	Columns []sampleColumn
	Rows    [][]sampleCell
}

// sampleColumn is a column of a sample. Its values are numbers, except for NULL, if Number is set.
type sampleColumn struct {
	Name   string
	Number bool
}

// sampleCell is a value as the page shows it.
type sampleCell struct {
	Text   string
	Number bool
	Null   bool
}

// detailsCache keeps the details of a file until the next run.
type detailsCache struct {
	mu      sync.Mutex
	latest  runID
	details fileDetails
}

// read returns the details of a file whose newest run and tables are known. The first call after a run reads them.
func (c *detailsCache) read(
	path string, latest runID, tables []snapshotfile.TableContent, withRows bool,
) (fileDetails, error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.latest == latest {
		return c.details, nil
	}

	d := fileDetails{tables: map[string]tableDetails{}}
	err := snapshot.Read(path, func(db *sqlx.DB) (err error) {
		if d.changes, d.changeBytes, err = snapshotfile.ChangesSize(context.Background(), db); err != nil {
			return err
		}
		for i, t := range tables {
			if d.tables[t.Table], err = readTableDetails(db, t, withRows && i < sampledTables); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fileDetails{}, err
	}

	c.latest, c.details = latest, d
	return d, nil
}

// readTableDetails measures a table, and reads its first rows if withRows is set.
func readTableDetails(db *sqlx.DB, t snapshotfile.TableContent, withRows bool) (d tableDetails, err error) {
	// SQLite measures a value without reading all of it.
	sums := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		sums[i] = "coalesce(sum(octet_length(" + schema.QuoteSQLite(c.Name) + ")), 0)"
	}
	from := " FROM main." + schema.QuoteSQLite(t.Table)
	query := fmt.Sprintf("SELECT count(*), %s FROM (SELECT *%s LIMIT %d)", strings.Join(sums, ", "), from, sizedRows)
	sizes, err := db.QueryRowx(query).SliceScan()
	if err != nil {
		return d, err
	}

	measured, _ := sizes[0].(int64)
	for _, size := range sizes[1:] {
		n, _ := size.(int64)
		d.size += n
	}

	// Assume that the other rows are as large as those that were measured.
	if measured == sizedRows && t.Rows > measured {
		d.size = int64(float64(d.size) / float64(measured) * float64(t.Rows))
		d.estimated = true
	}

	if withRows {
		d.sample, err = readSample(db, t, from)
	}

	return d, err
}

// readSample reads the first rows of a table. It cuts long values, and does not read very long ones at all.
func readSample(db *sqlx.DB, t snapshotfile.TableContent, from string) (*rowSample, error) {
	s := &rowSample{}
	var values []string
	for _, c := range t.Columns[:min(len(t.Columns), sampleColumns)] {
		s.Columns = append(s.Columns, sampleColumn{Name: c.Name})

		// Show a BLOB or a very long text by its size, which SQLite knows without reading all of it.
		values = append(values, fmt.Sprintf(`CASE WHEN typeof(%[1]s) = 'blob'
				THEN printf('(%%,d byte%%s)', octet_length(%[1]s), iif(octet_length(%[1]s) = 1, '', 's'))
			WHEN typeof(%[1]s) <> 'text' THEN %[1]s
			WHEN octet_length(%[1]s) > 100000 THEN printf('(%%,d bytes of text)', octet_length(%[1]s))
			ELSE substr(%[1]s, 1, %[2]d) END`, schema.QuoteSQLite(c.Name), sampleLength+1))
	}

	rows, err := db.Queryx(fmt.Sprintf("SELECT %s%s LIMIT %d", strings.Join(values, ", "), from, sampleRows))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()

	for rows.Next() {
		found, err := rows.SliceScan()
		if err != nil {
			return nil, err
		}
		row := make([]sampleCell, len(found))
		for i, value := range found {
			row[i] = newSampleCell(value)
		}
		s.Rows = append(s.Rows, row)
	}

	for i := range s.Columns {
		s.Columns[i].Number = isNumeric(s.Rows, i)
	}

	return s, rows.Err()
}

// isNumeric reports whether a column has numbers, and nothing else but NULL.
func isNumeric(rows [][]sampleCell, column int) bool {
	found := false
	for _, row := range rows {
		if c := row[column]; c.Number {
			found = true
		} else if !c.Null {
			return false
		}
	}

	return found
}

// newSampleCell returns how the page shows a value of SQLite.
func newSampleCell(value any) sampleCell {
	switch v := value.(type) {
	case nil:
		return sampleCell{Text: "NULL", Null: true}
	case int64:
		return sampleCell{Text: strconv.FormatInt(v, 10), Number: true}
	case float64:
		return sampleCell{Text: strconv.FormatFloat(v, 'g', -1, 64), Number: true}
	case []byte:
		return sampleCell{Text: truncateValue(string(v))}
	}

	return sampleCell{Text: truncateValue(fmt.Sprint(value))}
}

// truncateValue cuts a text that is longer than the page shows.
func truncateValue(text string) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if runes := []rune(text); len(runes) > sampleLength {
		text = string(runes[:sampleLength]) + "…"
	}
	return printableText(text)
}

// showsRows reports whether the page shows rows to a request for a host. The page has no access control, so by default
// only this machine sees them. The host matters because a browser here may open another site whose name leads to the
// loopback address (DNS rebinding), and a proxy here may serve other machines.
func (s *Service) showsRows(host string) bool {
	switch s.config.Sync.ShowRows {
	case config.ShowAlways:
		return true
	case config.ShowLocal:
		return isLoopbackHost(s.config.Sync.HTTPAddr) && isLoopbackHost(host)
	}

	return false
}

// isLoopbackHost reports whether a host, which may have a port, names the loopback interface.
func isLoopbackHost(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}
