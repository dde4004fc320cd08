package dbconn

// Error numbers of MySQL and MariaDB, which share them unless a comment says otherwise.
const (
	errConnectionCount      = 1040
	errDatabaseDenied       = 1044
	errAccessDenied         = 1045
	errUnknownDatabase      = 1049
	errServerShutdown       = 1053
	errHostNotPrivileged    = 1130
	errNewAborting          = 1184 // the server ends a connection while it is set up
	errTooManyUserConns     = 1203
	errUserLimitReached     = 1226
	errUnknownTimeZone      = 1298
	errAccessDeniedNoPass   = 1698
	errAccountLocked        = 3118 // MySQL
	errSecureTransport      = 3159
	errAccountLockedMariaDB = 4151
	firstProxyError         = 9001
	lastProxyError          = 9020
)
