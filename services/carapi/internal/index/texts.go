package index

import (
	"bytes"
	"slices"
	"sort"
	"sync"

	"github.com/cespare/xxhash/v2"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// maxTexts is the largest number of distinct values of a field that are listed.
const maxTexts = 5000

// Texts are the distinct values of a text field, or the elements of a list, in byte order.
type Texts struct {
	All    []string
	Folded map[string][]string // by value.Fold; texts without letters and digits are under ""
	Values []string            // the most frequent spelling of each value
}

// dictionaryOf returns the distinct values of a text field or the elements of a list, and nil for any other field.
func (c *column) dictionaryOf() *dictionary {
	switch {
	case c == nil:
		return nil
	case c.list != nil:
		return &c.list.values
	case c.field.Class() == catalog.ClassText && c.long == nil:
		return &c.values
	}
	return nil
}

// Texts returns the distinct values of a text field, or the elements of a list. It returns nil for a long field and if
// there are more than maxTexts. They must not be changed.
func (x *Index) Texts(f *catalog.Field) *Texts {
	c := x.column(f)
	d := c.dictionaryOf()
	if d == nil {
		return nil
	}

	t := c.spellings.listTexts(d)
	if t != nil {
		c.spellings.valuesOnce.Do(func() {
			for rank, text := range t.All {
				if c.mainSpelling(uint32(rank)) == uint32(rank) {
					t.Values = append(t.Values, text)
				}
			}
		})
	}

	return t
}

// Lookup returns the stored spellings of a value of a text field or of an element of a list, in byte order. In a long
// field it returns the word itself if a row has it.
func (x *Index) Lookup(f *catalog.Field, word string) []string {
	return x.lookup(f, word, (*spellings).find)
}

// LookupFolded returns the stored texts that differ from a word only in case, accents, spaces and punctuation.
func (x *Index) LookupFolded(f *catalog.Field, word string) []string {
	return x.lookup(f, word, (*spellings).findFolded)
}

// lookup returns the texts whose ranks find returns for a word.
func (x *Index) lookup(f *catalog.Field, word string, find func(*spellings, *dictionary, string) []uint32) []string {
	c := x.column(f)
	if c != nil && c.long != nil {
		// Only the hashes of long texts are known.
		hashes := hashesOf([]string{word})
		for _, hash := range c.long.hashes {
			if hashes[hash] {
				return []string{word}
			}
		}
		return nil
	}

	d := c.dictionaryOf()
	if d == nil {
		return nil
	}

	var found []string
	for _, rank := range find(&c.spellings, d, word) {
		found = append(found, d.text(rank))
	}

	return found
}

// SearchesWords reports whether q searches the field. It does not search a long field whose words take more than 64
// MiB.
func (x *Index) SearchesWords(f *catalog.Field) bool {
	c := x.column(f)
	switch {
	case c == nil:
		return false
	case c.long != nil:
		return c.long.words != nil
	}
	return c.haystack != nil
}

// spellings finds the values of a dictionary that are spellings of a word.
type spellings struct {
	once       sync.Once
	valuesOnce sync.Once
	texts      *Texts

	// If there are too many values to list them:
	byHash       []uint32 // ranks, sorted by the hash of the folded value
	sharedHashes []uint32 // ranks whose hash another value has too
}

// listTexts returns the values, or nil if there are too many.
func (s *spellings) listTexts(d *dictionary) *Texts {
	if d.len() > maxTexts {
		return nil
	}

	s.once.Do(func() {
		t := &Texts{All: make([]string, d.len()), Folded: make(map[string][]string, d.len())}
		for rank := range t.All {
			text := d.text(uint32(rank))
			t.All[rank] = text
			key := value.Fold(text)
			t.Folded[key] = append(t.Folded[key], text)
		}

		s.texts = t
	})

	return s.texts
}

// buildHashes prepares the search if there are too many values to list them.
func (s *spellings) buildHashes(d *dictionary) {
	if d.len() <= maxTexts {
		return
	}

	hashes := make([]sortEntry, d.len())
	var form, folded []byte
	for rank := range hashes {
		letOthersRun(rank)
		form = d.form(uint32(rank), form)
		folded = value.AppendFold(folded[:0], form)
		hashes[rank] = sortEntry{xxhash.Sum64(folded), uint32(rank)}
	}

	sortByKey(hashes)
	s.byHash = make([]uint32, len(hashes))
	for i, h := range hashes {
		s.byHash[i] = h.number
	}

	// Values with the same hash may be spellings of one value.
	eachRun(hashes, func(run []sortEntry) {
		for _, h := range run {
			s.sharedHashes = append(s.sharedHashes, h.number)
		}
	})

	slices.Sort(s.sharedHashes)
}

// sameFold returns, in order, the ranks of the texts that fold to the same as another one, and perhaps a few more. Only
// these can be spellings of one value.
func (s *spellings) sameFold(d *dictionary) []uint32 {
	t := s.listTexts(d)
	if t == nil {
		return s.sharedHashes
	}

	var ranks []uint32
	for _, texts := range t.Folded {
		if len(texts) > 1 {
			for _, text := range texts {
				rank, _ := d.search([]byte(text))
				ranks = append(ranks, rank)
			}
		}
	}

	slices.Sort(ranks)
	return ranks
}

// find returns the ranks of the spellings of a value, in order: texts that fold to the same and have the same key.
func (s *spellings) find(d *dictionary, word string) []uint32 {
	var form []byte
	key := value.Key(word)
	return slices.DeleteFunc(s.foldedMatches(d, word), func(rank uint32) bool {
		form = d.form(rank, form)
		return string(form) != word && string(value.AppendKey(nil, form)) != key
	})
}

// findFolded returns the ranks of the texts that fold to the same as a word. A word without letters and digits folds to
// nothing.
func (s *spellings) findFolded(d *dictionary, word string) []uint32 {
	if value.Fold(word) == "" {
		return nil
	}
	return s.foldedMatches(d, word)
}

// foldedMatches returns the ranks of the texts that fold to the same as a word, in order.
func (s *spellings) foldedMatches(d *dictionary, word string) []uint32 {
	folded := value.AppendFold(nil, word)
	var ranks []uint32
	if t := s.listTexts(d); t != nil {
		for _, text := range t.Folded[string(folded)] {
			rank, _ := d.search([]byte(text))
			ranks = append(ranks, rank)
		}
		return ranks
	}

	// Otherwise search the ranks, which are in the order of the hashes of their folded texts.
	var form, buf []byte
	fold := func(i int) []byte {
		form = d.form(s.byHash[i], form)
		buf = value.AppendFold(buf[:0], form)
		return buf
	}

	hash := xxhash.Sum64(folded)
	first := sort.Search(len(s.byHash), func(i int) bool { return xxhash.Sum64(fold(i)) >= hash })
	for i := first; i < len(s.byHash) && xxhash.Sum64(fold(i)) == hash; i++ {
		if bytes.Equal(buf, folded) {
			ranks = append(ranks, s.byHash[i])
		}
	}

	slices.Sort(ranks)
	return ranks
}

func (s *spellings) size() int64 { return 4 * int64(cap(s.byHash)+cap(s.sharedHashes)) }
