package dbconn

import (
	"testing"
	"time"
)

func TestSameValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"1", "ON", true},
		{"off", "0", true},
		{"5", "5.000", true},
		{"A,B", "b,a", true},
		{"", "", true},
		{"1", "2", false},
		{"ON", "OFF", false},
		{"A,B", "A", false},
		{"utf8mb4", "latin1", false},
	} {
		if got := sameValue(test.a, test.b); got != test.want {
			t.Errorf("%q, %q: %t", test.a, test.b, got)
		}
	}
}

func TestSQLLiteral(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"5": "5", "0.001": "0.001", "": "''", "UTC": "'UTC'", "+02:00": "'+02:00'", "it's": "'it''s'", "5x": "'5x'",
	} {
		if got := sqlLiteral(value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestWantedValues(t *testing.T) {
	t.Parallel()
	mysql := sessionInfo{&Config{QueryTimeout: 1500 * time.Millisecond}, map[string]string{"sql_mode": ""}}
	mariadb := sessionInfo{&Config{}, map[string]string{"old_mode": "", "default_collation_for_utf8mb4": ""}}
	for _, test := range []struct {
		name      string
		got, want string
	}{
		{"a limit that is lower", atLeast("1024")(mysql, "8"), "1024"},
		{"a limit that is higher", atLeast("1024")(mysql, "4096"), "4096"},
		{"a limit that is not a number", atLeast("1024")(mysql, "DEFAULT"), "1024"},
		{"MySQL's time limit", executionLimit(mysql, ""), "1500"},
		{"MariaDB's time limit", statementLimit(mysql, ""), "1.500"},
		{"no time limit", executionLimit(mariadb, "") + statementLimit(mariadb, ""), "00"},
		{
			"MySQL's mode", sqlMode(mysql, "ANSI"),
			"STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_ZERO_IN_DATE,NO_ZERO_DATE",
		},
		{
			"MariaDB's mode", sqlMode(mariadb, "ansi,only_full_group_by"),
			"STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY",
		},
		{"old_mode", oldMode(mariadb, "A,zero_date_time_cast,B"), "A,B"},
		{"a server's own collation", collationConnection(mysql, "utf8mb4_general_ci"), "utf8mb4_general_ci"},
		{"the default collation", collationConnection(mariadb, "utf8mb4_general_ci"), "utf8mb4_0900_ai_ci"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestSessionZone(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"": "+00:00", "UTC": "+00:00", "utc": "+00:00", "server": "", "Server": "", "Europe/Berlin": "Europe/Berlin",
	} {
		if got := (&Config{Timezone: setting}).sessionZone(); got != want {
			t.Errorf("%q: %q, want %q", setting, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{Driver: MySQL, Host: "db", Port: 3306, Name: "stock", User: "u", Password: "p"}, "db:3306/stock"},
		{Config{Driver: MySQL, Host: "::1", Port: 3307, Name: "stock"}, "[::1]:3307/stock"},
		{Config{Driver: MySQL, Host: "db", Port: 3306, Socket: "/run/s", Name: "stock"}, "/run/s/stock"},
		{Config{Driver: SQLite, Path: "cars.db"}, "cars.db"},
	} {
		if got := test.c.Address(); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

func TestSSLModeDefault(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"localhost": "disabled", "127.0.0.1": "disabled", "::1": "disabled", "127.9.9.9": "disabled",
		"db.example.com": "verify_identity", "10.0.0.5": "verify_identity", "localhost.example.com": "verify_identity",
	} {
		if got := (&Config{Host: host}).sslMode(); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}

	if got := (&Config{Host: "db.example.com", Socket: "/s"}).sslMode(); got != "disabled" {
		t.Errorf("socket: %s", got)
	}
}
