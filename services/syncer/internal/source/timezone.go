package source

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"carstock/pkg/schema"
)

// utcZones are names that servers have for UTC.
var utcZones = []string{"+00:00", "-00:00", "UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Etc/UCT",
	"Zulu", "Etc/Zulu", "Universal", "Etc/Universal"}

func isUTC(zone string) bool {
	for _, name := range utcZones {
		if strings.EqualFold(zone, name) {
			return true
		}
	}
	return false
}

// isUTC reports whether the session shows a TIMESTAMP in UTC. SYSTEM may be UTC too, but reading it as if it were
// not is right as well.
func (r *Reader) isUTC() bool { return isUTC(r.zone) }

// Zones are the time zones of the session and of the server.
type Zones struct {
	Session string `db:"session"`
	Server  string `db:"server"`
}

// Differ reports whether a view may return other rows here than to the server's other users.
func (z Zones) Differ() bool {
	bothUTC := isUTC(z.Session) && isUTC(z.Server)
	return !bothUTC && !strings.EqualFold(z.Session, z.Server)
}

// Zones reads the time zones.
func (r *Reader) Zones(ctx context.Context) (z Zones, err error) {
	err = r.tx.GetContext(ctx, &z, `SELECT
		IF(@@session.time_zone = 'SYSTEM', @@system_time_zone, @@session.time_zone) AS session,
		IF(@@global.time_zone = 'SYSTEM', @@system_time_zone, @@global.time_zone) AS server`)
	if err != nil {
		return z, fmt.Errorf("read time zones: %w", err)
	}
	return z, nil
}

// utcColumns are the places of columns that come as UNIX_TIMESTAMP, which has no hour that occurs twice.
type utcColumns struct {
	places  []int
	checked bool // a further column for each says whether its value is in such an hour
}

// inHourThatOccursTwice is the condition that a TIMESTAMP, in local time, is again the same a while later. Clocks
// are put back by an hour, on Lord Howe Island by half of one, at Troll by two.
func inRepeatedHour(column string) string {
	var again []string
	for _, seconds := range []string{"1800", "3600", "7200"} {
		again = append(again, "FROM_UNIXTIME(UNIX_TIMESTAMP("+column+") + "+seconds+")")
	}
	return column + " IN (" + strings.Join(again, ", ") + ")"
}

// utcRows are rows with these columns as MySQL would show them in UTC.
type utcRows struct {
	driver.Rows
	columns   utcColumns
	row       []driver.Value
	ambiguous []int64 // values of each column in an hour that occurs twice
}

func newUTCRows(rows driver.Rows, columns utcColumns) *utcRows {
	return &utcRows{rows, columns, make([]driver.Value, len(rows.Columns())), make([]int64, len(columns.places))}
}

func (u *utcRows) Next(row []driver.Value) error {
	if err := u.Rows.Next(u.row); err != nil {
		return err
	}
	copy(row, u.row)
	for i, place := range u.columns.places {
		text, err := formatUTC(row[place])
		if err != nil {
			return err
		}
		row[place] = text
		if u.columns.checked && u.row[len(row)+i] == int64(1) {
			u.ambiguous[i]++
		}
	}
	clear(u.row) // the driver's buffer can go when its receiver lets it go
	return nil
}

// warnings are about the columns of a view with such values. MySQL evaluates an expression such as MAX in local
// time, and then has lost which of the two hours it was. It keeps that of a plain column, and MariaDB of all.
func (u *utcRows) warnings(t schema.Table) (warnings []string) {
	for i, n := range u.ambiguous {
		if n > 0 {
			warnings = append(warnings, fmt.Sprintf("%s: %s values are in the hour that occurs twice when clocks are put back: "+
				"if the column is an expression, MySQL has lost which one it was, and the first is taken; "+
				"DB_TIMEZONE=UTC loses nothing", t.Columns[u.columns.places[i]].Name, humanize.Comma(n)))
		}
	}
	return warnings
}

// losesHour reports whether TIMESTAMPs of a view or table may have lost the hour: in MySQL's views.
func (r *Reader) losesHour(ctx context.Context, name string) (bool, error) {
	var found struct{ Version, Type string }
	err := r.tx.GetContext(ctx, &found, `SELECT VERSION() AS version, table_type AS type
		FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`, name)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", name, err)
	}
	return found.Type == "VIEW" && !strings.Contains(found.Version, "MariaDB"), nil
}

// utcText writes seconds since 1970 as a TIMESTAMP in UTC with as many digits of a second. 0 is the zero date:
// a TIMESTAMP begins a second later.
func formatUTC(v driver.Value) (driver.Value, error) {
	var whole, fraction []byte
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		whole = strconv.AppendInt(nil, v, 10)
	case []byte:
		whole, fraction, _ = bytes.Cut(v, []byte("."))
	default:
		return nil, fmt.Errorf("a TIMESTAMP came as %T", v)
	}
	seconds, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a TIMESTAMP came as %q", whole)
	}

	text := []byte("0000-00-00 00:00:00")
	if seconds != 0 || len(bytes.Trim(fraction, "0")) > 0 {
		text = time.Unix(seconds, 0).UTC().AppendFormat(text[:0], time.DateTime)
	}
	if len(fraction) > 0 {
		text = append(append(text, '.'), fraction...)
	}
	return text, nil
}

// foldMargin is more than any clock was ever put back: the server compares local times, which go back by an hour
// in autumn.
const foldMargin = 3 * time.Hour

// unixSeconds is a watermark in UTC as seconds since 1970, less the margin; nil if it is no time.
func unixSeconds(since any) any {
	text, _ := since.(string)
	t, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		return nil
	}
	return max(t.Add(-foldMargin).Unix(), 0)
}
