package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// verdict is what the values of a column say about whether it is a field.
type verdict int

const (
	disagrees verdict = iota // they are something else
	unknown                  // they say nothing
	agrees
)

// evidence is what values say, and how many of them do.
type evidence struct {
	verdict verdict
	share   float64 // of the rows with a value, those whose value is understood
}

// Shares of rows from which values agree with a field, or are something else.
const (
	mostValues   = 0.5
	nearlyAll    = 0.9
	hardlyAny    = 0.2
	aFew         = 0.05
	leastColors  = 0.2 // names of paints are open-ended
	leastNumbers = 0.6
)

// meaningFields are the fields whose values have meanings that the vocabulary knows.
var meaningFields = []string{"condition", "body_type", "fuel_type", "transmission", "drivetrain", "color",
	"interior_color"}

// examiner looks at the values of one column.
type examiner struct {
	vocabulary *value.Vocabulary
	column     schema.Column
	profile    *ColumnProfile
	rows       int // with a value

	shares map[string]float64
}

func newExaminer(v *value.Vocabulary, c schema.Column, p *ColumnProfile) *examiner {
	return &examiner{vocabulary: v, column: c, profile: p, rows: p.rows(), shares: map[string]float64{}}
}

// share is that of the rows for whose value holds is true.
func (e *examiner) share(holds func(text string) bool) float64 {
	n := 0
	for _, v := range e.profile.Values {
		if holds(v.Text) {
			n += v.Count
		}
	}
	return float64(n) / float64(max(e.rows, 1))
}

// once keeps a share by a name.
func (e *examiner) once(name string, holds func(text string) bool) float64 {
	share, ok := e.shares[name]
	if !ok {
		share = e.share(holds)
		e.shares[name] = share
	}
	return share
}

func (e *examiner) meaning(field string) float64 {
	return e.once(field, func(text string) bool { return isKindOf(e.vocabulary, field, text) })
}

// isKindOf reports whether a text has a meaning by which the field is found.
func isKindOf(v *value.Vocabulary, field, text string) bool {
	found := v.Meanings(field, text)
	return len(found) > 0 && (field != "condition" || slices.ContainsFunc(found, isAge))
}

// isAge reports whether a condition says whether a vehicle is new or used, and not how well it is kept.
func isAge(condition string) bool {
	return slices.Contains([]string{"new", "used", "certified", "like new", "demonstrator"}, condition)
}

func (e *examiner) makes() float64 { return e.once("make", e.vocabulary.IsMake) }

func (e *examiner) urls() float64 { return e.once("url", value.LooksLikeURL) }

// plainNumbers is the share of values that are numbers and nothing more.
func (e *examiner) plainNumbers() float64 {
	return e.once("number", func(text string) bool {
		_, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return err == nil
	})
}

func (e *examiner) vins() float64 {
	return e.once("vin", func(text string) bool {
		isForm, _ := value.CheckVIN(text)
		return isForm
	})
}

// isFlag reports whether the column holds nothing but 0 and 1, or yes and no.
func (e *examiner) isFlag() bool {
	return len(e.profile.Values) > 0 && e.once("bool", func(text string) bool {
		_, ok := value.ParseBool(text)
		return ok
	}) == 1
}

// isDistinct reports whether nearly every row has a value of its own.
func (e *examiner) isDistinct() bool {
	return e.rows > 0 && float64(len(e.profile.Values)) >= nearlyAll*float64(e.rows)
}

// examine says whether the column's values fit a field.
func (e *examiner) examine(field string) evidence {
	if e.rows == 0 {
		return evidence{unknown, 0}
	}

	v := vehicleField(field)
	switch {
	case slices.Contains(meaningFields, field):
		return e.examineMeaning(field)
	case field == "make":
		return e.examineMake()
	case field == "year", v.Kind == schema.Decimal, v.Kind == schema.Integer:
		return e.examineNumber(field)
	}

	switch field {
	case "vin":
		return agreeIf(e.vins(), mostValues)
	case "image_url", "listing_url":
		return agreeIf(e.urls(), mostValues)
	case "id", "stock_number":
		if e.isDistinct() && e.urls() < mostValues {
			return evidence{agrees, 1}
		}
		return evidence{unknown, 0}
	case "created_at", "updated_at":
		if e.column.Kind == schema.Date || e.column.Kind == schema.DateTime || e.column.Kind == schema.Timestamp {
			return evidence{agrees, 1}
		}
		return evidence{unknown, 0}
	case "dealer":
		return e.examineDealer()
	case "currency":
		return agreeIf(e.once("currency", isCurrency), mostValues)
	case "features":
		if e.isFlag() || e.plainNumbers() > mostValues || e.areLevels() {
			return evidence{disagrees, 0}
		}
		return evidence{unknown, 0}
	}

	if slices.Contains(places, field) {
		return e.examinePlace(field)
	}

	return e.examineText(field)
}

