package dbtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
)

// Demo creates a database for this test on the shared server, with the tables, the view, the stock and the users of
// deploy/mysql.
func Demo(t testing.TB) dbconn.Config {
	t.Helper()
	c := Database(t)
	scripts, err := filepath.Glob(filepath.Join(Root(t), "deploy", "mysql", "*.sql"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("dbtest: no scripts in deploy/mysql: %v", err)
	}

	// A script has many statements, which the connections of dbconn do not take at once.
	m := mysql.NewConfig()
	m.Net, m.Addr = "tcp", c.Host+":"+strconv.Itoa(int(c.Port))
	if c.Socket != "" {
		m.Net, m.Addr = "unix", c.Socket
	}

	m.User, m.Passwd, m.DBName, m.MultiStatements = c.User, string(c.Password), c.Name, true
	db, err := sqlx.Open("mysql", m.FormatDSN())
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	defer func() { _ = db.Close() }()

	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatalf("dbtest: %v", err)
		}
		if _, err := db.Exec(string(text)); err != nil {
			t.Fatalf("dbtest: %s: %v", filepath.Base(script), err)
		}
	}

	return c
}

// Root returns the folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}

	t.Fatalf("dbtest: no go.work above the working directory: %v", err)
	return ""
}

// Environ returns the variables from which a program opens c. All other DB_ variables are empty.
func Environ(c dbconn.Config) map[string]string {
	port := ""
	if c.Port != 0 {
		port = strconv.Itoa(int(c.Port))
	}
	return map[string]string{
		"DB_DRIVER": c.Driver, "DB_HOST": c.Host, "DB_PORT": port, "DB_SOCKET": c.Socket,
		"DB_USER": c.User, "DB_PASSWORD": string(c.Password), "DB_PASSWORD_FILE": c.PasswordFile, "DB_NAME": c.Name,
		"DB_COMPRESSION": c.Compression, "DB_PATH": c.Path,
		"DB_SSL_MODE": c.SSL.Mode, "DB_SSL_CA": c.SSL.CA, "DB_SSL_CERT": c.SSL.Cert, "DB_SSL_KEY": c.SSL.Key,
		"DB_CONNECT_TIMEOUT": "1m", "DB_READ_TIMEOUT": "", "DB_WRITE_TIMEOUT": "",
		"DB_MAX_OPEN_CONNS": "", "DB_CONN_MAX_LIFETIME": "",
	}
}

// Setenv sets the variables from which a program opens c, until the test ends.
func Setenv(t testing.TB, c dbconn.Config) {
	t.Helper()
	for name, value := range Environ(c) {
		t.Setenv(name, value)
	}
}
