package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/cli"
)

// What is checked at the start is what is used: no file is read a second time, in which it may be another one.
func TestStartReadsFilesOnce(t *testing.T) {
	server := dbtest.Shared(t)
	c := server.Database(t)
	const table = "CREATE TABLE vehicles_stock (id INT PRIMARY KEY, make VARCHAR(9), model VARCHAR(9))"
	if _, err := dbtest.Open(t, c).Exec(table); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, err := os.ReadFile(server.CA)
	if err != nil {
		t.Fatal(err)
	}
	secret := string(c.Password)
	setup(t, c)
	t.Setenv("DB_PASSWORD", "")
	t.Setenv("DB_SSL_MODE", "verify_ca")
	t.Setenv("API_KEY", "")
	t.Setenv("VOCABULARY_FILE", "")
	for _, name := range []string{"API_KEYS_FILE", "VOCABULARY_FILE", "DB_PASSWORD_FILE", "DB_SSL_CA"} {
		_ = os.Unsetenv(name) // as it was after the test
	}

	authority, password := file("ca.pem", string(certificate)), file("password", secret+"\n")
	keys, words := file("keys", "tests="+key+"\n"), file("words.txt", "")
	config := file("carapi.env", "API_KEYS_FILE="+keys+"\nVOCABULARY_FILE="+words+
		"\nDB_PASSWORD_FILE="+password+"\nDB_SSL_CA="+authority+"\n")
	opens := dbtest.CountOpens(t, config, keys, words, password, authority)
	p := start(t, "--config", config)
	p.search(t, "make=kia")
	for path, n := range opens() {
		if n != 1 {
			t.Errorf("serving: %s has been opened %d times", filepath.Base(path), n)
		}
	}
	p.stop()

	opens = dbtest.CountOpens(t, config, words, password, authority)
	if code := cli.Run(t.Context(), []string{"check", "--config", config}, io.Discard, io.Discard); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for path, n := range opens() {
		if n != 1 {
			t.Errorf("check: %s has been opened %d times", filepath.Base(path), n)
		}
	}
}
