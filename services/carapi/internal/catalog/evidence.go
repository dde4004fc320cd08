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

// verdict says whether a column's values fit a field.
type verdict int

const (
	valuesDisagree verdict = iota // the values are something else
	valuesUnclear                 // the values may be of this field or of another
	valuesAgree
)

// evidence is a verdict and how many values support it.
type evidence struct {
	verdict verdict
	share   float64 // the share of rows with a value whose value is understood
}

// Shares of rows that decide whether values fit a field.
const (
	mostShare      = 0.5
	nearlyAllShare = 0.9
	hardlyAnyShare = 0.2
	fewShare       = 0.05
	minColorShare  = 0.2 // names of paints are open-ended
	minNumberShare = 0.6
	minTitleShare  = 0.7 // of titles that begin with a make
)

// fixedMeaningFields are the fields with a small set of meanings, and few names for each.
var fixedMeaningFields = []string{"condition", "body_type", "fuel_type", "transmission", "drivetrain"}

// meaningFields are all fields whose values have meanings in the vocabulary. Paints have any number of names.
var meaningFields = slices.Concat(fixedMeaningFields, []string{"color", "interior_color"})

// valueExaminer examines the values of one column.
type valueExaminer struct {
	vocabulary *value.Vocabulary
	column     schema.Column
	profile    *ColumnProfile
	rows       int // rows with a value

	shares map[string]float64
}

// newExaminer returns an examiner of a column, by the profile of its values.
func newExaminer(v *value.Vocabulary, c schema.Column, p *ColumnProfile) *valueExaminer {
	return &valueExaminer{vocabulary: v, column: c, profile: p, rows: p.rows(), shares: map[string]float64{}}
}

// share returns the share of rows whose value satisfies holds.
func (e *valueExaminer) share(holds func(text string) bool) float64 {
	n := 0
	for _, v := range e.profile.Values {
		if holds(v.Text) {
			n += v.Count
		}
	}
	return float64(n) / float64(max(e.rows, 1))
}

// cachedShare caches a share by name.
func (e *valueExaminer) cachedShare(name string, holds func(text string) bool) float64 {
	share, ok := e.shares[name]
	if !ok {
		share = e.share(holds)
		e.shares[name] = share
	}
	return share
}

func (e *valueExaminer) meaningShare(field string) float64 {
	return e.cachedShare(field, func(text string) bool { return isKindOf(e.vocabulary, field, text) })
}

// isKindOf reports whether a text has a meaning that identifies the field.
func isKindOf(v *value.Vocabulary, field, text string) bool {
	found := v.Meanings(field, text)
	return len(found) > 0 && (field != "condition" || slices.ContainsFunc(found, isAge))
}

// isAge reports whether a condition says that a vehicle is new or used, rather than how well it is kept.
func isAge(condition string) bool {
	return slices.Contains([]string{"new", "used", "certified", "like new", "demonstrator"}, condition)
}

func (e *valueExaminer) makeShare() float64 { return e.cachedShare("make", e.vocabulary.IsMake) }

func (e *valueExaminer) urlShare() float64 { return e.cachedShare("url", value.LooksLikeURL) }

// plainNumberShare returns the share of values that are plain numbers.
func (e *valueExaminer) plainNumberShare() float64 {
	return e.cachedShare("number", func(text string) bool {
		_, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return err == nil
	})
}

func (e *valueExaminer) vinShare() float64 {
	return e.cachedShare("vin", func(text string) bool {
		isForm, _ := value.CheckVIN(text)
		return isForm
	})
}

// isFlag reports whether the column only holds 0 and 1, or yes and no.
func (e *valueExaminer) isFlag() bool {
	return len(e.profile.Values) > 0 && e.cachedShare("bool", func(text string) bool {
		_, ok := value.ParseBool(text)
		return ok
	}) == 1
}

// isDistinct reports whether nearly every row has its own value.
func (e *valueExaminer) isDistinct() bool {
	return e.rows > 0 && float64(len(e.profile.Values)) >= nearlyAllShare*float64(e.rows)
}

