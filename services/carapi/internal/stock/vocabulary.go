package stock

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"carstock/pkg/schema"
)

// Age from which the values are read anew, behind the request that notices it; and, for a word that
// is not among them, the age from which it may be a new one.
const (
	vocabularyMaxAge  = time.Minute
	vocabularyMissAge = 2 * time.Second
)

// maxVocabulary is how many values of a field are kept in memory. Of a field with more, such as the
// VIN, each is looked for in the table.
const maxVocabulary = 5000

// vocabulary holds the values in stock of the text fields that requests compare to, by their folded
// form. Resolving words to stored values here, and not by a collation, keeps the column's index
// usable, and gives MySQL and SQLite the same answers.
type vocabulary struct {
	read func(context.Context, *Field, int) ([]string, error) // at most so many distinct values

	mu     sync.Mutex
	fields map[string]*fieldValues
}

type fieldValues struct {
	reading sync.Mutex // one reader of the table at a time
	mu      sync.Mutex // guards what follows
	all     []string   // in the order of their bytes; nil if there are too many
	folded  map[string][]string
	at      time.Time // when they were read
}

func newVocabulary(read func(context.Context, *Field, int) ([]string, error)) *vocabulary {
	return &vocabulary{read: read, fields: map[string]*fieldValues{}}
}

func (v *vocabulary) of(f *Field) *fieldValues {
	v.mu.Lock()
	defer v.mu.Unlock()
	fv := v.fields[f.Name]
	if fv == nil {
		fv = &fieldValues{}
		v.fields[f.Name] = fv
	}
	return fv
}

func (fv *fieldValues) state() (all []string, folded map[string][]string, at time.Time) {
	fv.mu.Lock()
	defer fv.mu.Unlock()
	return fv.all, fv.folded, fv.at
}

// values gives the field's values in stock, in order, and by their folded form. If there are too many
// to be kept, both are nil.
func (v *vocabulary) values(ctx context.Context, f *Field) ([]string, map[string][]string, error) {
	fv := v.of(f)
	all, folded, at := fv.state()
	switch {
	case at.IsZero():
		return v.refresh(ctx, f, vocabularyMissAge)
	case time.Since(at) > vocabularyMaxAge && fv.reading.TryLock():
		fv.reading.Unlock()
		go func() { // the values of a minute ago are answer enough for now
			_, _, _ = v.refresh(context.WithoutCancel(ctx), f, vocabularyMaxAge) // a database that fails now is asked again
		}()
	}
	return all, folded, nil
}

// refresh reads the values, unless that has been done less than age ago.
func (v *vocabulary) refresh(ctx context.Context, f *Field, age time.Duration) ([]string, map[string][]string, error) {
	fv := v.of(f)
	fv.reading.Lock()
	defer fv.reading.Unlock()
	if all, folded, at := fv.state(); time.Since(at) < age {
		return all, folded, nil
	}
	all, err := v.read(ctx, f, maxVocabulary+1)
	if err != nil {
		return nil, nil, fmt.Errorf("read values of %s: %w", f.Name, err)
	}
	var folded map[string][]string
	if len(all) > maxVocabulary {
		all = nil
	} else {
		slices.Sort(all) // the database may compare otherwise
		folded = make(map[string][]string, len(all))
		for _, s := range all {
			key := Fold(s)
			folded[key] = append(folded[key], s)
		}
	}
	fv.mu.Lock()
	defer fv.mu.Unlock()
	fv.all, fv.folded, fv.at = all, folded, time.Now()
	return all, folded, nil
}

// resolve gives the stored values that are word, whatever its case, accents and punctuation. Of a
// field with too many values to be known, known is false.
func (v *vocabulary) resolve(ctx context.Context, f *Field, word string) (meant []string, known bool, err error) {
	_, folded, err := v.values(ctx, f)
	if err != nil || folded == nil {
		return nil, false, err
	}
	if meant = pick(folded, word); meant == nil {
		if _, folded, err = v.refresh(ctx, f, vocabularyMissAge); err != nil || folded == nil {
			return nil, false, err
		}
		meant = pick(folded, word)
	}
	return meant, true, nil
}

// pick finds a word. One of signs alone is only itself.
func pick(folded map[string][]string, word string) []string {
	key := Fold(word)
	if meant := folded[key]; key != "" || slices.Contains(meant, word) {
		if key == "" {
			return []string{word}
		}
		return meant
	}
	return nil
}

// distinct reads the values of a text field, at most so many.
func (v view) distinct(ctx context.Context, f *Field, most int) ([]string, error) {
	var all []string
	err := v.store.query(ctx, "vocabulary", v.words(f)+" LIMIT ?", []any{most}, func(rows *sql.Rows) error {
		var s sql.NullString
		err := rows.Scan(&s)
		if s.Valid {
			all = append(all, s.String)
		}
		return err
	})
	return all, err
}

// words is the query for the values of a text field, or the elements of a list.
func (v view) words(f *Field) string {
	if f.class() == list {
		return "SELECT DISTINCT " + v.dialect.exact("e.value", schema.Column{Type: "text"}) + " FROM " + v.from + ", " + v.dialect.elements(f.quoted) + " WHERE " + f.quoted + " IS NOT NULL"
	}
	return "SELECT DISTINCT " + f.exact + " FROM " + v.from + " WHERE " + f.quoted + " IS NOT NULL"
}

// spellings finds the values that are one of the words, by their folded form, of a field with too many
// to be kept: by the index in the ways in which such values are mostly written, and only for those
// that are not written so, by reading all.
func (v view) spellings(ctx context.Context, f *Field, words []string) (map[string][]string, error) {
	wanted, found := map[string]bool{}, map[string][]string{}
	var usual []any
	for _, word := range words {
		if key := Fold(word); key != "" && !wanted[key] {
			wanted[key] = true
			if ascii(word) {
				usual = append(usual, word, strings.ToUpper(word), strings.ToLower(word), strings.ToUpper(key), key)
			}
		}
	}
	collect := func(rows *sql.Rows) error {
		var s sql.NullString
		err := rows.Scan(&s)
		if key := Fold(s.String); wanted[key] {
			found[key] = append(found[key], s.String)
		}
		return err
	}
	if len(usual) > 0 && f.class() == text {
		// In both databases what is written so to the byte, whatever the collation.
		statement := v.words(f) + " AND " + among(f.indexed, len(usual)) + " AND " + among(f.exact, len(usual))
		if err := v.store.query(ctx, "spellings", statement, append(usual, usual...), collect); err != nil {
			return nil, err
		}
		for key := range found {
			delete(wanted, key)
		}
	}
	if len(wanted) == 0 {
		return found, nil
	}
	return found, v.store.query(ctx, "spellings", v.words(f), nil, collect)
}

// Fold reduces a text to what people mean by it: lower case, no accents, no spaces or punctuation.
// "F-150", "f150" and "F 150" are one, and so are "Citroën" and "CITROEN", "Weiß" and "weiss".
func Fold(s string) string {
	fold := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1 // the combining marks that NFKD has split off are neither
	}
	if ascii(s) {
		return strings.Map(fold, s)
	}
	return undivided.Replace(strings.Map(fold, norm.NFKD.String(s)))
}

// undivided has the letters that are not a letter and an accent to Unicode, and yet are written so.
var undivided = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")
