package value

import (
	"fmt"
	"slices"
	"strings"
)

// The notation is described at the top of vocabulary/en.txt.

// read adds the lines of a vocabulary file. The error names the line.
func (v *Vocabulary) read(text string) error {
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
			expected = v.readLine(field, line)
		}

		if expected != "" {
			return fmt.Errorf("line %d: %q: expected %s", number, line, expected)
		}
	}

	return nil
}

// readLine adds one line below the name of a field. It gives what was expected of a line that cannot be read.
func (v *Vocabulary) readLine(field, line string) (expected string) {
	const aliasForms = "names for the same, as in Chevrolet = Chevy, or words and what they mean, as in 4x4 -> AWD, 4WD"
	words, values, isDirected := strings.Cut(line, "->")
	names := splitTrimmed(line, "=")

	meaning, listed, isShade := strings.Cut(line, "<")
	isMeaning := isShade
	if !isShade {
		meaning, listed, isMeaning = strings.Cut(line, ":")
	}

	switch {
	case isDirected:
		said, meant := foldAll(splitTrimmed(words, ",")), foldAll(splitTrimmed(values, ","))
		if said == nil || meant == nil {
			return aliasForms
		}
		v.addAliases(field, said, meant)
	case len(names) > 1:
		folded := foldAll(names)
		if folded == nil {
			return aliasForms
		}

		v.addAliases(field, folded, folded)
		if field == "make" {
			v.makes.add(names)
		}
	case isMeaning:
		return v.readMeaning(field, strings.TrimSpace(meaning), splitTrimmed(listed, ","), isShade)
	case field == "make" && foldAll(names) != nil:
		v.makes.add(names)
	default:
		return aliasForms
	}

	return ""
}

func (v *Vocabulary) addAliases(field string, said, meant []string) {
	if v.aliases[field] == nil {
		v.aliases[field] = map[string][]string{}
	}

	for _, word := range said {
		for _, m := range meant {
			if !slices.Contains(v.aliases[field][word], m) {
				v.aliases[field][word] = append(v.aliases[field][word], m)
			}
		}
	}
}

// readMeaning adds words for a meaning. The meanings ignore, before, after, ends, head, dark and light are settings.
func (v *Vocabulary) readMeaning(field, meaning string, words []string, isShade bool) (expected string) {
	l := v.lexica[field]
	switch {
	case l == nil:
		return "meanings below one of [" + strings.Join(MeaningFields, "], [") + "] only"
	case foldAll(words) == nil || Fold(meaning) == "":
		return "words for a meaning, as in black: noir, nero"
	case meaning == "before":
		l.before = append(l.before, keys(words)...)
	case meaning == "after":
		l.after = append(l.after, keys(words)...)
	case meaning == "ends":
		l.ends = append(l.ends, keys(words)...)
	case meaning == "dark" || meaning == "light":
		for _, key := range keys(words) {
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

func splitTrimmed(s, separator string) []string {
	parts := strings.Split(s, separator)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func keys(words []string) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = Key(w)
	}
	return all
}

// foldAll folds words; nil if one of them has no letter or digit.
func foldAll(words []string) []string {
	folded := FoldAll(words)
	if slices.Contains(folded, "") {
		return nil
	}
	return folded
}
