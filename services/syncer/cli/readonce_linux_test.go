package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"carstock/pkg/dbconn/dbtest"
)

// syncer uses exactly what it has checked at startup: it reads no file twice, because the file may have changed.
func TestSyncReadsFilesOnce(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	dir := t.TempDir()
	password, authority := filepath.Join(dir, "password"), filepath.Join(dir, "ca.pem")
	certificate, err := os.ReadFile(dbtest.Shared(t).CA)
	if err != nil {
		t.Fatal(err)
	}

	for path, text := range map[string]string{password: s.env["DB_PASSWORD"] + "\n", authority: string(certificate)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.set("DB_PASSWORD", "")
	s.set("DB_PASSWORD_FILE", password)
	s.set("DB_SSL_MODE", "verify_ca")
	s.set("DB_SSL_CA", authority)

	for _, command := range []string{"sync", "check"} {
		opens := dbtest.CountOpens(t, password, authority)
		if code, out := s.output(t, command); code != 0 {
			t.Errorf("%s: exit code %d: %s", command, code, out)
		}

		for path, n := range opens() {
			if n != 1 {
				t.Errorf("%s: %s has been opened %d times", command, filepath.Base(path), n)
			}
		}
	}
}