// examine says whether the column's values fit a field.
func (e *valueExaminer) examine(field string) evidence {
	if e.rows == 0 {
		return evidence{valuesUnclear, 0}
	}

	// Most fields have a vocabulary, or hold numbers.
	v := vehicleField(field)
	switch {
	case slices.Contains(meaningFields, field):
		return e.examineMeaning(field)
	case field == "make":
		return e.examineMake()
	case field == "year", v.Kind == schema.Decimal, v.Kind == schema.Integer:
		return e.examineNumber(field)
	}

	// The others have a form of their own, or may hold any text.
	switch field {
	case "vin":
		return agreesIf(e.vinShare(), mostShare)
	case "image_url", "listing_url":
		return agreesIf(e.urlShare(), mostShare)
	case "id", "stock_number":
		if e.isDistinct() && e.urlShare() < mostShare {
			return evidence{valuesAgree, 1}
		}
		return evidence{valuesUnclear, 0}
	case "created_at", "updated_at":
		if e.column.Kind == schema.Date || e.column.Kind == schema.DateTime || e.column.Kind == schema.Timestamp {
			return evidence{valuesAgree, 1}
		}
		return evidence{valuesUnclear, 0}
	case "dealer":
		return e.examineDealer()
	case "currency":
		return agreesIf(e.cachedShare("currency", isCurrency), mostShare)
	case "features":
		if e.isFlag() || e.plainNumberShare() > mostShare || e.areEquipmentLevels() {
			return evidence{valuesDisagree, 0}
		}
		return evidence{valuesUnclear, 0}
	}

	if slices.Contains(PlaceFields, field) {
		return e.examinePlace(field)
	}

	return e.examineText(field)
}

// equipmentLevels are words for how much equipment there is. They name no equipment.
var equipmentLevels = strings.Fields("full semi standard base basic mid half low high top option options none " +
	"fully loaded")

// areEquipmentLevels reports whether the values say how much equipment there is.
func (e *valueExaminer) areEquipmentLevels() bool {
	return e.share(func(text string) bool {
		return !slices.ContainsFunc(nameTokens(text), func(w string) bool { return !slices.Contains(equipmentLevels, w) })
	}) >= mostShare
}

// agreesIf returns a verdict by whether a share is large enough.
func agreesIf(share, least float64) evidence {
	if share >= least {
		return evidence{valuesAgree, share}
	}
	return evidence{valuesDisagree, share}
}

// examineMeaning counts words of the field's vocabulary. Unknown words prove nothing. Words of another field, numbers
// and flags disagree.
func (e *valueExaminer) examineMeaning(field string) evidence {
	share, least := e.meaningShare(field), mostShare
	if field == "color" || field == "interior_color" {
		least = minColorShare
	}

	switch {
	case share >= least:
		return evidence{valuesAgree, share}
	case e.isFlag(), e.plainNumberShare() >= mostShare, e.urlShare() >= mostShare, e.makeShare() >= nearlyAllShare:
		return evidence{valuesDisagree, share}
	}

	// If most values are words of another field, the column is that.
	for _, other := range fixedMeaningFields {
		if other != field && share < hardlyAnyShare && e.meaningShare(other) >= mostShare {
			return evidence{valuesDisagree, share}
		}
	}

	return evidence{valuesUnclear, share}
}

// examineMake counts known makes. Unknown names prove nothing; flags and addresses disagree.
func (e *valueExaminer) examineMake() evidence {
	switch share := e.makeShare(); {
	case share >= mostShare:
		return evidence{valuesAgree, share}
	case e.isFlag(), e.urlShare() >= mostShare:
		return evidence{valuesDisagree, share}
	default:
		return evidence{valuesUnclear, share}
	}
}

