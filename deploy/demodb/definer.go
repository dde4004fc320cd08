package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// definerRights lets users read a view without rights on its tables. MySQL reads a view with the rights of its creator;
// the library uses those of the caller, and requires CREATE VIEW too. A table that a query does not name itself was
// reached through a view, and is allowed.
type definerRights struct {
	sql.AuthorizationHandler
	reached *sync.Map // of reachedTable: the tables that CheckTable, which sees no statement, allows
}

// reachedTable is a table that a query reads through a view.
type reachedTable struct {
	query uint64
	table string
}

// MySQL's error numbers. The library does not have these, and reports an unknown error.
const (
	databaseAccessDenied = 1044
	tableAccessDenied    = 1142
)

// The library calls the factory for each catalog, so it must be set before the first one is made.
func init() {
	sql.SetAuthorizationHandlerFactory(definerFactory{sql.GetAuthorizationHandlerFactory(), new(sync.Map)})
}

// definerFactory makes a definerRights for each catalog.
type definerFactory struct {
	sql.AuthorizationHandlerFactory
	reached *sync.Map
}

func (f definerFactory) CreateHandler(catalog sql.Catalog) sql.AuthorizationHandler {
	return definerRights{f.AuthorizationHandlerFactory.CreateHandler(catalog), f.reached}
}

// HandleAuth checks the rights that a statement needs. It notes the tables that the statement reads through a view.
func (d definerRights) HandleAuth(
	ctx *sql.Context, state sql.AuthorizationQueryState, auth sqlparser.AuthInformation,
) error {
	err := d.AuthorizationHandler.HandleAuth(ctx, state, auth)
	if !tableDenied(err) || !throughView(ctx.Query(), auth) {
		return withErrorNumber(err)
	}

	// CheckTable follows for the same query.
	if auth.AuthType == sqlparser.AuthType_SELECT {
		key := reachedTable{ctx.Pid(), strings.ToLower(auth.TargetNames[1])}
		if _, known := d.reached.LoadOrStore(key, true); !known {
			context.AfterFunc(ctx, func() { d.reached.Delete(key) })
		}
	}

	return nil
}

// CheckTable reports whether a user may see a table. The library calls it when it looks up a table, after HandleAuth,
// and for each table of a list such as SHOW TABLES.
func (d definerRights) CheckTable(
	ctx *sql.Context, state sql.AuthorizationQueryState, database, schema, table string,
) error {
	err := d.AuthorizationHandler.CheckTable(ctx, state, database, schema, table)
	if err == nil {
		return nil
	}

	if _, ok := d.reached.Load(reachedTable{ctx.Pid(), strings.ToLower(table)}); ok {
		return nil
	}
	return withErrorNumber(err)
}

// tableDenied reports whether an error is a missing right on a table.
func tableDenied(err error) bool {
	return sql.ErrPrivilegeCheckFailed.Is(err) || sql.ErrTableAccessDeniedForUser.Is(err)
}

// withErrorNumber gives a missing right the number that MySQL has for it.
func withErrorNumber(err error) error {
	switch {
	case sql.ErrDatabaseAccessDeniedForUser.Is(err):
		return mysql.NewSQLError(databaseAccessDenied, mysql.SSClientError, "%s", err.Error())
	case tableDenied(err):
		return mysql.NewSQLError(tableAccessDenied, mysql.SSClientError, "%s", err.Error())
	default:
		return err
	}
}

// throughView reports whether a query can have reached a table only through a view.
func throughView(query string, auth sqlparser.AuthInformation) bool {
	// Only these statements name every table that they read outside a view.
	words := wordsOf(query)
	if len(words) == 0 || !slices.Contains(readers, words[0]) {
		return false
	}

	switch auth.AuthType {
	case sqlparser.AuthType_CREATE_VIEW:
		return true
	case sqlparser.AuthType_SELECT:
		if auth.TargetType != sqlparser.AuthTargetType_SingleTableIdentifier || len(auth.TargetNames) != 2 {
			return false
		}
		return !slices.Contains(words, strings.ToLower(auth.TargetNames[1]))
	default:
		return false
	}
}

// readers are the first words of statements that name what they read. Others may hide a query, as EXECUTE does.
var readers = []string{"select", "with", "show", "describe", "desc", "explain"}

// wordsOf returns the keywords, names and literals of a single statement in lower case. It returns nil for several
// statements, and for one that it cannot read to the end. A literal that looks like the name of a table counts as one,
// so in doubt a query is denied.
func wordsOf(query string) []string {
	var words []string
	ended := false

	tokens := sqlparser.NewStringTokenizer(query)
	for {
		switch kind, word := tokens.Scan(); {
		case kind == 0:
			return words
		case kind == sqlparser.LEX_ERROR || ended && kind != ';':
			return nil
		case kind == ';':
			ended = true
		case kind != sqlparser.COMMENT && len(word) > 0:
			words = append(words, strings.ToLower(string(word)))
		}
	}
}
