package value

import "bytes"

// classifySeparators says what the separators between digits are: group separators, a decimal mark, or an ambiguous
// one. It returns false for digits that are not a number.
func classifySeparators(digits []byte) (group, point, either byte, ok bool) {
	last := bytes.LastIndexAny(digits, "., '")
	if last < 0 {
		return 0, 0, 0, true
	}

	mark, after := digits[last], len(digits)-last-1
	first := bytes.IndexAny(digits, "., '")
	switch {
	case first < last && digits[first] == mark: // several of one kind
		return mark, 0, 0, areGroups(digits, mark)
	case first < last: // two kinds: the last one is the decimal mark
		group = digits[first]
		return group, mark, 0, (mark == '.' || mark == ',') && areGroups(digits[:last], group)
	case mark == ' ' || mark == '\'':
		return mark, 0, 0, areGroups(digits, mark)
	case after == 3 && first <= 3 && digits[0] != '0': // 20.000 is twenty, or twenty thousand
		return 0, 0, mark, true
	}

	return 0, mark, 0, true
}

// areGroups reports whether digits are in groups of three, or in Indian groups: 4,50,000.
func areGroups(digits []byte, separator byte) bool {
	parts := bytes.Split(digits, []byte{separator})
	last := len(parts) - 1
	isWestern := len(parts[0]) <= 3
	isIndian := len(parts[0]) <= 2 && separator == ',' && last > 1
	for i, p := range parts {
		switch {
		case !isDigits(p):
			return false
		case i == last:
			isWestern, isIndian = isWestern && len(p) == 3, isIndian && len(p) == 3
		case i > 0:
			isWestern, isIndian = isWestern && len(p) == 3, isIndian && len(p) == 2
		}
	}

	return isWestern || isIndian
}

func isDigits[T string | []byte](s T) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) > 0
}