// sellerKinds are words for kinds of sellers, which name no seller. sellerNouns may stand beside them.
var (
	sellerKinds = value.FoldAll(strings.Fields("private privat privé particulier particular privato dealer dealers " +
		"individual owner trade business commercial gewerblich händler professionnel profesional privado concessionario " +
		"trustmarkdealer franchise independent user broker частник дилер"))
	sellerNouns = value.FoldAll(strings.Fields("seller sellers sale anbieter verkäufer vendeur vendedor venditore " +
		"verkoper sprzedawca продавец"))
)

// isSellerKind reports whether a text names a kind of seller.
func isSellerKind(text string) bool {
	if slices.Contains(sellerKinds, value.Fold(text)) {
		return true
	}

	isKind := false
	for _, word := range nameTokens(text) {
		switch {
		case slices.Contains(sellerKinds, word):
			isKind = true
		case !slices.Contains(sellerNouns, word):
			return false
		}
	}

	return isKind
}

// examineDealer rules out kinds of sellers, flags, addresses and numbers. Any other names may be those of dealers.
func (e *valueExaminer) examineDealer() evidence {
	kinds := e.share(isSellerKind)
	if e.isFlag() || kinds >= mostShare || e.urlShare() >= mostShare || e.plainNumberShare() >= nearlyAllShare &&
		isNumericKind(e.column.Kind) {
		return evidence{valuesDisagree, 0}
	}
	if kinds == 0 && len(e.profile.Values) > 1 {
		return evidence{valuesAgree, 1}
	}

	return evidence{valuesUnclear, 0}
}

// PlaceFields say where a vehicle is, the smallest place first.
var PlaceFields = []string{"city", "state", "country"}

// minPlaces is how many places a column must have if its name does not clearly say that it holds places.
const minPlaces = 3

// examinePlace looks for names that several vehicles share. Words for conditions are not places.
func (e *valueExaminer) examinePlace(field string) evidence {
	conditions := e.share(func(text string) bool { return e.vocabulary.IsMeaningWord("condition", text) })
	words := e.share(func(text string) bool { return strings.ContainsFunc(text, unicode.IsLetter) })
	values := len(e.profile.Values)
	switch found := e.examineText(field); {
	case found.verdict == valuesDisagree, conditions >= fewShare:
		return evidence{valuesDisagree, 0}
	case words >= nearlyAllShare && values >= minPlaces && 2*values <= e.rows && e.largestMeaningShare() < mostShare:
		return evidence{valuesAgree, hardlyAnyShare} // other columns have such names too
	}

	return evidence{valuesUnclear, 0}
}

// largestMeaningShare returns the largest share of values with a meaning in any field.
func (e *valueExaminer) largestMeaningShare() float64 {
	most := e.makeShare()
	for _, field := range meaningFields {
		most = max(most, e.meaningShare(field))
	}
	return most
}

// examineText examines a text field that may hold anything.
func (e *valueExaminer) examineText(field string) evidence {
	// Some models are numbers, such as 500 and 911.
	numbersMayBe := slices.Contains([]string{"model", "trim", "engine", "stock_number"}, field)
	switch {
	case e.isFlag() && !numbersMayBe, e.urlShare() >= mostShare && field != "description":
		return evidence{valuesDisagree, 0}
	case e.plainNumberShare() >= nearlyAllShare && !numbersMayBe:
		return evidence{valuesDisagree, 0}
	case field == "model" && (e.plainNumberShare() >= nearlyAllShare && e.areYears() || e.makeShare() >= nearlyAllShare):
		return evidence{valuesDisagree, 0}
	}

	return evidence{valuesUnclear, 0}
}

func isNumericKind(k schema.Kind) bool {
	return k == schema.Integer || k == schema.Bit || k == schema.Decimal || k == schema.Float || k == schema.Double
}

func isCurrency(text string) bool {
	_, ok := CurrencyCode(text)
	return ok
}

// plausibleRanges are the ranges that hold most values of a field.
var plausibleRanges = map[string][2]string{
	"year": {"1886", "2050"}, "cylinders": {"0", "16"}, "doors": {"0", "9"}, "seats": {"1", "99"},
	"mileage": {"0", "3000000"}, "price": {"0", "100000000000"}, "msrp": {"0", "100000000000"},
}

