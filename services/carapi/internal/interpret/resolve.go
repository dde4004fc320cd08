package interpret

import (
	"slices"
	"strings"

	"carstock/services/carapi/internal/query"
)

// resolve finds the values in stock that the texts of the filters stand for. A text with commas is one value if that is in
// stock, and otherwise several.
func (r *reading) resolve(q *query.Query) {
	for i := range q.Filters {
		f := &q.Filters[i]
		for _, text := range f.Texts {
			words := []string{text}
			if strings.Contains(text, ",") && len(r.index.Lookup(f.Field, text)) == 0 {
				words = splitAtCommas(text)
			}
			for _, word := range words {
				meant := r.index.Lookup(f.Field, word)
				f.Words, f.Meant = append(f.Words, word), append(f.Meant, meant...)
				if len(meant) == 0 {
					r.notes.addUnmatched(f.Parameter, word)
				}
			}
		}
		slices.Sort(f.Meant)
		f.Meant = slices.Compact(f.Meant)
	}
}

func splitAtCommas(text string) []string {
	all := strings.Split(text, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}
