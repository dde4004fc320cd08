package settings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carstock/pkg/settings"
)

type config struct {
	DB struct {
		User string `default:"nobody"`
		Port uint16 `default:"3306"`
	}
	Wait  time.Duration `default:"5s"`
	Key   settings.Secret
	isBad bool
}

func (c *config) Validate() error {
	if c.isBad {
		return errors.New("KEY: too short")
	}
	return nil
}

func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("USER", "shell")
	t.Setenv("DB_PORT", "3307")
	t.Setenv("WAIT", "")
	var c config
	if err := settings.Load("", &c); err != nil {
		t.Fatal(err)
	}

	if c.DB.User != "nobody" || c.DB.Port != 3307 || c.Wait != 5*time.Second {
		t.Errorf("got %+v, want nobody (never the shell's USER), 3307 and the default for an empty WAIT", c)
	}
}

func TestLoadNamesEveryInvalidVariable(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("DB_PORT", "70000")
	t.Setenv("WAIT", "soon")
	err := settings.Load("", &config{isBad: true})
	if err == nil {
		t.Fatal("no error")
	}

	want := `wrong settings:
  DB_PORT: "70000" is not a whole number in range
  WAIT: "soon" is not a duration such as 30s or 5m
  KEY: too short`
	if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
}

func TestFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"DB_USER", "WAIT", "KEY"} {
		t.Setenv(name, "") // restored after the test
		_ = os.Unsetenv(name)
	}

	t.Setenv("DB_PORT", "3307")
	for notation, text := range map[string]string{
		".env": "DB_USER=file\nDB_PORT=1\nWAIT=\nKEY='pa$$ #w;o=rd'\n",
		"INI":  "key = pa$$ #w;o=rd\n\n[db]\nuser = file\n# a remark\nport = 1\n",
	} {
		writeEnvFile(t, text)
		for _, name := range []string{"", ".env", "./.env"} {
			var c config
			if err := settings.Load(name, &c); err != nil {
				t.Fatal(err)
			}
			if c.DB.User != "file" || c.DB.Port != 3307 || c.Wait != 5*time.Second || c.Key != "pa$$ #w;o=rd" {
				t.Errorf("%s: got %+v, want the environment's port, and the rest from the file", notation, c)
			}
		}
	}

	if _, set := os.LookupEnv("KEY"); set || os.Getenv("DB_PORT") != "3307" {
		t.Error("the environment is no longer what it was")
	}

	for _, text := range []string{"KEY 'hunter2\n", "[db]\npassword hunter2\n"} {
		writeEnvFile(t, text)
		var wrong *settings.Error
		if err := settings.Load("", &config{}); !errors.As(err, &wrong) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("malformed file: got %v, want a settings.Error without the text", err)
		}
	}

	var wrong *settings.Error
	err := settings.Load("nowhere.ini", &config{})
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "nowhere.ini") {
		t.Errorf("no file: %v", err)
	}
}

// A value of an INI file counts as it is written, whatever its characters: a password may have any, and names of views
// may be between backticks.
func TestValuesOfINI(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"DB_USER", "DB_PORT", "WAIT", "KEY"} {
		t.Setenv(name, "")
	}

	for _, value := range []string{
		"`sales (2024)`=sales(`Price (USD), net`)", "`a`; `b`", "`secret", "se`cret`", `secret\`, "a=`b`",
		"`a b`\n  `c d`\n  e=`f`",
	} {
		writeEnvFile(t, "key = "+value+"\n\n[db]\nuser = file\nport = 1\n")
		var c config
		err := settings.Load("", &c)
		if err != nil || string(c.Key) != value || c.DB.User != "file" || c.DB.Port != 1 {
			t.Errorf("%q: key %q; %+v, %v", value, string(c.Key), c.DB, err)
		}
	}
}

// An empty variable does not hide the file's value, and keeps its place in the environment. A variable that is empty in
// both has its default.
func TestEmptyVariables(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"DB_USER", "DB_PORT", "WAIT", "KEY"} {
		t.Setenv(name, "")
	}

	writeEnvFile(t, "DB_USER=file\nWAIT=\nKEY=secret\n")
	var c config
	if err := settings.Load("", &c); err != nil {
		t.Fatal(err)
	}

	if c.DB.User != "file" || c.Key != "secret" || c.DB.Port != 3306 || c.Wait != 5*time.Second {
		t.Errorf("got %+v, want the file's user and key, and the defaults of the others", c)
	}
	if value, isSet := os.LookupEnv("DB_USER"); value != "" || !isSet {
		t.Errorf("DB_USER is %q afterward, set: %t", value, isSet)
	}
}

// Programs that run side by side in one process do not see each other's settings.
func TestLoadSideBySide(t *testing.T) {
	var group sync.WaitGroup
	for i := range 20 {
		file := filepath.Join(t.TempDir(), "settings")
		if err := os.WriteFile(file, fmt.Appendf(nil, "DB_USER=user%d\n", i), 0o600); err != nil {
			t.Fatal(err)
		}

		group.Go(func() {
			var c config
			if err := settings.Load(file, &c); err != nil || c.DB.User != fmt.Sprintf("user%d", i) {
				t.Errorf("%d: %q, %v", i, c.DB.User, err)
			}
		})
	}

	group.Wait()
}

func writeEnvFile(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(".env", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSecretIsNeverSeen(t *testing.T) {
	c := config{Key: "hunter2"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "key", c.Key)
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}

	out := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		out += fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c) + fmt.Sprintf(verb, c.Key)
	}

	if strings.Contains(out, "hunter2") || strings.Contains(out, "68756e74657232") {
		t.Errorf("the secret shows in %s", out)
	}
}

// described is a configuration that describes its own variables.
type described struct {
	Name string `default:"cars" desc:"not this one"`
}

func (*described) Descriptions() map[string]string {
	return map[string]string{"DB_NAME": "a description that is too long for a tag"}
}

func TestDescribe(t *testing.T) {
	var c struct {
		Port uint16 `default:"3306" desc:"MySQL|MariaDB"`
		Name string
		DB   described
	}
	want := "| `PORT` | 3306 | MySQL\\|MariaDB |\n| `NAME` |  |  |\n" +
		"| `DB_NAME` | cars | a description that is too long for a tag |\n"
	var b strings.Builder
	if err := settings.Describe(&b, &c); err != nil || b.String() != want {
		t.Errorf("%v: %s", err, &b)
	}
}
