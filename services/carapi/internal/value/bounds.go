package value

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Phrases before an amount that make it one end of a range, in lower case.
var (
	upToPhrases = SplitTrimmed("up to, upto, at most, max, max., maximum, until, till, through, to, bis, bis zu, "+
		"höchstens, jusqu'à, jusqu’à, hasta, fino a", ",")
	belowPhrases = SplitTrimmed("under, below, less than, fewer than, cheaper than, lower than, smaller than, before, "+
		"older than, earlier than, unter, moins de, menos de, meno di", ",")
	atLeastPhrases = SplitTrimmed("at least, min, min., minimum, from, since, starting at, ab, mindestens, "+
		"à partir de, desde, da", ",")
	abovePhrases = SplitTrimmed("over, above, more than, higher than, greater than, bigger than, after, newer than, "+
		"later than, younger than, exceeding, über, ueber, plus de, más de, mas de, più di", ",")
)

// negations are the words that turn below into at least, and above into up to.
var negations = []string{"not", "no", "nothing", "none", "never"}

// rangePrefixes are the words before a range with two ends.
var rangePrefixes = []string{"between", "from"}

// BoundPhrases returns the phrases that may stand before an amount or a range, in lower case. A phrase is one word or
// several.
func BoundPhrases() []string {
	return slices.Concat(upToPhrases, belowPhrases, atLeastPhrases, abovePhrases, negations, rangePrefixes)
}

// anyOf returns the pattern of one of some phrases. The longest are tried first, so that maximum is not read as max.
func anyOf(phrases []string) string {
	longestFirst := slices.SortedStableFunc(slices.Values(phrases), func(a, b string) int {
		return cmp.Compare(len(b), len(a))
	})
	for i, phrase := range longestFirst {
		longestFirst[i] = regexp.QuoteMeta(phrase)
	}
	return "(?:" + strings.Join(longestFirst, "|") + ")"
}

var (
	// The words before a range, and between its ends.
	rangePrefix    = regexp.MustCompile(`^` + anyOf(rangePrefixes) + ` `)
	rangeSeparator = regexp.MustCompile(`\s*(?:-|–|—|\.\.\.?)\s*| (?:to|and|until|through|thru) `)

	// Words before or after an amount that make it one end of a range.
	upToPattern   = regexp.MustCompile(`^(?:<=|≤|` + anyOf(upToPhrases) + `) ?(.+)$`)
	belowPattern  = regexp.MustCompile(`^(?:<|` + anyOf(belowPhrases) + `) ?(.+)$`)
	atMostPattern = regexp.MustCompile(`^(.+?) ?(?:or less|or under|or below|or lower|or cheaper|or fewer|or older|or ` +
		`earlier|and under|and below|max\.?|maximum)$`)
	fromPattern   = regexp.MustCompile(`^(?:>=|≥|` + anyOf(atLeastPhrases) + `) ?(.+)$`)
	abovePattern  = regexp.MustCompile(`^(?:>|` + anyOf(abovePhrases) + `) ?(.+)$`)
	orMorePattern = regexp.MustCompile(`^(?:from |since )?(.+?) ?(?:\+|or more|or over|or above|or newer|or later|or up|` +
		`and up|and above|and newer|and over|` +
		`and later|and after|and beyond|and on|to now|to present|to date|onwards?|upwards?|plus|on|min\.?|minimum)$`)

	// The negation of a bound is an inclusive bound on the other side.
	notAbovePattern = regexp.MustCompile(`^` + anyOf(negations) + ` ` + anyOf(abovePhrases) + ` ?(.+)$`)
	notBelowPattern = regexp.MustCompile(`^` + anyOf(negations) + ` ` + anyOf(belowPhrases) + ` ?(.+)$`)
)

// boundPatterns are the forms of a bound, in the order in which they are tried. The amount is the only group of each.
var boundPatterns = []struct {
	form             *regexp.Regexp
	upper, inclusive bool
}{
	{notAbovePattern, true, true},
	{notBelowPattern, false, true},
	{upToPattern, true, true},
	{belowPattern, true, false},
	{atMostPattern, true, true},
	{fromPattern, false, true},
	{abovePattern, false, false},
	{orMorePattern, false, true},
}

// parseBound reads an amount with words or a sign that make it one end of a range. The text is in lower case, with
// single spaces.
func (m Measure) parseBound(s string) (Amount, bool) {
	for _, bound := range boundPatterns {
		match := bound.form.FindStringSubmatch(s)
		if match == nil {
			continue
		}

		single, ok := m.parseBareAmount(match[1])
		if !ok {
			continue
		}

		a := Amount{Reason: cmp.Or(single.reason, "a bound in words"), Currency: single.currency}
		if !bound.inclusive && m.IsCount() { // before 2020 is up to 2019
			single.number = nextInteger(single.number, !bound.upper)
		}

		if bound.upper {
			a.To = single.number
		} else {
			a.From = single.number
		}

		return a, true
	}

	return Amount{}, false
}
