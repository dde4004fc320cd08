package interpret

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// readNumbers reads the values of a number field.
func (r *requestReader) readNumbers(name string, p query.Parameter, given []string) {
	var read []string
	out, reason := url.Values{}, ""
	for _, g := range listItems(given) {
		// Values that Parse reads as they are meant stay.
		g, itemReason, ok := r.normalizeNumber(name, p.Field, g)
		if !ok {
			return
		}

		reason = cmp.Or(itemReason, reason)
		if isReadAsMeant(p.Field, g) {
			read = append(read, g)
			continue
		}
		if yes, ok := value.ParseBool(g); ok && p.Field.Flag {
			read, reason = append(read, map[bool]string{true: "1", false: "0"}[yes]), "true or false"
			continue
		}
		if m := inDays.FindStringSubmatch(g); m != nil && p.Field.Unit == "days" {
			g = m[1]
		}

		// Others are amounts, or lists of them.
		a, ok := r.readAmount(p.Field, g)
		if !ok && r.failUnit(name, p.Field, g) {
			return
		}
		if !ok || !fitsBound(p.Use, a) {
			read = append(read, r.readNumberList(p, g, &reason)...)
			continue
		}

		// Write the amount as a value, a range, or a bound in another parameter.
		switch {
		case p.Use == query.UseAtLeast, a.From == a.To:
			read = append(read, a.From)
		case p.Use == query.UseAtMost:
			read = append(read, a.To)
		case p.Use == query.UseExcluded && (a.To == "" || a.From == ""):
			r.fail(name, g, name+" leaves out numbers and ranges with two ends; send "+oppositeBound(p.Field, a)+" for this one")
			return
		case a.To == "":
			out.Add(r.boundName(p.Field, query.UseAtLeast), a.From)
		case a.From == "":
			out.Add(r.boundName(p.Field, query.UseAtMost), a.To)
		default:
			read = append(read, a.From+"-"+a.To)
		}

		reason = amountReason(p.Field, a)
	}

	if len(read) > 0 {
		out[name] = read
	}

	if reason != "" {
		// An amount may have added a filter for its currency.
		noted := maps.Clone(out)
		if p.Field.IsOfCurrencies() && len(r.exact[p.Field.CurrencyIn.Name]) > 0 {
			noted[p.Field.CurrencyIn.Name] = r.exact[p.Field.CurrencyIn.Name]
		}
		r.note(name, reason, noted)
	}

	for n, values := range out {
		r.exact[n] = append(r.exact[n], values...)
	}
}

// readAmount reads an amount in the unit of a column, or in one of its currencies.
func (r *requestReader) readAmount(f *catalog.Field, text string) (value.Amount, bool) {
	if !f.IsOfCurrencies() {
		return f.Measure().Parse(text)
	}

	a, ok := value.Measure{Field: f.Name}.Parse(text)
	if f.HasLocalDollar() && bareDollar.MatchString(text) {
		a.Currency = "$"
	}
	r.needCurrency(f, a.Currency)
	return a, ok
}

// amountReason says how an amount was read, if it was not read as written.
func amountReason(f *catalog.Field, a value.Amount) string {
	if f.Measure().IsMoney() && f.Unit == "" && a.Currency != "" {
		return fmt.Sprintf("a number alone, as the currency of column %s is not known (CARS_UNITS=%s=%s says it)",
			f.Column.Name, f.Name, a.Currency)
	}
	return a.Reason
}

// listItems replaces each value that is a JSON array by its items.
func listItems(given []string) []string {
	var all []string
	for _, g := range given {
		if items, ok := parseList(g); ok {
			all = append(all, items...)
		} else {
			all = append(all, g)
		}
	}
	return all
}

// boundName returns the parameter for a bound of a field.
func (r *requestReader) boundName(f *catalog.Field, use query.Use) string {
	name, _ := r.parameterFor(f, use) // fields of numbers have both
	return name
}

// oppositeBound returns the parameter that excludes what an open range includes.
func oppositeBound(f *catalog.Field, a value.Amount) string {
	if a.To == "" {
		return f.Name + "_max=" + a.From
	}
	return f.Name + "_min=" + a.To
}

// inDays is a number, or a range, of days.
var inDays = regexp.MustCompile(`(?i)^(.*\d\+?) ?(?:d|days?)$`)

// numberWords are small numbers in words.
var numberWords = map[string]string{
	"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
	"ten": "10", "eleven": "11", "twelve": "12",
}

var (
	shortYear  = regexp.MustCompile(`(^|[^\d.])'?(\d\d)($|[^\d.])`)
	numberWord = regexp.MustCompile(`(?i)\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b`)
	// groupsOfPoints finds digits in groups before a decimal comma, as in 20.000,50.
	groupsOfPoints = regexp.MustCompile(`\d{1,3}(?:[. ']\d{3})+,`)

	// alternativeWords finds what joins alternatives.
	alternativeWords = regexp.MustCompile(`(?i)\s+or\s+|\s*[;|]\s*`)

	decimalComma = regexp.MustCompile(`(\d),(\d{1,2})($|[^\d,.])`)
)

