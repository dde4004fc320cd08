package value

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// colorJoiners are the words between two colors of one vehicle.
var colorJoiners = []string{
	"and", "or", "oder", "ou", "lub", "veya", "или", "with", "w", "over", "und", "mit",
	"et", "avec", "y", "con", "e", "com", "en", "met", "i", "z", "ve", "и", "с", "та", "з",
}

// carParts are parts with a color of their own: White with black interior.
var carParts = strings.Fields("interior inside cabin leather cloth seats upholstery roof top wheels rims stripe " +
	"stripes trim accents")

// withoutPartColors removes colors of parts, unless there are no others.
func withoutPartColors(w *splitText, matches []phraseMatch) []phraseMatch {
	isPart := func(m phraseMatch) bool {
		return m.to < len(w.parts) && slices.Contains(carParts, string(w.key(m.to, m.to+1)))
	}
	if others := slices.DeleteFunc(slices.Clone(matches), isPart); len(others) > 0 {
		return others
	}
	return matches
}

// colorMeanings returns the colors that a text names. Signs such as a slash separate parts, and each part has the color
// of its head word: gray in Dark Blue Gray, blue in bleu gris. A shade only counts if no color is named: Black Ruby is
// black.
func colorMeanings(w *splitText, matches []phraseMatch) []string {
	var meanings []string
	for len(matches) > 0 {
		// Take the colors up to the next separator.
		n := 1
		for n < len(matches) && !areSeparated(w, matches[n-1].to-1, matches[n].from) {
			n++
		}
		meanings = appendUnique(meanings, headColor(w, matches[:n])...)
		matches = matches[n:]
	}

	return meanings
}

// headColor returns the color of consecutive words.
func headColor(w *splitText, part []phraseMatch) []string {
	// Without the name of a color, take a shade.
	named := slices.DeleteFunc(slices.Clone(part), func(m phraseMatch) bool { return len(m.names) == 0 })
	if len(named) == 0 {
		shaded := slices.DeleteFunc(slices.Clone(part), func(m phraseMatch) bool { return len(m.shades) == 0 })
		if len(shaded) == 0 {
			return nil
		}
		if shaded[0].headFirst {
			return shaded[0].shades
		}

		return shaded[len(shaded)-1].shades
	}

	// The head word is the last one, or the first in languages such as French.
	head := len(named) - 1
	if named[0].headFirst {
		head = 0
	}

	// Colors that a dash joins count beside the head.
	meanings := slices.Clone(named[head].names)
	for i, m := range named {
		next := min(i+1, len(named)-1)
		if i+1 == len(named) || m.to != named[next].from || !strings.ContainsAny(w.after(m.to-1), "-–") {
			continue
		}
		meanings = appendUnique(appendUnique(meanings, m.names...), named[next].names...) // black-white
	}

	return meanings
}

// areSeparated reports whether a sign or a word between two colors separates them. from is the last word of the first
// color, and to the first word of the second.
func areSeparated(w *splitText, from, to int) bool {
	for i := from; i < to; i++ {
		isJoiner := i > from && slices.Contains(colorJoiners, string(w.key(i, i+1)))
		if isJoiner || strings.ContainsAny(w.after(i), "/&,;+|()[]") {
			return true
		}
	}
	return false
}

// findDepth says whether the colors in a text, or the words beside them, are dark or light. It is empty for neither and
// for both.
func (l *lexicon) findDepth(w *splitText, matches []phraseMatch) string {
	found := ""

	// note returns false once both dark and light occur.
	note := func(depth string) bool {
		if depth != "" && found != "" && depth != found {
			return false
		}
		found = cmp.Or(found, depth)
		return true
	}

	// Look at the words of each color, and at one word on either side.
	for _, m := range matches {
		for i := max(m.from-1, 0); i < min(m.to+1, len(w.parts)); i++ {
			word := w.key(i, i+1)
			depth := l.depths[string(word)]
			if depth == "" && i >= m.from && i < m.to {
				depth, _ = l.compoundShade(word)
			}

			if !note(depth) {
				return ""
			}
		}
	}

	return found
}

// compoundShade splits a word such as dunkelblau: dark, and the phrase for blue.
func (l *lexicon) compoundShade(word []byte) (depth string, color *phrase) {
	for key, d := range l.depths {
		rest, isPrefix := bytes.CutPrefix(word, []byte(key))
		if !isPrefix {
			continue
		}
		if p := l.phrases[string(rest)]; p != nil && len(p.names) > 0 {
			return d, p
		}
	}

	return "", nil
}

// namedShades returns the meanings of a text that only names a dark or light color: dunkelblau, dark blue, bleu foncé.
func (l *lexicon) namedShades(w *splitText) []string {
	count := len(w.parts)
	if count == 0 || len(l.depths) == 0 {
		return nil
	}

	// All words may be one compound. Otherwise the first or the last word may be the shade.
	depth, color := l.compoundShade(w.key(0, count))
	if color == nil && count > 1 {
		first, last := l.depths[string(w.key(0, 1))], l.depths[string(w.key(count-1, count))]
		switch {
		case first != "":
			depth, color = first, l.phrases[string(w.key(1, count))]
		case last != "":
			depth, color = last, l.phrases[string(w.key(0, count-1))]
		}
	}

	if color == nil {
		return nil
	}

	var meanings []string
	for _, name := range color.names {
		meanings = append(meanings, depth+" "+name)
	}

	return meanings
}
