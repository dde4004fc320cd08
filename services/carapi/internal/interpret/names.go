package interpret

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
)

// otherControls are other names of the controls.
var otherControls = map[string][]string{
	"limit":         {"rows", "perpage", "pagesize", "maxresults", "numresults", "resultsperpage", "top", "take"},
	"page":          {"pagenumber", "pageno", "pagenum", "pageindex"},
	"offset":        {"skip", "start", "startindex"},
	"has":           {"exists", "notnull", "with"},
	"missing":       {"isnull", "lacks", "empty"},
	"q":             {"query", "search", "keyword", "keywords", "searchterm", "searchquery", "freetext"},
	"sort":          {"sortby", "orderby", "order", "sorting"},
	"fields":        {"select", "columns"},
	"by":            {"groupby", "group", "groups", "grouping"},
	"cursor":        {"nextcursor", "pagetoken", "nextpagetoken"},
	"include_total": {"withtotal", "counttotal"},
	"max_chars":     {"maxcharacters"},
}

// Words before and after a field's name that turn it into a bound.
var (
	lowerPrefixes = []string{"min", "minimum", "atleast", "from", "over", "above"}
	upperPrefixes = []string{"max", "maximum", "atmost", "upto", "under", "below"}
	lowerSuffixes = []string{"min", "minimum", "atleast", "gte", "ge", "from", "over", "above"}
	upperSuffixes = []string{"max", "maximum", "atmost", "lte", "le", "to", "upto", "under", "below"}
)

// Words around a field's name that exclude its values, and words after it that change nothing.
var (
	notPrefixes = strings.Fields("not no non exclude excluding excluded excludes without except avoid notin")
	notSuffixes = strings.Fields("not ne neq nin notin isnot notequal notequals notequalto exclude excluded excludes " +
		"excluding except noteq")
	eqSuffixes = strings.Fields("eq equals equal in is exact iexact equalto contains icontains like ilike any oneof " +
		"range value")
)

// parameterWrappers are what some clients put around the names of filters: filter[make]=Toyota.
var parameterWrappers = regexp.MustCompile(`(?i)^(?:filters?|where|params|search|query|criteria)(\[.+|\..+)$`)

// itemNumber is how some clients number the values of a list: make[0]=Toyota.
var itemNumber = regexp.MustCompile(`\[\d*\]$`)

// parameterName returns the parameter that a name stands for, or the name itself if it is unknown.
func (r *requestReader) parameterName(written string) string {
	if _, ok := r.parameters.Get(written); ok {
		return written
	}

	if name, ok := r.synonyms[foldParameter(withOperator(itemNumber.ReplaceAllString(written, "")))]; ok {
		if p, _ := r.parameters.Get(name); query.IsPermitted(name, p, r.allowed) {
			return name
		}
	}

	return written
}

// fieldName returns the field that a name stands for, or the name itself if it is unknown.
func (r *requestReader) fieldName(written string) string {
	fields := r.parameters.Catalog
	if fields.Field(written) == nil {
		if name, ok := r.synonyms[foldParameter(written)]; ok && fields.Field(name) != nil {
			return name
		}
	}
	return written
}

// withOperator spells out the operator signs around a name: -make and make! become make_not, and price< from
// price<=20000 becomes price_lte.
func withOperator(name string) string {
	if inside := parameterWrappers.FindStringSubmatch(name); inside != nil {
		name = inside[1]
	}

	name, isNegated := cutNameSign(strings.Trim(strings.TrimSpace(name), "[]"))
	if isNegated {
		return name + "_not"
	}

	for _, operator := range []struct{ sign, suffix string }{
		{"<", "_lte"}, {">", "_gte"}, {"≤", "_lte"}, {"≥", "_gte"},
	} {
		if rest, found := strings.CutSuffix(name, operator.sign); found && rest != "" {
			return rest + operator.suffix
		}
	}

	return name
}

// signAfterName finds a negation sign after a name: make!, make[-], make:<>.
var signAfterName = regexp.MustCompile(`^(.+?)[\[:.(]*(?:!=?|<>|≠|-)[\]):]*$`)

// cutNameSign removes a negation sign from a name.
func cutNameSign(name string) (rest string, isNegated bool) {
	if rest, isSigned := cutSign(name); isSigned && rest != "" {
		return rest, true
	}
	if match := signAfterName.FindStringSubmatch(name); match != nil {
		return match[1], true
	}
	return name, false
}

// foldParameter reduces a name so that maxPrice, max_price and max-price are the same.
func foldParameter(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_- []().:$", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// newSynonyms returns the other names of the parameters, folded. It leaves out a name that could mean two parameters.
func newSynonyms(p *query.Parameters) map[string]string {
	all, ambiguous := map[string]string{}, map[string]bool{}
	add := func(word, name string) {
		if _, ok := p.Get(query.Qualifier + name); ok { // a field has the name itself
			name = query.Qualifier + name
		}

		if _, ok := p.Get(name); !ok {
			return
		}

		if other, taken := all[word]; taken && other != name {
			ambiguous[word] = true
		}

		all[word] = name
	}

	for i := range p.Catalog.Fields {
		addFieldNames(&p.Catalog.Fields[i], add)
	}

	add("budget", "price_max")
	add("maxbudget", "price_max")

	// A word that could mean two parameters means none.
	for word := range ambiguous {
		delete(all, word)
	}

	// A parameter's own name in another case, or with other signs, wins.
	names := map[string][]string{}
	for name := range p.All() {
		names[foldParameter(name)] = append(names[foldParameter(name)], name)
	}

	for word, same := range names {
		if delete(all, word); len(same) == 1 {
			all[word] = same[0]
		}
	}

	// Other names of controls yield to all of these.
	for name, words := range otherControls {
		for _, word := range words {
			if _, taken := all[word]; !taken {
				all[word] = name
			}
		}
	}

	return all
}

// withPlurals adds the plural, or the singular, of each English name.
func withPlurals(words []string) []string {
	all := words
	for _, word := range words {
		switch singular, isPlural := strings.CutSuffix(word, "s"); {
		case len(word) < 4 && word != "id" || word[len(word)-1] >= utf8.RuneSelf:
		case isPlural:
			all = append(all, singular)
		case strings.HasSuffix(word, "y"):
			all = append(all, word[:len(word)-1]+"ies", word+"s")
		default:
			all = append(all, word+"s")
		}
	}

	return uniqueTexts(all)
}

// addFieldNames adds the names of a field and of its bounds.
func addFieldNames(f *catalog.Field, add func(word, name string)) {
	words := append([]string{foldParameter(f.Name)}, catalog.Synonyms(f.Name)...)
	if !f.IsRenamed() {
		words = append(words, foldParameter(f.Column.Name))
	}

	for _, word := range withPlurals(slices.Compact(words)) {
		addAffixed := func(prefixes, suffixes []string, name string) {
			for _, prefix := range prefixes {
				add(prefix+word, name)
			}
			for _, suffix := range suffixes {
				add(word+suffix, name)
			}
		}
		addAffixed(lowerPrefixes, lowerSuffixes, f.Name+"_min")
		addAffixed(upperPrefixes, upperSuffixes, f.Name+"_max")
		addAffixed(notPrefixes, notSuffixes, f.Name+"_not")

		// Other names of an id, such as stock id, may mean another number.
		if f.Name != "id" || word == "id" || word == "ids" {
			add(word, f.Name)
			addAffixed(nil, eqSuffixes, f.Name)
		}
	}
}
