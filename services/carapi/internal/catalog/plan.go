package catalog

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"carstock/pkg/schema"
	"carstock/services/carapi/internal/value"
)

// How the column of a field was found.
const (
	bySetting       = "CARS_FIELDS"
	byName          = "name"
	byNameAndValues = "name and values"
	byValues        = "values"
)

// Plan says what the columns of a table are. It is made once from the present rows, and holds for every later read of
// the table and for a copy of it. It names columns because a copy may have them in another order.
type Plan struct {
	Fields   map[string]FieldPlan // by the name of the field
	Rejected map[string][]string  // why columns with a field's name are not the field

	// Columns without a field:
	Flags []string // that only hold spellings of true and false
	Lists []string // whose texts are lists

	// Renamed are number columns that have a field's name but hold something else. They get another name, so that bounds
	// of the field are not compared with them.
	Renamed []string
}

// FieldPlan says what a field is read from, and how its values are understood.
type FieldPlan struct {
	Column  string
	BoundBy string

	Derivation derivation // how to find its values in the column; the zero derivation takes them as they are
	Numbers    bool       // its texts are understood as numbers
	Style      value.NumberStyle
	Unit       string
	UnitIn     string // the column that says what each row's unit is; empty for none
	Mixed      bool   // units differ from row to row

	Unscaled bool // amounts of money are in an unknown scale, such as thousands or lakh

	Understood float64  // share of the values that were understood when the plan was made
	Unclear    []string // examples that were not
}

// SameBinding reports whether two plans bind the same columns in the same way. Shares and examples may differ.
func (p *Plan) SameBinding(other *Plan) bool {
	decisions := func(fields map[string]FieldPlan) map[string]FieldPlan {
		all := maps.Clone(fields)
		for name, f := range all {
			f.Understood, f.Unclear = 0, nil
			all[name] = f
		}
		return all
	}
	return reflect.DeepEqual(decisions(p.Fields), decisions(other.Fields)) &&
		slices.Equal(p.Flags, other.Flags) && slices.Equal(p.Lists, other.Lists) && slices.Equal(p.Renamed, other.Renamed)
}

// catalogPlanner makes a plan.
type catalogPlanner struct {
	source  Source
	binding Binding
	profile *Profile
	plan    *Plan

	columns     []schema.Column  // those that may be bound; hidden ones have no name
	examiners   []*valueExaminer // of each column; nil without a profile
	bound       map[string]int   // field to position
	boundBy     map[string]string
	usedColumns map[int]bool
}

// NewPlan decides what the columns of a table are. Without a profile it only looks at their names. With starting, a
// setting that names a missing column is an error. Otherwise the column counts as dropped.
func NewPlan(source Source, b Binding, profile *Profile, starting bool) (*Plan, error) {
	p := &catalogPlanner{
		source: source, binding: b, profile: profile, plan: &Plan{Fields: map[string]FieldPlan{}},
		columns: slices.Clone(source.Table.Columns), bound: map[string]int{}, boundBy: map[string]string{},
		usedColumns: map[int]bool{},
	}
	if err := p.bindBySettings(starting); err != nil {
		return nil, err
	}

	if profile != nil {
		for i, c := range source.Table.Columns {
			p.examiners = append(p.examiners, newExaminer(b.Vocabulary, c, &profile.Columns[i]))
		}
	}

	p.bindByNamesAndValues()
	for name, i := range p.bound {
		p.plan.Fields[name] = FieldPlan{Column: source.Table.Columns[i].Name, BoundBy: p.boundBy[name]}
	}

	// Values show which columns hold several things, and how they are written.
	if profile != nil {
		p.deriveFields()
		p.planUnderstanding()
	}

	return p.plan, nil
}

// bindBySettings applies CARS_FIELDS and CARS_HIDE.
func (p *catalogPlanner) bindBySettings(starting bool) error {
	names, err := p.binding.boundPositions(p.source.Table, starting)
	if err != nil {
		return err
	}

	for name, i := range names {
		p.bound[name], p.usedColumns[i], p.boundBy[name] = i, true, bySetting
	}

	for i, c := range p.columns {
		if p.binding.excludes(c) && !p.usedColumns[i] {
			p.columns[i].Name, p.usedColumns[i] = "", true
		}
	}

	return nil
}

// columnCandidate is a column that may be a field.
type columnCandidate struct {
	field   int // in vehicleFields
	column  int
	score   int
	boundBy string
}

// Scores of values.
const (
	agreementScore   = 60 // for values that are all understood
	valuesAloneScore = 30
)

