package dbconn

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// Open returns a pool whose database has answered a ping. Its sessions are alike on all servers (see variables.go), and
// dates and times come as the text that the server stores. Errors say which variable to check, and never hold the
// password. A SQLite file must exist, and is opened read-only.
func Open(ctx context.Context, c Config) (*sqlx.DB, error) {
	db, err := Pool(c)
	if err != nil {
		return nil, err
	}
	if err := Ping(ctx, c, db); err != nil {
		_ = db.Close()
		return nil, err
	}

	return db, nil
}

// Pool is Open without the ping: the database need not be there yet.
func Pool(c Config) (*sqlx.DB, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Driver == SQLite {
		pool, err := sql.Open("sqlite3", SQLiteDSN(c.Path, "mode=ro&_query_only=true&_busy_timeout=5000"))
		if err != nil {
			return nil, fmt.Errorf("open SQLite file %s: %w", c.Path, err)
		}
		lifetime := min(cmp.Or(c.ConnMaxLifetime, sqliteLifetime), sqliteLifetime)
		return c.configurePool(sqlx.NewDb(pool, "sqlite3"), lifetime), nil
	}

	dsn, err := c.mysqlConfig()
	if err != nil {
		return nil, err
	}

	connector, err := mysql.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("connect to MySQL at %s: %w", dsn.Addr, err)
	}

	pool := sql.OpenDB(&sessionConnector{Connector: connector, config: c})
	return c.configurePool(sqlx.NewDb(pool, "mysql"), c.ConnMaxLifetime), nil
}

// ConnectError is any error of making a connection.
type ConnectError struct{ error }

// Unwrap returns the driver's error.
func (e ConnectError) Unwrap() error { return e.error }

// sqliteLifetime is the age at which a connection to a file is replaced. After that time a new file at the same path is
// noticed.
const sqliteLifetime = 10 * time.Second

// configurePool sets the bounds of a pool, and returns it.
func (c *Config) configurePool(db *sqlx.DB, lifetime time.Duration) *sqlx.DB {
	db.SetMaxOpenConns(c.MaxOpenConns)
	db.SetMaxIdleConns(c.MaxOpenConns)
	db.SetConnMaxLifetime(lifetime)
	return db
}

// Ping checks that the database of a pool answers. Its errors are those of Open.
func Ping(ctx context.Context, c Config, db *sqlx.DB) error {
	if c.Driver == SQLite {
		return pingSQLite(ctx, c, db)
	}

	ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()

	if err := db.PingContext(ctx); err != nil {
		_, addr := c.dialAddress()
		return fmt.Errorf("connect to MySQL at %s: %w", addr, c.explainConnect(err))
	}

	return nil
}

// pingSQLite checks that a SQLite file can be read.
func pingSQLite(ctx context.Context, c Config, db *sqlx.DB) error {
	info, err := os.Stat(c.Path)
	if err != nil {
		return fmt.Errorf("open SQLite file: %w: check %s, and that syncer has run", err, c.pathSetting())
	}
	if info.IsDir() {
		return fmt.Errorf("open SQLite file: %s is a folder: check %s", c.Path, c.pathSetting())
	}

	// A ping does not read the file; this does.
	var version int
	if err := db.GetContext(ctx, &version, "PRAGMA schema_version"); err != nil {
		return fmt.Errorf("open SQLite file %s: %w: %s", c.Path, err, c.sqliteHint(err))
	}

	return nil
}

// mysqlConfig returns the settings as the driver takes them.
func (c *Config) mysqlConfig() (*mysql.Config, error) {
	tlsConfig, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}

	m := mysql.NewConfig()
	m.Net, m.Addr = c.dialAddress()
	m.User, m.DBName = c.User, c.Name
	m.TLS, m.AllowFallbackToPlaintext = tlsConfig, c.sslMode() == SSLPreferred
	m.Timeout, m.ReadTimeout, m.WriteTimeout = c.ConnectTimeout, c.ReadTimeout, c.WriteTimeout
	m.AllowCleartextPasswords = c.verifiedTLS()
	m.ConnectionAttributes = "program_name:carstock"
	m.DialFunc = c.dial
	m.Logger = &mysql.NopLogger{} // what it would print is returned as an error too

	// Read the files for each connection, so a changed password or certificate needs no restart.
	readCredentials := func(_ context.Context, m *mysql.Config) error {
		password, err := c.password()
		if err != nil {
			return err
		}

		m.Passwd = string(password)
		m.TLS, err = c.tlsConfig()
		return err
	}

	return m, m.Apply(
		mysql.EnableCompression(c.Compression == CompressionZlib),
		mysql.BeforeConnect(readCredentials),
	)
}

// SQLiteDSN returns the data source name of a file. It must begin with "file:": otherwise the driver silently drops
// SQLite's own parameters, such as mode.
func SQLiteDSN(path, parameters string) string {
	segments := strings.Split(filepath.Clean(path), "/") // cleaned, as a // at the beginning would name a host
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return "file:" + strings.Join(segments, "/") + "?" + parameters
}
