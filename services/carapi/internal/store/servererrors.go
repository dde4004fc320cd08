package store

import (
	"github.com/go-sql-driver/mysql"

	"carstock/pkg/mysqlerr"
)

// accessErrors are the errors of a server that denies access to itself or to this table.
var accessErrors = []uint16{
	mysqlerr.DBAccessDenied, mysqlerr.AccessDenied, mysqlerr.AccessDeniedNoPassword, mysqlerr.BadDB,
	mysqlerr.HostNotPrivileged, mysqlerr.TableAccessDenied, mysqlerr.ColumnAccessDenied,
	mysqlerr.NotSupportedAuthMode, mysqlerr.SecureTransportRequired,
	mysqlerr.AccountHasBeenLocked, mysqlerr.AccountLockedMariaDB,
}

// timeoutErrors are the errors of a server that stopped a statement by its own time limit.
var timeoutErrors = []uint16{mysqlerr.StatementTimeout, mysqlerr.QueryTimeout}

// collationErrors occur when a text is compared with a column whose character set lacks its letters.
var collationErrors = []uint16{
	mysqlerr.CantAggregate2Collations, mysqlerr.CantAggregate3Collations, mysqlerr.CantAggregateNCollations,
	mysqlerr.ImpossibleStringConversion,
}

// isMissing reports whether the server misses a table or a column. A view is invalid if something that it reads is
// missing.
func isMissing(err error) bool {
	return mysqlerr.Is(err, mysqlerr.BadField, mysqlerr.NoSuchTable, mysqlerr.ViewInvalid)
}

// isQueryError reports whether the statement, or what it had to compute, was wrong: SQLSTATE 21, 22 and 23, and some
// other numbers. All other errors are about the server itself.
func isQueryError(err *mysql.MySQLError) bool {
	switch string(err.SQLState[:2]) {
	case "21", "22", "23":
		return true
	}

	switch err.Number {
	case
		// The statement.
		mysqlerr.Parse, mysqlerr.NonUniq, mysqlerr.NonUniqTable, mysqlerr.DupFieldName, mysqlerr.FieldSpecifiedTwice,
		mysqlerr.WrongFieldWithGroup, mysqlerr.WrongGroupField, mysqlerr.InvalidGroupFuncUse,
		mysqlerr.MixOfGroupFuncAndFields, mysqlerr.WrongNumberOfColumnsInSelect, mysqlerr.OperandColumns,
		mysqlerr.IllegalReference, mysqlerr.DerivedMustHaveAlias, mysqlerr.NotSupportedYet, mysqlerr.PSManyParam,
		mysqlerr.SPDoesNotExist, mysqlerr.SPWrongNoOfArgs, mysqlerr.WrongArguments,
		mysqlerr.WrongParamcountToNativeFct, mysqlerr.WrongParametersToNativeFct,
		// Values, and character sets that do not compare.
		mysqlerr.SubqueryNo1Row, mysqlerr.TruncatedWrongValueForField, mysqlerr.WrongValueForType,
		mysqlerr.DataOutOfRange, mysqlerr.RegexpBadInterval, mysqlerr.InvalidCharacterString,
		mysqlerr.CollationCharsetMismatch, mysqlerr.CantAggregate2Collations, mysqlerr.CantAggregate3Collations,
		mysqlerr.CantAggregateNCollations, mysqlerr.ImpossibleStringConversion:
		return true
	}

	return false
}
