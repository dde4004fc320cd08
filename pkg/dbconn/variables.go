package dbconn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// liftLimits are assignments that let the session read its own variables: these limits apply to SHOW too. The number of
// rows is the largest that all servers accept. MariaDB executes the comment with an M, MySQL the other one: each has
// its own time limit, and an error for that of the other.
var liftLimits = []string{
	"sql_select_limit = 9223372036854775807 /*!50708 , max_execution_time = 0 */ /*M!100101 , max_statement_time = 0 */",
	"max_join_size = 18446744073709551615",
	"sql_big_selects = 1",
}

// limitVariables are the variables that liftLimits sets. They are always set, so that later connections do not need
// liftLimits.
var limitVariables = []string{
	"sql_select_limit", "max_execution_time", "max_statement_time", "max_join_size", "sql_big_selects",
}

// resetClock undoes an init_connect that has set the clock of NOW(). It cannot be read back, as the clock goes on. In
// MySQL only administrators may set it, so there is nothing to undo.
const resetClock = "timestamp = DEFAULT"

// sessionVariable is a session variable that decides what a SELECT returns, or whether it may return anything.
type sessionVariable struct {
	name    string
	want    func(s sessionInfo, now string) string // returns the value to set instead of now
	results bool                                   // another value changes results; otherwise it only makes reads fail
	effect  string                                 // of another value
}

// sessionVariables lists everything that is set on each connection, in the order of the SET statement. No server has
// all of them. The values are the defaults of MySQL and MariaDB; limits are at least the defaults. The list was made by
// going through the session variables of MySQL 9.7 and MariaDB 10.11 and 11.
//
// These stay as the server has them, because they cannot change a result:
//
//   - what only chooses a plan: optimizer_*, join_*, eq_range_index_dive_limit, range_optimizer_max_mem_size,
//     sql_buffer_result, big_tables, use_stat_tables, in_predicate_conversion_threshold, max_rowid_filter_size,
//     query_cache_*, use_secondary_engine
//   - sizes of buffers and of tables in memory, which go to disk when they are full
//   - logging, profiling and tracking
//   - what is about writing and DDL: binlog_*, foreign_key_checks, sql_safe_updates, innodb_strict_mode,
//     default_storage_engine, sql_generate_invisible_primary_key
//   - information_schema_stats_expiry, which only affects estimates of row counts
//   - transaction_read_only, which is also set where a transaction begins
//   - wsrep_sync_wait and group_replication_consistency, which make reads newer, not older
//   - max_allowed_packet and max_user_connections, which a session cannot set; where the first cuts a value, the server
//     warns, and syncer fails
//   - character_set_collations (MariaDB 11), whose defaults depend on the version; a view's literals keep the collation
//     they were created with
var sessionVariables = []sessionVariable{
	// How much of a result arrives.
	{"sql_select_limit", atLeast("9223372036854775807"), true, "SELECT ends after so many rows, without an error"},
	// It resets sql_big_selects, so it comes before that.
	{"max_join_size", atLeast("18446744073709551615"), false, "larger joins are refused"},
	{"sql_big_selects", exactValue("ON"), false, "joins above max_join_size are refused"},
	// With characters of 4 bytes each, the product is still a 32-bit number.
	{"group_concat_max_len", atLeast("1073741823"), true, "GROUP_CONCAT is cut"},
	{"cte_max_recursion_depth", atLeast("1000"), false, "recursive queries end with an error"},
	{"max_recursive_iterations", atLeast("1000"), true, "recursive queries end early, with a warning"},
	{"max_sort_length", atLeast("1024"), true, "sorting, and LIMIT after it, sees only the beginnings of long values"},
	{"max_points_in_geometry", atLeast("65536"), false, "spatial functions refuse to make larger geometries"},
	{"max_error_count", atLeast("1024"), false, "warnings of a read are not kept"},
	{"show_gipk_in_create_table_and_information_schema", exactValue("ON"), true, "generated keys are not seen"},
	{"mhnsw_ef_search", exactValue("20"), true, "searches of vectors find other neighbors"},

	// Which moment is read, and what may end a transaction.
	{"autocommit", exactValue("ON"), true, "a pooled connection goes on seeing what there was at its first read"},
	{"completion_type", exactValue("NO_CHAIN"), false, "the server begins another transaction, or hangs up, after each"},
	{"transaction_isolation", exactValue("REPEATABLE-READ"), true, "reads of one transaction see different moments"},
	{"tx_isolation", exactValue("REPEATABLE-READ"), true, "reads of one transaction see different moments"},
	// MariaDB cannot set it back to DEFAULT in a session: if it is set globally, this is an error.
	{"system_versioning_asof", exactValue("DEFAULT"), true, "system-versioned tables show an older state"},
	{"wsrep_dirty_reads", exactValue("OFF"), true, "a node that was cut off answers with old data"},

	// How long a read may take.
	{"max_execution_time", executionLimit, false, "longer queries are ended"},
	{"max_statement_time", statementLimit, false, "longer queries are ended"},
	{"wait_timeout", atLeast("28800"), false, "the server hangs up on a connection that is idle for longer"},
	{"idle_transaction_timeout", exactValue("0"), false, "the server hangs up on an idle transaction"},
	{"idle_readonly_transaction_timeout", exactValue("0"), false, "the server hangs up on an idle transaction"},
	{"idle_write_transaction_timeout", exactValue("0"), false, "the server hangs up on an idle transaction"},
	{"net_read_timeout", atLeast("30"), false, "the server hangs up on a slow network"},
	{"net_write_timeout", atLeast("3600"), false, "the server hangs up if reading pauses, as for a slow disk"},
	{"lock_wait_timeout", atLeast("3600"), false, "a read during ALTER TABLE fails"},
	{"max_session_mem_used", atLeast("9223372036854775807"), false, "queries that need more memory are refused"},
	{"tmp_disk_table_size", atLeast("18446744073709551615"), false, "queries with larger temporary tables are refused"},

	// What expressions evaluate to.
	{"sql_mode", sqlMode, true, "operators, casts and dates mean something else"},
	{"old_mode", oldMode, true, "a TIME becomes another DATETIME"},
	{"old", exactValue("OFF"), true, "functions behave as in older versions"},
	{"sql_auto_is_null", exactValue("OFF"), true, "IS NULL finds the row inserted last"},
	{"div_precision_increment", exactValue("4"), true, "divisions have other digits"},
	{"windowing_use_high_precision", exactValue("ON"), true, "window functions have other digits"},
	{"default_week_format", exactValue("0"), true, "WEEK() begins on another day"},
	{"lc_time_names", exactValue("en_US"), true, "names of days and months are in another language"},
	{"block_encryption_mode", exactValue("aes-128-ecb"), true, "AES_DECRYPT returns NULL"},
	{"default_regex_flags", exactValue(""), true, "REGEXP matches other texts"},
	{"standard_compliant_cte", exactValue("ON"), true, "recursive queries return other rows"},
	{"default_collation_for_utf8mb4", exactValue("utf8mb4_0900_ai_ci"), true, "texts compare and sort differently"},
	{"character_set_client", exactValue("utf8mb4"), true, "texts arrive in another character set"},
	{"character_set_connection", exactValue("utf8mb4"), true, "texts compare differently"},
	{"character_set_results", exactValue("utf8mb4"), true, "texts arrive in another character set"},
	{"collation_connection", collationConnection, true, "texts compare and sort differently"},
	{"lc_messages", exactValue("en_US"), false, "errors and warnings are in another language"},
}

