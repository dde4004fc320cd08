package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// planUnderstanding decides how to read the values of the bound columns, and of other columns that hold flags or lists.
func (p *catalogPlanner) planUnderstanding() {
	// Decide how to read each bound column, and measure how much of it is understood.
	for _, name := range p.plan.sortedFields() {
		f := p.plan.Fields[name]
		i := ColumnPosition(p.source.Table, f.Column)
		kind := vehicleField(name).Kind
		switch {
		case f.Derivation == deriveYear:
			f.Understood = p.examiners[i].share(func(text string) bool { _, ok := findYear(text); return ok })
		case f.Derivation != asStored:
		case kind == schema.Integer || kind == schema.Decimal:
			p.understandNumbers(name, i, &f)
		case p.binding.Vocabulary != nil && isMeaningField(name):
			f.Understood = p.examiners[i].meaningShare(name)
			f.Unclear = p.examiners[i].unclearValues(func(text string) bool {
				return len(p.binding.Vocabulary.Meanings(name, text)) > 0
			})
		case name == "make":
			f.Understood = p.examiners[i].makeShare()
			f.Unclear = p.examiners[i].unclearValues(p.binding.Vocabulary.IsMake)
		default:
			f.Understood = 1
		}

		p.plan.Fields[name] = f
	}

	// Prices that name their currencies are also where the currency is read from.
	if price := p.plan.Fields["price"]; price.Mixed && price.UnitIn == "" && p.plan.lacksField("currency") {
		p.plan.Fields["currency"] = FieldPlan{
			Column: price.Column, BoundBy: byValues, Derivation: deriveCurrency,
			Style: price.Style, Understood: price.Understood,
		}
	}

	// Find flags and lists among the other columns.
	for i, c := range p.columns {
		switch {
		case p.usedColumns[i]:
		case p.examiners[i].isFlagColumn():
			p.plan.Flags = append(p.plan.Flags, c.Name)
		case p.examiners[i].isListColumn():
			p.plan.Lists = append(p.plan.Lists, c.Name)
		}
	}
}

// isFlagColumn reports whether a column holds flags: a TINYINT(1) or BIT(1) with 0 and 1, or values that say yes in
// some rows and no in others.
func (e *valueExaminer) isFlagColumn() bool {
	if !e.isFlag() || e.profile.IsSample {
		return false
	}

	declared := strings.ToLower(e.column.Type)
	if strings.HasPrefix(declared, "tinyint(1)") || strings.HasPrefix(declared, "bit(1)") {
		return true
	}

	yes := e.share(func(text string) bool { is, _ := value.ParseBool(text); return is })
	return (e.column.Kind == schema.Text || e.column.Kind == schema.Integer) && yes > 0 && yes < 1
}

// What makes a column of texts with separators a list.
const (
	maxElement = 40 // bytes of an element; longer ones are parts of sentences
	minUses    = 2  // average number of different texts with the same element
	minLengths = 3  // different numbers of elements; "Austin, TX" always has two
)

// hasBracketedLists reports whether most values are lists in brackets.
func (e *valueExaminer) hasBracketedLists() bool {
	return e.share(value.IsBracketed) >= mostShare
}

// isListColumn reports whether the texts of a column are lists: in brackets, or of recurring elements.
func (e *valueExaminer) isListColumn() bool {
	switch {
	case e.column.Kind != schema.Text:
		return false
	case e.hasBracketedLists():
		return true
	case e.profile.IsSample:
		return false
	}

	// Lists differ in length, and their elements recur. Count both.
	uses, lengths := map[string]bool{}, map[int]bool{}
	several, elements, inWords := 0, 0, 0
	for _, v := range e.profile.Values {
		parts := value.SplitList(v.Text)
		lengths[len(parts)] = true

		if len(parts) > 1 {
			several += v.Count
		}

		for _, part := range parts {
			if len(part) > maxElement {
				return false
			}

			uses[value.Key(part)] = true
			elements++

			if strings.ContainsFunc(part, unicode.IsLetter) {
				inWords++
			}
		}
	}

	return 2*several >= e.rows && len(lengths) >= minLengths && elements >= minUses*len(uses) &&
		float64(inWords) >= nearlyAllShare*float64(elements)
}

// mostFrequent returns the most frequent values, equal ones in byte order.
func mostFrequent(all []ProfiledValue, most int) []string {
	slices.SortStableFunc(all, func(a, b ProfiledValue) int { return cmp.Compare(b.Count, a.Count) })
	var texts []string
	for _, v := range all[:min(most, len(all))] {
		texts = append(texts, v.Text)
	}
	return texts
}

// maxUnclear is how many examples of values are shown that are not understood.
const maxUnclear = 5

// unclearValues returns the most frequent values that are not understood.
func (e *valueExaminer) unclearValues(understood func(string) bool) []string {
	var all []ProfiledValue
	for _, v := range e.profile.Values {
		if !understood(v.Text) {
			all = append(all, v)
		}
	}
	return mostFrequent(all, maxUnclear)
}

// understandNumbers learns how a column writes its numbers, and their unit.
func (p *catalogPlanner) understandNumbers(name string, column int, f *FieldPlan) {
	c, profile := p.source.Table.Columns[column], &p.profile.Columns[column]
	style, understood, total := value.LearnNumbers(value.Measure{Field: name}, profile.all())
	f.Understood = 1
	if total > 0 {
		f.Understood = float64(understood) / float64(total)
	}

	f.Unclear = p.examiners[column].unclearValues(func(text string) bool {
		_, ok := style.Parse([]byte(text), nil)
		return ok
	})

	f.Unscaled = value.Measure{Field: name}.IsMoney() && p.examiners[column].isUnscaled(style)

	// Look for the unit in the name and comment of the column, in its values, and in other columns.
	f.Unit = unitOf(name, c)
	if c.Kind == schema.Text || c.Kind == schema.Unknown {
		f.Numbers, f.Style = true, style
		p.unitOfValues(name, f)
	}

	p.unitOfNeighbor(name, column, f)
	if name == "mileage" && f.Unit == "" {
		f.Unit = unitFromNeighbors(p.columns, p.profile)
	}

	// CARS_UNITS wins over all of these.
	if unit := p.binding.Units[name]; unit != "" {
		f.Unit, f.UnitIn, f.Mixed = unit, "", false
	}
}

// isMeaningField reports whether the vocabulary knows meanings of a field's values.
func isMeaningField(name string) bool {
	return slices.Contains(meaningFields, name)
}
