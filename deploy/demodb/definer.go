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

// MySQL reads a view with the rights of its creator. The library reads it with those of the user who asks, and
// wants them to have CREATE VIEW as well, so a user who may select from the view alone cannot. definerRights
// sets that right: what a query does not name itself, it reached through a view.
type definerRights struct {
	sql.AuthorizationHandler
	reached *sync.Map // of reachedTable: what CheckTable, which sees no statement, is to let pass
}

type reachedTable struct {
	query uint64
	table string
}

// MySQL's numbers, of which the library has but some and reports the rest as an unknown error.
const (
	databaseAccessDenied = 1044
	tableAccessDenied    = 1142
)

// The library asks for the factory whenever it makes a catalog, so it has to stand before the first.
func init() {
	sql.SetAuthorizationHandlerFactory(definerFactory{sql.GetAuthorizationHandlerFactory(), new(sync.Map)})
}

type definerFactory struct {
	sql.AuthorizationHandlerFactory
	reached *sync.Map
}

func (f definerFactory) CreateHandler(catalog sql.Catalog) sql.AuthorizationHandler {
	return definerRights{f.AuthorizationHandlerFactory.CreateHandler(catalog), f.reached}
}

func (d definerRights) HandleAuth(
	ctx *sql.Context, state sql.AuthorizationQueryState, auth sqlparser.AuthInformation,
) error {
	err := d.AuthorizationHandler.HandleAuth(ctx, state, auth)
	if !tableDenied(err) || !throughView(ctx.Query(), auth) {
		return numbered(err)
	}

	if auth.AuthType == sqlparser.AuthType_SELECT {
		key := reachedTable{ctx.Pid(), strings.ToLower(auth.TargetNames[1])}
		if _, known := d.reached.LoadOrStore(key, true); !known {
			context.AfterFunc(ctx, func() { d.reached.Delete(key) })
		}
	}
	return nil
}

// CheckTable is asked when a table is looked up, after HandleAuth, and for each table in a list of them, which
// shows only what the user may see.
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
	return numbered(err)
}

func tableDenied(err error) bool {
	return sql.ErrPrivilegeCheckFailed.Is(err) || sql.ErrTableAccessDeniedForUser.Is(err)
}

func numbered(err error) error {
	switch {
	case sql.ErrDatabaseAccessDeniedForUser.Is(err):
		return mysql.NewSQLError(databaseAccessDenied, mysql.SSClientError, "%s", err.Error())
	case tableDenied(err):
		return mysql.NewSQLError(tableAccessDenied, mysql.SSClientError, "%s", err.Error())
	default:
		return err
	}
}

// throughView says that the query can only have met the table inside a view.
func throughView(query string, auth sqlparser.AuthInformation) bool {
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

// readers begin the statements that say in their own words what they read. Others may carry a hidden query, as
// EXECUTE does.
var readers = []string{"select", "with", "show", "describe", "desc", "explain"}

// wordsOf lists the keywords, names and literals of a single statement in lower case. It lists none for several
// statements, or for one that it cannot read to the end. Text that only looks like the name of a table is among
// them, which errs on the side of denying.
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
