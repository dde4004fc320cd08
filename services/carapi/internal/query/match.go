package query

import (
	"slices"
	"strings"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// Vehicle returns the cells of a vehicle as they were read.
type Vehicle interface {
	// Cell returns the cell of a field. whole is false if only the beginning of the text was read.
	Cell(f *catalog.Field) (c value.Cell, whole bool)
}

// Matches reports whether a vehicle matches all filters and words. It skips texts that were not read whole: the index
// has already decided about them.
func (q *Query) Matches(c *catalog.Catalog, v Vehicle) bool {
	for i := range q.Filters {
		f := &q.Filters[i]
		if cell, whole := v.Cell(f.Field); whole && !f.Matches(cell) {
			return false
		}
	}

	if len(q.Words) == 0 {
		return true
	}

	texts, whole := searchedTexts(c, v)
	for _, word := range q.Words {
		if whole && !anyMentions(texts, word) {
			return false
		}
	}

	return true
}

// Matches reports whether a vehicle with this cell in the filter's field passes the filter.
func (f *Filter) Matches(c value.Cell) bool {
	switch f.Use {
	case UsePresent:
		return hasValue(f.Field, c)
	case UseMissing:
		return !hasValue(f.Field, c)
	case UseExcluded:
		return !f.includes(c)
	}
	return f.includes(c)
}

// hasValue reports whether a cell holds a value. Blank texts and empty lists are not values.
func hasValue(f *catalog.Field, c value.Cell) bool {
	switch {
	case !isComparable(f, c):
		return false
	case f.Class() == catalog.ClassList:
		found := false
		f.Elements(c.Form, func([]byte) { found = true })
		return found
	case f.IsLong():
		return len(c.Form) > 0
	case f.Class() == catalog.ClassText:
		return len(value.AppendKey(nil, c.Form)) > 0
	}

	return true
}

// includes reports whether one of the filter's words or ranges includes a cell of its field.
func (f *Filter) includes(c value.Cell) bool {
	switch {
	case !isComparable(f.Field, c):
		return false
	case f.Field.Class() == catalog.ClassList:
		return f.matchesList(c.Form)
	case f.Field.Class() == catalog.ClassText:
		return f.matchesText(c.Form)
	}

	for _, r := range f.Ranges {
		if r.contains(f.Field, c) {
			return true
		}
	}

	return false
}

// matchesText reports whether a stored text is one of the filter's words, means the same, or begins with one.
func (f *Filter) matchesText(stored []byte) bool {
	for _, known := range f.InStock {
		if known == string(stored) { // saves the comparisons below
			return true
		}
	}

	text := string(stored)
	if len(f.Meanings) > 0 {
		for _, meaning := range f.Field.Meanings(text) {
			if slices.Contains(f.Meanings, meaning) {
				return true
			}
		}
	}

	if slices.ContainsFunc(f.Prefixes, func(words string) bool { return value.BeginsWith(text, words) }) {
		return true
	}

	return f.HasWord(text)
}

// matchesList reports whether a list has one of the filter's words, or all of them with HasAll.
func (f *Filter) matchesList(form []byte) bool {
	if f.Use != UseHasAll {
		found := false
		f.Field.Elements(form, func(element []byte) { found = found || f.matchesText(element) })
		return found
	}

	found := make([]bool, len(f.Words))
	f.Field.Elements(form, func(element []byte) {
		for i, word := range f.Words {
			found[i] = found[i] || value.SameText(string(element), word)
		}
	})

	return !slices.Contains(found, false)
}

// searchedText is a vehicle's text in a searched field: as stored if it is long, otherwise folded.
type searchedText struct {
	text   string
	isLong bool
}

// searchedTexts returns a vehicle's texts in the searched fields. whole is false if one of them was not read whole.
func searchedTexts(c *catalog.Catalog, v Vehicle) (texts []searchedText, whole bool) {
	for _, name := range SearchedFields {
		f := c.TextField(name)
		if f == nil {
			continue
		}

		cell, whole := v.Cell(f)
		switch {
		case !whole:
			return nil, false
		case cell.Type == value.Null:
		case f.IsLong():
			texts = append(texts, searchedText{string(cell.Form), true})
		default:
			texts = append(texts, searchedText{value.Fold(string(cell.Form)), false})
		}
	}

	return texts, true
}

// anyMentions reports whether one of the texts contains the word.
func anyMentions(texts []searchedText, word string) bool {
	folded, plain := value.Fold(word), value.PlainLetters(word)
	for _, t := range texts {
		if t.isLong && longTextContains(t.text, plain) || !t.isLong && strings.Contains(t.text, folded) {
			return true
		}
	}
	return false
}

// longTextContains reports whether a word of the text contains plainWord, which is in the form of value.PlainLetters.
// White space separates words.
func longTextContains(text, plainWord string) bool {
	for token := range strings.FieldsSeq(text) {
		if strings.Contains(value.PlainLetters(token), plainWord) {
			return true
		}
	}
	return false
}
