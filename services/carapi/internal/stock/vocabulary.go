package stock

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/jmoiron/sqlx"
	"golang.org/x/text/unicode/norm"
)

// Age at which the values are read anew; and, for a word that is not among them, the age from
// which it may be a new one.
const (
	vocabularyMaxAge  = time.Minute
	vocabularyMissAge = 2 * time.Second
)

// vocabulary holds the values in stock of the text fields that requests compare to, by their folded
// form. Resolving words to stored values here, and not by a collation, keeps the column's index
// usable, and gives MySQL and SQLite the same answers.
type vocabulary struct {
	db    *sqlx.DB
	table string

	mu     sync.Mutex
	fields map[string]*fieldValues
}

type fieldValues struct {
	reading sync.Mutex // one reader of the table at a time
	values  map[string][]string
	read    time.Time
}

func newVocabulary(db *sqlx.DB, table string) *vocabulary {
	return &vocabulary{db: db, table: table, fields: map[string]*fieldValues{}}
}

// resolve gives the stored values that are word, whatever its case, accents and punctuation.
func (v *vocabulary) resolve(ctx context.Context, f *Field, word string) ([]string, error) {
	v.mu.Lock()
	fv := v.fields[f.Name]
	if fv == nil {
		fv = &fieldValues{}
		v.fields[f.Name] = fv
	}
	v.mu.Unlock()

	fv.reading.Lock()
	defer fv.reading.Unlock()
	key := Fold(word)
	meant, known := fv.values[key]
	age := time.Since(fv.read)
	if age < vocabularyMissAge || known && age < vocabularyMaxAge {
		return meant, nil
	}
	values, err := v.distinct(ctx, f)
	if err != nil {
		return nil, err
	}
	fv.values, fv.read = values, time.Now()
	return values[key], nil
}

func (v *vocabulary) distinct(ctx context.Context, f *Field) (map[string][]string, error) {
	var stored []string
	err := v.db.SelectContext(ctx, &stored, "SELECT DISTINCT "+f.exact+" FROM "+v.table+" WHERE "+f.quoted+" IS NOT NULL")
	if err != nil {
		return nil, fmt.Errorf("read values of %s: %w", f.Name, err)
	}
	values := make(map[string][]string, len(stored))
	for _, s := range stored {
		key := Fold(s)
		values[key] = append(values[key], s)
	}
	return values, nil
}

// Fold reduces a text to what people mean by it: lower case, no accents, no spaces or punctuation.
// "F-150", "f150" and "F 150" are one, and so are "Citroën" and "CITROEN", "Weiß" and "weiss".
func Fold(s string) string {
	return undivided.Replace(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1 // the combining marks that NFKD has split off are neither
	}, norm.NFKD.String(s)))
}

// undivided has the letters that are not a letter and an accent to Unicode, and yet are written so.
var undivided = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")
