package value

import (
	"cmp"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// amountPattern is an amount as people write one: a currency sign or code, digits with or without grouping, a fraction, a
// short form of thousand or million, and a unit.
const amountPattern = `(us\$|[$€£]|[a-z]{3})?\s*(\d{1,3}(?:[,.' ]\d{3})+|\d+)([.,]\d{1,2})?\s*(?:(k|thousand|grand|million|mio|m)\b)?\s*([$€£]|[a-z]+)?`

var (
	grouped    = regexp.MustCompile(`(?:^|\D)\d{1,3}[.,]\d{3}(?:\D|$)`)
	compound   = regexp.MustCompile(`(\d)-([a-z])`)
	oneAmount  = regexp.MustCompile(`^` + amountPattern + `$`)
	twoAmounts = regexp.MustCompile(`^(?:between |from )?` + amountPattern + `\s*(?:-|–|—|\.\.\.?| to | and | until | through )\s*` + amountPattern + `$`)

	// Words before or after an amount that is one end of a range.
	upTo   = regexp.MustCompile(`^(?:<=|≤|up to|upto|at most|no more than|not more than|not over|max\.?|maximum|until|till|through|to) ?(.+)$`)
	below  = regexp.MustCompile(`^(?:<|under|below|less than|fewer than|cheaper than|before|older than) ?(.+)$`)
	atMost = regexp.MustCompile(`^(.+?) ?(?:or less|or under|or below|or lower|or cheaper|or fewer|or older|or earlier|and under|and below|max\.?|maximum)$`)
	fromOn = regexp.MustCompile(`^(?:>=|≥|at least|no less than|not less than|not under|min\.?|minimum|from|since|starting at) ?(.+)$`)
	above  = regexp.MustCompile(`^(?:>|over|above|more than|after|newer than) ?(.+)$`)
	orMore = regexp.MustCompile(`^(.+?) ?(?:\+|or more|or over|or above|or newer|or later|or up|and up|and above|and newer|and over|min\.?|minimum)$`)
)

// symbols holds the currencies that a sign can stand for, ISO 4217.
var symbols = map[string][]string{"$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "ARS", "COP"}, "us$": {"USD"}, "€": {"EUR"}, "£": {"GBP"}}

// nouns holds the words that follow a number, by field.
var nouns = map[string][]string{
	"cylinders": {"cyl", "cylinder", "cylinders"},
	"doors":     {"dr", "door", "doors"},
	"seats":     {"seat", "seats", "seater", "passenger", "passengers"},
	"mileage":   {"mi", "mile", "miles", "km", "kms", "kilometer", "kilometers", "kilometre", "kilometres"},
}

// moneyFields are the fields whose amounts may name a currency.
var moneyFields = []string{"price", "msrp"}

// milesPerKilometer rests on the international mile, 1609.344 m.
var milesPerKilometer = big.NewRat(1000000, 1609344)

// Measure says what the numbers of a field count: its name, such as price or mileage, and its unit: "mi", "km", an ISO
// 4217 code, or "" where it is not known.
type Measure struct {
	Field string
	Unit  string
}

// Amount is a range of numbers in plain decimal notation, both ends included. An empty end is open; both ends are equal
// for a single number. Why says how it was read.
type Amount struct {
	From, To string
	Why      string
}

// IsMoney reports whether the numbers are amounts of money.
func (m Measure) IsMoney() bool { return slices.Contains(moneyFields, m.Field) }

// IsDistance reports whether the numbers are distances.
func (m Measure) IsDistance() bool { return m.Field == "mileage" }

// Counts reports whether the numbers are whole and few, so that the next one above 4 is 5.
func (m Measure) Counts() bool {
	return m.Field == "year" || m.Field == "cylinders" || m.Field == "doors" || m.Field == "seats"
}

// IsGrouped reports whether a text has digits in groups of three, as in 20,000 or 30.000.
func IsGrouped(s string) bool { return grouped.MatchString(s) }

// Parse reads a number or a range as people write one. It returns false for a text of more than 60 bytes and wherever
// more than one reading is possible.
func (m Measure) Parse(s string) (Amount, bool) {
	s = strings.Join(strings.Fields(strings.ToLower(s)), " ")
	if s == "" || len(s) > 60 {
		return Amount{}, false
	}
	if match := twoAmounts.FindStringSubmatch(s); match != nil {
		return m.parseRange(match[1:6], match[6:11])
	}

	for _, bound := range []struct {
		shape            *regexp.Regexp
		upper, inclusive bool
	}{{upTo, true, true}, {below, true, false}, {atMost, true, true}, {fromOn, false, true}, {above, false, false},
		{orMore, false, true}} {
		match := bound.shape.FindStringSubmatch(s)
		if match == nil {
			continue
		}
		number, why, ok := m.parseBareAmount(match[1])
		if !ok {
			continue
		}

		why = cmp.Or(why, "a bound in words")
		if !bound.inclusive && m.Counts() { // before 2020 is up to 2019
			number = step(number, !bound.upper)
		}
		if bound.upper {
			return Amount{To: number, Why: why}, true
		}
		return Amount{From: number, Why: why}, true
	}

	number, why, ok := m.parseBareAmount(s)
	return Amount{number, number, cmp.Or(why, "a number in words")}, ok
}

// parseRange reads two amounts. A short form or a unit that stands only behind the second is meant for both.
func (m Measure) parseRange(first, second []string) (Amount, bool) {
	if first[3] == "" && second[3] != "" && len(first[1]) <= len(second[1]) {
		first[3] = second[3] // 20-30k
	}
	if first[4] == "" {
		first[4] = second[4] // 20,000 to 80,000 km
	}
	from, why, ok := m.normalizeAmount(first)
	to, otherWhy, otherOK := m.normalizeAmount(second)
	if !ok || !otherOK || CompareDecimals(from, to) > 0 {
		return Amount{}, false
	}
	return Amount{from, to, cmp.Or(why, otherWhy, "a range in words")}, true
}

// step gives the whole number above or below one.
func step(number string, up bool) string {
	n, _ := new(big.Int).SetString(number, 10)
	if n == nil {
		return number
	}
	if up {
		return n.Add(n, big.NewInt(1)).String()
	}
	return n.Sub(n, big.NewInt(1)).String()
}

// parseBareAmount reads a single amount without words around it.
func (m Measure) parseBareAmount(s string) (number, why string, ok bool) {
	if m.Field == "cylinders" && len(s) == 2 && strings.ContainsAny(s[:1], "vi") {
		s = s[1:] // V6
	}
	match := oneAmount.FindStringSubmatch(compound.ReplaceAllString(s, "$1 $2")) // 4-door
	if match == nil {
		return "", "", false
	}
	return m.normalizeAmount(match[1:6])
}

// normalizeAmount gives an amount in the field's own unit. Its parts are those of amountPattern: prefix, digits, fraction,
// short form, noun.
func (m Measure) normalizeAmount(parts []string) (number, why string, ok bool) {
	prefix, digits, fraction, short, noun := parts[0], parts[1], parts[2], parts[3], parts[4]
	digits, why, ok = m.ungroup(digits, fraction)
	if !ok {
		return "", "", false
	}
	if why == "" && strings.HasPrefix(fraction, ",") && prefix != "€" && noun != "€" {
		return "", "", false // two values, or a fraction
	}
	n, _ := new(big.Rat).SetString(digits + strings.Replace(fraction, ",", ".", 1))
	if n == nil {
		return "", "", false
	}

	if short != "" {
		if n, why, ok = m.expand(n, short); !ok {
			return "", "", false
		}
	}
	for _, sign := range []string{prefix, noun} {
		switch {
		case sign == "":
		case m.IsMoney() && m.acceptsCurrency(sign):
			why = cmp.Or(why, "an amount of money")
		case sign == noun && slices.Contains(nouns[m.Field], noun):
			why = cmp.Or(why, "a number with its unit")
		default:
			return "", "", false
		}
	}
	if m.IsDistance() && noun != "" {
		if n, why, ok = m.convert(n, noun, why); !ok {
			return "", "", false
		}
	}

	if m.Field == "year" && (len(digits) != 4 || fraction != "") {
		return "", "", false // 21 may be a typing error for any year
	}
	text, _ := NormalDecimal([]byte(n.FloatString(4)))
	return string(text), why, true
}

// ungroup removes the separators between groups of digits, which only money and distances have.
func (m Measure) ungroup(digits, fraction string) (plain, why string, ok bool) {
	i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if i < 0 {
		return digits, "", true
	}
	separator := digits[i : i+1]
	if !m.IsMoney() && !m.IsDistance() || fraction != "" && fraction[:1] == separator ||
		strings.Trim(digits, "0123456789"+separator) != "" {
		return "", "", false
	}
	return strings.ReplaceAll(digits, separator, ""), "digits in groups", true
}

// expand applies a short form of thousand or million.
func (m Measure) expand(n *big.Rat, short string) (number *big.Rat, why string, ok bool) {
	switch {
	case !m.IsMoney() && !m.IsDistance():
		return nil, "", false
	case short == "k", short == "thousand", short == "grand":
		return n.Mul(n, big.NewRat(1000, 1)), "thousands for short", true
	case m.IsDistance():
		return nil, "", false // m may be miles
	}
	return n.Mul(n, big.NewRat(1000000, 1)), "millions for short", true
}

// convert gives a distance in the field's unit, to a whole number.
func (m Measure) convert(n *big.Rat, noun, why string) (number *big.Rat, newWhy string, ok bool) {
	unit := "mi"
	if noun[0] == 'k' {
		unit = "km"
	}
	switch {
	case m.Unit == "":
		return nil, "", false
	case unit == m.Unit:
		return n, why, true
	case unit == "km":
		n.Mul(n, milesPerKilometer)
		why = "kilometers as miles"
	default:
		n.Quo(n, milesPerKilometer)
		why = "miles as kilometers"
	}
	n, _ = new(big.Rat).SetString(n.FloatString(0))
	return n, why, true
}

// acceptsCurrency reports whether a sign, code or word can stand for the field's own currency.
func (m Measure) acceptsCurrency(sign string) bool {
	codes, isSymbol := symbols[sign]
	switch {
	case isSymbol && m.Unit == "":
		return true
	case isSymbol:
		return slices.Contains(codes, m.Unit)
	case m.Unit == strings.ToUpper(sign):
		return true
	}
	switch sign {
	case "dollar", "dollars", "bucks":
		return m.Unit == "" || slices.Contains(symbols["$"], m.Unit)
	case "euro", "euros":
		return m.Unit == "" || m.Unit == "EUR"
	}
	return false
}
