package value

import (
	"fmt"
	"slices"
	"strings"
)

// vocabulary/en.txt describes the format.

// addFile adds the lines of a vocabulary file. An error names the line.
func (v *Vocabulary) addFile(text string) error {
	// Each file begins with the usual order, in which the head word comes last.
	for _, l := range v.lexica {
		l.headFirst = false
	}

	field, number := "", 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			field = strings.TrimSpace(strings.Trim(line, "[]"))
			continue
		}

		expected := "a field in brackets before it, such as [make]"
		if field != "" {
			expected = v.addLine(field, line)
		}

		if expected != "" {
			return fmt.Errorf("line %d: %q: expected %s", number, line, expected)
		}
	}

	return nil
}

// addLine adds one line below the name of a field. It returns what was expected instead of a line that cannot be read.
func (v *Vocabulary) addLine(field, line string) (expected string) {
	const aliasForms = "names for the same, as in Chevrolet = Chevy, or words and what they mean, as in 4x4 -> AWD, 4WD"

	// The sign in the line says which form it has.
	words, values, isDirected := strings.Cut(line, "->")
	names := SplitTrimmed(line, "=")

	meaning, listed, isShade := strings.Cut(line, "<")
	isMeaning := isShade
	if !isShade {
		meaning, listed, isMeaning = strings.Cut(line, ":")
	}

	switch {
	case isDirected:
		aliases, meant := foldAllOrNil(SplitTrimmed(words, ",")), foldAllOrNil(SplitTrimmed(values, ","))
		if aliases == nil || meant == nil {
			return aliasForms
		}
		v.addAliases(field, aliases, meant)
	case len(names) > 1:
		folded := foldAllOrNil(names)
		if folded == nil {
			return aliasForms
		}

		v.addAliases(field, folded, folded)
		if field == "make" {
			v.makes.add(names)
		}
	case isMeaning:
		return v.addMeaning(field, strings.TrimSpace(meaning), SplitTrimmed(listed, ","), isShade)
	case field == "make" && foldAllOrNil(names) != nil:
		v.makes.add(names)
	default:
		return aliasForms
	}

	return ""
}

// addAliases makes each of the folded aliases stand for all the folded values.
func (v *Vocabulary) addAliases(field string, aliases, meant []string) {
	if v.aliases[field] == nil {
		v.aliases[field] = map[string][]string{}
	}

	for _, word := range aliases {
		for _, m := range meant {
			if !slices.Contains(v.aliases[field][word], m) {
				v.aliases[field][word] = append(v.aliases[field][word], m)
			}
		}
	}
}

// addMeaning adds words for a meaning. The meanings ignore, before, after, ends, head, dark and light are settings.
func (v *Vocabulary) addMeaning(field, meaning string, words []string, isShade bool) (expected string) {
	l := v.lexica[field]
	switch {
	case l == nil:
		return "meanings below one of [" + strings.Join(lexiconFields, "], [") + "] only"
	case foldAllOrNil(words) == nil || Fold(meaning) == "":
		return "words for a meaning, as in black: noir, nero"
	case meaning == "before":
		l.prefixes = append(l.prefixes, keysOf(words)...)
	case meaning == "after":
		l.suffixes = append(l.suffixes, keysOf(words)...)
	case meaning == "ends":
		l.endings = append(l.endings, keysOf(words)...)
	case meaning == "dark" || meaning == "light":
		for _, key := range keysOf(words) {
			l.depths[key] = meaning
		}
	case meaning == "head":
		if len(words) != 1 || words[0] != "first" && words[0] != "last" {
			return "head: first, or head: last"
		}
		l.headFirst = words[0] == "first"
	default:
		l.add(meaning, words, isShade)
	}

	return ""
}

// SplitTrimmed splits a text at a separator, and removes the spaces around its parts.
func SplitTrimmed(s, separator string) []string {
	parts := strings.Split(s, separator)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func keysOf(words []string) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = Key(w)
	}
	return all
}

// foldAllOrNil folds words. It returns nil if one of them has no letter or digit.
func foldAllOrNil(words []string) []string {
	folded := FoldAll(words)
	if slices.Contains(folded, "") {
		return nil
	}
	return folded
}
