package interpret

import (
	"slices"
	"strings"
	"testing"

	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

func TestCutSign(t *testing.T) {
	for _, c := range []struct {
		word, rest string
		found      bool
	}{
		{"!Toyota", "Toyota", true},
		{"<>Toyota", "Toyota", true},
		{"≠ Toyota", "Toyota", true},
		{"-Toyota", "Toyota", true},
		{"–Toyota", "Toyota", true},
		{"-5", "5", false},
		{"-", "", false},
		{"Toyota", "Toyota", false},
		{"F-150", "F-150", false},
		{"", "", false},
	} {
		if rest, found := cutSign(c.word); rest != c.rest || found != c.found {
			t.Errorf("%q: %q %t, want %q %t", c.word, rest, found, c.rest, c.found)
		}
	}
}

func TestCutNon(t *testing.T) {
	for _, c := range []struct {
		word, rest string
		found      bool
	}{
		{"non-Toyota", "Toyota", true},
		{"NON_diesel", "diesel", true},
		{"not-red", "red", true},
		{"anti-theft", "theft", true},
		{"nonsense", "nonsense", false},
		{"no", "no", false},
	} {
		if rest, found := cutNon(c.word); rest != c.rest || found != c.found {
			t.Errorf("%q: %q %t, want %q %t", c.word, rest, found, c.rest, c.found)
		}
	}
}

func TestMarkerAt(t *testing.T) {
	for _, c := range []struct {
		text   string
		most   int
		marker negationMarker
		words  int
	}{
		{"not a Honda", maxMarkerWords, notMarker, 2},
		{"not a Honda", 1, notMarker, 1},
		{"Not: Honda", maxMarkerWords, notMarker, 1},
		{"isn’t a Honda", maxMarkerWords, notMarker, 2},
		{"anything but a Honda", maxMarkerWords, exceptMarker, 3},
		{"any make but Honda", maxMarkerWords, exceptMarker, 3},
		{"all except Honda", maxMarkerWords, exceptMarker, 2},
		{"nothing but Hondas", maxMarkerWords, onlyMarker, 2},
		{"with the exception of Honda", maxMarkerWords, exceptMarker, 4},
		{"Honda", maxMarkerWords, noMarker, 0},
		{"", maxMarkerWords, noMarker, 0},
	} {
		if marker, words := markerAt(strings.Fields(c.text), c.most); marker != c.marker || words != c.words {
			t.Errorf("%q: marker %d of %d words, want %d of %d", c.text, marker, words, c.marker, c.words)
		}
	}
}

func TestUnwrap(t *testing.T) {
	for text, want := range map[string]string{
		`"red"`: "red", ` ( "red" ) `: "red", "«red»": "red", "[red": "[red", `"red" or "blue"`: `"red" or "blue"`,
		`"`: `"`, "": "",
	} {
		if got := unwrapValue(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Sections are written as joint, marker and text. A marker that is a sign has an exclamation mark.
func TestSections(t *testing.T) {
	names := map[negationMarker]string{noMarker: "", onlyMarker: "only", notMarker: "not", exceptMarker: "except"}
	for text, want := range map[string]string{
		"red":                    "  red",
		"red, blue":              "  red|,  blue",
		"red or blue":            "  red|or  blue",
		"not red or blue":        " not red|or  blue",
		"red,-blue":              "  red|, not! blue",
		"other than red, blue":   " except red|,  blue",
		"red but not blue":       "  red|but not blue",
		"not":                    " not ",
		"ne":                     "  ne",
		"red or":                 "  red|or  ",
		"Town & Country":         "  Town & Country",
		"non-Toyota":             " not Toyota",
		"- red":                  " not! red",
		"nothing but red, green": " only red|,  green",
	} {
		reader := sectionReader{isStored: func(text string) bool { return text == "Town & Country" }}
		var got []string
		for _, s := range reader.readSections(text) {
			marker := names[s.marker]
			if s.sign {
				marker += "!"
			}
			got = append(got, s.joint+" "+marker+" "+s.text)
		}
		if got := strings.Join(got, "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"make": "make", "-make": "make_not", "make!": "make_not", "make[-]": "make_not", "make:<>": "make_not",
		"price<": "price_lte", "price≥": "price_gte", "filter[make]": "make", "where.make": ".make", "[make]": "make",
	} {
		if got := withOperator(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}

	for name, want := range map[string]string{
		"maxPrice": "maxprice", "max_price": "maxprice", "Max-Price ($)": "maxprice", "filter[year]": "filteryear",
	} {
		if got := foldParameter(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}

	for name, want := range map[string]string{
		"certifiedPreOwned": "certified pre owned", "fuel_type": "fuel type", "4wd": "4wd", "ABS": "abs",
		"a.b-c[d]": "a b c d",
	} {
		if got := strings.Join(splitName(name), " "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}

	for name, want := range map[string]string{
		"makenot": "make true", "excludefields": "fields true", "hidecolor": "color true",
		"make": "make false", "withoutphoto": "photo true",
		"notype": "type true", "nottype": "type true", "notintype": "type true", "excludedfields": "fields true",
		"typenotin": "type true", "not": "not false", "none": "none false", "notrim": "notrim false",
	} {
		isName := func(rest string) bool {
			return slices.Contains([]string{"make", "fields", "color", "photo", "type"}, rest)
		}
		base, isNot := cutNot(name, isName)
		if got := base + map[bool]string{true: " true", false: " false"}[isNot]; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}

	got := withPlurals([]string{"make", "city", "doors", "id", "vin"})
	want := []string{"make", "city", "doors", "id", "vin", "makes", "cities", "citys", "door", "ids"}
	if !slices.Equal(got, want) {
		t.Errorf("plurals %v, want %v", got, want)
	}
}

func TestPlainWord(t *testing.T) {
	for word, want := range map[string]string{
		`"Don’t",`: "dont", "(Red)": "red", "I'd": "id", "3.5": "3.5", "Rs.": "rs", "...": "",
	} {
		if got := plainWord(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestPhraseAt(t *testing.T) {
	for _, c := range []struct {
		text       string
		afterValue bool
		kind       tokenKind
		words      int
	}{
		{"would like to buy", false, fillerToken, 4},
		{"Instead of a Kia", false, comparisonToken, 2},
		{"like a Camry", false, comparisonToken, 1},
		{"or similar", true, followerToken, 2},
		{"or similar", false, unknownToken, 0},
		{"low miles", false, unknownToken, 2},
		{"Kia", true, unknownToken, 0},
	} {
		if kind, words := phraseAt(strings.Fields(c.text), c.afterValue); kind != c.kind || words != c.words {
			t.Errorf("%q: kind %d of %d words, want %d of %d", c.text, kind, words, c.kind, c.words)
		}
	}
}

func TestBeginsAmount(t *testing.T) {
	for word, want := range map[string]bool{
		"20k": true, "$20,000": true, "under": true, "USD": true, "Rs.": true, "≤20000": true,
		"Camry": false, "Toyota": false, "roughly": false,
	} {
		if got := beginsAmount(word); got != want {
			t.Errorf("%q: %t", word, got)
		}
	}

	for _, phrase := range value.BoundPhrases() {
		if first := strings.Fields(phrase)[0]; !beginsAmount(first) || !beginsAmount(strings.ToUpper(first)) {
			t.Errorf("%q begins no amount", first)
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		amount          value.Amount
		parameter, text string
		fits            string // the bounds that the amount fits
	}{
		{value.Amount{From: "5", To: "5"}, "price", "5", "min max"},
		{value.Amount{From: "5"}, "price_min", "5", "min"},
		{value.Amount{To: "9"}, "price_max", "9", "max"},
		{value.Amount{From: "5", To: "9"}, "price", "5-9", ""},
	} {
		if parameter, text := boundOf("price", c.amount); parameter != c.parameter || text != c.text {
			t.Errorf("%v: %s=%s, want %s=%s", c.amount, parameter, text, c.parameter, c.text)
		}

		var fits []string
		if fitsBound(query.UseAtLeast, c.amount) {
			fits = append(fits, "min")
		}
		if fitsBound(query.UseAtMost, c.amount) {
			fits = append(fits, "max")
		}
		if got := strings.Join(fits, " "); got != c.fits {
			t.Errorf("%v fits %q, want %q", c.amount, got, c.fits)
		}
	}

	for _, c := range []struct {
		chunk string
		from  string
		to    string
		want  bool
	}{
		{"under $500", "", "500", true},
		{"under 30000", "", "30000", true},
		{"under 500", "", "500", false},
		{"3000-4000", "3000", "4000", true},
		{"2500-4000", "2500", "4000", false},
		{"under 3000.5", "", "3000.5", false},
	} {
		if got := isPrice(c.chunk, value.Amount{From: c.from, To: c.to}); got != c.want {
			t.Errorf("%q: %t", c.chunk, got)
		}
	}
}
