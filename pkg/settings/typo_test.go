package settings_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/joho/godotenv"

	"carstock/pkg/settings"
)

func TestMisspelledNames(t *testing.T) {
	for name, test := range map[string]struct {
		file        string
		environment [2]string
		want        string // "" if there is no error
	}{
		"in the file":      {file: "DB_USRE=x\n", want: "DB_USRE: there is no such setting; did you mean DB_USER?"},
		"in an INI file":   {file: "[db]\nuserr = x\n", want: "DB_USERR: there is no such setting; did you mean DB_USER?"},
		"in small letters": {file: "wait=5s\n", want: "wait: there is no such setting; did you mean WAIT?"},
		"in the environment": {
			environment: [2]string{"DB_USR", "x"},
			want:        "DB_USR: there is no such setting; did you mean DB_USER?",
		},
		"once if in both": {
			file: "DB_USR=x\n", environment: [2]string{"DB_USR", "x"},
			want: "DB_USR: there is no such setting; did you mean DB_USER?",
		},
		"beside the right name":                 {file: "DB_USR=x\nDB_USER=y\n"},
		"the right name in the environment":     {file: "DB_USR=x\n", environment: [2]string{"DB_USER", "y"}},
		"without a value":                       {file: "DB_USR=\n"},
		"of another program":                    {file: "SYNC_VIEWS=x\n"},
		"another program's, in the environment": {environment: [2]string{"DBUSER", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("DB_USER", "")
			t.Setenv("WAIT", "")
			if test.environment[0] != "" {
				t.Setenv(test.environment[0], test.environment[1])
			}
			writeEnvFile(t, test.file)

			var wrong *settings.Error
			err := settings.Load("", &config{})
			if test.want == "" && err != nil || test.want != "" && !errors.As(err, &wrong) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if err != nil && err.Error() != "wrong settings:\n  "+test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A misspelled name is reported together with invalid values.
func TestMisspelledAndInvalid(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("WAIT", "soon")
	t.Setenv("DB_USER", "")
	writeEnvFile(t, "DB_USERS=x\n")

	want := `wrong settings:
  DB_USERS: there is no such setting; did you mean DB_USER?
  WAIT: "soon" is not a duration such as 30s or 5m`
	if err := settings.Load("", &config{}); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestIsTypo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		written string
		want    bool
	}{
		{"SYNC_PATH", true},
		{"SYNC_PAHT", true},
		{"SYNC_PTH", true},
		{"SYNC_PATHS", true},
		{"SYNC_BATH", true},
		{"SYNC_PAT", true},
		{"YSNC_PATH", true},
		{"XSYNC_PATH", true},
		{"SYNC_PHAT", false},
		{"SYNC_PATHSS", false},
		{"SYNC_BATS", false},
		{"SYNC", false},
		{"", false},
	} {
		if got := settings.IsTypo(test.written, "SYNC_PATH"); got != test.want {
			t.Errorf("%q: %t, want %t", test.written, got, test.want)
		}
	}
}

// Windows marks UTF-8 by three bytes at the beginning of a file, and ends lines by CR and LF.
func TestFileOfWindows(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("DB_USER", "")
	for _, text := range []string{
		"\ufeffDB_USER=file\r\nKEY='x'\r\n",
		"\ufeff[db]\r\nuser = file\r\n",
		"\ufeffexport DB_USER=\"file\"\r\n",
	} {
		writeEnvFile(t, text)
		var c config
		if err := settings.Load("", &c); err != nil || c.DB.User != "file" {
			t.Errorf("%q: %q, %v", text, c.DB.User, err)
		}
	}
}

// The error of a file that cannot be read names the flag or the file, and the line.
func TestFileErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct{ name, text, want string }{
		{"nowhere", "", "--config: open nowhere: no such file or directory"},
		{"folder", "", "--config: read folder: is a directory"},
		{"", "DB_USER=x\n\n# a remark\nKEY 'hunter2\n", ".env: line 4 is not NAME=value; " +
			"quote values that hold spaces, quotes or $ in '...'"},
		{".env", "KEY='one\ntwo'\nWAIT='5s\nDB_USER=x", ".env: line 3 is not NAME=value; " +
			"quote values that hold spaces, quotes or $ in '...'"},
		{"", "[db]\nuser = x\npassword hunter2\nport = 1\n", ".env: line 3 is neither [section] nor key = value"},
	} {
		writeEnvFile(t, test.text)
		want := "wrong settings:\n  " + test.want
		if err := settings.Load(test.name, &config{}); err == nil || err.Error() != want {
			t.Errorf("%q, %q: got %v, want %s", test.name, test.text, err, want)
		}
	}
}

// No setting is taken for a misspelling of another one.
func TestVariablesAreFarApart(t *testing.T) {
	t.Parallel()
	example, err := godotenv.Read("../../.env.example")
	if err != nil || len(example) == 0 {
		t.Fatal(example, err)
	}

	for name := range example {
		for other := range example {
			// API_KEY and API_KEYS are always read together.
			isPair := strings.HasPrefix(name, "API_KEY") && strings.HasPrefix(other, "API_KEY")
			if name != other && !isPair && settings.IsTypo(name, other) {
				t.Errorf("%s looks like a misspelling of %s", name, other)
			}
		}
	}
}