// normalizeNumber expands short forms: years of two digits, small numbers in words, and decimal commas of prices and
// mileages. It records a mistake and returns false for a comma that may mean two things.
func (r *requestReader) normalizeNumber(name string, f *catalog.Field, given string) (text, reason string, ok bool) {
	text = given
	switch m := f.Measure(); {
	case m.Unit == "%" && strings.Contains(text, "%"):
		return strings.ReplaceAll(text, "%", ""), "percent", true

	case f.Name == "year" && !r.hasShortYears(f):
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); len(part) == 1 && value.Digits(part) == part {
				r.fail(name, given, "a year has four digits, or two; send 2023 or 23")
				return "", "", false
			}
		}

		// Repeat, because neighboring years share the sign between them.
		for {
			longer := shortYear.ReplaceAllStringFunc(text, lengthenYear)
			if longer == text {
				break
			}
			text, reason = longer, "a year of two digits"
		}

	case m.IsCount():
		if digits := numberWord.ReplaceAllStringFunc(text,
			func(w string) string { return numberWords[strings.ToLower(w)] }); digits != text {
			return digits, "a number in words", true
		}

	case !strings.Contains(text, ","), value.IsGrouped(text) && !decimalComma.MatchString(text):
		// No comma, or only commas that separate groups.

	case m.IsMoney() || m.IsDistance():
		// Write decimal commas as points, unless the commas separate values.
		point := decimalComma.ReplaceAllString(groupsOfPoints.ReplaceAllStringFunc(text, func(digits string) string {
			return strings.NewReplacer(".", "", " ", "", "'", "").Replace(digits)
		}), "$1.$2$3")
		if point == text {
			break
		}
		if strings.Contains(point, ",") && !value.IsGrouped(point) && !mixesLengths(text) {
			break // 5,10,15
		}

		if strings.Contains(point, ",") && !value.IsGrouped(point) {
			r.fail(name, given, "the commas may be decimal ones or stand between values; send 20000.50 for a decimal, and "+
				"repeat the parameter for several values")
			return "", "", false
		}

		return point, "a decimal comma", true

	case f.Type() == "number" && decimalComma.MatchString(text):
		r.fail(name, given, "a comma separates values here; send 2.5 for a decimal")
		return "", "", false
	}

	return text, reason, true
}

// mixesLengths reports whether some numbers have one or two digits and others four or more, as in 20000,00, 30000,00.
func mixesLengths(text string) bool {
	isShort, isLong := false, false
	for _, part := range value.SplitTrimmed(text, ",") {
		digits := len(value.Digits(part))
		isShort, isLong = isShort || digits <= 2, isLong || digits >= 4
	}
	return isShort && isLong
}

// hasShortYears reports whether the table stores years of two digits.
func (r *requestReader) hasShortYears(f *catalog.Field) bool {
	const shortest = 1000
	_, high := r.index.MinMax(r.index.All(), f, false)
	year, err := strconv.Atoi(string(high.Form))
	return high.Type == value.Null || err == nil && year < shortest
}

// lengthenYear expands a year of two digits to the latest matching year, up to next year.
func lengthenYear(match string) string {
	parts := shortYear.FindStringSubmatch(match)
	short, _ := strconv.Atoi(parts[2]) // two digits
	next := time.Now().Year() + 1
	year := next - (next-short)%100
	return parts[1] + strconv.Itoa(year) + parts[3]
}

// bareDollar finds a $ without letters that name a country's dollar.
var bareDollar = regexp.MustCompile(`(?:^|\PL)\$(?:\PL|$)`)

// fitsBound reports whether an amount can be a bound: price_min accepts "20k" and "over 20k", but not "under 20k".
func fitsBound(use query.Use, a value.Amount) bool {
	single := a.From == a.To
	switch use {
	case query.UseAtLeast:
		return a.From != "" && (a.To == "" || single)
	case query.UseAtMost:
		return a.To != "" && (a.From == "" || single)
	}
	return true
}

// readNumberList reads the items of a list that is not an amount as a whole. It sets reason if an item is not read as
// it is written.
func (r *requestReader) readNumberList(p query.Parameter, given string, reason *string) []string {
	parts := strings.Split(alternativeWords.ReplaceAllString(given, ","), ",")
	several := p.Use == query.UseEquals || p.Use == query.UseExcluded
	if !several || len(parts) < 2 || value.IsGrouped(given) {
		if several && value.IsGrouped(given) { // Parse would read several values
			r.fail(p.Field.Name, given, p.Field.Name+" must be "+query.DescribeValues(p.Field)+"; write 20000 for 20,000")
			return nil
		}
		return []string{given}
	}

	for i, part := range parts {
		if isReadAsMeant(p.Field, part) {
			continue
		}

		a, ok := p.Field.Measure().Parse(part)
		switch {
		case !ok || a.From == "" || a.To == "":
			return []string{given}
		case a.From == a.To:
			parts[i] = a.From
		default:
			parts[i] = a.From + "-" + a.To
		}

		*reason = a.Reason
	}

	return parts
}

