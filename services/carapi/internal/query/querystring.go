package query

import (
	"net/url"
	"regexp"
	"strings"
)

// Parsers of query strings read a raw plus sign as a space. It can only be a plus at the end of a number, alone or in a
// list (year=2020+ means 2020 or newer), in an exponent (price_max=3e+4), and before the zone of a time.
var (
	rawPlus     = regexp.MustCompile(`(?i)(\d[km]?)\+($|&|,|%2C)`)
	rawExponent = regexp.MustCompile(`(?i)(=-?\d+(?:\.\d+)?e)\+(\d)`)
	rawZone     = regexp.MustCompile(`(?i)(\dT\d\d(?::|%3A)\d\d(?:(?::|%3A)\d\d(?:\.\d+)?)?)\+(\d\d(?::|%3A)?\d\d)`)
)

// ParseQuery reads a query string like url.ParseQuery, but keeps a raw + where it can only be a plus.
func ParseQuery(raw string) (url.Values, error) {
	if !strings.Contains(raw, "+") {
		return url.ParseQuery(raw)
	}

	// The last pattern is applied twice, because two numbers may share a comma.
	for _, shape := range []*regexp.Regexp{rawExponent, rawZone, rawPlus, rawPlus} {
		raw = shape.ReplaceAllString(raw, "$1%2B$2")
	}
	return url.ParseQuery(raw)
}
