package snapshot

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"

	"carstock/pkg/schema"
)

// Publish makes the staged tables those of the target, all in one transaction: readers go on with
// the old ones until it commits. Tables that were not staged stay, and so do the indexes, triggers
// and views that the user has made.
func (s *Staging) Publish() error {
	if err := s.exec("COMMIT"); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	err := s.conn.Close() // its exclusive lock would keep the target's connection out
	s.conn = nil
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	target, err := open(s.target, "_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=30000&_foreign_keys=false&_txlock=immediate")
	if err != nil {
		return fmt.Errorf("open %s: %w", s.target, err)
	}
	if err := s.publish(target); err != nil {
		return errors.Join(fmt.Errorf("publish to %s: %w", s.target, err), target.Close())
	}
	s.tidy(target)
	return nil
}

// tidy makes room, once the snapshot is published: that there is none for it is no failure any
// more. The log holds the whole snapshot now, and is emptied, for which a reader who still needs it
// is not waited for long: the next pass does it.
func (s *Staging) tidy(target *sqlite3.SQLiteConn) {
	_ = exec(target, "DETACH staging")
	_ = s.remove()
	_ = exec(target, "PRAGMA busy_timeout = 1000")
	_ = exec(target, "PRAGMA wal_checkpoint(TRUNCATE)")
	_ = target.Close()
}

func (s *Staging) publish(target *sqlite3.SQLiteConn) error {
	if err := exec(target, "ATTACH ? AS staging", s.path); err != nil {
		return err
	}
	// A rename would else rewrite, or stumble over, the user's views of the table.
	if err := exec(target, "PRAGMA legacy_alter_table = ON"); err != nil {
		return err
	}
	return inTx(target, func() error {
		if err := exec(target, schema.CreateColumnsTable); err != nil {
			return err
		}
		for _, t := range s.tables {
			if err := replace(target, t); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
			if err := recordColumns(target, t); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
		return nil
	})
}

func inTx(conn *sqlite3.SQLiteConn, do func() error) error {
	if err := exec(conn, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = exec(conn, "COMMIT")
	}
	if err != nil {
		return errors.Join(err, rollback(conn))
	}
	return nil
}

// rollback is no error where SQLite has already rolled back, as it does when the disk is full.
func rollback(conn *sqlite3.SQLiteConn) error {
	if conn.AutoCommit() {
		return nil
	}
	return exec(conn, "ROLLBACK")
}

// incoming is the name of a table until it takes its own.
const incoming = "_sync_incoming"

// replace puts the staged table in the place of the target's. What it says of main. matters: an
// unqualified name that main lacks would mean the staged table.
func replace(target *sqlite3.SQLiteConn, t schema.Table) error {
	name := schema.QuoteSQLite(t.Name)
	kept, err := texts(target, `SELECT sql FROM main.sqlite_schema
		WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL`, t.Name)
	if err != nil {
		return err
	}
	for _, q := range []string{
		"DROP TABLE IF EXISTS main." + incoming,
		t.CreateSQLite("main", incoming),
		"INSERT INTO main." + incoming + " SELECT * FROM staging." + name,
		"DROP TABLE IF EXISTS main." + name,
		"ALTER TABLE main." + incoming + " RENAME TO " + name,
	} {
		if err := exec(target, q); err != nil {
			return err
		}
	}
	for _, q := range kept {
		if err := exec(target, q); err != nil {
			return fmt.Errorf("restore %q: %w", q, err)
		}
	}
	return nil
}

func recordColumns(target *sqlite3.SQLiteConn, t schema.Table) error {
	if err := exec(target, "DELETE FROM main."+schema.ColumnsTable+" WHERE table_name = ?", t.Name); err != nil {
		return err
	}
	for i, c := range t.Columns {
		err := exec(target, "INSERT INTO main."+schema.ColumnsTable+" VALUES (?, ?, ?, ?, ?, ?)",
			t.Name, int64(i+1), c.Name, c.Type, c.Nullable, c.Comment)
		if err != nil {
			return err
		}
	}
	return nil
}

func texts(conn *sqlite3.SQLiteConn, query string, args ...driver.Value) ([]string, error) {
	rows, err := conn.Query(query, args)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	row := make([]driver.Value, 1)
	for {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch v := row[0].(type) {
		case string:
			out = append(out, v)
		case []byte:
			out = append(out, string(v))
		}
	}
}
