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

// utcZones are the names that servers have for UTC.
var utcZones = []string{
	"+00:00", "-00:00", "UTC", "Etc/UTC", "GMT", "Etc/GMT", "UCT", "Etc/UCT",
	"Zulu", "Etc/Zulu", "Universal", "Etc/Universal",
}

// isUTC reports whether a time zone is UTC, by its name.
func isUTC(zone string) bool {
	for _, name := range utcZones {
		if strings.EqualFold(zone, name) {
			return true
		}
	}
	return false
}

// isUTC reports whether the session shows a TIMESTAMP in UTC. SYSTEM may be UTC too, but reading it as another zone is
// correct as well.
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

// utcColumns are the columns that are read as UNIX_TIMESTAMP, for which no hour repeats.
type utcColumns struct {
	positions  []int
	checkHours bool // one more column for each reports whether its value is in a repeated hour
}

// inRepeatedHour is the condition that the local time of a TIMESTAMP occurs a second time a while later. Clocks are set
// back by an hour, on Lord Howe Island by half an hour, at Troll by two hours.
func inRepeatedHour(column string) string {
	var again []string
	for _, seconds := range []string{"1800", "3600", "7200"} {
		again = append(again, "FROM_UNIXTIME(UNIX_TIMESTAMP("+column+") + "+seconds+")")
	}
	return column + " IN (" + strings.Join(again, ", ") + ")"
}

// utcRows are rows whose utcColumns are as MySQL would show them in UTC.
type utcRows struct {
	driver.Rows
	columns  utcColumns
	row      []driver.Value
	repeated []int64 // number of values in a repeated hour, by column
}

// newUTCRows returns rows whose given columns are in UTC.
func newUTCRows(rows driver.Rows, columns utcColumns) *utcRows {
	return &utcRows{rows, columns, make([]driver.Value, len(rows.Columns())), make([]int64, len(columns.positions))}
}

// Next reads a row, and turns seconds into times.
func (u *utcRows) Next(row []driver.Value) error {
	if err := u.Rows.Next(u.row); err != nil {
		return err
	}

	copy(row, u.row)
	for i, position := range u.columns.positions {
		text, err := formatUTC(row[position])
		if err != nil {
			return err
		}
		row[position] = text

		// The checks come after the columns of the table.
		if u.columns.checkHours && u.row[len(row)+i] == int64(1) {
			u.repeated[i]++
		}
	}

	clear(u.row) // so that the driver's buffer is freed with the receiver's row
	return nil
}

// warnings returns warnings about the columns with values in a repeated hour. MySQL evaluates an expression such as MAX
// in local time, which loses which of the two hours it was. It keeps the hour of a plain column, and MariaDB keeps it
// always.
func (u *utcRows) warnings(t schema.Table) (warnings []string) {
	for i, n := range u.repeated {
		if n > 0 {
			warnings = append(warnings, fmt.Sprintf("%s: %s values are in the hour that occurs twice when clocks "+
				"are set back: if the column is an expression, MySQL no longer knows which of the two hours it was, and "+
				"takes the first: set DB_TIMEZONE=UTC to avoid that", t.Columns[u.columns.positions[i]].Name, humanize.Comma(n)))
		}
	}
	return warnings
}

// losesHour reports whether TIMESTAMPs of a view or table may have lost the hour, as they may in MySQL's views.
func (r *Reader) losesHour(ctx context.Context, name string) (bool, error) {
	var found struct{ Version, Type string }
	err := r.tx.GetContext(ctx, &found, `SELECT VERSION() AS version, table_type AS type
		FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`, name)
	if err != nil {
		return false, fmt.Errorf("inspect %s: %w", name, err)
	}
	return found.Type == "VIEW" && !strings.Contains(found.Version, "MariaDB"), nil
}

// formatUTC formats seconds since 1970 as a TIMESTAMP in UTC, and keeps the digits of a fraction. 0 is the zero date,
// as the first TIMESTAMP is a second later.
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

// foldMargin is more than clocks are ever set back. The server compares local times, which go back by an hour in
// autumn.
const foldMargin = 3 * time.Hour

// unixSeconds converts a watermark in UTC to seconds since 1970, less the margin; nil if it is not a time.
func unixSeconds(watermark any) any {
	text, _ := watermark.(string)
	t, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		return nil
	}
	return max(t.Add(-foldMargin).Unix(), 0)
}
