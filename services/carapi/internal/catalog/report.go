package catalog

import (
	"fmt"
	"slices"
	"strings"

	"carstock/services/carapi/internal/value"
)

// Report says how the fields were found: a line for each, the missing ones, and the CARS_FIELDS setting that makes the
// same bindings.
func (c *Catalog) Report() []string {
	var lines, missing, pairs []string
	for _, v := range vehicleFields {
		f, planned := c.byName[v.Name], false
		var plan FieldPlan
		if c.Plan != nil {
			plan, planned = c.Plan.Fields[v.Name]
		}

		// A column that only has a field's name, and not its values, is not the field.
		switch {
		case f == nil || !planned && f.BoundBy == "" && v.Name != "id":
			text := v.Name
			if c.Plan != nil && len(c.Plan.Rejected[v.Name]) > 0 {
				text += " (" + strings.Join(c.Plan.Rejected[v.Name], "; ") + ")"
			}
			missing = append(missing, text)
			continue
		case !planned:
			continue
		}

		lines = append(lines, plan.describe(v.Name, f))
		if !f.IsDerived() {
			pairs = append(pairs, v.Name+"="+quoteName(f.Column.Name))
		}
	}

	if len(missing) > 0 {
		lines = append(lines, "not found: "+strings.Join(missing, ", "))
	}

	return append(lines, "CARS_FIELDS="+strings.Join(pairs, ","))
}

// describe says how one field was found.
func (p FieldPlan) describe(name string, f *Field) string {
	line := fmt.Sprintf("%-14s = %s, by %s", name, f.Column.Name, p.BoundBy)
	if f.IsDerived() {
		line = fmt.Sprintf("%-14s derived from %s", name, f.Column.Name)
	}

	if f.Unit != "" {
		line += ", in " + f.Unit
	}

	if p.UnitIn != "" {
		line += " by " + p.UnitIn
	}

	if p.Unscaled {
		line += ", too small for whole amounts: in thousands, lakh or the like"
	}

	if p.Mixed {
		line += ", differs from row to row"
	}

	if p.Understood < 1 && p.BoundBy != byName {
		line += fmt.Sprintf(", %.1f %% understood", 100*p.Understood)
		if len(p.Unclear) > 0 {
			line += fmt.Sprintf("; not: %q", p.Unclear)
		}
	}

	return line
}

// minMileages is how many different values a column named mileage must have to be taken for fuel consumption.
const minMileages = 6

// rejectColumn records why a column with a field's name is not the field.
func (p *catalogPlanner) rejectColumn(field string, column int) {
	if p.plan.Rejected == nil {
		p.plan.Rejected = map[string][]string{}
	}

	c := p.source.Table.Columns[column]
	if field == "mileage" && isNumericKind(c.Kind) && value.Fold(c.Name) == field &&
		len(p.profile.Columns[column].Values) >= minMileages {
		p.plan.Renamed = append(p.plan.Renamed, c.Name)
	}

	text := c.Name + " has other values"
	if examples := mostFrequent(slices.Clone(p.profile.Columns[column].Values), 3); len(examples) > 0 {
		text += fmt.Sprintf(": %q", examples)
	}

	p.plan.Rejected[field] = append(p.plan.Rejected[field], text)
}
