// Package settings fills a program's configuration struct from the environment and from a .env
// file. It knows how variables are found and how mistakes are told, and no variable by name: each
// package owns its Config, with names, defaults and descriptions in the struct tags.
package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/joho/godotenv"
	"github.com/kelseyhightower/envconfig"
	"gopkg.in/ini.v1"
)

// environment is held while settings are read: envconfig finds them in the process's environment,
// which is one for all.
var environmentLock sync.Mutex

// Load fills cfg, a pointer to a struct as envconfig wants it, from the environment and from a file,
// and calls its Validate. A variable that the environment has wins over the file's; an empty one
// counts as unset, as `NAME=` and compose's `${NAME:-}` intend. The file is a .env file of NAME=value,
// or, if a line of it begins with "[", an INI file, whose "key" in "[section]" is the variable
// SECTION_KEY. Without a name it is the file .env in the working directory, if there is one.
//
// The error is an *Error that names every wrong variable, so that all can be mended at once. It never
// quotes the file: that holds passwords.
//
// The environment is left as it was: the file's variables are for cfg alone.
//
// Struct tags must use split_words and never `envconfig:"NAME"`: envconfig also looks that name up
// without the prefix, and DB_USER would silently become the shell's USER.
func Load(file string, cfg interface{ Validate() error }) error {
	variables, err := readFile(file)
	if err != nil {
		return Invalid(err)
	}
	keys, err := Keys(cfg)
	if err != nil {
		return err
	}
	environmentLock.Lock()
	defer environmentLock.Unlock()
	for _, key := range keys {
		was, set := os.LookupEnv(key)
		if set {
			defer func() { _ = os.Setenv(key, was) }()
			if was == "" {
				_ = os.Unsetenv(key)
			}
			continue
		}
		defer func() { _ = os.Unsetenv(key) }()
		if value := variables[key]; value != "" {
			if err := os.Setenv(key, value); err != nil {
				return Invalid(fmt.Errorf("%s: %w", key, err))
			}
		}
	}
	return fillAndValidate(cfg)
}

func readFile(name string) (map[string]string, error) {
	optional := name == ""
	if optional {
		name = ".env"
	}
	text, err := os.ReadFile(name)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	variables, err := parseFile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return variables, nil
}

var sectionPattern = regexp.MustCompile(`(?m)^\s*\[`)

func parseFile(text []byte) (map[string]string, error) {
	if !sectionPattern.Match(text) {
		variables, err := godotenv.UnmarshalBytes(text)
		if err != nil {
			return nil, errors.New("a line is not NAME=value; quote values that hold spaces, quotes or $ in '...'")
		}
		return variables, nil
	}
	// A password may hold # and ;, and a view's entry begins after the first =.
	file, err := ini.LoadSources(ini.LoadOptions{IgnoreInlineComment: true, KeyValueDelimiters: "=", AllowPythonMultilineValues: true}, text)
	if err != nil {
		return nil, errors.New("a line is neither [section] nor key = value")
	}
	variables := map[string]string{}
	for _, s := range file.Sections() {
		for _, key := range s.Keys() {
			variable := key.Name()
			if s.Name() != ini.DefaultSection {
				variable = s.Name() + "_" + variable
			}
			variables[strings.ToUpper(variable)] = key.Value()
		}
	}
	return variables, nil
}

// Error is one or more mistakes of whoever started the program, a line each, as opposed to what
// goes wrong later.
type Error struct{ err error }

func (e *Error) Error() string {
	return "wrong settings:\n  " + strings.ReplaceAll(e.err.Error(), "\n", "\n  ")
}

// Wrong makes an Error of err, and nil of nil.
func Invalid(err error) error {
	if err == nil {
		return nil
	}
	return &Error{err}
}

// process fills cfg from the environment, of whose variables it unsets the wrong ones.
func fillAndValidate(cfg interface{ Validate() error }) error {
	var wrong []error
	for {
		err := envconfig.Process("", cfg)
		var parse *envconfig.ParseError
		if !errors.As(err, &parse) {
			if err != nil {
				wrong = append(wrong, err)
			}
			break
		}
		// envconfig stops at the first wrong value. Without that one it goes on to the next.
		if words := describeType(parse.TypeName); words != "" {
			wrong = append(wrong, fmt.Errorf("%s: %q is not %s", parse.KeyName, parse.Value, words))
		} else { // a type that reads its own notation, and says what is wrong with it
			wrong = append(wrong, fmt.Errorf("%s: %w", parse.KeyName, parse.Err))
		}
		_ = os.Unsetenv(parse.KeyName)
	}
	return Invalid(errors.Join(append(wrong, cfg.Validate())...))
}

// expected says in words what a Go type of a setting takes; nothing for types that are not Go's own.
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

// Keys lists the names of the variables that cfg is filled from.
func Keys(cfg any) ([]string, error) {
	var b strings.Builder
	if err := envconfig.Usagef("", cfg, &b, "{{range .}}{{usage_key .}}\n{{end}}"); err != nil {
		return nil, fmt.Errorf("list settings: %w", err)
	}
	return strings.Fields(b.String()), nil
}

// Describe writes the variables that cfg is filled from, with their defaults, as the rows of a table in
// Markdown.
func Describe(w io.Writer, cfg any) error {
	var b strings.Builder
	if err := envconfig.Usagef("", cfg, &b, "{{range .}}{{usage_key .}}\t{{usage_default .}}\t{{usage_description .}}\n{{end}}"); err != nil {
		return fmt.Errorf("describe settings: %w", err)
	}
	for line := range strings.Lines(b.String()) {
		row := strings.Split(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "|", "\\|"), "\t")
		if _, err := fmt.Fprintf(w, "| `%s` | %s | %s |\n", row[0], row[1], row[2]); err != nil {
			return err
		}
	}
	return nil
}
