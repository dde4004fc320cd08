package stock

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// told are the fields whose values are looked for among the words of q.
var told = []string{"make", "model", "trim", "condition", "body_type", "fuel_type", "transmission", "drivetrain", "color"}

// fillers say nothing by themselves, beside words that name a vehicle.
var fillers = strings.Fields("a an the with and or for in of i me my show find want need looking look search get sale car cars vehicle vehicles auto autos please some any that is are colored coloured color colour priced price")

// stopWords say nothing among words to look for.
var stopWords = strings.Fields("a an the with for of i me my show find want need looking please")

// negations turn the meaning of what is near them, which no filter can; and comparisons name what is not
// asked for itself.
var (
	negations   = strings.Fields("not without except excluding exclude never isnt arent dont doesnt avoid neither nor")
	comparisons = strings.Fields("no but non minus besides other rather instead unlike nothing like similar alternative")
)

// modelYear is what a model's year looks like.
var modelYear = regexp.MustCompile(`^(?:19[5-9]\d|20[0-4]\d)$`)

// piece is one or more words that have been read.
type piece struct {
	name   string // of the parameter
	values []string
	or     bool // an "or" or a comma stands between it and the piece before
}

// query reads the words of q as filters, if all of them are certain to say what filters do: words in
// stock in one field, years, and amounts that name their field. Otherwise they stay words.
func (r *reader) query(ctx context.Context, given string) error {
	found, err := r.phrase(ctx, given, told)
	if err != nil {
		return err
	}
	for name, values := range found {
		if said, ok := r.exact[name]; ok && !agree(said, values) {
			found = nil // what is said elsewhere holds
			break
		}
	}
	if found != nil {
		delete(r.exact, "q")
		for name, values := range found {
			r.exact[name] = values
		}
		r.tell("q", "words that say what filters do", found)
		return nil
	}
	words := strings.Fields(given)
	left := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(stopWords, strings.ToLower(w)) })
	if len(left) > 0 && len(left) < len(words) && !negated(words) && !compares(words) {
		read := strings.Join(left, " ")
		r.exact["q"] = []string{read}
		r.tell("q", "words that say nothing are left out", url.Values{"q": {read}})
	}
	return nil
}

var apostrophes = strings.NewReplacer("'", "", "’", "")

// negated reports whether one of the words says what is not wanted.
func negated(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains(negations, strings.ToLower(apostrophes.Replace(w))) || strings.ContainsAny(w[:1], "!-") && Fold(w) != ""
	})
}

// compares reports whether one of the words sets others beside what is asked for.
func compares(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(comparisons, strings.ToLower(w)) })
}

// phrase reads words, of which the texts may be values of these fields, as values by parameter; nil if
// any of them is not certain.
func (r *reader) phrase(ctx context.Context, given string, fields []string) (url.Values, error) {
	words := strings.Fields(given)
	if len(words) > 20 || negated(words) || compares(words) {
		return nil, nil
	}
	for _, name := range append([]string{"city", "state", "country"}, fields...) {
		if f := r.byName[name]; f != nil && f.class() == text {
			if _, _, err := r.vocabulary.values(ctx, f); err != nil {
				return nil, err
			}
		}
	}
	var pieces []piece
	or := false
	for i := 0; i < len(words); {
		comma := strings.HasSuffix(words[i], ",")
		p, n, err := r.next(ctx, words[i:], fields, pieces)
		if err != nil {
			return nil, err
		}
		switch word := strings.ToLower(trimSigns(words[i])); {
		case n > 0:
			p.or = or
			pieces = append(pieces, p)
			or = strings.HasSuffix(words[i+n-1], ",")
		case word == "or" || word == "and":
			or, n = true, 1
		case slices.Contains(fillers, word):
			or, n = or || comma, 1
		default:
			return nil, nil
		}
		i += n
	}
	return joinedPieces(pieces), nil
}

func trimSigns(word string) string { return strings.TrimRight(word, ",;!?.") }

// joinedPieces are the values by parameter, if the pieces make one description of a vehicle.
func joinedPieces(pieces []piece) url.Values {
	found, several := url.Values{}, 0
	for i, p := range pieces {
		last := piece{}
		if i > 0 {
			last = pieces[i-1]
		}
		switch {
		case p.name == "color" && slices.Contains([]string{"model", "trim", "fuel_type"}, last.name):
			return nil // electric blue, soul red
		case p.name == "make" && found.Has("model") && !p.or:
			return nil // the model may be a word for something else
		case p.name == "trim" && !found.Has("make") && !found.Has("model"):
			return nil // many words are trims too
		case found.Has(p.name):
			plain := p.name != "year" || modelYear.MatchString(p.values[0]) && modelYear.MatchString(last.values[0])
			if !p.or || last.name != p.name || !plain || p.name == "trim" || p.name == "price" || p.name == "mileage" || strings.HasSuffix(p.name, "_min") || strings.HasSuffix(p.name, "_max") {
				return nil // two descriptions
			}
			if !last.or {
				several++
			}
		}
		found[p.name] = compact(append(found[p.name], p.values...))
	}
	if several > 1 || len(found) == 0 {
		return nil // red Toyota or blue Honda
	}
	return found
}

