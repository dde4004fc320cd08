package index

import (
	"slices"
	"strings"
	"sync"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// lazySpellings says which texts of a dictionary are spellings of one value. It is computed when first needed.
type lazySpellings struct {
	once      sync.Once
	mainRanks map[uint32]uint32 // the rank of the main spelling, by the ranks of the other spellings
}

// mainSpellings returns the rank of the main spelling of a value by the ranks of its other spellings. The most frequent
// spelling is the main one, and of equally frequent ones the first.
func (c *column) mainSpellings() map[uint32]uint32 {
	c.spellingOf.once.Do(func() {
		d := c.dictionaryOf()
		same := c.spellings.sameFold(d)
		if len(same) == 0 {
			return
		}

		// Find the most frequent text with each key.
		counts, first := c.countTexts(), make(map[string]uint32, len(same))
		keyOf := func(rank uint32) string { return string(value.AppendKey(nil, d.form(rank, nil))) }
		for _, rank := range same {
			key := keyOf(rank)
			if leader, known := first[key]; !known || counts[rank] > counts[leader] {
				first[key] = rank
			}
		}

		c.spellingOf.mainRanks = map[uint32]uint32{}
		for _, rank := range same {
			if leader := first[keyOf(rank)]; leader != rank {
				c.spellingOf.mainRanks[rank] = leader
			}
		}
	})
	return c.spellingOf.mainRanks
}

// mainSpelling returns the rank of the main spelling of a text's value.
func (c *column) mainSpelling(rank uint32) uint32 {
	if leader, other := c.mainSpellings()[rank]; other {
		return leader
	}
	return rank
}

// lazyCounts is how many rows have each text, by its rank. It is computed when first needed.
type lazyCounts struct {
	once sync.Once
	all  []uint32
}

// countTexts returns how many rows have each text, by its rank.
func (c *column) countTexts() []uint32 {
	c.counts.once.Do(func() { c.counts.all = c.newCounts(c.dictionaryOf()) })
	return c.counts.all
}

// newCounts counts the rows with each value of the column's dictionary.
func (c *column) newCounts(d *dictionary) []uint32 {
	counts := make([]uint32, d.len())
	if c.list != nil {
		for rank := range counts {
			counts[rank] = uint32(c.list.postings.count(uint32(rank)))
		}
		return counts
	}

	if c.ranks.isIdentity {
		for rank := range counts {
			counts[rank] = 1
		}
		return counts
	}

	for row := range uint32(c.rows) {
		if rank := c.ranks.at(row); int(rank) < len(counts) {
			counts[rank]++
		}
	}

	return counts
}

// Value is a value in stock in its most frequent spelling, and how many rows have it.
type Value struct {
	Text  string `json:"value"`
	Count int    `json:"count"`
}

// ValuesOf returns the values that stored texts are spellings of, each once, the most frequent first. In a long field
// it returns none.
func (x *Index) ValuesOf(f *catalog.Field, texts []string) []Value {
	c := x.column(f)
	d := c.dictionaryOf()
	if d == nil {
		return nil
	}

	var all []Value
	done := map[uint32]bool{}
	for _, text := range texts {
		rank, found := d.search([]byte(text))
		leader := c.mainSpelling(rank)
		if !found || done[leader] {
			continue
		}

		done[leader] = true
		v := Value{Text: d.text(leader)}
		for _, other := range c.spellings.find(d, v.Text) {
			v.Count += int(c.countTexts()[other])
		}

		all = append(all, v)
	}

	slices.SortStableFunc(all, func(a, b Value) int { return b.Count - a.Count })
	return all
}

// CountTexts counts the rows whose text in a field satisfies holds, and the rows with a text that is not blank. Both
// are 0 for a long field and for a field without texts.
func (x *Index) CountTexts(f *catalog.Field, holds func(text string) bool) (count, total int) {
	c := x.rankedColumn(f)
	if c == nil || c.dictionaryOf() != &c.values {
		return 0, 0
	}

	for rank, rows := range c.countTexts() {
		text := c.values.text(uint32(rank))
		if strings.TrimSpace(text) == "" {
			continue
		}

		total += int(rows)
		if holds(text) {
			count += int(rows)
		}
	}

	return count, total
}

// lazyMeanings says which texts have a meaning. It is computed when first needed.
type lazyMeanings struct {
	once  sync.Once
	ranks map[string][]uint32
}

// ranksWithMeaning returns the ranks of the texts with a meaning, in order.
func (c *column) ranksWithMeaning(meaning string) []uint32 {
	c.meanings.once.Do(func() {
		d := c.dictionaryOf()
		c.meanings.ranks = map[string][]uint32{}

		if d == nil {
			return
		}

		for rank := range uint32(d.len()) {
			for _, m := range c.field.Meanings(d.text(rank)) {
				c.meanings.ranks[m] = append(c.meanings.ranks[m], rank)
			}
		}
	})
	return c.meanings.ranks[meaning]
}

// TextsWithMeaning returns the stored texts of a field with a meaning.
func (x *Index) TextsWithMeaning(f *catalog.Field, meaning string) []string {
	c := x.column(f)
	d := c.dictionaryOf()
	if d == nil || !f.HasMeanings() {
		return nil
	}

	var texts []string
	for _, rank := range c.ranksWithMeaning(meaning) {
		texts = append(texts, d.text(rank))
	}

	return texts
}

// TextsBeginning returns the stored texts of a field that begin with the words of a text.
func (x *Index) TextsBeginning(f *catalog.Field, words string) []string {
	c := x.column(f)
	d := c.dictionaryOf()
	if d == nil {
		return nil
	}

	var texts []string
	for _, rank := range c.ranksBeginning(d, words) {
		texts = append(texts, d.text(rank))
	}

	return texts
}

// ranksBeginning returns the ranks of the texts that begin with the words of a text.
func (c *column) ranksBeginning(d *dictionary, words string) []uint32 {
	folded := value.Fold(words)
	if folded == "" {
		return nil
	}

	var ranks []uint32
	if c.haystack == nil {
		for rank := range uint32(d.len()) {
			if value.BeginsWith(d.text(rank), words) {
				ranks = append(ranks, rank)
			}
		}
		return ranks
	}

	// A text that begins with the words contains them.
	for rank := range c.haystack.find(folded) {
		if value.BeginsWith(d.text(rank), words) {
			ranks = append(ranks, rank)
		}
	}

	return ranks
}
