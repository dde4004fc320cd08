package value

import (
	"bytes"
	"math/big"
)

// NumberStyle says how a column writes its numbers. It is learned once from all its values. The zero style reads plain
// numbers and unambiguous ones.
type NumberStyle struct {
	Field string `json:"field,omitempty"` // the field that the column is read for, as in Measure
	// the meaning of a comma before three digits: groups, decimal or unclear ("")
	Comma      string `json:"comma,omitempty"`
	Point      string `json:"point,omitempty"`      // the meaning of a period before three digits
	Unit       string `json:"unit,omitempty"`       // the usual unit, such as km; "" if the values name none
	Currency   string `json:"currency,omitempty"`   // the usual currency, ISO 4217
	Units      bool   `json:"units,omitempty"`      // whether units differ from row to row
	Currencies bool   `json:"currencies,omitempty"` // whether currencies differ from row to row

	LocalDollar bool `json:"local_dollar,omitempty"` // whether a $ alone is not a US dollar, as beside U$S
}

// Meanings of a separator before three digits.
const (
	separatesGroups   = "groups"
	separatesDecimals = "decimal"
)

// ParsedNumber is a number read from a stored text.
type ParsedNumber struct {
	Number   []byte // in the notation of NormalDecimal
	Unit     string // as the text names it, such as km; "" for the column's
	Currency string // ISO 4217; "" for the column's
}

// Parse reads a stored text and appends its number to buf. It returns false for a text that is not one number, or that
// is ambiguous.
func (s NumberStyle) Parse(text, buf []byte) (n ParsedNumber, ok bool) {
	start := len(buf)

	// Most numbers are only digits.
	if isDigits(text) {
		number, _ := NormalDecimal(text)
		buf = append(buf, number...)
		return ParsedNumber{Number: buf[start:]}, true
	}

	if number, ok := parseExponent(text); ok {
		return ParsedNumber{Number: append(buf, number...)[start:]}, true
	}

	if s.Field == "year" {
		if year, ok := parseYear(text); ok {
			buf = append(buf, year...)
			return ParsedNumber{Number: buf[start:]}, true
		}
	}

	var letters [2 * maxNumberText]byte
	w, ok := scanNumber(Measure{Field: s.Field}, text, &letters)
	if !ok {
		return ParsedNumber{}, false
	}
	if buf, ok = s.appendNumber(buf, w); !ok {
		return ParsedNumber{}, false
	}

	currency := currencyOf(w.sign, s.Currency)
	if s.LocalDollar && w.sign == "$" {
		currency = "$"
	}

	return ParsedNumber{buf[start:], w.unit, currency}, true
}

// appendNumber appends the number of a text in the notation of NormalDecimal.
func (s NumberStyle) appendNumber(buf []byte, w writtenNumber) ([]byte, bool) {
	start := len(buf)
	if w.negative {
		buf = append(buf, '-')
	}

	from := len(buf)
	for _, part := range w.parts[:w.count] {
		whole, fraction, ok := s.resolve(part)
		if !ok {
			return buf[:start], false
		}

		second := len(buf)
		buf = appendShifted(buf, whole, fraction, part.zeros)

		// Replace two parts by their sum: 1 lakh 20 thousand.
		if second > from {
			sum, _ := new(big.Rat).SetString(string(buf[from:second]))
			addend, _ := new(big.Rat).SetString(string(buf[second:]))
			buf = append(buf[:from], sum.Add(sum, addend).FloatString(maxNumberText)...)
		}
	}

	number, ok := NormalDecimal(buf[start:])
	return append(buf[:start], number...), ok
}

// resolve returns the digits before and after the decimal mark. The former may contain separators.
func (s NumberStyle) resolve(part scaledDigits) (whole, fraction []byte, ok bool) {
	_, point, either, ok := classifySeparators(part.digits)
	if !ok {
		return nil, nil, false
	}

	// The style of the column decides what an ambiguous mark means.
	if either != 0 {
		reading := s.Point
		if either == ',' {
			reading = s.Comma
		}

		switch {
		case reading == separatesDecimals, reading == "" && either == '.' && part.zeros > 0: // 2.125 lakh
			point = either

		// Before a word for a large scale, a group of three may as well be a fraction.
		case reading != separatesGroups || part.zeros > 4:
			return nil, nil, false
		}
	}

	if point == 0 {
		return part.digits, nil, true
	}

	at := bytes.LastIndexByte(part.digits, point)
	return part.digits[:at], part.digits[at+1:], true
}

// appendShifted appends a number multiplied by ten to the power of zeros.
func appendShifted(buf, whole, fraction []byte, zeros int) []byte {
	for _, c := range whole {
		if isDigit(c) {
			buf = append(buf, c)
		}
	}

	// The decimal mark moves to the right by as many digits, filled up with zeros.
	for i := range max(zeros, len(fraction)) {
		if i == zeros {
			buf = append(buf, '.')
		}

		if i < len(fraction) {
			buf = append(buf, fraction[i])
		} else {
			buf = append(buf, '0')
		}
	}

	return buf
}