// equipmentLevels are words for how much equipment there is, which name none.
var equipmentLevels = strings.Fields("full semi standard base basic mid half low high top option options none " +
	"fully loaded")

// areLevels reports whether the values say how much equipment there is.
func (e *examiner) areLevels() bool {
	return e.share(func(text string) bool {
		return !slices.ContainsFunc(tokens(text), func(w string) bool { return !slices.Contains(equipmentLevels, w) })
	}) >= mostValues
}

func agreeIf(share, least float64) evidence {
	if share >= least {
		return evidence{agrees, share}
	}
	return evidence{disagrees, share}
}

// examineMeaning looks for words of the field's vocabulary. Words that it does not know say nothing, unless they are
// those of another field, numbers or flags.
func (e *examiner) examineMeaning(field string) evidence {
	share, least := e.meaning(field), mostValues
	if field == "color" || field == "interior_color" {
		least = leastColors
	}

	switch {
	case share >= least:
		return evidence{agrees, share}
	case e.isFlag(), e.plainNumbers() >= mostValues, e.urls() >= mostValues, e.makes() >= nearlyAll:
		return evidence{disagrees, share}
	}

	for _, other := range meaningFields[:5] {
		if other != field && share < hardlyAny && e.meaning(other) >= mostValues {
			return evidence{disagrees, share}
		}
	}

	return evidence{unknown, share}
}

func (e *examiner) examineMake() evidence {
	switch share := e.makes(); {
	case share >= mostValues:
		return evidence{agrees, share}
	case e.isFlag(), e.urls() >= mostValues:
		return evidence{disagrees, share}
	default:
		return evidence{unknown, share}
	}
}

// sellerKinds are words for what kind of seller offers a vehicle, which do not name one. sellerNouns may stand beside
// them.
var (
	sellerKinds = value.FoldAll(strings.Fields("private privat privé particulier particular privato dealer dealers " +
		"individual owner trade business commercial gewerblich händler professionnel profesional privado concessionario " +
		"trustmarkdealer franchise independent user broker частник дилер"))
	sellerNouns = value.FoldAll(strings.Fields("seller sellers sale anbieter verkäufer vendeur vendedor venditore " +
		"verkoper sprzedawca продавец"))
)

// isSellerKind reports whether a text says what kind of seller offers a vehicle.
func isSellerKind(text string) bool {
	if slices.Contains(sellerKinds, value.Fold(text)) {
		return true
	}

	isKind := false
	for _, word := range tokens(text) {
		switch {
		case slices.Contains(sellerKinds, word):
			isKind = true
		case !slices.Contains(sellerNouns, word):
			return false
		}
	}

	return isKind
}

func (e *examiner) examineDealer() evidence {
	kinds := e.share(isSellerKind)
	if e.isFlag() || kinds >= mostValues || e.urls() >= mostValues || e.plainNumbers() >= nearlyAll &&
		isNumeric(e.column.Kind) {
		return evidence{disagrees, 0}
	}
	if kinds == 0 && len(e.profile.Values) > 1 {
		return evidence{agrees, 1}
	}

	return evidence{unknown, 0}
}

// places are the fields that say where a vehicle is.
var places = []string{"city", "state", "country"}

// fewPlaces is how many places a column has at least whose name does not say for certain that it holds places.
const fewPlaces = 3

// examinePlace looks for names that several vehicles share. What says whether a vehicle is new or used is no place.
func (e *examiner) examinePlace(field string) evidence {
	conditions := e.share(func(text string) bool { return e.vocabulary.IsWord("condition", text) })
	words := e.share(func(text string) bool { return strings.ContainsFunc(text, unicode.IsLetter) })
	values := len(e.profile.Values)
	switch found := e.examineText(field); {
	case found.verdict == disagrees, conditions >= aFew:
		return evidence{disagrees, 0}
	case words >= nearlyAll && values >= fewPlaces && 2*values <= e.rows && e.meaningful() < mostValues:
		return evidence{agrees, hardlyAny} // other things are named so too
	}

	return evidence{unknown, 0}
}

// meaningful is the largest share of values with a meaning in any field.
func (e *examiner) meaningful() float64 {
	most := e.makes()
	for _, field := range meaningFields {
		most = max(most, e.meaning(field))
	}
	return most
}

// examineText looks at a field of texts that may hold anything.
func (e *examiner) examineText(field string) evidence {
	numbersMayBe := slices.Contains([]string{"model", "trim", "engine", "stock_number"}, field)
	switch {
	case e.isFlag() && !numbersMayBe, e.urls() >= mostValues && field != "description":
		return evidence{disagrees, 0}
	case e.plainNumbers() >= nearlyAll && !numbersMayBe:
		return evidence{disagrees, 0}
	case field == "model" && (e.plainNumbers() >= nearlyAll && e.isYears() || e.makes() >= nearlyAll):
		return evidence{disagrees, 0}
	}

	return evidence{unknown, 0}
}

