package source

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"carstock/pkg/schema"
)

// Warning describes values that could not be stored as they are, by column and kind.
type Warning struct {
	Column string `json:"column"`
	Text   string `json:"text"`
	Count  int64  `json:"count"` // 0 if the warning is about the column itself
	First  string `json:"first"` // key of the first such row, or its number
}

// ValueOptions says how to store values that SQLite has no equivalent of. Without either field, zero dates such as
// 0000-00-00 are stored as text.
type ValueOptions struct {
	NullZeroDates bool // store them as NULL
	FailZeroDates bool // treat them as errors
}

// converter turns a value, as the driver returns it, into the one that SQLite stores. It is never called with NULL. The
// warning is "" for none.
type converter func(driver.Value) (v driver.Value, warning string, err error)

// converters returns a converter for each column, nil for those whose values are stored as they come.
func converters(columns []schema.Column, how ValueOptions) []converter {
	cs := make([]converter, len(columns))
	for i, c := range columns {
		switch c.Kind {
		case schema.Integer:
			if c.Unsigned && c.SQLiteType() == "INTEGER" {
				cs[i] = convertUnsigned
			}

		case schema.Bit:
			cs[i] = convertBit
			if c.SQLiteType() == "TEXT" {
				cs[i] = convertBitToText
			}

		case schema.Float:
			cs[i] = convertFloat

		case schema.Decimal:
			if c.SQLiteType() == "NUMERIC" {
				cs[i] = convertDecimal
			}

		case schema.Date, schema.DateTime, schema.Timestamp:
			if how.NullZeroDates {
				cs[i] = zeroDateToNull
			} else if how.FailZeroDates {
				cs[i] = rejectZeroDate
			}
		}
	}

	return cs
}

// IntegerOverflow is the error for an integer that SQLite can only store as text.
type IntegerOverflow struct {
	Column string
	Value  string
	Row    string // its key, or its number
}

func (e *IntegerOverflow) Error() string {
	return e.Value + " is beyond 9223372036854775807, SQLite's largest integer"
}

// convertUnsigned finds integers that SQLite cannot store, which the driver returns as text.
func convertUnsigned(v driver.Value) (driver.Value, string, error) {
	if text, ok := v.([]byte); ok {
		return nil, "", &IntegerOverflow{Value: string(text)}
	}
	return v, "", nil
}

// convertBit converts a BIT to an integer.
func convertBit(v driver.Value) (driver.Value, string, error) {
	u := bitValue(v)
	if u > math.MaxInt64 {
		return nil, "", &IntegerOverflow{Value: strconv.FormatUint(u, 10)}
	}
	return int64(u), "", nil
}

// convertBitToText converts a BIT to a number as text.
func convertBitToText(v driver.Value) (driver.Value, string, error) {
	return strconv.FormatUint(bitValue(v), 10), "", nil
}

// bitValue returns the number in a BIT, which comes as bytes, the highest first.
func bitValue(v driver.Value) (u uint64) {
	raw, _ := v.([]byte)
	for _, b := range raw {
		u = u<<8 | uint64(b)
	}
	return u
}

// convertFloat converts a FLOAT to the shortest decimal that is the same number in single precision: 0.1 instead of
// 0.10000000149011612, which its bits are in double precision.
func convertFloat(v driver.Value) (driver.Value, string, error) {
	f, ok := v.(float32)
	if !ok {
		return v, "", nil
	}
	var digits [32]byte
	d, err := parseFloat(strconv.AppendFloat(digits[:0], float64(f), 'g', -1, 32))
	return d, "", err
}

// convertDecimal converts a DECIMAL to the number that SQLite makes of its text. Up to 15 digits that is exact. Only
// SYNC_DECIMAL=numeric lets more digits come here, and those may be rounded.
func convertDecimal(v driver.Value) (driver.Value, string, error) {
	text, ok := v.([]byte)
	if !ok {
		return v, "", nil
	}

	whole, fraction, _ := bytes.Cut(text, []byte("."))
	if len(bytes.Trim(fraction, "0")) == 0 {
		if i, err := strconv.ParseInt(stringView(whole), 10, 64); err == nil {
			return i, "", nil
		}
	}

	f, err := parseFloat(text)
	if err != nil {
		return nil, "", fmt.Errorf("%q is not a number", text)
	}

	// Warn if the number does not read back as the same text.
	if len(text) > 16 { // a shorter text has at most 15 digits
		var back [400]byte
		if !bytes.Equal(strconv.AppendFloat(back[:0], f, 'f', len(fraction), 64), text) {
			return f, "more digits than a REAL holds: rounded, as SYNC_DECIMAL=numeric asks", nil
		}
	}

	return f, "", nil
}

