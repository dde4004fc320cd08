package source

import (
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// explainRead adds to a server's error of reading a view or table what to do about it.
func explainRead(err error) error {
	var server *mysql.MySQLError
	if !errors.As(err, &server) {
		return err
	}
	if advice := readAdvice[server.Number]; advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// readAdvice says what to do, by the server's error number.
var readAdvice = map[uint16]string{
	errAccessDenied: "the view's DEFINER is gone, or lacks rights: look at SHOW CREATE VIEW, " +
		"and create the account or the view again",
	errNoDefiner: "create the account again, or the view with another DEFINER",
	errViewInvalid: "a table, column or function that the view names is gone, or its DEFINER " +
		"(with SQL SECURITY INVOKER this user) may not use one: look at SHOW CREATE VIEW, " +
		"and create what is missing or the view again",
	errTableDenied:   "GRANT this user SELECT on it",
	errColumnDenied:  "GRANT this user SELECT on it",
	errRoutineDenied: "GRANT EXECUTE on it, to this user or to the view's DEFINER",
	errReadOnlyTransaction: "the view calls a function that writes, and views are read in a read-only transaction, " +
		"so that a copy never changes its source: take that function out of the view",
	errReprepare: "the view has more tables than the server keeps open, or one of them is changed all the time: " +
		"raise table_definition_cache and table_open_cache on the server",
	errZeroDate: "the view compares with a zero date, which the server's sql_mode forbids: " +
		"compare with NULL or with another date",
	errTooManyRows:   "raise max_join_size on the server, or give the view's query an index",
	errMaxRecursions: "raise cte_max_recursion_depth on the server, if the query does end",
	errTableFull: "the server has no room for the view's temporary tables: raise its limits, " +
		"or give the view's query an index",
	errOutOfSortMemory: "raise sort_buffer_size on the server",
}

// Error numbers of MySQL and MariaDB, which share those below 1900.
const (
	errOutOfSortMemory     = 1038
	errAccessDenied        = 1045
	errTooManyRows         = 1104
	errTableFull           = 1114
	errTableDenied         = 1142
	errColumnDenied        = 1143
	errViewInvalid         = 1356
	errRoutineDenied       = 1370
	errNoDefiner           = 1449
	errZeroDate            = 1525
	errReprepare           = 1615
	errReadOnlyTransaction = 1792
	errMaxRecursions       = 3636
)
