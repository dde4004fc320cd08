package value

import (
	"bytes"
	"iter"
	"maps"
	"slices"
)

// numberEvidence counts what the values of a column show, in rows.
type numberEvidence struct {
	groups       map[byte]int // by separator: where it can only separate groups
	decimals     map[byte]int // where it can only be a decimal mark
	thousandths  map[byte]int // where it is a decimal mark before three digits, as in 15500.000
	ambiguous    map[byte]int // those that can be both
	units, signs map[string]int
}

// LearnNumbers decides how to read the values of a column, independent of their order, and counts the rows that are
// understood. It ranges over the values twice. The number of a value is how many rows have it.
func LearnNumbers(m Measure, values iter.Seq2[string, int]) (style NumberStyle, understood, total int) {
	e := numberEvidence{
		map[byte]int{},
		map[byte]int{},
		map[byte]int{},
		map[byte]int{},
		map[string]int{},
		map[string]int{},
	}

	// Count what the values show.
	var buf [2 * maxNumberText]byte
	for text, count := range values {
		if w, ok := scanNumber(m, []byte(text), &buf); ok {
			e.add(w, count)
		}
	}

	// Decide the style by these counts.
	style = NumberStyle{Field: m.Field, Comma: e.decideSeparator(m, ',', '.'), Point: e.decideSeparator(m, '.', ',')}
	style.Unit, style.Units = mostFrequent(e.units), len(e.units) > 1

	// Where US dollars have a sign of their own, a $ alone is the money of another country.
	isUsed := func(sign string) bool { return e.signs[sign] > 0 }
	style.LocalDollar = isUsed("$") && slices.ContainsFunc(dollarsOfUSA, isUsed)
	style.Currency, style.Currencies = e.usualCurrency(style.LocalDollar)

	// Read the values in this style, to see how many can be understood.
	var number []byte
	for text, count := range values {
		total += count
		n, ok := style.Parse([]byte(text), number[:0])
		if ok {
			understood += count
			number = n.Number
		}
	}

	return style, understood, total
}

// dollarsOfUSA are how US dollars are written where $ means the country's own money.
var dollarsOfUSA = []string{"u$s", "u$d"}

// add counts what one value shows. Amounts with a word such as lakh do not show how the others are written.
func (e *numberEvidence) add(w writtenNumber, count int) {
	if w.unit != "" {
		e.units[w.unit] += count
	}

	if w.sign != "" {
		e.signs[w.sign] += count
	}

	if w.parts[0].zeros > 0 {
		return
	}

	digits := w.parts[0].digits
	group, point, either, ok := classifySeparators(digits)
	if !ok {
		return
	}

	if w.unit == "cc" && either != 0 {
		group, either = either, 0 // a cubic centimeter has no fraction
	}

	if len(digits)-bytes.LastIndexByte(digits, point) == len(".000") && point != 0 {
		e.thousandths[point] += count
	}

	// Only commas and periods have more than one meaning. Spaces and apostrophes always separate groups.
	for separator, all := range map[byte]map[byte]int{group: e.groups, point: e.decimals, either: e.ambiguous} {
		if separator == ',' || separator == '.' {
			all[separator] += count
		}
	}
}

// decideSeparator decides what a separator before three digits means in this column.
func (e *numberEvidence) decideSeparator(m Measure, separator, other byte) string {
	const few = 50 // one row in this many may be a mistake
	grouping, decimals, either := e.groups[separator], e.decimals[separator], e.ambiguous[separator]
	isLarge := m.IsMoney() || m.IsDistance() // amounts that have thousands, and no third decimal
	switch {
	// Nearly all values agree.
	case grouping > few*decimals:
		return separatesGroups
	case grouping == 0 && e.thousandths[separator]*few > either:
		return separatesDecimals // a column with 15500.000 does not have 9.900 for 9900
	case decimals > few*grouping && (either == 0 || !isLarge || e.groups[other] > few*e.decimals[other]):
		return separatesDecimals
	case grouping > 0 || decimals*few > either:
		return "" // both are in use

	// The values do not show it, but the other separator has one meaning, so this one has the other.
	case e.groups[other] > few*e.decimals[other]:
		return separatesDecimals // 1,234,567 beside 1.234
	case e.decimals[other] > few*e.groups[other]:
		return separatesGroups

	// Nothing shows it: assume what is usual for such numbers.
	case either == 0 && separator == '.':
		return ""
	case isLarge, separator == ',':
		return separatesGroups
	case m.IsCount():
		return separatesDecimals
	}

	return ""
}

// usualCurrency returns the most frequent currency, and whether there are others. An ambiguous sign means the currency
// whose code the column also has. A local dollar or peso, which its sign does not identify, is returned as that sign.
func (e *numberEvidence) usualCurrency(localDollar bool) (usual string, differ bool) {
	codes := map[string]int{}
	if localDollar {
		codes["$"] = e.signs["$"]
		delete(e.signs, "$")
	}

	// Count the signs that stand for one currency only.
	for sign, count := range e.signs {
		if len(numberWords.currencies[sign]) == 1 {
			codes[numberWords.currencies[sign][0]] += count
		}
	}

	// Count an ambiguous sign for a currency that the column has, otherwise for the first that it may mean.
	unambiguous := maps.Clone(codes)
	for sign, count := range e.signs {
		all := numberWords.currencies[sign]
		if len(all) == 1 {
			continue
		}
		meant := slices.DeleteFunc(slices.Clone(all), func(code string) bool { return unambiguous[code] == 0 })
		codes[append(meant, all[0])[0]] += count
	}

	return mostFrequent(codes), len(codes) > 1
}

// mostFrequent returns the word with the highest count, and the alphabetically first of equals.
func mostFrequent(counts map[string]int) string {
	best := ""
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		if best == "" || counts[word] > counts[best] {
			best = word
		}
	}
	return best
}