func isNumeric(k schema.Kind) bool {
	return k == schema.Integer || k == schema.Bit || k == schema.Decimal || k == schema.Float || k == schema.Double
}

func isCurrency(text string) bool {
	_, ok := CurrencyCode(text)
	return ok
}

// plausible are the ranges in which most values of a field are.
var plausible = map[string][2]string{
	"year": {"1886", "2050"}, "cylinders": {"0", "16"}, "doors": {"0", "9"}, "seats": {"1", "99"},
	"mileage": {"0", "3000000"}, "price": {"0", "100000000000"}, "msrp": {"0", "100000000000"},
}

// examineNumber looks for numbers of a plausible size.
func (e *examiner) examineNumber(field string) evidence {
	if e.column.Kind == schema.Date || e.column.Kind == schema.DateTime || e.column.Kind == schema.Timestamp {
		return evidence{disagrees, 0}
	}
	if isNumeric(e.column.Kind) && e.isFlag() && len(e.profile.Values) > 1 && field != "doors" {
		return evidence{disagrees, 0}
	}

	style, _, _ := value.LearnNumbers(value.Measure{Field: field}, e.profile.All())
	numbers, within, whole, zeros := 0, 0, 0, 0

	var sizes []weighted
	for _, v := range e.profile.Values {
		n, ok := style.Parse([]byte(v.Text), nil)
		if !ok {
			continue
		}

		numbers += v.Count
		x, _ := strconv.ParseFloat(string(n.Number), 64)
		sizes = append(sizes, weighted{x, v.Count})

		bounds := plausible[field]
		if value.CompareDecimals(n.Number, bounds[0]) >= 0 && value.CompareDecimals(n.Number, bounds[1]) <= 0 {
			within += v.Count
		}

		if !strings.Contains(string(n.Number), ".") {
			whole += v.Count
		}

		if x == 0 {
			zeros += v.Count
		}
	}

	share := float64(numbers) / float64(e.rows)
	middle := median(sizes)
	switch {
	case share < leastNumbers, numbers == 0:
		return evidence{disagrees, share}
	case field == "year":
		return agreeIf(float64(within+zeros)/float64(e.rows), leastNumbers)
	case float64(within) < nearlyAll*float64(numbers):
		return evidence{disagrees, share}
	case field == "mileage" && middle < 100 && whole*2 < numbers: // a consumption
		return evidence{disagrees, share}
	case field == "mileage" && slices.Contains(tokens(e.column.Name), "mileage") && len(sizes) > 5 &&
		sizes[0].number >= leastPerGallon && sizes[len(sizes)-1].number <= mostPerGallon:
		return evidence{disagrees, share}
	case (field == "cylinders" || field == "doors" || field == "seats") && float64(whole) < nearlyAll*float64(numbers):
		return evidence{disagrees, share}
	}

	return evidence{agrees, share}
}

// How many miles vehicles go with a gallon of fuel, which some call mileage. In a stock, some odometer shows less or
// more.
const (
	leastPerGallon = 8
	mostPerGallon  = 150
)

// leastPrice is less than most vehicles of a stock cost, in whole units of any currency.
const leastPrice = 200

// isUnscaled reports whether amounts of money are too small to be in whole units: 3.75 may be lakh, or thousands.
func (e *examiner) isUnscaled(style value.NumberStyle) bool {
	var sizes []weighted
	fractions, numbers := 0, 0
	for _, v := range e.profile.Values {
		n, ok := style.Parse([]byte(v.Text), nil)
		if !ok {
			continue
		}

		x, _ := strconv.ParseFloat(string(n.Number), 64)
		sizes = append(sizes, weighted{x, v.Count})
		numbers += v.Count

		if strings.Contains(string(n.Number), ".") {
			fractions += v.Count
		}
	}

	return median(sizes) < leastPrice && fractions*2 > numbers
}

func (e *examiner) isYears() bool {
	return e.share(func(text string) bool {
		return len(text) == 4 && text >= "1950" && text <= "2050"
	}) >= nearlyAll
}

// weighted is a number that several rows have.
type weighted struct {
	number float64
	count  int
}

func median(all []weighted) float64 {
	slices.SortFunc(all, func(a, b weighted) int { return cmp.Compare(a.number, b.number) })
	total := 0
	for _, w := range all {
		total += w.count
	}

	for _, w := range all {
		if total -= 2 * w.count; total <= 0 {
			return w.number
		}
	}

	return 0
}
