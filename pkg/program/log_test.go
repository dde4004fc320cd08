package program

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLogConfigValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		level, format string
		want          string
	}{
		{"debug", "auto", ""},
		{"info", "text", ""},
		{"warn", "json", ""},
		{"error", "json", ""},
		{"INFO", "Text", ""},
		{"trace", "text", `LOG_LEVEL: "trace": expected debug, info, warn or error`},
		{"info", "xml", `LOG_FORMAT: "xml": expected text, json or auto`},
		{"", "", "LOG_LEVEL: \"\": expected debug, info, warn or error\nLOG_FORMAT: \"\": expected text, json or auto"},
	} {
		got := ""
		if err := (&LogConfig{test.level, test.format}).Validate(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q, %q: got %q, want %q", test.level, test.format, got, test.want)
		}
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		level, format string
		text, json    int // lines of each format
	}{
		{"debug", "text", 4, 0},
		{"info", "text", 3, 0},
		{"warn", "json", 0, 2},
		{"error", "auto", 0, 1},
		{"info", "auto", 0, 3}, // the output is not a terminal
		{"WARN", "Text", 2, 0},
	} {
		var out strings.Builder
		log := (&LogConfig{test.level, test.format}).Logger(&out)
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			log.Log(t.Context(), level, "done", "rows", 7)
		}

		text := strings.Count(out.String(), "msg=done rows=7\n")
		json := strings.Count(out.String(), `"msg":"done","rows":7}`+"\n")
		if text != test.text || json != test.json {
			t.Errorf("%s, %s: %s", test.level, test.format, &out)
		}
	}
}

// A duration has a unit in both formats.
func TestLoggedDuration(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{"text": "in=1.5s", "json": `"in":"1.5s"`} {
		var out strings.Builder
		(&LogConfig{"info", format}).Logger(&out).Info("retrying", "in", 1500*time.Millisecond)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: %s", format, &out)
		}
	}
}

func TestIsTerminal(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()

	for _, w := range []io.Writer{file, &strings.Builder{}} {
		if IsTerminal(w) {
			t.Errorf("%T is taken for a terminal", w)
		}
	}

	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	defer func() { _ = terminal.Close() }()
	if !IsTerminal(terminal) {
		t.Error("a terminal is not taken for one")
	}
}
