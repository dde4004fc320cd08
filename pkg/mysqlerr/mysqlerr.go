// Package mysqlerr names the error numbers of MySQL and MariaDB that carstock acts upon, and finds them in Go's errors.
// It does not say what an error means for a connection, a run or a request: its callers do.
package mysqlerr

import (
	"errors"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// Error numbers under the servers' own names, without ER_ and _ERROR. MySQL and MariaDB share those below 1900.
// Source: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
const (
	CheckRead                      = 1020 // the row has changed since it was read
	OutOfSortMemory                = 1038
	ConnectionCount                = 1040
	OutOfResources                 = 1041
	BadHost                        = 1042
	Handshake                      = 1043
	DBAccessDenied                 = 1044
	AccessDenied                   = 1045
	UnknownCommand                 = 1047 // also a node of Galera that is not ready, or rejects queries
	BadDB                          = 1049
	NonUniq                        = 1052
	ServerShutdown                 = 1053
	BadField                       = 1054
	WrongFieldWithGroup            = 1055
	WrongGroupField                = 1056
	DupFieldName                   = 1060
	Parse                          = 1064
	NonUniqTable                   = 1066
	NormalShutdown                 = 1077
	ShutdownComplete               = 1079
	TooBigSelect                   = 1104
	FieldSpecifiedTwice            = 1110
	InvalidGroupFuncUse            = 1111
	RecordFileFull                 = 1114
	HostNotPrivileged              = 1130
	CantCreateThread               = 1135
	MixOfGroupFuncAndFields        = 1140
	TableAccessDenied              = 1142
	ColumnAccessDenied             = 1143
	NoSuchTable                    = 1146
	AbortingConnection             = 1152
	NetRead                        = 1158
	NetReadInterrupted             = 1159
	NetErrorOnWrite                = 1160
	NetWriteInterrupted            = 1161
	NewAbortingConnection          = 1184 // the server ends a connection while it is set up
	TooManyUserConnections         = 1203
	LockWaitTimeout                = 1205
	LockTableFull                  = 1206
	WrongArguments                 = 1210
	LockDeadlock                   = 1213
	WrongNumberOfColumnsInSelect   = 1222
	UserLimitReached               = 1226
	NotSupportedYet                = 1235
	OperandColumns                 = 1241
	SubqueryNo1Row                 = 1242
	IllegalReference               = 1247
	DerivedMustHaveAlias           = 1248
	NotSupportedAuthMode           = 1251
	CollationCharsetMismatch       = 1253
	CutValueGroupConcat            = 1260
	CantAggregate2Collations       = 1267
	CantAggregate3Collations       = 1270
	CantAggregateNCollations       = 1271
	OptionPreventsStatement        = 1290 // such as read_only, during a failover
	UnknownTimeZone                = 1298
	InvalidCharacterString         = 1300
	WarnAllowedPacketOverflowed    = 1301
	SPDoesNotExist                 = 1305
	SPWrongNoOfArgs                = 1318
	ViewInvalid                    = 1356
	TruncatedWrongValueForField    = 1366
	ProcAccessDenied               = 1370
	PSManyParam                    = 1390
	WrongValueForType              = 1411
	TableDefChanged                = 1412 // the table was altered since the transaction began
	NoSuchUser                     = 1449
	MaxPreparedStmtCountReached    = 1461
	WrongValue                     = 1525
	WrongParamcountToNativeFct     = 1582
	WrongParametersToNativeFct     = 1583
	NeedReprepare                  = 1615 // the table was altered between prepare and execute
	DataOutOfRange                 = 1690
	AccessDeniedNoPassword         = 1698
	CantExecuteInReadOnlyTx        = 1792
	ReadOnlyMode                   = 1836
	ConnectionKilled               = 1927 // MariaDB
	QueryExceededRowsExaminedLimit = 1931 // MariaDB
	StatementTimeout               = 1969 // MariaDB's max_statement_time
	QueryTimeout                   = 3024 // MySQL's max_execution_time
	ServerOfflineMode              = 3032
	AccountHasBeenLocked           = 3118
	SecureTransportRequired        = 3159
	ServerIsntAvailable            = 3168
	SessionWasKilled               = 3169
	CTEMaxRecursionDepth           = 3636
	RegexpBadInterval              = 3692
	GroupConsistencyNotAllowed     = 3796 // this one and the next two: Group Replication is being reconfigured
	GroupConsistencyBefore         = 3797
	GroupConsistencyAfter          = 3798
	ImpossibleStringConversion     = 3988 // of a text to a character set that lacks its letters
	ClientInteractionTimeout       = 4031
	AccountLockedMariaDB           = 4151 // AccountHasBeenLocked of MariaDB; MySQL 9 uses the number for a bulk load
)

// Error numbers that are not a server's own.
const (
	ClientConnection     = 2002 // this one to ClientServerLostExtended: a proxy has lost its server
	ClientConnHost       = 2003
	ClientServerGone     = 2006
	ClientServerLost     = 2013
	ClientServerLostExt  = 2055
	TiDBTxnRetryable     = 8022 // TiDB: send the transaction again
	TiDBSchemaChanged    = 8028
	FirstProxyOrTiDBBusy = 9001 // ProxySQL has no server or has lost it; TiDB's stores are busy; Azure's gateway (9002)
	LastProxyOrTiDBBusy  = 9020
)

// Number returns the number of the server's error that err is or wraps, and 0 for any other error.
func Number(err error) uint16 {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return server.Number
	}
	return 0
}

// Is reports whether err is or wraps a server's error with one of the numbers.
func Is(err error, numbers ...uint16) bool {
	n := Number(err)
	return n != 0 && slices.Contains(numbers, n)
}
