package dbconn

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"
)

// Open gives a pool that has answered a ping. The session's time zone is UTC, and dates and times
// come as the text that the server holds. Errors say which variable to look at and never hold the
// password. A SQLite file is opened read-only and must exist.
func Open(ctx context.Context, c Config) (*sqlx.DB, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Driver == SQLite {
		return openSQLite(ctx, c)
	}
	return openMySQL(ctx, c)
}

func openMySQL(ctx context.Context, c Config) (*sqlx.DB, error) {
	dsn, err := c.mysqlConfig()
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("connect to MySQL at %s: %w", dsn.Addr, err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	c.size(db)
	ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connect to MySQL at %s: %w", dsn.Addr, c.explain(err))
	}
	return db, nil
}

func (c *Config) mysqlConfig() (*mysql.Config, error) {
	tlsConfig, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	m := mysql.NewConfig()
	m.Net, m.Addr = c.address()
	m.User, m.DBName = c.User, c.Name
	m.TLS, m.AllowFallbackToPlaintext = tlsConfig, c.SSLMode() == SSLPreferred
	m.Timeout, m.ReadTimeout, m.WriteTimeout = c.ConnectTimeout, c.ReadTimeout, c.WriteTimeout
	m.Params = map[string]string{"time_zone": "'+00:00'"}
	m.ConnectionAttributes = "program_name:carstock"
	m.Logger = &mysql.NopLogger{} // what it would print comes back as an error too
	return m, m.Apply(
		// Said outright, since a server may be set to ignore the character set of the handshake.
		mysql.Charset("utf8mb4", ""),
		// Read for each connection: a rotated secret then needs no restart.
		mysql.BeforeConnect(func(_ context.Context, m *mysql.Config) error {
			password, err := c.password()
			m.Passwd = string(password)
			return err
		}))
}

func openSQLite(ctx context.Context, c Config) (*sqlx.DB, error) {
	info, err := os.Stat(c.Path)
	if err != nil {
		return nil, fmt.Errorf("open SQLite file: %w: check DB_PATH, and that syncer has run", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("open SQLite file: %s is a folder: check DB_PATH", c.Path)
	}
	db, err := sqlx.Open("sqlite3", SQLiteDSN(c.Path, "mode=ro&_query_only=true&_busy_timeout=5000"))
	if err != nil {
		return nil, fmt.Errorf("open SQLite file %s: %w", c.Path, err)
	}
	c.size(db)
	// A ping does not read the file; this does.
	var version int
	if err := db.GetContext(ctx, &version, "PRAGMA schema_version"); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open SQLite file %s: %w: %s", c.Path, err, sqliteHint(err))
	}
	return db, nil
}

// SQLiteDSN is the data source name of a file. Its beginning with "file:" matters: without that
// the driver drops SQLite's own parameters, such as mode, in silence.
func SQLiteDSN(path, parameters string) string {
	segments := strings.Split(filepath.Clean(path), "/") // a // at its beginning would name a host
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return "file:" + strings.Join(segments, "/") + "?" + parameters
}

func (c *Config) size(db *sqlx.DB) {
	db.SetMaxOpenConns(c.MaxOpenConns)
	db.SetMaxIdleConns(c.MaxOpenConns)
	db.SetConnMaxLifetime(c.ConnMaxLifetime)
}
