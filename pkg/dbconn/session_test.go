package dbconn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// foreignSettings are values that administrators may set globally. Each server has only some of the variables.
var foreignSettings = map[string]string{
	"sql_select_limit":                                 "2",
	"max_join_size":                                    "1000",
	"group_concat_max_len":                             "8",
	"cte_max_recursion_depth":                          "3",
	"max_recursive_iterations":                         "3",
	"max_sort_length":                                  "8",
	"show_gipk_in_create_table_and_information_schema": "0",
	"autocommit":                                       "0",
	"completion_type":                                  "2",
	"transaction_isolation":                            "'READ-UNCOMMITTED'",
	"tx_isolation":                                     "'SERIALIZABLE'",

	"max_execution_time":                "1000",
	"max_statement_time":                "1",
	"wait_timeout":                      "1",
	"idle_transaction_timeout":          "1",
	"idle_readonly_transaction_timeout": "1",
	"net_read_timeout":                  "1",
	"net_write_timeout":                 "1",
	"lock_wait_timeout":                 "1",
	"tmp_disk_table_size":               "65536",

	"sql_mode": "'ANSI,NO_UNSIGNED_SUBTRACTION,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE'",
	"old_mode": "'ZERO_DATE_TIME_CAST'",

	"sql_auto_is_null":              "1",
	"div_precision_increment":       "0",
	"windowing_use_high_precision":  "0",
	"default_week_format":           "3",
	"lc_time_names":                 "'de_DE'",
	"block_encryption_mode":         "'aes-256-cbc'",
	"default_regex_flags":           "'DOTALL'",
	"standard_compliant_cte":        "0",
	"time_zone":                     "'+09:00'",
	"default_collation_for_utf8mb4": "'utf8mb4_general_ci'",
	"character_set_client":          "'latin1'",
	"character_set_results":         "'latin1'",
	"collation_connection":          "'latin1_german1_ci'",
	"lc_messages":                   "'de_DE'",
}

// sessionVariables reads the variables of a session.
func sessionVariables(t *testing.T, db sqlx.Queryer) map[string]string {
	t.Helper()
	rows, err := db.Query("SHOW SESSION VARIABLES")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()

	all := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		all[name] = value
	}

	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// setGlobals sets the settings that the server has and its administrator may change. It returns their names.
