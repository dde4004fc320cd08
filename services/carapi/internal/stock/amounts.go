package stock

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// An amount as people write it: a sign or code of a currency, digits in groups or not, a fraction, a
// thousand for short, and what is counted.
const amount = `(us\$|[$€£]|[a-z]{3})?\s*(\d{1,3}(?:[,.' ]\d{3})+|\d+)([.,]\d{1,2})?\s*(?:(k|thousand|grand|million|mio|m)\b)?\s*([$€£]|[a-z]+)?`

var (
	inGroups   = regexp.MustCompile(`(?:^|\D)\d{1,3}[.,]\d{3}(?:\D|$)`)
	compound   = regexp.MustCompile(`(\d)-([a-z])`)
	oneAmount  = regexp.MustCompile(`^` + amount + `$`)
	twoAmounts = regexp.MustCompile(`^(?:between |from )?` + amount + `\s*(?:-|–|—|\.\.\.?| to | and | until | through )\s*` + amount + `$`)

	// What stands before or after an amount that is one end of a range.
	upTo   = regexp.MustCompile(`^(?:<=|≤|up to|upto|at most|no more than|not more than|not over|max\.?|maximum|until|till|through|to) ?(.+)$`)
	below  = regexp.MustCompile(`^(?:<|under|below|less than|fewer than|cheaper than|before|older than) ?(.+)$`)
	atMost = regexp.MustCompile(`^(.+?) ?(?:or less|or under|or below|or lower|or cheaper|or fewer|or older|or earlier|and under|and below|max\.?|maximum)$`)
	fromOn = regexp.MustCompile(`^(?:>=|≥|at least|no less than|not less than|not under|min\.?|minimum|from|since|starting at) ?(.+)$`)
	above  = regexp.MustCompile(`^(?:>|over|above|more than|after|newer than) ?(.+)$`)
	orMore = regexp.MustCompile(`^(.+?) ?(?:\+|or more|or over|or above|or newer|or later|or up|and up|and above|and newer|and over|min\.?|minimum)$`)
)

