package settings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"carstock/pkg/settings"
)

type config struct {
	DB struct {
		User string `default:"nobody"`
		Port uint16 `default:"3306"`
	}
	Wait time.Duration `default:"5s"`
	Key  settings.Secret
	bad  bool
}

func (c *config) Validate() error {
	if c.bad {
		return errors.New("KEY: too short")
	}
	return nil
}

func TestProcess(t *testing.T) {
	t.Setenv("USER", "shell")
	t.Setenv("DB_PORT", "3307")
	t.Setenv("WAIT", "")
	var c config
	if err := settings.Process(&c); err != nil {
		t.Fatal(err)
	}
	if c.DB.User != "nobody" || c.DB.Port != 3307 || c.Wait != 5*time.Second {
		t.Errorf("got %+v, want nobody (never the shell's USER), 3307 and the default for an empty WAIT", c)
	}
}

func TestProcessNamesEveryWrongVariable(t *testing.T) {
	t.Setenv("DB_PORT", "70000")
	t.Setenv("WAIT", "soon")
	err := settings.Process(&config{bad: true})
	if err == nil {
		t.Fatal("no error")
	}
	want := "wrong settings:\n  DB_PORT: \"70000\" is not a whole number in range\n  WAIT: \"soon\" is not a duration such as 30s or 5m\n  KEY: too short"
	if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
}

func TestLoadFileWithoutName(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := settings.LoadFile(""); err != nil {
		t.Errorf("without a file: %v", err)
	}
	t.Setenv("CARSTOCK_A", "environment")
	t.Setenv("CARSTOCK_B", "") // restored after the test
	_ = os.Unsetenv("CARSTOCK_B")
	write(t, "CARSTOCK_A=file\nCARSTOCK_B='pa$$ #word'\n")
	if err := settings.LoadFile(""); err != nil {
		t.Fatal(err)
	}
	if a, b := os.Getenv("CARSTOCK_A"), os.Getenv("CARSTOCK_B"); a != "environment" || b != "pa$$ #word" {
		t.Errorf("got %q, %q", a, b)
	}
	write(t, "DB_PASSWORD 'hunter2\n")
	if err := settings.LoadFile(""); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("malformed file: got %v, want an error without the text", err)
	}
}

func TestLoadFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"DB_HOST", "DB_PASSWORD", "SYNC_VIEWS", "API_KEY"} {
		t.Setenv(name, "")
		_ = os.Unsetenv(name)
	}
	t.Setenv("DB_USER", "environment")
	write(t, "api_key = top-level\n\n[db]\nhost = db.example.com\nuser = file\npassword = pa#ss;wo=rd\n\n"+
		"# what to copy\n[sync]\nviews = vehicles_view=vehicles(id)@updated_at; dealers\n")
	if err := settings.LoadFile("./.env"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"API_KEY": "top-level", "DB_HOST": "db.example.com", "DB_USER": "environment", "DB_PASSWORD": "pa#ss;wo=rd",
		"SYNC_VIEWS": "vehicles_view=vehicles(id)@updated_at; dealers",
	} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	write(t, "[db]\npassword hunter2\n")
	var wrong *settings.Error
	if err := settings.LoadFile(".env"); !errors.As(err, &wrong) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("malformed file: got %v, want a settings.Error without the text", err)
	}
	if err := settings.LoadFile("nowhere.ini"); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "nowhere.ini") {
		t.Errorf("no file: %v", err)
	}
}

func write(t *testing.T, text string) {
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