func setGlobals(t *testing.T, db *sqlx.DB, settings map[string]string) (names []string) {
	t.Helper()
	for name, value := range settings {
		if _, err := db.Exec("SET GLOBAL " + name + " = " + value); err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestSessionIsTheSameWhateverTheServerSets(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	c := newUserOn(t, server, "")
	admin := dbtest.Open(t, server.Admin)
	before := sessionVariables(t, dbtest.Open(t, c))

	names := setGlobals(t, admin, foreignSettings)
	if len(names) < 25 {
		t.Fatalf("only %d of the settings could be made: %v", len(names), names)
	}

	// Set variables that have no global value, or whose global value sessions ignore, through init_connect.
	_, err := admin.Exec("SET GLOBAL init_connect = 'SET sql_auto_is_null = 1, sql_select_limit = 3, autocommit = 0'")
	if err != nil {
		t.Fatal(err)
	}

	// These may differ from before, but suffice.
	before["lock_wait_timeout"] = "3600"
	if _, ok := before["old_mode"]; ok {
		before["old_mode"] = ""
	}

	var warnings []string
	c.Warn = func(text string) { warnings = append(warnings, text) }
	db := dbtest.Open(t, c)
	db.SetMaxIdleConns(0)
	for range 3 { // the first connection finds out what to set, and the others use that
		after := sessionVariables(t, db)
		for _, name := range append(names, "sql_auto_is_null", "autocommit", "character_set_connection", "sql_big_selects") {
			if before[name] != after[name] {
				t.Errorf("%s is %q, and was %q", name, after[name], before[name])
			}
		}
	}

	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
}

// An administrator may change the server while a pool is in use.
func TestSessionAfterAChangeOfTheServer(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	c := newUserOn(t, server, "")
	db := dbtest.Open(t, c)
	db.SetMaxIdleConns(0)
	before := sessionVariables(t, db)
	setGlobals(t, dbtest.Open(t, server.Admin), map[string]string{"lc_time_names": "'de_DE'", "sql_select_limit": "1"})
	after := sessionVariables(t, db)
	if before["lc_time_names"] != after["lc_time_names"] || before["sql_select_limit"] != after["sql_select_limit"] {
		t.Errorf("the session has %q, %q", after["lc_time_names"], after["sql_select_limit"])
	}
}

func TestSessionOutlivesTheServersIdleLimit(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	c := newUserOn(t, server, "")
	setGlobals(t, dbtest.Open(t, server.Admin), map[string]string{
		"wait_timeout": "1", "interactive_timeout": "1", "idle_transaction_timeout": "1",
	})

	tx, err := dbtest.Open(t, c).Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()

	var n int
	if err := tx.Get(&n, "SELECT 1"); err != nil {
		t.Fatal(err)
	}

	time.Sleep(2500 * time.Millisecond)
	if err := tx.Get(&n, "SELECT 1"); err != nil {
		t.Errorf("after a pause: %v", err)
	}
}

func TestQueryTimeoutOfTheSession(t *testing.T) {
	t.Parallel()
	c := newUser(t, "")
	c.QueryTimeout = 1500 * time.Millisecond
	got := sessionVariables(t, dbtest.Open(t, c))
	if limit := got["max_execution_time"] + got["max_statement_time"]; limit != "1500" && limit != "1.500000" {
		t.Errorf("the limit is %q", limit)
	}
}

func TestTimezone(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t, "--default-time-zone=+09:00")
	c := newUserOn(t, server, "")
	for setting, want := range map[string]string{
		"": "+00:00", "utc": "+00:00", "UTC": "+00:00", "server": "+09:00", "-03:30": "-03:30",
	} {
		c.Timezone = setting
		if got := sessionVariables(t, dbtest.Open(t, c))["time_zone"]; got != want {
			t.Errorf("DB_TIMEZONE=%s: %s, want %s", setting, got, want)
		}
	}

	c.Timezone = "Europe/Nowhere"
	if _, err := dbconn.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "DB_TIMEZONE") {
		t.Errorf("a zone that the server does not know: %v", err)
	}

	c.Timezone = "nine o'clock"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "DB_TIMEZONE") {
		t.Errorf("no zone at all: %v", err)
	}
}

// A proxy may refuse a statement that a server would accept.
func TestSessionThatCannotBeSet(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	c := newUserOn(t, server, "")
	admin := dbtest.Open(t, server.Admin)
	for name, test := range map[string]struct{ variable, value, want string }{
		"changes results": {"div_precision_increment", "9", "which"},
		"changes nothing": {"wait_timeout", "777", ""},
	} {
		t.Run(name, func(t *testing.T) {
			setGlobals(t, admin, map[string]string{test.variable: test.value})
			through := c
			through.Port = refusingProxy(t, c, test.variable+" = ")
			var warnings []string
			through.Warn = func(text string) { warnings = append(warnings, text) }

			db, err := dbconn.Open(t.Context(), through)
			if err == nil {
				_ = db.Close()
			}

			if test.want == "" {
				if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], test.variable+"="+test.value) {
					t.Errorf("%v, warnings %q", err, warnings)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.variable+"="+test.value) {
				t.Errorf("no error that names %s: %v", test.variable, err)
			}

			setGlobals(t, admin, map[string]string{test.variable: "DEFAULT"})
		})
	}
}

// refusingProxy makes the server reachable at another port. It replaces each SET statement that contains a text by one
// that the server refuses.
func refusingProxy(t *testing.T, to dbconn.Config, text string) uint16 {
	return relayPackets(t, to, func(packet []byte) []byte {
		if i := strings.Index(string(packet), text); i > 0 && strings.Contains(string(packet[:i]), "SET ") {
			return append(packet[:5:5], []byte(fmt.Sprintf("%-*s", len(packet)-5, "SET nothing=1"))...)
		}
		return packet
	})
}
