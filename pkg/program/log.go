package program

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
)

// LogConfig holds what a program logs, and how. Its variables begin with LOG_; case does not matter in their values.
type LogConfig struct {
	Level  string `default:"info" desc:"lowest level that is logged: debug, info, warn or error"`
	Format string `default:"auto" desc:"text, json, or auto: text on a terminal, otherwise JSON"`
}

// Values of LOG_FORMAT.
const (
	formatAuto = "auto"
	formatText = "text"
	formatJSON = "json"
)

// logLevels has the values of LOG_LEVEL.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// Validate returns an error for every invalid variable, joined.
func (c *LogConfig) Validate() error {
	var errs []error
	if _, known := logLevels[strings.ToLower(c.Level)]; !known {
		errs = append(errs, fmt.Errorf("LOG_LEVEL: %q: expected debug, info, warn or error", c.Level))
	}

	if !slices.Contains([]string{formatAuto, formatText, formatJSON}, strings.ToLower(c.Format)) {
		errs = append(errs, fmt.Errorf("LOG_FORMAT: %q: expected text, json or auto", c.Format))
	}

	return errors.Join(errs...)
}

// Logger returns a logger that writes to w. The configuration must be valid.
func (c *LogConfig) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: logLevels[strings.ToLower(c.Level)], ReplaceAttr: durationsAsText}
	format := strings.ToLower(c.Format)
	if format == formatText || format == formatAuto && IsTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// durationsAsText writes a duration as 1.5s. In JSON it would otherwise be a number of nanoseconds.
func durationsAsText(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// IsTerminal reports whether what is written to w appears on a terminal.
func IsTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	return isFile && isatty.IsTerminal(f.Fd())
}
