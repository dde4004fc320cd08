// Package settings fills a program's configuration struct from the environment and from a file. It knows how variables
// are found and how invalid ones are reported, but no variable by name: each package owns its Config, with names and
// defaults in the struct tags.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/joho/godotenv"
	"github.com/kelseyhightower/envconfig"
	"gopkg.in/ini.v1"
)

// environmentLock is held while settings are read: envconfig reads the environment of the process, which all share.
var environmentLock sync.Mutex

// Load fills cfg, a pointer to a struct as envconfig takes it, from the environment and from a file, and calls its
// Validate. A variable of the environment takes precedence over the file's. An empty one counts as unset, as `NAME=`
// and compose's `${NAME:-}` intend: the file's value applies or, without one, the default. The file has lines
// NAME=value or, if one of its lines begins with "[", it is an INI file, whose "key" in "[section]" is the variable
// SECTION_KEY. If file is empty, Load reads .env in the working directory, if there is one.
//
// The error is an *Error that names every invalid or misspelled variable, so that all can be fixed at once. It never
// quotes a line of the file that it cannot parse, since that may hold a password.
//
// The environment stays as it was: the variables of the file are for cfg alone.
//
// Struct tags must use split_words and never `envconfig:"NAME"`: envconfig also looks that name up without the prefix,
// so DB_USER would silently become the shell's USER.
func Load(file string, cfg interface{ Validate() error }) error {
	variables, err := readFile(file)
	if err != nil {
		return Invalid(err)
	}

	keys, err := VariableNames(cfg)
	if err != nil {
		return err
	}

	environmentLock.Lock()
	defer environmentLock.Unlock()

	// The environment is still as the user set it.
	misspelled := checkNames(keys, variables)

	// envconfig reads only the environment: put the values of the file there until cfg is filled.
	for _, key := range keys {
		old, isSet := os.LookupEnv(key)
		defer restoreVariable(key, old, isSet)
		if old != "" {
			continue
		}

		// envconfig takes an empty variable for a value, which would keep the default out.
		_ = os.Unsetenv(key)
		if value := variables[key]; value != "" {
			if err := os.Setenv(key, value); err != nil {
				return Invalid(fmt.Errorf("%s: %w", key, err))
			}
		}
	}

	return fillAndValidate(cfg, misspelled)
}

// restoreVariable sets a variable of the environment to its old value, or unsets it.
func restoreVariable(key, old string, isSet bool) {
	if isSet {
		_ = os.Setenv(key, old)
		return
	}
	_ = os.Unsetenv(key)
}

// readFile reads the variables of a file; those of .env, which may be missing, if name is empty.
func readFile(name string) (map[string]string, error) {
	isOptional := name == ""
	if isOptional {
		name = ".env"
	}

	text, err := os.ReadFile(name)
	if isOptional && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil && !isOptional {
		return nil, fmt.Errorf("--config: %w", err)
	}
	if err != nil {
		return nil, err
	}

	variables, err := parseFile(bytes.TrimPrefix(text, []byte(byteOrderMark)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return variables, nil
}

// byteOrderMark is how editors of Windows begin a file in UTF-8.
const byteOrderMark = "\ufeff"

// sectionPattern finds the section of an INI file.
var sectionPattern = regexp.MustCompile(`(?m)^\s*\[`)

// backtickPattern finds a value that begins with a backtick in an INI file.
var backtickPattern = regexp.MustCompile("(?m)^([^=\\n]*=[ \\t]*)`")

// parseFile parses lines NAME=value or, if the text has a section, an INI file. No error quotes the text.
func parseFile(text []byte) (map[string]string, error) {
	if !sectionPattern.Match(text) {
		variables, err := godotenv.UnmarshalBytes(text)
		if err != nil {
			return nil, fmt.Errorf("line %d is not NAME=value; quote values that hold spaces, quotes or $ in '...'",
				brokenLine(text, func(part []byte) error { _, err := godotenv.UnmarshalBytes(part); return err }))
		}
		return variables, nil
	}

	// A password may have # and ; in it or end in a backslash, and an entry of SYNC_VIEWS may have = in it.
	options := ini.LoadOptions{
		IgnoreInlineComment: true, IgnoreContinuation: true, KeyValueDelimiters: "=", AllowPythonMultilineValues: true,
	}

	// The library would drop the backtick with which a value begins, and all after the last one. It sees a NUL first.
	text = backtickPattern.ReplaceAll(text, []byte("${1}\x00`"))
	file, err := ini.LoadSources(options, text)
	if err != nil {
		return nil, fmt.Errorf("line %d is neither [section] nor key = value",
			brokenLine(text, func(part []byte) error { _, err := ini.LoadSources(options, part); return err }))
	}

	variables := map[string]string{}
	for _, s := range file.Sections() {
		for _, key := range s.Keys() {
			variable := key.Name()
			if s.Name() != ini.DefaultSection {
				variable = s.Name() + "_" + variable
			}
			variables[strings.ToUpper(variable)] = strings.ReplaceAll(key.Value(), "\x00", "")
		}
	}

	return variables, nil
}

// brokenLine returns the number of the line at which parse fails: the one after the longest beginning that it takes. A
// value may have several lines, so a shorter beginning may fail too.
func brokenLine(text []byte, parse func(part []byte) error) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := len(lines) - 1; n > 0; n-- {
		if parse(bytes.Join(lines[:n], nil)) == nil {
			return n + 1
		}
	}
	return 1
}

// Error is one or more mistakes of the user who started the program, one per line, as opposed to what goes wrong later.
type Error struct{ err error }

func (e *Error) Error() string {
	return "wrong settings:\n  " + strings.ReplaceAll(e.err.Error(), "\n", "\n  ")
}

// Invalid returns err as an *Error, and nil for nil.
func Invalid(err error) error {
	if err == nil {
		return nil
	}
	return &Error{err}
}

// fillAndValidate fills cfg from the environment, and unsets the invalid variables there. Its error begins with
// misspelled, unless that is nil.
func fillAndValidate(cfg interface{ Validate() error }, misspelled error) error {
	errs := []error{misspelled}
	for {
		err := envconfig.Process("", cfg)
		var parse *envconfig.ParseError
		if !errors.As(err, &parse) {
			if err != nil {
				errs = append(errs, err)
			}
			break
		}

		// A type that parses its own notation returns an error that says what is wrong.
		if expected := describeType(parse.TypeName); expected != "" {
			errs = append(errs, fmt.Errorf("%s: %q is not %s", parse.KeyName, parse.Value, expected))
		} else {
			errs = append(errs, fmt.Errorf("%s: %w", parse.KeyName, parse.Err))
		}

		// envconfig stops at the first invalid variable. Without that one it goes on to the next.
		_ = os.Unsetenv(parse.KeyName)
	}

	return Invalid(errors.Join(append(errs, cfg.Validate())...))
}

// describeType says what a variable of a Go type takes; "" for types that are not Go's own.
func describeType(goType string) string {
	switch goType {
	case "time.Duration":
		return "a duration such as 30s or 5m"
	case "bool":
		return "true or false"
	case "int", "int64", "uint", "uint16":
		return "a whole number in range"
	}
	return ""
}

// VariableNames lists the names of the variables that cfg is filled from.
func VariableNames(cfg any) ([]string, error) {
	var b strings.Builder
	if err := envconfig.Usagef("", cfg, &b, "{{range .}}{{usage_key .}}\n{{end}}"); err != nil {
		return nil, fmt.Errorf("list settings: %w", err)
	}
	return strings.Fields(b.String()), nil
}