// examineNumber looks for numbers of a plausible size.
func (e *valueExaminer) examineNumber(field string) evidence {
	if e.column.Kind == schema.Date || e.column.Kind == schema.DateTime || e.column.Kind == schema.Timestamp {
		return evidence{valuesDisagree, 0}
	}
	if isNumericKind(e.column.Kind) && e.isFlag() && len(e.profile.Values) > 1 && field != "doors" {
		return evidence{valuesDisagree, 0}
	}

	// Count the rows with a number, with a plausible one, a whole one, and zero.
	style, _, _ := value.LearnNumbers(value.Measure{Field: field}, e.profile.all())
	numbers, within, whole, zeros := 0, 0, 0, 0
	var sizes []weightedNumber
	for _, v := range e.profile.Values {
		n, ok := style.Parse([]byte(v.Text), nil)
		if !ok {
			continue
		}

		numbers += v.Count
		x, _ := strconv.ParseFloat(string(n.Number), 64)
		sizes = append(sizes, weightedNumber{x, v.Count})

		bounds := plausibleRanges[field]
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

	// Decide by these counts.
	share := float64(numbers) / float64(e.rows)
	middle := weightedMedian(sizes) // sorts them
	switch {
	case share < minNumberShare, numbers == 0:
		return evidence{valuesDisagree, share}
	case field == "year":
		return agreesIf(float64(within+zeros)/float64(e.rows), minNumberShare)
	case float64(within) < nearlyAllShare*float64(numbers):
		return evidence{valuesDisagree, share}
	case field == "mileage" && middle < 100 && whole*2 < numbers: // a consumption
		return evidence{valuesDisagree, share}

	// In some tables, mileage is the fuel consumption.
	case field == "mileage" && slices.Contains(nameTokens(e.column.Name), "mileage") && len(sizes) > 5 &&
		sizes[0].number >= minMilesPerGallon && sizes[len(sizes)-1].number <= maxMilesPerGallon:
		return evidence{valuesDisagree, share}
	case (field == "cylinders" || field == "doors" || field == "seats") &&
		float64(whole) < nearlyAllShare*float64(numbers):
		return evidence{valuesDisagree, share}
	}

	return evidence{valuesAgree, share}
}

// The miles that vehicles go on a gallon of fuel, which some call mileage. Among odometer readings, some would be
// outside this range.
const (
	minMilesPerGallon = 8
	maxMilesPerGallon = 150
)

// minTypicalPrice is less than most vehicles cost, in whole units of any currency.
const minTypicalPrice = 200

// isUnscaled reports whether amounts of money are too small for whole units: 3.75 may be lakh or thousands.
func (e *valueExaminer) isUnscaled(style value.NumberStyle) bool {
	var sizes []weightedNumber
	fractions, numbers := 0, 0
	for _, v := range e.profile.Values {
		n, ok := style.Parse([]byte(v.Text), nil)
		if !ok {
			continue
		}

		x, _ := strconv.ParseFloat(string(n.Number), 64)
		sizes = append(sizes, weightedNumber{x, v.Count})
		numbers += v.Count

		if strings.Contains(string(n.Number), ".") {
			fractions += v.Count
		}
	}

	return weightedMedian(sizes) < minTypicalPrice && fractions*2 > numbers
}

func (e *valueExaminer) areYears() bool {
	return e.share(func(text string) bool {
		return len(text) == 4 && text >= "1950" && text <= "2050"
	}) >= nearlyAllShare
}

// weightedNumber is a number and how many rows have it.
type weightedNumber struct {
	number float64
	count  int
}

// weightedMedian sorts the numbers, and returns the one that half of the rows do not exceed; 0 without numbers.
func weightedMedian(all []weightedNumber) float64 {
	slices.SortFunc(all, func(a, b weightedNumber) int { return cmp.Compare(a.number, b.number) })
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
