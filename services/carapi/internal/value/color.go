package value

import (
	"slices"
	"strings"
)

// joiners are the words between two colors of one vehicle.
var joiners = []string{"and", "or", "oder", "ou", "lub", "veya", "или", "with", "w", "over", "und", "mit", "et", "avec",
	"y", "con", "e", "com", "en", "met", "i",
	"z", "ve", "и", "с", "та", "з"}

// colorMeanings gives the colors that a text names: one for each part between signs such as a slash, and for each part
// the head of the words for colors in it. In Dark Blue Gray that is gray, in bleu gris it is blue. A shade counts where
// no color is named: Black Ruby is black.
func colorMeanings(w *words, matches []match) []string {
	var meanings []string
	for len(matches) > 0 {
		n := 1
		for n < len(matches) && !isParted(w, matches[n-1].to-1, matches[n].from) {
			n++
		}
		meanings = appendNew(meanings, headColor(w, matches[:n])...)
		matches = matches[n:]
	}
	return meanings
}

// headColor gives the color of words in a row.
func headColor(w *words, part []match) []string {
	named := slices.DeleteFunc(slices.Clone(part), func(m match) bool { return len(m.names) == 0 })
	if len(named) == 0 {
		shaded := slices.DeleteFunc(slices.Clone(part), func(m match) bool { return len(m.shades) == 0 })
		if len(shaded) == 0 {
			return nil
		}
		if shaded[0].headFirst {
			return shaded[0].shades
		}
		return shaded[len(shaded)-1].shades
	}

	head := len(named) - 1
	if named[0].headFirst {
		head = 0
	}
	meanings := slices.Clone(named[head].names)
	for i, m := range named {
		next := min(i+1, len(named)-1)
		if i+1 == len(named) || m.to != named[next].from || !strings.ContainsAny(w.after(m.to-1), "-–") {
			continue
		}
		meanings = appendNew(appendNew(meanings, m.names...), named[next].names...) // black-white
	}
	return meanings
}

// isParted reports whether a sign or a word between two colors makes them colors of two parts. The first of the words
// is the end of the first color, and to is the beginning of the second.
func isParted(w *words, from, to int) bool {
	for i := from; i < to; i++ {
		isJoiner := i > from && slices.Contains(joiners, string(w.key(i, i+1)))
		if isJoiner || strings.ContainsAny(w.after(i), "/&,;+|()[]") {
			return true
		}
	}
	return false
}
