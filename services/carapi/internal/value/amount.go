package value

import (
	"bytes"
	"cmp"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// groupedPattern matches a text with digits in groups of three.
var groupedPattern = regexp.MustCompile(`(?:^|\D)\d{1,3}[.,]\d{3}(?:\D|$)`)

// moneyFields are the fields whose amounts may name a currency.
var moneyFields = []string{"price", "msrp", "previous_price", "price_drop"}

// Measure says what the numbers of a field measure: the field's name, such as price or mileage, and its unit: "mi",
// "km", an ISO 4217 code, or "" if unknown.
type Measure struct {
	Field string
	Unit  string
}

// Amount is a range of numbers in plain decimal notation, both ends included. An empty end is open, and both ends of a
// single number are equal. Reason says how the text was read. Currency is an ISO 4217 code, or empty if the text names
// none.
type Amount struct {
	From, To string
	Reason   string
	Currency string
}

// IsMoney reports whether the numbers are amounts of money.
func (m Measure) IsMoney() bool { return slices.Contains(moneyFields, m.Field) }

// IsDistance reports whether the numbers are distances.
func (m Measure) IsDistance() bool { return m.Field == "mileage" }

// IsCount reports whether the numbers are small whole numbers, so that the next one above 4 is 5.
func (m Measure) IsCount() bool {
	return m.Field == "year" || m.Field == "cylinders" || m.Field == "doors" || m.Field == "seats"
}

// IsGrouped reports whether a text has digits in groups of three, as in 20,000 or 30.000.
func IsGrouped(s string) bool { return groupedPattern.MatchString(s) }

// maxAmountText is the length in bytes of the longest amount that is read.
const maxAmountText = 100

// Parse reads a number or a range as people write it. It returns false for a text of more than 100 bytes, and if there
// is more than one way to read it.
func (m Measure) Parse(s string) (Amount, bool) {
	if len(s) > maxAmountText || strings.IndexFunc(s, unicode.IsDigit) < 0 {
		return Amount{}, false
	}

	s = strings.Join(strings.Fields(strings.ToLower(s)), " ")

	// "from" may begin a range. Before a single amount it is a bound, which parseBound reads.
	if a, ok := m.parseRange(rangePrefix.ReplaceAllString(s, "")); ok {
		return a, true
	}

	if a, ok := m.parseBound(s); ok {
		return a, true
	}

	single, ok := m.parseBareAmount(s)
	return Amount{single.number, single.number, cmp.Or(single.reason, "a number in words"), single.currency}, ok
}

// parseRange reads two amounts. A scale, a unit or a currency that only follows the second amount applies to both.
func (m Measure) parseRange(s string) (Amount, bool) {
	// The first separator with an amount on both sides counts.
	for _, at := range rangeSeparator.FindAllStringIndex(s, -1) {
		var letters, otherLetters [2 * maxNumberText]byte
		first, ok := scanAmount(m, s[:at[0]], &letters)
		second, otherOK := scanAmount(m, s[at[1]:], &otherLetters)
		if !ok || !otherOK {
			continue
		}

		if first.parts[0].zeros == 0 && len(first.parts[0].digits) <= len(second.parts[0].digits) {
			first.parts[0].zeros = second.parts[0].zeros // 20-30k
		}

		if first.unit == "" && first.sign == "" {
			first.unit, first.sign = second.unit, second.sign // 20,000 to 80,000 km
		}

		from, ok := m.normalizeAmount(first)
		to, otherOK := m.normalizeAmount(second)
		if !ok || !otherOK || CompareDecimals(from.number, to.number) > 0 {
			return Amount{}, false
		}

		reason := cmp.Or(from.reason, to.reason, "a range in words")
		return Amount{from.number, to.number, reason, cmp.Or(from.currency, to.currency)}, true
	}

	return Amount{}, false
}

// nextInteger returns the next whole number above or below a number.
func nextInteger(number string, up bool) string {
	n, _ := new(big.Int).SetString(number, 10)
	if n == nil {
		return number
	}
	if up {
		return n.Add(n, big.NewInt(1)).String()
	}

	return n.Sub(n, big.NewInt(1)).String()
}

// amountEnd is one amount in the field's own unit.
type amountEnd struct {
	number, reason, currency string
}

// parseBareAmount reads a single amount without words around it.
func (m Measure) parseBareAmount(s string) (amountEnd, bool) {
	var letters [2 * maxNumberText]byte
	w, ok := scanAmount(m, s, &letters)
	if !ok {
		return amountEnd{}, false
	}
	return m.normalizeAmount(w)
}

// scanAmount splits an amount of a request. Unlike in a column, all its signs and words must have a meaning.
func scanAmount(m Measure, s string, buf *[2 * maxNumberText]byte) (writtenNumber, bool) {
	if strings.ContainsAny(s, ":~()*") || strings.HasPrefix(s, "-") {
		return writtenNumber{}, false
	}
	w, ok := scanNumber(m, []byte(s), buf)
	return w, ok && !w.hasMore && !w.negative
}

// normalizeAmount converts an amount to the field's own unit.
func (m Measure) normalizeAmount(w writtenNumber) (amountEnd, bool) {
	// Refuse digits that can be read in more than one way.
	digits := w.parts[0].digits
	_, point, either, ok := classifySeparators(digits)
	isGrouped := either != 0 || point == 0 && !isDigits(digits)
	fraction := len(digits) - 1 - bytes.LastIndexByte(digits, point)
	switch {
	case !ok, isGrouped && !m.IsMoney() && !m.IsDistance():
		return amountEnd{}, false
	case point != 0 && fraction > 2 && w.parts[0].zeros == 0:
		return amountEnd{}, false
	case point == ',' && w.parts[0].zeros == 0 && w.sign != "€" && isDigits(digits[:len(digits)-fraction-1]):
		return amountEnd{}, false // two values, or a fraction
	case m.Field == "year" && (len(digits) != 4 || !isDigits(digits)):
		return amountEnd{}, false // 21 may be a typing error for any year
	}

	// Both separators separate groups, except in large amounts in words.
	style := NumberStyle{Field: m.Field, Comma: separatesGroups, Point: separatesGroups}
	if w.parts[0].zeros > 3 {
		style.Point = "" // 1.125 million
	}

	number, ok := style.appendNumber(nil, w)
	if !ok {
		return amountEnd{}, false
	}

	// Say how the number was read.
	end := amountEnd{number: string(number)}
	switch {
	case w.parts[0].zeros == 3:
		end.reason = "thousands for short"
	case w.parts[0].zeros == 6:
		end.reason = "millions for short"
	case w.parts[0].zeros > 0:
		end.reason = "a large amount for short"
	case isGrouped:
		end.reason = "digits in groups"
	}

	// Check its currency, or convert its unit.
	if w.sign != "" {
		end.reason, end.currency = cmp.Or(end.reason, "an amount of money"), currencyOf(w.sign, m.Unit)
		return end, m.IsMoney() && m.acceptsCurrency(w.sign)
	}

	if w.unit != "" || w.hasNoun {
		end.reason = cmp.Or(end.reason, "a number with its unit")
	}

	if m.IsDistance() && w.unit != "" {
		return m.convertDistance(end, w.unit)
	}

	return end, true
}

// convertDistance converts a distance to the field's unit. A converted distance is rounded to a whole number.
func (m Measure) convertDistance(end amountEnd, unit string) (amountEnd, bool) {
	if m.Unit == "" || unit == m.Unit {
		return end, m.Unit != ""
	}

	number, ok := ConvertDistance([]byte(end.number), unit, m.Unit)
	end.number, end.reason = string(number), "miles as kilometers"
	if unit == "km" {
		end.reason = "kilometers as miles"
	}

	return end, ok
}

// acceptsCurrency reports whether a sign, code or word may mean the field's own currency.
func (m Measure) acceptsCurrency(sign string) bool {
	if m.Unit == "" {
		return len(sign) > 1 || sign == "$" // R8 and Q5 are not amounts of money
	}
	return slices.Contains(numberWords.currencies[sign], m.Unit)
}