// bindByNamesAndValues gives each field the column that fits best.
func (p *catalogPlanner) bindByNamesAndValues() {
	names := comparedNames(p.columns)
	var all []columnCandidate
	for i := range p.columns {
		if p.usedColumns[i] {
			continue
		}

		// Try each field by the column's name.
		named := map[int]bool{}
		isCertain := false // named for a field without a doubt
		for f := range vehicleFields {
			if c, ok := p.candidateByName(names[i], f, i); ok {
				all = append(all, c)
				named[f] = true
				_, weak := names[i].score(vehicleFields[f].Name)
				isCertain = isCertain || !weak
			}
		}

		// Without a certain name, the values may show what the column is.
		if p.profile == nil || isCertain {
			continue
		}

		for f, v := range vehicleFields {
			if named[f] {
				continue
			}
			if c, ok := p.candidateByValues(v.Name, f, i); ok {
				all = append(all, c)
			}
		}
	}

	// The best candidates choose first.
	p.preferSeries(names, all)
	slices.SortStableFunc(all, func(a, b columnCandidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.field, b.field), cmp.Compare(a.column, b.column))
	})

	for _, c := range all {
		field := vehicleFields[c.field].Name
		if _, taken := p.bound[field]; !taken && !p.usedColumns[c.column] {
			p.bound[field], p.usedColumns[c.column], p.boundBy[field] = c.column, true, c.boundBy
		}
	}
}

// candidateByName scores a column by its name and its values.
func (p *catalogPlanner) candidateByName(name comparedName, field, column int) (columnCandidate, bool) {
	c := columnCandidate{field: field, column: column, boundBy: byName}
	weak := false
	if c.score, weak = name.score(vehicleFields[field].Name); c.score == noScore {
		return c, false
	}
	if p.columns[column].Kind == schema.Bytes && c.score < exactName {
		return c, false // an image_url column does not hold the picture itself
	}
	if p.profile == nil {
		return c, !weak
	}

	// If another column holds makes, one that is only named so does not.
	if vehicleFields[field].Name == "make" && p.examiners[column].makeShare() < hardlyAnyShare && p.hasMakes() {
		return c, false
	}

	switch e := p.examiners[column].examine(vehicleFields[field].Name); e.verdict {
	case valuesDisagree:
		p.rejectColumn(vehicleFields[field].Name, column)
		return c, false
	case valuesAgree:
		c.score += int(agreementScore * e.share)
		c.boundBy = byNameAndValues
		return c, true
	default:
		return c, !weak
	}
}

// hasMakes reports whether a column holds almost only makes.
func (p *catalogPlanner) hasMakes() bool {
	return slices.ContainsFunc(p.examiners, func(e *valueExaminer) bool {
		return e.rows > 0 && e.makeShare() >= nearlyAllShare
	})
}

// selfEvidentFields can be recognized by their values alone.
var selfEvidentFields = []string{"vin", "make", "fuel_type", "transmission", "drivetrain", "body_type"}

// candidateByValues finds a column whose values can only belong to one field, whatever its name.
func (p *catalogPlanner) candidateByValues(field string, f, column int) (columnCandidate, bool) {
	e := p.examiners[column]
	c := columnCandidate{field: f, column: column, score: valuesAloneScore, boundBy: byValues}
	if !slices.Contains(selfEvidentFields, field) || e.column.Kind != schema.Text || e.rows*2 < p.profile.Rows {
		return c, false
	}
	if field == "vin" {
		return c, e.vinShare() >= nearlyAllShare && e.isDistinct()
	}

	// The values of these fields are few, and recur.
	if len(e.profile.Values) < 2 || len(e.profile.Values) > 500 || e.isDistinct() || e.isListColumn() {
		return c, false
	}

	share := 0.0
	if field == "make" {
		share = e.makeShare()
	} else {
		share = e.meaningShare(field)
		if e.countMeanings(field) < 2 {
			return c, false
		}

		// Words that fit another field as well decide nothing.
		for _, other := range fixedMeaningFields {
			if other != field && e.meaningShare(other) >= share {
				return c, false
			}
		}
	}

	c.score += int(agreementScore * share)
	return c, share >= nearlyAllShare
}

// countMeanings counts the different meanings of the values.
func (e *valueExaminer) countMeanings(field string) int {
	found := map[string]bool{}
	for _, v := range e.profile.Values {
		for _, m := range e.vocabulary.Meanings(field, v.Text) {
			found[m] = true
		}
	}
	return len(found)
}

// preferSeries prefers a column named series as the model if the one named model has more values. Such a table, as in
// Turkish listings, has the version in its model column.
func (p *catalogPlanner) preferSeries(names []comparedName, all []columnCandidate) {
	series, model := -1, -1
	for i, c := range all {
		switch field := vehicleFields[c.field].Name; {
		case field != "model":
		case slices.Contains([]string{"seri", "baureihe"}, names[c.column].bare):
			series = i
		case names[c.column].bare == "model" || names[c.column].bare == "modell":
			model = i
		}
	}

	if series < 0 || model < 0 || p.profile == nil {
		return
	}

	// There are several versions of a series, so the model column has more values.
	fewer := len(p.profile.Columns[all[series].column].Values)
	if fewer > 1 && fewer < len(p.profile.Columns[all[model].column].Values) {
		all[series].score = max(all[series].score, seriesScore)
	}
}

// lacksField reports whether a field has no column.
func (p *Plan) lacksField(name string) bool {
	_, ok := p.Fields[name]
	return !ok
}

// sortedFields returns the names of the planned fields in order.
func (p *Plan) sortedFields() []string { return slices.Sorted(maps.Keys(p.Fields)) }
