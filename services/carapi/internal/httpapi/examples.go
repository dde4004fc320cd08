package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/search"
)

// exampleRange returns a range of numbers as a request for a field has it: the usual one for such a field or, if that
// is not within the stock, a round one that is.
func exampleRange(f search.Description) string {
	low, high := query.ExampleRange(f.Name)
	usual := fmt.Sprintf("%d-%d", low, high)
	least, leastErr := numberOf(f.Min)
	greatest, greatestErr := numberOf(f.Max)
	isWithin := least <= float64(low) && float64(high) <= greatest
	if leastErr != nil || greatestErr != nil || isWithin || least == greatest {
		return usual
	}

	// Two steps of a power of ten fit into the stock, so one does from the first multiple of it on.
	digits := int(math.Floor(math.Log10((greatest - least) / 2)))
	if f.Type == "integer" {
		digits = max(digits, 0)
	}

	step := math.Pow10(digits)
	from := math.Ceil(least/step) * step
	write := func(n float64) string { return strconv.FormatFloat(n, 'f', max(-digits, 0), 64) }
	return write(from) + "-" + write(from+step)
}

// numberOf reads a number, which JSON may have as a text.
func numberOf(v json.RawMessage) (float64, error) {
	return strconv.ParseFloat(strings.Trim(string(v), `"`), 64)
}