// exactValue replaces every other value.
func exactValue(value string) func(sessionInfo, string) string {
	return func(sessionInfo, string) string { return value }
}

// atLeast keeps a value that is as large or larger.
func atLeast(value string) func(sessionInfo, string) string {
	least, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		panic(err)
	}
	return func(_ sessionInfo, now string) string {
		if n, err := strconv.ParseUint(now, 10, 64); err == nil && n >= least {
			return now
		}
		return value
	}
}

// executionLimit is MySQL's time limit in milliseconds. Without it the server would go on working after the driver has
// given up, since the driver only closes the connection.
func executionLimit(s sessionInfo, _ string) string {
	if s.QueryTimeout <= 0 {
		return "0"
	}
	return strconv.FormatInt(max(s.QueryTimeout.Milliseconds(), 1), 10)
}

// statementLimit is MariaDB's time limit in seconds.
func statementLimit(s sessionInfo, _ string) string {
	if s.QueryTimeout <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.3f", max(s.QueryTimeout.Seconds(), 0.001))
}

// sessionInfo is the input from which the values to set are computed.
type sessionInfo struct {
	*Config
	found map[string]string // the variables that the server has
}

// mariadb reports whether the server has a variable that only MariaDB has.
func (s sessionInfo) mariadb() bool {
	_, ok := s.found["old_mode"]
	return ok
}

// sqlMode is the default mode of servers, as far as it affects SELECT. Views are parsed without the flags that change
// the syntax, but their expressions are evaluated under the session's mode. ONLY_FULL_GROUP_BY stays as it is: it
// refuses views and changes no result.
func sqlMode(s sessionInfo, now string) string {
	mode := "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
	if !s.mariadb() {
		mode += "," + zeroDateFlags
	}
	if slices.Contains(strings.Split(strings.ToUpper(now), ","), "ONLY_FULL_GROUP_BY") {
		mode += ",ONLY_FULL_GROUP_BY"
	}
	return mode
}

// collationConnection is the collation that belongs to default_collation_for_utf8mb4, which SET NAMES may have seen
// with another value.
func collationConnection(s sessionInfo, now string) string {
	if _, ok := s.found["default_collation_for_utf8mb4"]; ok {
		return "utf8mb4_0900_ai_ci"
	}
	return now
}

// zeroDateFlags are on in MySQL and off in MariaDB.
const zeroDateFlags = "NO_ZERO_IN_DATE,NO_ZERO_DATE"

// oldMode is MariaDB's old_mode without the one flag that changes values.
func oldMode(_ sessionInfo, now string) string {
	flags := slices.DeleteFunc(strings.Split(now, ","), func(flag string) bool {
		return strings.EqualFold(flag, "ZERO_DATE_TIME_CAST")
	})
	return strings.Join(flags, ",")
}