// next reads as many of the first words as belong together, and gives their number; 0, if the first is
// not certain.
func (r *reader) next(ctx context.Context, words []string, fields []string, before []piece) (piece, int, error) {
	for n := min(6, len(words)); n > 0; n-- {
		chunk := trimSigns(strings.Join(words[:n], " "))
		if n == 1 && slices.Contains(fillers, strings.ToLower(chunk)) {
			return piece{}, 0, nil
		}
		inside := strings.Join(words[:n-1], " ")
		if name, value, ok := r.said(chunk); ok && (name == "year" || slices.Equal(fields, told)) {
			if name == "year" && n == 1 && r.known(chunk, fields) && !r.afterMake(before) {
				return piece{}, 0, nil // 2008 is a year and a Peugeot
			}
			if name != "year" || n > 1 || !r.known(chunk, fields) {
				return piece{name: name, values: []string{value}}, n, nil
			}
		}
		if n > 4 || strings.ContainsAny(inside, ",;") {
			continue
		}
		candidates := fields
		if strings.EqualFold(words[0], "in") {
			chunk, candidates = trimSigns(strings.Join(words[1:n], " ")), []string{"city", "state", "country"}
		}
		p := piece{}
		for _, field := range candidates {
			values := r.values(field, chunk)
			switch {
			case len(values) == 0:
			case digits(chunk) == Fold(chunk) && (field != "model" || !r.afterMake(before)), len([]rune(Fold(chunk))) < 2 && field != "model":
				// A number alone, or a letter, may be anything.
			case p.name == "":
				p = piece{name: field, values: values}
			case field == "trim":
			case p.name == "trim":
				p = piece{name: field, values: values}
			default:
				return piece{}, 0, nil // it is a value of two fields
			}
		}
		if p.name != "" {
			return p, n, nil
		}
	}
	return piece{}, 0, nil
}

// afterMake reports whether a make has been named.
func (r *reader) afterMake(before []piece) bool {
	return r.given.Has("make") || slices.ContainsFunc(before, func(p piece) bool { return p.name == "make" })
}

// values are those in stock that a word means in a field, as far as they are known by now: a word that
// means nothing is no reason to read the table anew.
func (r *reader) values(field, word string) []string {
	f := r.byName[field]
	if f == nil || f.class() != text {
		return nil
	}
	_, folded, _ := r.vocabulary.of(f).state()
	var values []string
	for _, key := range append([]string{Fold(word)}, r.store.Aliases[field][Fold(word)]...) {
		if key != "" {
			values = append(values, folded[key]...)
		}
	}
	values = compact(values)
	slices.Sort(values)
	return values
}

// known reports whether a word is a value in one of the fields.
func (r *reader) known(word string, fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return len(r.values(field, word)) > 0 })
}

// said reads an amount that can only be of one field: a distance by its unit, money by its sign or by
// its size in a range, a year by its shape and, if it bounds, by a word of time.
func (r *reader) said(chunk string) (name, value string, ok bool) {
	for _, field := range []string{"mileage", "year", "price"} {
		f := r.byName[field]
		if f == nil || f.class() != number {
			continue
		}
		a, sure := f.amount(chunk)
		single := a.from == a.to
		years := (a.from == "" || modelYear.MatchString(a.from)) && (a.to == "" || modelYear.MatchString(a.to))
		switch {
		case !sure:
			continue
		case field == "mileage" && (single || !distance.MatchString(chunk)):
			continue
		case field == "year" && (!years || (a.from == "" || a.to == "") && !ofTime.MatchString(chunk)):
			continue
		case field == "price" && (single || !isPrice(chunk, a, years)):
			continue
		}
		switch {
		case single:
			return field, a.from, true
		case a.to == "":
			return field + "_min", a.from, true
		case a.from == "":
			return field + "_max", a.to, true
		}
		return field, a.from + "-" + a.to, true
	}
	return "", "", false
}

var (
	distance = regexp.MustCompile(`(?i)\d\s*k?\s*(?:mi|miles?|kms?|kilomet(?:er|re)s?)\b`)
	sign     = regexp.MustCompile(`(?i)[$€£]|\b(?:usd|eur|gbp|dollars?|euros?)\b`)
	ofTime   = regexp.MustCompile(`(?i)before|after|since|newer|older|later|earlier|\+$`)
)

// isPrice reports whether a bound can only be one of the price: by a sign, or by being too large for
// anything but a price, or a mileage that then would name its unit.
func isPrice(chunk string, a reading, years bool) bool {
	if years {
		return false
	}
	for _, end := range []string{a.from, a.to} {
		if end != "" && !sign.MatchString(chunk) && (compare(end, "3000") < 0 || strings.Contains(end, ".")) {
			return false
		}
	}
	return true
}
