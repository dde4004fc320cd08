package store

import (
	"slices"

	"github.com/go-sql-driver/mysql"
)

// Error numbers of MySQL and MariaDB, with the servers' own names.
const (
	erDBAccessDenied          = 1044
	erAccessDenied            = 1045
	erBadDB                   = 1049
	erNonUniq                 = 1052
	erBadField                = 1054
	erWrongFieldWithGroup     = 1055
	erWrongGroupField         = 1056
	erDupFieldName            = 1060
	erParse                   = 1064
	erNonUniqTable            = 1066
	erFieldSpecifiedTwice     = 1110
	erInvalidGroupFuncUse     = 1111
	erHostNotPrivileged       = 1130
	erMixOfGroupFuncAndFields = 1140
	erTableAccessDenied       = 1142
	erColumnAccessDenied      = 1143
	erNoSuchTable             = 1146
	erWrongArguments          = 1210
	erWrongNumberOfColumns    = 1222
	erNotSupportedYet         = 1235
	erOperandColumns          = 1241
	erSubqueryNo1Row          = 1242
	erIllegalReference        = 1247
	erDerivedMustHaveAlias    = 1248
	erNotSupportedAuthMode    = 1251
	erCollationCharsetMix     = 1253
	erCantAggregate2          = 1267 // collations
	erCantAggregate3          = 1270
	erCantAggregateN          = 1271
	erInvalidCharacterString  = 1300
	erSPDoesNotExist          = 1305
	erSPWrongNoOfArgs         = 1318
	erViewInvalid             = 1356
	erTruncatedWrongValue     = 1366
	erPSManyParam             = 1390
	erWrongValueForType       = 1411
	erTableDefChanged         = 1412
	erMaxPreparedStmtCount    = 1461
	erWrongParamCount         = 1582
	erWrongParameters         = 1583
	erDataOutOfRange          = 1690
	erAccessDeniedNoPassword  = 1698
	erStatementTimeout        = 1969 // MariaDB's max_statement_time
	erQueryTimeout            = 3024 // MySQL's max_execution_time
	erAccountHasBeenLocked    = 3118 // MySQL
	erSecureTransportRequired = 3159
	erRegexpBadInterval       = 3692
	erImpossibleConversion    = 3988 // of a text to a character set that lacks its letters
	erAccountLocked           = 4151 // MariaDB
)

// accessErrors are the errors of a server that denies access to itself or to this table.
var accessErrors = []uint16{
	erDBAccessDenied, erAccessDenied, erBadDB, erHostNotPrivileged, erTableAccessDenied, erColumnAccessDenied,
	erNotSupportedAuthMode, erAccessDeniedNoPassword, erAccountHasBeenLocked, erSecureTransportRequired, erAccountLocked,
}

// timeoutErrors are the errors of a server that stopped a statement by its own time limit.
var timeoutErrors = []uint16{erStatementTimeout, erQueryTimeout}

// collationErrors occur when a text is compared with a column whose character set lacks its letters.
var collationErrors = []uint16{erCantAggregate2, erCantAggregate3, erCantAggregateN, erImpossibleConversion}

// isMissing reports whether the server misses a table or a column. A view is invalid if something that it reads is
// missing.
func isMissing(err *mysql.MySQLError) bool {
	return slices.Contains([]uint16{erBadField, erNoSuchTable, erViewInvalid}, err.Number)
}

// isQueryError reports whether the statement, or what it had to compute, was wrong: SQLSTATE 21, 22 and 23, and some
// other numbers. All other errors are about the server itself.
func isQueryError(err *mysql.MySQLError) bool {
	switch string(err.SQLState[:2]) {
	case "21", "22", "23":
		return true
	}

	switch err.Number {
	case erNonUniq, erWrongFieldWithGroup, erWrongGroupField, erDupFieldName, erParse, erNonUniqTable,
		erFieldSpecifiedTwice, erInvalidGroupFuncUse, erMixOfGroupFuncAndFields, erWrongArguments, erWrongNumberOfColumns,
		erNotSupportedYet, erOperandColumns, erSubqueryNo1Row, erIllegalReference, erDerivedMustHaveAlias,
		erCollationCharsetMix, erCantAggregate2, erCantAggregate3, erCantAggregateN, erInvalidCharacterString,
		erSPDoesNotExist, erSPWrongNoOfArgs, erTruncatedWrongValue, erPSManyParam, erWrongValueForType, erWrongParamCount,
		erWrongParameters, erDataOutOfRange,
		erRegexpBadInterval, erImpossibleConversion:
		return true
	}

	return false
}
