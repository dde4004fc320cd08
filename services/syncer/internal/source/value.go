package source

import (
	"database/sql/driver"
	"fmt"
	"math"
	"strconv"

	"carstock/pkg/schema"
)

// converter makes of a value, as the driver gives it, the one that SQLite stores. It sees no NULL.
type converter func(driver.Value) (driver.Value, error)

// converters has nil for the columns whose values are stored as they come.
func converters(columns []schema.Column) []converter {
	cs := make([]converter, len(columns))
	for i, c := range columns {
		switch c.Kind {
		case schema.Integer:
			if c.Unsigned {
				cs[i] = unsigned
			}
		case schema.Bit:
			cs[i] = bits
		case schema.Float:
			cs[i] = single
		}
	}
	return cs
}

// unsigned keeps integers that SQLite cannot hold from being stored as something else. The driver
// gives such a BIGINT UNSIGNED as text.
func unsigned(v driver.Value) (driver.Value, error) {
	if text, ok := v.([]byte); ok {
		return nil, beyond(string(text))
	}
	return v, nil
}

func beyond(text string) error {
	return fmt.Errorf("%s is beyond SQLite's largest integer, 9223372036854775807", text)
}

// bits reads a BIT, which comes as bytes, the highest first.
func bits(v driver.Value) (driver.Value, error) {
	raw, ok := v.([]byte)
	if !ok {
		return v, nil
	}
	var u uint64
	for _, b := range raw {
		u = u<<8 | uint64(b)
	}
	if u > math.MaxInt64 {
		return nil, beyond(strconv.FormatUint(u, 10))
	}
	return int64(u), nil
}

// single gives a FLOAT as the shortest decimal that is that number in single precision: 0.1, and
// not 0.10000000149011612, which is what its bits are in double precision.
func single(v driver.Value) (driver.Value, error) {
	f, ok := v.(float32)
	if !ok {
		return v, nil
	}
	return strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
}
