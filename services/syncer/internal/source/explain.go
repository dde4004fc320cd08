package source

import (
	"fmt"

	"carstock/pkg/mysqlerr"
)

// explainRead adds to a server's error of reading a view or table what to do about it.
func explainRead(err error) error {
	if advice := readAdvice[mysqlerr.Number(err)]; advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// readAdvice says what to do, by the server's error number.
var readAdvice = map[uint16]string{
	mysqlerr.AccessDenied: "the view's DEFINER is gone, or lacks rights: look at SHOW CREATE VIEW, " +
		"and create the account or the view again",
	mysqlerr.NoSuchUser: "create the account again, or the view with another DEFINER",
	mysqlerr.ViewInvalid: "a table, column or function that the view names is gone, or its DEFINER " +
		"(with SQL SECURITY INVOKER this user) may not use one: look at SHOW CREATE VIEW, " +
		"and create what is missing or the view again",
	mysqlerr.TableAccessDenied:  "GRANT this user SELECT on it",
	mysqlerr.ColumnAccessDenied: "GRANT this user SELECT on it",
	mysqlerr.ProcAccessDenied:   "GRANT EXECUTE on it, to this user or to the view's DEFINER",
	mysqlerr.CantExecuteInReadOnlyTx: "the view calls a function that writes, and views are read in a read-only " +
		"transaction, so that a copy never changes its source: take that function out of the view",
	mysqlerr.NeedReprepare: "the view has more tables than the server keeps open, or one of them is changed all " +
		"the time: raise table_definition_cache and table_open_cache on the server",
	mysqlerr.WrongValue: "the view compares with a zero date, which the server's sql_mode forbids: " +
		"compare with NULL or with another date",
	mysqlerr.TooBigSelect:         "raise max_join_size on the server, or give the view's query an index",
	mysqlerr.CTEMaxRecursionDepth: "raise cte_max_recursion_depth on the server, if the query does end",
	mysqlerr.RecordFileFull: "the server has no room for the view's temporary tables: raise its limits, " +
		"or give the view's query an index",
	mysqlerr.OutOfSortMemory: "raise sort_buffer_size on the server",
}
