package index

import (
	"slices"
	"sync"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// lazyGroups says which texts of a dictionary are one value. It is made when it is first asked for.
type lazyGroups struct {
	once    sync.Once
	leaders []uint32 // by rank: the rank of the value's most frequent spelling
	counts  []uint32 // by rank: how many rows have the text
}

// leaders gives for each text the most frequent spelling of its value; of equally frequent ones the first.
func (c *column) leaders() []uint32 {
	c.groups.once.Do(func() {
		d := c.dictionaryOf()
		counts := c.countTexts(d)
		leaders, first := make([]uint32, d.len()), make(map[string]uint32, d.len())
		var form, key []byte
		for rank := range uint32(d.len()) {
			form = d.form(rank, form)
			key = value.AppendKey(key[:0], form)
			leader, known := first[string(key)]
			if !known || counts[rank] > counts[leader] {
				first[string(key)] = rank
			}
		}
		for rank := range uint32(d.len()) {
			form = d.form(rank, form)
			key = value.AppendKey(key[:0], form)
			leaders[rank] = first[string(key)]
		}
		c.groups.leaders, c.groups.counts = leaders, counts
	})
	return c.groups.leaders
}

// countTexts counts the rows of each text.
func (c *column) countTexts(d *dictionary) []uint32 {
	counts := make([]uint32, d.len())
	if c.list != nil {
		for rank := range counts {
			counts[rank] = uint32(c.list.postings.count(uint32(rank)))
		}
		return counts
	}
	if c.ranks.own {
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

// Value is a value in stock under its most frequent spelling, and how many rows have it.
type Value struct {
	Text  string `json:"value"`
	Count int    `json:"count"`
}

// ValuesOf gives the values that stored texts are spellings of, each once, the most frequent first. Of a long field it gives
// none.
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
		if !found || done[c.leaders()[rank]] {
			continue
		}
		leader := c.leaders()[rank]
		done[leader] = true
		v := Value{Text: d.text(leader)}
		for _, other := range c.spellings.find(d, v.Text) {
			v.Count += int(c.groups.counts[other])
		}
		all = append(all, v)
	}
	slices.SortStableFunc(all, func(a, b Value) int { return b.Count - a.Count })
	return all
}

// lazyMeanings says which texts have a meaning.
type lazyMeanings struct {
	once  sync.Once
	ranks map[string][]uint32
}

// meaning gives the ranks of the texts with a meaning, in order.
func (c *column) meaning(meaning string) []uint32 {
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

// WithMeaning gives the stored texts of a field that have a meaning.
func (x *Index) WithMeaning(f *catalog.Field, meaning string) []string {
	c := x.column(f)
	d := c.dictionaryOf()
	if d == nil || !f.HasMeanings() {
		return nil
	}
	var texts []string
	for _, rank := range c.meaning(meaning) {
		texts = append(texts, d.text(rank))
	}
	return texts
}

// Beginning gives the stored texts of a field that begin with the whole words of a text.
func (x *Index) Beginning(f *catalog.Field, words string) []string {
	c := x.column(f)
	d := c.dictionaryOf()
	if d == nil {
		return nil
	}
	var texts []string
	for _, rank := range c.beginning(d, words) {
		texts = append(texts, d.text(rank))
	}
	return texts
}

func (c *column) beginning(d *dictionary, words string) []uint32 {
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
	for _, rank := range c.haystack.find(folded) {
		if value.BeginsWith(d.text(rank), words) {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}
