package value

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

// CheckVIN reports whether a text has the form of a vehicle identification number, and whether its ninth character is
// the right check digit. North American and Chinese VINs have one.
func CheckVIN(text string) (isForm, digitOK bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	if len(text) != 17 {
		return false, false
	}

	// For the check digit, a character counts as its place in values modulo 10, times the weight of its position.
	const values, weights = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ", "8765432X098765432"
	sum, digits := 0, 0
	for i := range len(text) {
		at := strings.IndexByte(values, text[i])
		if at < 0 || text[i] == '.' {
			return false, false
		}

		if isDigit(text[i]) {
			digits++
		}

		weight := strings.IndexByte("0123456789X", weights[i])
		sum += at % 10 * weight
	}

	// A word of 17 letters is not a VIN.
	if digits == 0 {
		return false, false
	}

	return true, "0123456789X"[sum%11] == text[8]
}

// LooksLikeURL reports whether a text is the address of a page or a picture.
func LooksLikeURL(text string) bool {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, " \t\n") {
		return false
	}

	// The scheme is often left out.
	if strings.HasPrefix(text, "//") || strings.HasPrefix(strings.ToLower(text), "www.") {
		text = "https://" + strings.TrimPrefix(text, "//")
	}

	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.Contains(u.Host, ".")
}

// datePattern matches dates in digits, optionally with a time of day and a zone.
var datePattern = regexp.MustCompile(`^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})` +
	`(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?$`)

// LooksLikeDate reports whether a text is a date, optionally with a time of day.
func LooksLikeDate(text string) bool {
	text = strings.TrimSpace(text)
	if len(text) > 40 {
		return false
	}
	if datePattern.MatchString(text) {
		return true
	}

	for _, layout := range []string{
		"Jan 2, 2006", "January 2, 2006", "2 Jan 2006", "2 January 2006", "02-Jan-2006",
		"02-Jan-06", time.RFC1123, time.RFC1123Z,
	} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}

	return false
}
