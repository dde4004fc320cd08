package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// load creates the user root, and runs the *.sql files of a folder in the order of their names.
func load(ctx context.Context, engine *sqle.Engine, provider *memory.DbProvider, folder, database string) error {
	// As soon as there is a user, the library checks passwords and rights. root has all rights, and is locked, so that
	// nobody can log in as root.
	users := engine.Analyzer.Catalog.MySQLDb
	users.SetPersister(&mysql_db.NoopPersister{})
	editor := users.Editor()
	users.AddLockedSuperUser(editor, "root", "localhost", "")
	editor.Close()

	return runScripts(ctx, engine, provider, folder, database)
}

// runScripts runs the *.sql files of a folder as root, which load has created.
func runScripts(ctx context.Context, engine *sqle.Engine, provider *memory.DbProvider, folder, database string) error {
	scripts := os.DirFS(folder)
	names, err := fs.Glob(scripts, "*.sql")
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	if len(names) == 0 {
		return fmt.Errorf("%s: no *.sql files there", folder)
	}

	session := sql.NewBaseSessionWithClientServer("", sql.Client{User: "root", Address: "localhost"}, 0)
	session.SetCurrentDatabase(database)
	runner := memory.NewSession(session, provider)

	for _, name := range names {
		script, err := fs.ReadFile(scripts, name)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		if err := runScript(ctx, engine, runner, string(script)); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(folder, name), err)
		}
	}

	return nil
}

// runScript runs the statements of a script. An error has the number of its statement, from 1.
func runScript(ctx context.Context, engine *sqle.Engine, session sql.Session, script string) error {
	pieces, err := sqlparser.SplitStatementToPieces(script)
	if err != nil {
		return fmt.Errorf("split into statements: %w", err)
	}

	number := 0
	for _, statement := range pieces {
		if sqlparser.StripLeadingComments(statement) == "" {
			continue
		}

		number++
		if err := runStatement(ctx, engine, session, statement); err != nil {
			return fmt.Errorf("statement %d: %w", number, err)
		}
	}

	return nil
}

// runStatement runs one statement to its end.
func runStatement(ctx context.Context, engine *sqle.Engine, session sql.Session, statement string) error {
	query := sql.NewContext(ctx, sql.WithSession(session))
	_, rows, _, err := engine.Query(query, statement)
	if err != nil {
		return err
	}

	// The library runs a statement while its rows are read, even if it has no rows.
	_, err = sql.RowIterToRows(query, rows)
	return err
}
