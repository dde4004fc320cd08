package settings

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// checkNames returns an error for each variable that is set under a misspelled name: one typo away from a setting that
// is not set itself. keys are the names of the settings, and variables are those of the file.
//
// The file may also hold settings of another program, and the environment belongs to all programs, so other names pass.
// In the environment, only the part after the first "_" is taken for misspelled: DBHOST is likely another program's.
func checkNames(keys []string, variables map[string]string) error {
	isSet := func(name string) bool { return os.Getenv(name) != "" || variables[name] != "" }

	var errs []error
	check := func(name string, mayMean func(key string) bool) {
		if slices.Contains(keys, name) || !isSet(name) {
			return
		}
		for _, key := range keys {
			if mayMean(key) && !isSet(key) && IsTypo(strings.ToUpper(name), key) {
				errs = append(errs, fmt.Errorf("%s: there is no such setting; did you mean %s?", name, key))
			}
		}
	}

	for _, name := range slices.Sorted(maps.Keys(variables)) {
		check(name, func(string) bool { return true })
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if _, isInFile := variables[name]; isInFile {
			continue
		}
		group, _, _ := strings.Cut(name, "_")
		check(name, func(key string) bool { return strings.HasPrefix(key, group+"_") })
	}

	return errors.Join(errs...)
}

// IsTypo reports whether written is meant with at most one typing error: a byte too many, too few or another one, or
// two neighbors swapped.
func IsTypo(written, meant string) bool {
	start := 0
	for start < min(len(written), len(meant)) && written[start] == meant[start] {
		start++
	}
	w, m := written[start:], meant[start:]
	if w == m {
		return true
	}

	// Behind the error both are the same.
	switch len(w) - len(m) {
	case 1:
		return w[1:] == m
	case -1:
		return w == m[1:]
	case 0:
		isSwapped := len(w) > 1 && w[0] == m[1] && w[1] == m[0] && w[2:] == m[2:]
		return isSwapped || w[1:] == m[1:]
	}

	return false
}
