package query

import (
	"net/url"
	"regexp"
	"strings"
)

// rawPlus finds a plus sign after a number at the end of a value, or of an item of one. Written raw, it is a space to
// every parser of query strings, but year=2020+ means 2020 or newer.
var rawPlus = regexp.MustCompile(`(?i)(\d[km]?|=\d+e)\+($|&|,|%2C|\d)`)

// ParseQuery reads a query string as url.ParseQuery does, but takes a raw + at the end of a number for a plus.
func ParseQuery(raw string) (url.Values, error) {
	if strings.Contains(raw, "+") {
		for { // two such numbers may share the comma between them
			escaped := rawPlus.ReplaceAllString(raw, "$1%2B$2")
			if escaped == raw {
				break
			}
			raw = escaped
		}
	}
	return url.ParseQuery(raw)
}