// isZeroDate reports whether the month or the day of a date is 00.
func isZeroDate(v driver.Value) bool {
	t, ok := v.([]byte)
	return ok && len(t) >= 10 && (string(t[5:7]) == "00" || string(t[8:10]) == "00")
}

// zeroDateToNull converts a zero date to NULL, and warns.
func zeroDateToNull(v driver.Value) (driver.Value, string, error) {
	if isZeroDate(v) {
		return nil, "a zero date: stored as NULL, as SYNC_ZERO_DATES=null asks", nil
	}
	return v, "", nil
}

// rejectZeroDate returns an error for a zero date.
func rejectZeroDate(v driver.Value) (driver.Value, string, error) {
	if isZeroDate(v) {
		return nil, "", fmt.Errorf("%s is not a date (SYNC_ZERO_DATES=fail)", v)
	}
	return v, "", nil
}

// parseFloat parses a number. One beyond the range of a REAL becomes infinite.
func parseFloat(text []byte) (float64, error) {
	f, err := strconv.ParseFloat(stringView(text), 64)
	if errors.Is(err, strconv.ErrRange) {
		return f, nil
	}
	return f, err
}

// stringView is a string over bytes, without a copy. It is valid until they change.
func stringView(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// rowDecoder turns the rows of a table, as the driver returns them, into those to store.
type rowDecoder struct {
	columns      []schema.Column
	convert      []converter
	key          []int // positions of the columns that identify a row
	watermark    int   // position of the column whose greatest value to find; -1 for none
	maxWatermark string
	rows         int64
	warnings     []Warning
}

// newRowDecoder returns a decoder for the rows of a query. It warns of columns whose type is not known.
func newRowDecoder(q RowQuery, how ValueOptions) *rowDecoder {
	d := &rowDecoder{columns: q.Table.Columns, convert: converters(q.Table.Columns, how), watermark: -1}
	for i, c := range q.Table.Columns {
		if c.Name == q.Watermark {
			d.watermark = i
		}
		for _, name := range q.Table.Key {
			if c.Name == name {
				d.key = append(d.key, i)
			}
		}

		if c.Kind == schema.Unknown {
			text := "type " + c.Type + " is not known: stored as TEXT"
			d.warnings = append(d.warnings, Warning{Column: c.Name, Text: text})
		}
	}

	return d
}

// decodeRow appends a row to a batch.
func (d *rowDecoder) decodeRow(b *Batch, row []driver.Value) error {
	d.rows++
	if d.watermark >= 0 && row[d.watermark] != nil {
		d.updateWatermark(row[d.watermark])
	}

	for i, v := range row {
		if v != nil && d.convert[i] != nil {
			converted, warning, err := d.convert[i](v)
			if err != nil {
				var overflow *IntegerOverflow
				if errors.As(err, &overflow) {
					overflow.Column, overflow.Row = d.columns[i].Name, d.rowName(row)
				}
				return fmt.Errorf("%s: column %s: %w", d.rowName(row), d.columns[i].Name, err)
			}
			if warning != "" {
				d.addWarning(d.columns[i].Name, warning, row)
			}
			v = converted
		}

		b.appendValue(v, d.columns[i].Kind == schema.Bytes)
	}

	b.Rows++
	return nil
}

// addWarning counts a warning, or adds it if it is the first of its kind.
func (d *rowDecoder) addWarning(column, text string, row []driver.Value) {
	for i := range d.warnings {
		if w := &d.warnings[i]; w.Column == column && w.Text == text {
			w.Count++
			return
		}
	}
	d.warnings = append(d.warnings, Warning{Column: column, Text: text, Count: 1, First: d.rowName(row)})
}

// rowName names a row by its key, or by its number.
func (d *rowDecoder) rowName(row []driver.Value) string {
	if len(d.key) == 0 {
		return fmt.Sprintf("row %d", d.rows)
	}

	parts := make([]string, len(d.key))
	for i, k := range d.key {
		v := row[k]
		if d.columns[k].Kind == schema.Bit && v != nil {
			v = bitValue(v)
		}
		parts[i] = d.columns[k].Name + "=" + schema.FormatValue(v, d.columns[k].Kind)
	}
	return strings.Join(parts, ", ")
}

// updateWatermark keeps the greatest watermark. Dates and times compare as texts: those of a column have one form.
func (d *rowDecoder) updateWatermark(v driver.Value) {
	if i, ok := v.(int64); ok {
		if greatest, err := strconv.ParseInt(d.maxWatermark, 10, 64); err != nil || i > greatest {
			d.maxWatermark = strconv.FormatInt(i, 10)
		}
	} else if b, ok := v.([]byte); ok && string(b) > d.maxWatermark {
		d.maxWatermark = string(b)
	}
}