// isReadAsMeant reports whether Parse reads a text as people mean it. Parse would read 20,000 as 20 and 0, and 30.000
// as 30.
func isReadAsMeant(f *catalog.Field, given string) bool {
	m := f.Measure()
	if value.IsGrouped(given) && (strings.Contains(given, ",") || m.IsMoney() || m.IsDistance()) {
		return false
	}

	for part := range strings.SplitSeq(given, ",") {
		if _, ok := query.ParseRange(f, strings.TrimSpace(part)); !ok {
			return false
		}
	}

	return true
}

// failUnit records a mistake if an amount's unit is why it cannot be compared.
func (r *requestReader) failUnit(name string, f *catalog.Field, given string) bool {
	m := f.Measure()
	switch {
	case m.IsDistance() && m.Unit == "":
		// Read the amount without converting it, to repeat its number.
		a, ok := value.Measure{Field: m.Field, Unit: "km"}.Parse(given)
		if !ok {
			return false
		}

		if miles, _ := (value.Measure{Field: m.Field, Unit: "mi"}).Parse(given); a.Reason == "miles as kilometers" {
			a = miles // as it is written
		}

		number := cmp.Or(a.To, a.From)
		r.fail(name, given, fmt.Sprintf("%s has a unit, but that of column %s is not known; send %s, or set "+
			"CARS_UNITS=%s=km or %s=mi", name, f.Column.Name, number, f.Name, f.Name))
		return true
	case m.IsMoney() && m.Unit != "":
		a, ok := value.Measure{Field: m.Field}.Parse(given)
		if !ok || a.Currency == "" || a.Currency == m.Unit {
			return false
		}
		r.fail(name, given, fmt.Sprintf("%s must be an amount in %s, the currency of column %s", name, m.Unit, f.Column.Name))
		return true
	}

	return false
}

// needCurrency adds a filter for vehicles whose price is in a currency.
func (r *requestReader) needCurrency(f *catalog.Field, code string) {
	if code == "" {
		return
	}

	for _, text := range r.currencies(f) {
		if c, _ := catalog.CurrencyCode(text); (c == code || text == code) &&
			!slices.Contains(r.exact[f.CurrencyIn.Name], text) {
			r.exact[f.CurrencyIn.Name] = append(r.exact[f.CurrencyIn.Name], text)
		}
	}

	if len(r.exact[f.CurrencyIn.Name]) == 0 {
		r.exact[f.CurrencyIn.Name] = []string{code}
	}
}

// currencies returns the currencies in stock of a field with several, or its usual currency if none is left.
func (r *requestReader) currencies(f *catalog.Field) []string {
	if texts := r.index.Texts(f.CurrencyIn); texts != nil && len(texts.Values) > 0 {
		return texts.Values
	}
	return []string{f.Unit}
}

// maxScale is how many times the largest value in stock a bound may be before its unit must be wrong.
const maxScale = 10

// checkScale refuses a bound far above all amounts of a column whose unit is unknown.
func (r *requestReader) checkScale(q *query.Query) {
	for i := range q.Filters {
		f := &q.Filters[i]
		if !f.Field.Unscaled {
			continue
		}

		low, high := r.index.MinMax(r.index.All(), f.Field, false)
		if high.Type == value.Null {
			continue
		}

		greatest, _ := strconv.ParseFloat(string(high.Form), 64)
		for _, bounds := range f.Ranges {
			bound := cmp.Or(bounds.To, bounds.From)
			if amount, err := strconv.ParseFloat(bound, 64); err == nil && amount > maxScale*greatest {
				r.fail(f.Parameter, bound, fmt.Sprintf("%s is far above what column %s has, from %s to %s; these may be "+
					"thousands or lakh, and nothing says which, so send an amount in the unit of the column",
					f.Parameter, f.Field.Column.Name, low.Form, high.Form))
			}
		}
	}
}

// checkCurrencies refuses bounds and orders that compare amounts in several currencies.
func (r *requestReader) checkCurrencies(q *query.Query) {
	for i := range q.Filters {
		f := &q.Filters[i]
		if _, isSingle := q.Currency(f.Field); !isSingle && len(f.Ranges) > 0 {
			all := r.currencies(f.Field)
			r.fail(f.Parameter, strings.Trim(f.Ranges[0].From+"-"+f.Ranges[0].To, "-"), fmt.Sprintf("amounts of %s are in %s; "+
				"name one of these currencies, as in 20000 %s", f.Field.Name, strings.Join(all, ", "), all[0]))
		}
	}

	for _, o := range q.Sort {
		if _, isSingle := q.Currency(o.Field); !isSingle {
			all := r.currencies(o.Field)
			r.fail("sort", o.String(), fmt.Sprintf("amounts of %s are in %s; add a filter such as %s=%s",
				o.Field.Name, strings.Join(all, ", "), o.Field.CurrencyIn.Name, all[0]))
		}
	}
}
