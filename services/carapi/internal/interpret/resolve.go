package interpret

import (
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/index"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/value"
)

// resolve finds the values in stock that the texts of the filters stand for. A text with commas is one value if that is
// in stock, and otherwise several. With smart, a text also stands for values with the same meaning, and for models that
// begin with it.
func (r *requestReader) resolve(q *query.Query, smart bool) {
	for i := range q.Filters {
		f := &q.Filters[i]
		var stored []string
		for _, text := range f.Texts {
			words := []string{text}
			if strings.Contains(text, ",") && len(r.index.Lookup(f.Field, text)) == 0 {
				words = value.SplitTrimmed(text, ",")
			}

			for _, word := range words {
				meant := r.index.Lookup(f.Field, word)
				f.Words = append(f.Words, word)
				if smart {
					meant = append(meant, r.widenFilter(f, word, len(meant) > 0)...)
				}

				if len(meant) == 0 {
					r.notes.addUnmatched(f.Parameter, word)
				}

				stored = append(stored, meant...)
			}
		}

		slices.Sort(stored)
		f.InStock = r.spellings(f.Field, slices.Compact(stored))
		if smart && len(f.Texts) > 0 {
			r.noteValues(f)
		}
	}
}

// widenFilter adds the meanings and prefixes that a word stands for to a filter, and returns the matching texts in
// stock.
func (r *requestReader) widenFilter(f *query.Filter, word string, isValue bool) (stored []string) {
	for _, meaning := range f.Field.NamedMeanings(word) {
		if texts := r.index.TextsWithMeaning(f.Field, meaning); len(texts) > 0 {
			f.Meanings = append(f.Meanings, meaning)
			stored = append(stored, texts...)
		}
	}

	if !isValue && f.Field.Name == "model" && f.Field.Class() == catalog.ClassText {
		if texts := r.index.TextsBeginning(f.Field, word); len(texts) > 0 {
			f.Prefixes = append(f.Prefixes, word)
			stored = append(stored, texts...)
		}
	}

	return stored
}

// maxNotedValues is how many values an interpretation lists.
const maxNotedValues = 50

// noteValues lists the values in stock that a parameter stands for, if they differ from what is written.
func (r *requestReader) noteValues(f *query.Filter) {
	written := f.Parameter
	if origins := r.origins[written]; len(origins) > 0 {
		written = origins[0].written
	}

	note, noted := r.notes.Interpreted[written]
	if !noted && !f.IsWidened() || f.Field.HasOwnValues() {
		return
	}

	values := r.index.ValuesOf(f.Field, f.InStock)
	if !noted {
		if len(values) == len(f.Words) && !slices.ContainsFunc(values,
			func(v index.Value) bool { return !f.HasWord(v.Text) }) {
			return // nothing else has the same meaning
		}

		from := r.written[f.Parameter]
		if from == nil {
			from = r.written["q"]
		}

		note = Interpretation{From: strings.Join(from, ", "), To: f.Texts, Reason: "all values that mean this"}
		if len(f.Prefixes) > 0 {
			note.Reason = "models that begin with this"
		}
	}

	note.Values = values[:min(len(values), maxNotedValues)]
	r.notes.Interpreted[written] = note
}