// symbols are the currencies that a sign stands for.
var symbols = map[string][]string{"$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "ARS", "COP"}, "us$": {"USD"}, "€": {"EUR"}, "£": {"GBP"}}

// nouns are what follows a number of these fields.
var nouns = map[string][]string{
	"cylinders": {"cyl", "cylinder", "cylinders"},
	"doors":     {"dr", "door", "doors"},
	"seats":     {"seat", "seats", "seater", "passenger", "passengers"},
	"mileage":   {"mi", "mile", "miles", "km", "kms", "kilometer", "kilometers", "kilometre", "kilometres"},
}

// money are the fields of which an amount may have a currency.
var money = []string{"price", "msrp"}

// inKilometre is how many miles one kilometre has: the international mile is 1609.344 m.
var inKilometre = big.NewRat(1000000, 1609344)

// reading is a range that an amount is read as. An empty end is open; both are the same for one value.
type reading struct {
	from, to string
	why      string
}

// amount reads a number or a range as people write one for the field. It is sure, or gives false.
func (f *Field) amount(s string) (reading, bool) {
	s = strings.Join(strings.Fields(strings.ToLower(s)), " ")
	if s == "" || len(s) > 60 {
		return reading{}, false
	}
	if m := twoAmounts.FindStringSubmatch(s); m != nil {
		first, second := m[1:6], m[6:11]
		if first[3] == "" && second[3] != "" && len(first[1]) <= len(second[1]) {
			first[3] = second[3] // 20-30k
		}
		if first[4] == "" {
			first[4] = second[4] // 20,000 to 80,000 km
		}
		from, why, ok := f.own(first)
		to, why2, ok2 := f.own(second)
		if !ok || !ok2 || compare(from, to) > 0 {
			return reading{}, false
		}
		if why == "" {
			why = why2
		}
		return reading{from, to, orElse(why, "a range in words")}, true
	}
	for _, bound := range []struct {
		shape        *regexp.Regexp
		upper, equal bool
	}{{upTo, true, true}, {below, true, false}, {atMost, true, true}, {fromOn, false, true}, {above, false, false}, {orMore, false, true}} {
		m := bound.shape.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		value, why, ok := f.one(m[1])
		if !ok {
			continue
		}
		why = orElse(why, "a bound in words")
		if !bound.equal && f.counts() { // before 2020 is up to 2019
			value = step(value, !bound.upper)
		}
		if bound.upper {
			return reading{to: value, why: why}, true
		}
		return reading{from: value, why: why}, true
	}
	value, why, ok := f.one(s)
	return reading{value, value, orElse(why, "a number in words")}, ok
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// counts reports whether the field's numbers are whole and few, so that above one is the next.
func (f *Field) counts() bool {
	return f.Name == "year" || f.Name == "cylinders" || f.Name == "doors" || f.Name == "seats"
}

func step(value string, up bool) string {
	n, _ := new(big.Int).SetString(value, 10)
	if n == nil {
		return value
	}
	if up {
		return n.Add(n, big.NewInt(1)).String()
	}
	return n.Sub(n, big.NewInt(1)).String()
}

// one reads a single amount.
func (f *Field) one(s string) (value, why string, ok bool) {
	if f.Name == "cylinders" && len(s) == 2 && strings.ContainsAny(s[:1], "vi") {
		s = s[1:] // V6
	}
	m := oneAmount.FindStringSubmatch(compound.ReplaceAllString(s, "$1 $2")) // 4-door
	if m == nil {
		return "", "", false
	}
	return f.own(m[1:6])
}

// own is an amount, taken apart, in the field's own unit.
func (f *Field) own(parts []string) (value, why string, ok bool) {
	prefix, digits, fraction, short, noun := parts[0], parts[1], parts[2], parts[3], parts[4]
	isMoney, isDistance := slices.Contains(money, f.Name), f.Name == "mileage"
	grouped := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if grouped >= 0 {
		separator := digits[grouped]
		if !isMoney && !isDistance || fraction != "" && fraction[0] == separator || strings.Trim(digits, "0123456789"+string(separator)) != "" {
			return "", "", false
		}
		digits = strings.ReplaceAll(digits, string(separator), "")
		why = "digits in groups"
	}
	if fraction != "" && fraction[0] == ',' && grouped < 0 && prefix != "€" && noun != "€" {
		return "", "", false // two values, or a fraction
	}
	n, _ := new(big.Rat).SetString(digits + strings.Replace(fraction, ",", ".", 1))
	if n == nil {
		return "", "", false
	}
	switch short {
	case "":
	case "k", "thousand", "grand":
		n.Mul(n, big.NewRat(1000, 1))
		why = "thousands for short"
	default:
		if isDistance {
			return "", "", false // m may be miles
		}
		n.Mul(n, big.NewRat(1000000, 1))
		why = "millions for short"
	}
	if short != "" && !isMoney && !isDistance {
		return "", "", false
	}
	for _, sign := range []string{prefix, noun} {
		switch {
		case sign == "":
		case isMoney && f.inCurrency(sign):
			why = orElse(why, "an amount of money")
		case sign == noun && slices.Contains(nouns[f.Name], noun):
			why = orElse(why, "a number with its unit")
		default:
			return "", "", false
		}
	}
	if isDistance && noun != "" {
		unit := "mi"
		if noun[0] == 'k' {
			unit = "km"
		}
		switch {
		case f.Unit == "":
			return "", "", false // 80000 of what is not known
		case unit != f.Unit && unit == "km":
			n.Mul(n, inKilometre)
			why = "kilometers as miles"
		case unit != f.Unit:
			n.Quo(n, inKilometre)
			why = "miles as kilometers"
		}
		if unit != f.Unit {
			n, _ = new(big.Rat).SetString(n.FloatString(0))
		}
	}
	if f.Name == "year" && (len(digits) != 4 || fraction != "") {
		return "", "", false // 21 may be a typing error for any year
	}
	return trimZeros(n.FloatString(4)), why, true
}

// inCurrency reports whether a sign or a code can stand for the field's own currency.
func (f *Field) inCurrency(sign string) bool {
	codes, isSymbol := symbols[sign]
	switch {
	case isSymbol && f.Unit == "":
		return true
	case isSymbol:
		return slices.Contains(codes, f.Unit)
	}
	return f.Unit == strings.ToUpper(sign) || slices.Contains([]string{"dollar", "dollars", "bucks"}, sign) && (f.Unit == "" || slices.Contains(symbols["$"], f.Unit)) ||
		slices.Contains([]string{"euro", "euros"}, sign) && (f.Unit == "" || f.Unit == "EUR")
}
