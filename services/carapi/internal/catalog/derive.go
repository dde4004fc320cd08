package catalog

import (
	"slices"
	"strings"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// derivation says how to find a field's value within the text of a column.
type derivation int

const (
	asStored       derivation = iota
	deriveMake                // the make that the text begins with
	deriveModel               // what follows the make
	deriveYear                // the only year in the text
	deriveFuel                // the part of the text that names a fuel
	deriveCurrency            // the currency of an amount
	dropMake                  // like deriveModel, but the whole text if it does not begin with a make
)

// titleNames are names of columns that may hold make, model, year or fuel together with other things.
var titleNames = []string{
	"name", "title", "carname", "model", "modelname", "ad", "adtitle", "headline",
	"titel", "titre", "titulo", "titolo", "tytul", "baslik", "заголовок", "название", "listingtitle", "listing", "heading",
	"description", "vehicle", "car", "auto", "fullname", "makemodel", "brandmodel", "modele", "modell",
	"modelo", "modello",
}

// deriveFields finds make, model, year and fuel within other columns, if no column holds them alone.
func (p *catalogPlanner) deriveFields() {
	names := comparedNames(p.columns)
	if p.plan.lacksField("make") {
		p.deriveVehicle(names)
	} else if model, ok := p.plan.Fields["model"]; ok && model.BoundBy != bySetting {
		// The column may repeat the make before each model.
		i := ColumnPosition(p.source.Table, model.Column)
		if p.beginsWithMake(i) >= nearlyAllShare {
			model.Derivation = dropMake
			p.plan.Fields["model"] = model
		}
	}

	if p.plan.lacksField("model") {
		p.deriveModel(names)
	}

	if p.plan.lacksField("year") {
		p.deriveFrom("year", deriveYear, names, func(i int) float64 {
			return p.examiners[i].share(func(text string) bool { _, ok := findYear(text); return ok })
		})
	}

	if p.plan.lacksField("fuel_type") {
		p.deriveFrom("fuel_type", deriveFuel, names, func(i int) float64 {
			return p.examiners[i].share(func(text string) bool { _, ok := findFuel(p.binding.Vocabulary, text); return ok })
		})
	}
}

// beginsWithMake returns the share of a column's texts that begin with a make and have more text after it.
func (p *catalogPlanner) beginsWithMake(i int) float64 {
	return p.examiners[i].share(func(text string) bool {
		_, rest, ok := p.binding.Vocabulary.FindMake(underscoreReplacer.Replace(text))
		return ok && rest != ""
	})
}

// underscoreReplacer replaces the underscores that some titles have instead of spaces.
var underscoreReplacer = strings.NewReplacer("_", " ")

// deriveVehicle finds the column whose texts begin with a make: most of them in a title, and nearly all in any other
// column.
func (p *catalogPlanner) deriveVehicle(names []comparedName) {
	best, share := -1, minTitleShare
	for i, c := range p.columns {
		if c.Name == "" || c.Kind != schema.Text || p.examiners[i].rows == 0 {
			continue
		}

		isModel := p.plan.Fields["model"].Column == c.Name
		found := p.beginsWithMake(i)
		if (isModel || isTitle(names[i]) || found >= nearlyAllShare && p.isFree(i)) && found > share {
			best, share = i, found
		}
	}

	if best < 0 {
		return
	}

	// Make and model are two parts of the same text, unless another column has the model.
	column := p.columns[best].Name
	unclear := p.examiners[best].unclearValues(func(text string) bool {
		_, rest, ok := p.binding.Vocabulary.FindMake(underscoreReplacer.Replace(text))
		return ok && rest != ""
	})

	p.plan.Fields["make"] = FieldPlan{
		Column: column, BoundBy: byValues, Derivation: deriveMake, Understood: share,
		Unclear: unclear,
	}
	if model, ok := p.plan.Fields["model"]; !ok || model.Column == column {
		p.plan.Fields["model"] = FieldPlan{
			Column: column, BoundBy: byValues, Derivation: deriveModel, Understood: share,
			Unclear: unclear,
		}
	}
}

// isFree reports whether a column has no field yet, and a value in most rows.
func (p *catalogPlanner) isFree(i int) bool {
	return !p.usedColumns[i] && 2*p.examiners[i].rows >= p.profile.Rows
}

// deriveModel finds the model beside a make, if no column is named for it. The model is what follows the make in a
// title, or a name that several rows share.
func (p *catalogPlanner) deriveModel(names []comparedName) {
	for i, c := range p.columns {
		e := p.examiners[i]
		if c.Name == "" || c.Kind != schema.Text || !p.isFree(i) || !isTitle(names[i]) {
			continue
		}
		if share := p.beginsWithMake(i); share >= nearlyAllShare {
			p.plan.Fields["model"] = FieldPlan{Column: c.Name, BoundBy: byValues, Derivation: deriveModel, Understood: share}
			return
		}

		// Texts without a make are models if they recur and are not something else.
		repeats := 2*len(e.profile.Values) <= e.rows
		mayBe := e.examineText("model").verdict != valuesDisagree && e.makeShare() < hardlyAnyShare &&
			e.plainNumberShare() < mostShare
		if repeats && mayBe {
			p.plan.Fields["model"] = FieldPlan{Column: c.Name, BoundBy: byValues, Understood: 1}
			p.usedColumns[i] = true
			return
		}
	}
}

func isTitle(n comparedName) bool {
	return slices.Contains(titleNames, n.whole) || slices.Contains(titleNames, n.stripped) ||
		slices.Contains(titleNames, n.bare)
}

// deriveFrom derives a field from the column with the largest share, if nearly every value of it counts. share returns
// the share of a column's values in which the field can be found.
func (p *catalogPlanner) deriveFrom(field string, how derivation, names []comparedName, share func(i int) float64) {
	best, most := -1, nearlyAllShare
	for i, c := range p.columns {
		// A source has a value in most rows, and is named for the field, or is a title, the engine or the make.
		if c.Name == "" || c.Kind != schema.Text && c.Kind != schema.Date || 2*p.examiners[i].rows < p.profile.Rows {
			continue
		}

		isNamed, _ := names[i].score(field)
		isSource := c.Name == p.plan.Fields["engine"].Column || c.Name == p.plan.Fields["make"].Column
		if isNamed == noScore && !isTitle(names[i]) && !isSource {
			continue
		}

		if found := share(i); found > most {
			best, most = i, found
		}
	}

	if best >= 0 {
		p.plan.Fields[field] = FieldPlan{Column: p.columns[best].Name, BoundBy: byValues, Derivation: how, Understood: most}
	}
}

// findYear returns the only year in a text. Two different years are ambiguous.
func findYear(text string) (year string, ok bool) {
	for i := 0; i < len(text); {
		if text[i] < '0' || text[i] > '9' {
			i++
			continue
		}

		// Take the whole number, so that no part of a longer one counts.
		end := i
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}

		number := text[i:end]
		if len(number) == 4 && number >= "1950" && number <= "2049" && !isPartOfWord(text, i, end) {
			if year != "" && year != number {
				return "", false
			}
			year = number
		}

		i = end
	}

	return year, year != ""
}

// isPartOfWord reports whether a letter or a decimal point is directly beside digits.
func isPartOfWord(text string, start, end int) bool {
	isLetter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 }
	if start > 0 && (isLetter(text[start-1]) || text[start-1] == '.' && start > 1 && text[start-2] >= '0' &&
		text[start-2] <= '9' && !isDate(text)) {
		return true
	}
	return end < len(text) && isLetter(text[end])
}

func isDate(text string) bool { return value.LooksLikeDate(text) }

// findFuel returns the only part of a text that names a fuel.
func findFuel(v *value.Vocabulary, text string) (fuel string, ok bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/,;|()·•", r) })
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if len(v.Meanings("fuel_type", part)) == 0 {
			continue
		}
		if ok {
			return "", false
		}

		fuel, ok = part, true
	}

	return fuel, ok
}
