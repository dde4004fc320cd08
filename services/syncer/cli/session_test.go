package cli_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/pkg/schema"
)

// An ordinary user, because init_connect does not apply to administrators, and a user may lack the right to change a
// time limit.
func ordinarySyncer(t *testing.T, server *dbtest.Server, views string, statements ...string) *syncer {
	t.Helper()
	s := newSourceOn(t, server, views, statements...)
	user := s.newUser(t, "right")
	dbtest.MustExec(t, s.mysql, fmt.Sprintf("GRANT SELECT, SHOW VIEW, EXECUTE ON %s.* TO %s", s.env["DB_NAME"], user))
	s.set("DB_PASSWORD", "right")
	return s
}

func TestRowLimitOfTheServer(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := ordinarySyncer(t, server, "v(id)", "CREATE TABLE r (id INT PRIMARY KEY, a INT, b INT)",
		"INSERT INTO r VALUES "+insertValues(1, 1500, "(%[1]d, %[1]d, 1)"), "CREATE VIEW v AS SELECT * FROM r")
	s.mustSync(t)
	before := readContent(t, s.path)
	for _, limit := range []string{"1000", "2", "1", "0"} {
		dbtest.MustExec(t, s.mysql, "SET GLOBAL init_connect = 'SET SESSION sql_select_limit = "+limit+"'")
		requireText(t, tableCounts(t, s.report(t, 0)), "1500: +0 ~0 -0 =1500")
		dbtest.MustExec(t, s.mysql, "SET GLOBAL init_connect = ''", "SET GLOBAL sql_select_limit = "+limit)
		requireText(t, tableCounts(t, s.report(t, 0)), "1500: +0 ~0 -0 =1500")
		dbtest.MustExec(t, s.mysql, "SET GLOBAL sql_select_limit = DEFAULT")
	}

	requireRows(t, readContent(t, s.path), before)
}

// init_connect may stop the clock that views see. On MySQL only administrators may do so, and init_connect does not
// apply to them.
func TestStoppedClock(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := ordinarySyncer(t, server, "v(id)", "CREATE TABLE r (id INT PRIMARY KEY)", "INSERT INTO r VALUES (1)",
		"CREATE VIEW v AS SELECT id, YEAR(NOW()) > 2001 AS now FROM r")
	if version := queryRows(t, s.mysql, "SELECT VERSION() AS v"); strings.Contains(version[0], "MariaDB") {
		dbtest.MustExec(t, s.mysql, "SET GLOBAL init_connect = 'SET timestamp = 1000000000'")
	}
	s.mustSync(t)
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT now FROM v"), []string{`now="1"|`})
}

func TestTimeAndJoinLimitsOfTheServer(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := ordinarySyncer(t, server, "slow; pairs", "CREATE TABLE r (id INT PRIMARY KEY)",
		"INSERT INTO r VALUES "+insertValues(1, 300, "(%d)"),
		"CREATE VIEW slow AS SELECT id, SLEEP(0.01) AS s FROM r WHERE id <= 150",
		"CREATE VIEW pairs AS SELECT a.id AS a, b.id AS b FROM r a JOIN r b ON b.id + 0 <= a.id + 0")
	for _, q := range []string{
		"max_statement_time = 1", "max_execution_time = 500", "max_join_size = 1000", "sql_big_selects = 0",
		"wait_timeout = 1", "net_write_timeout = 1",
	} {
		_, _ = s.mysql.Exec("SET GLOBAL " + q) // each server has some of these variables
	}

	r := s.report(t, 0)
	if r.Tables[0].Rows != 150 || r.Tables[1].Rows != 300*301/2 {
		t.Errorf("%+v", r.Tables)
	}
}

func TestGroupConcatIsWhole(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(k)", "CREATE TABLE w (k INT, w VARCHAR(100))",
		"INSERT INTO w VALUES "+insertValues(1, 51, "(1, REPEAT('x', 99 + 0 * %d))"),
		"CREATE VIEW v AS SELECT k, GROUP_CONCAT(w) AS words FROM w GROUP BY k")
	s.mustSync(t)
	got := queryRows(t, openFile(t, s.path), "SELECT length(words) FROM v")
	requireRows(t, got, []string{fmt.Sprintf("length(words)=%q|", fmt.Sprint(51*100-1))})
}

// A result that max_allowed_packet has truncated is refused, because no session setting can prevent it.
func TestCutByThePacketLimit(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t, "--max-allowed-packet=16K")
	s := newSourceOn(t, server, "v(k)", "CREATE TABLE w (k INT, w VARCHAR(1000))",
		"INSERT INTO w VALUES "+insertValues(1, 10, "(1, REPEAT('x', 990 + %d))"))
	dbtest.MustExec(t, s.mysql,
		"CREATE VIEW v AS SELECT k, CONCAT(REPEAT(w, 10), REPEAT(w, 9)) AS words FROM w WHERE w = "+
			"REPEAT('x', 991)")
	s.requireFailure(t, 1, "read v", "max_allowed_packet", "1301")
}

func TestServerWarningsAreInTheReport(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(id); clean(id)", "CREATE TABLE r (id INT PRIMARY KEY, n VARCHAR(10))",
		"INSERT INTO r VALUES (1, '7x'), (2, '8'), (3, 'y')",
		"CREATE VIEW v AS SELECT id, CAST(n AS SIGNED) AS n FROM r", "CREATE VIEW clean AS SELECT id FROM r")
	r := s.report(t, 0)
	if len(r.Tables[0].Warnings) != 1 || !strings.Contains(r.Tables[0].Warnings[0], "'7x' (1292, 2 times)") ||
		len(r.Tables[1].Warnings) != 0 {
		t.Errorf("warnings %q, %q", r.Tables[0].Warnings, r.Tables[1].Warnings)
	}

	kept := queryRows(t, openFile(t, s.path), "SELECT warnings FROM _sync_tables WHERE table_name = 'v'")
	if !strings.Contains(kept[0], "1292") {
		t.Errorf("the history has %s", kept)
	}
}

// A server keeps only some warnings. The others may include a truncated value.
func TestMoreWarningsThanTheServerKeeps(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(id)", "CREATE TABLE r (id INT PRIMARY KEY)",
		"INSERT INTO r VALUES "+insertValues(1, 1500, "(%d)"),
		"CREATE VIEW v AS SELECT id, CAST(CONCAT(id, 'x') AS SIGNED) AS n FROM r")
	if w := strings.Join(s.report(t, 0).Tables[0].Warnings, "; "); !strings.Contains(w,
		"the server counted 1,500 warnings and kept 1,024 of them, so one that says that a value was cut may be missing") {
		t.Errorf("warnings: %s", w)
	}
}

// Views that compare with a zero date can be read, although MySQL's default sql_mode refuses that.
func TestViewThatComparesWithAZeroDate(t *testing.T) {
	t.Parallel()
	c := dbtest.Database(t)
	s := newSyncer(t, c, "open(id)")
	conn, err := s.mysql.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	for _, q := range []string{
		"SET sql_mode = ''", "CREATE TABLE r (id INT PRIMARY KEY, closed DATE NOT NULL)",
		"INSERT INTO r VALUES (1, '0000-00-00'), (2, '2026-01-01')",
		"CREATE VIEW open AS SELECT id FROM r WHERE closed = '0000-00-00'",
	} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}

	_ = conn.Close()
	requireText(t, tableCounts(t, s.report(t, 0)), "1: +1 ~0 -0 =0")
}

// foldZone is a zone whose last hour of summer time occurs twice in 2024, for servers without time zone tables.
const foldZone = "Test/Fold"

func loadFoldZone(t *testing.T, s *syncer) {
	t.Helper()
	conn, err := s.mysql.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	for _, q := range []string{
		"INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')", "SET @zone = LAST_INSERT_ID()",
		"INSERT INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('" + foldZone + "', @zone)",
		"INSERT INTO mysql.time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST, Abbreviation) " +
			"VALUES (@zone, 0, 3600, 0, 'CET'), (@zone, 1, 7200, 1, 'CEST')",
		"INSERT INTO mysql.time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) VALUES (@zone, 0, 0), " +
			"(@zone, 1711846800, 1), (@zone, 1729990800, 0)",
	} {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func TestTimezoneOfViewsAndTimestamps(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t, "--default-time-zone=+09:00", "--sql-mode=")
	s := newSourceOn(t, server, "o(id); v(id); perday(day)",
		"SET time_zone = '+00:00'",
		"CREATE TABLE o (id INT PRIMARY KEY, ts TIMESTAMP(3) NULL, t0 TIMESTAMP NULL, d DATETIME)")
	loadFoldZone(t, s)
	tx := s.mysql.MustBegin() // on one connection
	for _, q := range []string{"SET time_zone = '+00:00'", "SET sql_mode = ''", `INSERT INTO o VALUES
		(1, '2024-10-27 00:30:00.123', '2024-10-27 00:30:00', '2024-10-27 00:30:00'),
		(2, '2024-10-27 01:30:00.500', '2024-10-27 01:30:00', NULL),
		(3, NULL, NULL, NULL),
		(4, '0000-00-00', '0000-00-00', '0000-00-00'),
		(5, '1970-01-01 00:00:01', '1970-01-01 00:00:01', NULL),
		(6, '2038-01-19 03:14:07.999', '2038-01-19 03:14:07', NULL),
		(7, '2024-07-01 23:30:00', '2024-07-01 23:30:00', NULL)`} {
		if _, err := tx.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}

	dbtest.MustExec(t, s.mysql,
		"CREATE VIEW v AS SELECT id, COALESCE(ts, t0) AS c, MAX(ts) AS m, IF(id > 0, t0, NULL) AS i FROM "+
			"o GROUP BY id",
		"CREATE VIEW perday AS SELECT DATE(t0) AS day, COUNT(*) AS n FROM o WHERE id IN (1, 2, 7) GROUP BY day")

	s.mustSync(t)
	file := openFile(t, s.path)
	utc := append(queryRows(t, file, "SELECT id, ts, t0, d FROM o ORDER BY id"),
		queryRows(t, file, "SELECT id, c, m, i FROM v ORDER BY id")...)
	requireRows(t, utc[:3], []string{
		`id="1"|ts="2024-10-27 00:30:00.123"|t0="2024-10-27 00:30:00"|d="2024-10-27 00:30:00"|`,
		`id="2"|ts="2024-10-27 01:30:00.500"|t0="2024-10-27 01:30:00"|d=NULL|`, `id="3"|ts=NULL|t0=NULL|d=NULL|`,
	})

	for zone, days := range map[string][]string{
		"UTC":    {`day="2024-07-01"|n="1"|`, `day="2024-10-27"|n="2"|`},
		"server": {`day="2024-07-02"|n="1"|`, `day="2024-10-27"|n="2"|`},
		foldZone: {`day="2024-07-02"|n="1"|`, `day="2024-10-27"|n="2"|`},
		"-02:00": {`day="2024-07-01"|n="1"|`, `day="2024-10-26"|n="2"|`},
	} {
		s.set("DB_TIMEZONE", zone)
		out := s.mustSync(t)
		got := append(queryRows(t, file, "SELECT id, ts, t0, d FROM o ORDER BY id"),
			queryRows(t, file, "SELECT id, c, m, i FROM v ORDER BY id")...)
		if lost := "m: 2 values are in the hour that occurs twice"; zone == foldZone && got[8] != utc[8] {
			// MySQL evaluates expressions in local time.
			if !strings.Contains(out, lost) {
				t.Errorf("%q is not in %s", lost, out)
			}
			got[8] = utc[8]
		} else if strings.Contains(out, "occurs twice") {
			t.Errorf("nothing was lost: %s", out)
		}

		requireRows(t, got, utc)
		requireRows(t, queryRows(t, file, "SELECT day, n FROM perday ORDER BY day"), days)
	}

	requireZoneWarnings(t, s)
}

// requireZoneWarnings checks that check warns where time zones matter, and not for a plain list of columns.
func requireZoneWarnings(t *testing.T, s *syncer) {
	t.Helper()
	s.set("DB_TIMEZONE", "UTC")
	dbtest.MustExec(t, s.mysql, "CREATE VIEW plain AS SELECT id, ts FROM o", "CREATE TABLE untimed (id INT PRIMARY KEY)",
		"CREATE VIEW selected AS SELECT id + 1 AS id FROM untimed WHERE id > 5")
	s.set("SYNC_VIEWS", "plain(id); o(id); selected(id)")
	const depends = "may depend on the time zone, which is +00:00 here and +09:00 for others"
	if _, out := s.output(t, "check"); strings.Contains(out, depends) {
		t.Errorf("check says %s", out)
	}

	for name, query := range map[string]string{
		"per_day": "SELECT day FROM perday",
		"begins":  "SELECT LEFT(ts, 10) AS day FROM o",
		"mixed":   "SELECT COALESCE(d, ts) AS x FROM o",
		"joined":  "SELECT a.id FROM o a JOIN o b ON a.ts = b.d",
		"united":  "SELECT ts FROM o UNION SELECT d FROM o",
		"clock":   "SELECT id, NOW() AS now FROM untimed",
		"calls":   "SELECT id, f() AS f FROM untimed",
	} {
		if name == "calls" {
			dbtest.MustExec(t, s.mysql, "CREATE FUNCTION f() RETURNS DATE NO SQL RETURN CURRENT_DATE()")
		}

		dbtest.MustExec(t, s.mysql, "CREATE VIEW "+name+" AS "+query)
		s.set("SYNC_VIEWS", name)
		if _, out := s.output(t, "check"); strings.Count(out, depends) != 1 {
			t.Errorf("%s: check says %s", name, out)
		}
	}

	// Objects that this user cannot see may matter too.
	limited := *s
	limited.env = maps.Clone(s.env)
	limitedSyncer(t, &limited, "SELECT, SHOW VIEW ON %s.mixed TO %s")
	limited.set("SYNC_VIEWS", "mixed")
	_, out := limited.output(t, "check")
	if !strings.Contains(out, depends) || !strings.Contains(out, "may not see the definition of o,") {
		t.Errorf("check says %s", out)
	}

	s.set("SYNC_VIEWS", "perday(day)")
	s.set("DB_TIMEZONE", "server")
	if _, out := s.output(t, "check"); strings.Contains(out, "may depend on the time zone") {
		t.Errorf("check says %s", out)
	}
}

// Rows changed in the second of two equal hours are found with a watermark from the first.
func TestWatermarkInAnHourThatOccursTwice(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := newSourceOn(t, server, "o(id)@ts", "CREATE TABLE o (id INT PRIMARY KEY, ts TIMESTAMP NOT NULL)")
	loadFoldZone(t, s)
	s.set("SYNC_STRATEGY", "upsert")
	s.set("SYNC_WATERMARK_OVERLAP", "0s")
	s.set("DB_TIMEZONE", foldZone)
	dbtest.MustExec(t, s.mysql, "INSERT INTO o VALUES (1, '2024-10-26 12:00:00'), (2, '2024-10-27 00:40:00')")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +2 ~0 -0 =0")
	dbtest.MustExec(t, s.mysql, "INSERT INTO o VALUES (3, '2024-10-27 01:10:00')") // 02:10, after 02:40
	if r := s.report(t, 0); r.Tables[0].Inserted != 1 || r.Tables[0].Rows == 3 {
		t.Errorf("%s: want the new row and not all", tableCounts(t, r))
	}
}

// Clocks may also be set back by half an hour, as on Lord Howe Island, or by two hours. Then an expression does not
// know either which of the two equal times it means.
func TestClocksPutBackByLessOrMore(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := newSourceOn(t, server, "v(id)", "SET time_zone = '+00:00'",
		"CREATE TABLE o (id INT PRIMARY KEY, ts TIMESTAMP NULL)",
		"CREATE VIEW v AS SELECT id, MAX(ts) AS m FROM o GROUP BY id")
	loadFoldZone(t, s)
	dbtest.MustExec(t, s.mysql, "UPDATE mysql.time_zone_transition_type SET `Offset` = 5400 "+
		"WHERE Transition_type_id = 1 AND Abbreviation = 'CEST'")
	tx := s.mysql.MustBegin() // on one connection
	for _, q := range []string{
		"SET time_zone = '+00:00'", "INSERT INTO o VALUES (1, '2024-10-27 00:40:00'), (2, '2024-10-27 01:10:00')",
	} {
		if _, err := tx.Exec(q); err != nil {
			t.Fatal(err)
		}
	}

	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}

	s.set("DB_TIMEZONE", foldZone)
	out := s.mustSync(t)
	got := queryRows(t, openFile(t, s.path), "SELECT m FROM v ORDER BY id")
	whole := slices.Equal(got, []string{`m="2024-10-27 00:40:00"|`, `m="2024-10-27 01:10:00"|`})
	if whole == strings.Contains(out, "occurs twice") {
		t.Errorf("got %s: %s", got, out)
	}
}

// settingsOfAdministrators are the settings that the property test chooses from.
var settingsOfAdministrators = []string{
	"sql_select_limit = 2", "sql_select_limit = 0", "max_join_size = 10", "group_concat_max_len = 8",
	"group_concat_max_len = 4294967295",
	"cte_max_recursion_depth = 3", "max_recursive_iterations = 3", "max_recursive_iterations = 0", "max_sort_length = 8",
	"autocommit = 0", "completion_type = 1", "completion_type = 2",
	"transaction_isolation = 'READ-UNCOMMITTED'", "tx_isolation = 'SERIALIZABLE'", "max_execution_time = 1",
	"max_statement_time = 0.02",
	"wait_timeout = 1", "idle_transaction_timeout = 1", "net_write_timeout = 1", "lock_wait_timeout = 1",
	"sql_mode = ''", "sql_mode = 'ANSI'", "sql_mode = 'PIPES_AS_CONCAT'",
	"sql_mode = 'NO_UNSIGNED_SUBTRACTION,HIGH_NOT_PRECEDENCE'", "sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
	"sql_mode = 'TIME_TRUNCATE_FRACTIONAL'", "sql_mode = 'TIME_ROUND_FRACTIONAL'", "sql_mode = 'TRADITIONAL'",
	"sql_mode = 'ALLOW_INVALID_DATES'", "sql_mode = 'ORACLE'",
	"sql_mode = 'ONLY_FULL_GROUP_BY'", "sql_mode = 'NO_BACKSLASH_ESCAPES'", "sql_mode = 'REAL_AS_FLOAT,IGNORE_SPACE'",
	"old_mode = 'ZERO_DATE_TIME_CAST'",
	"sql_auto_is_null = 1", "div_precision_increment = 0", "div_precision_increment = 30",
	"windowing_use_high_precision = 0", "default_week_format = 3", "lc_time_names = 'de_DE'",
	"block_encryption_mode = 'aes-256-cbc'", "default_regex_flags = 'DOTALL,EXTENDED'", "standard_compliant_cte = 0",
	"character_set_client = 'latin1'",
	"character_set_results = 'latin1'", "character_set_results = NULL", "collation_connection = 'latin1_german1_ci'",
	"collation_connection = 'utf8mb4_bin'",
	"default_collation_for_utf8mb4 = 'utf8mb4_general_ci'", "lc_messages = 'de_DE'",
	"optimizer_switch = 'derived_merge=off'", "tmp_table_size = 1024", "max_heap_table_size = 16384",
	"tmp_disk_table_size = 65536", "big_tables = 1", "sql_buffer_result = 1", "max_length_for_sort_data = 4",
	"sort_buffer_size = 32768", "system_versioning_asof = '2020-01-01 00:00:00'",
	"show_gipk_in_create_table_and_information_schema = 0", "information_schema_stats_expiry = 0", "max_error_count = 0",
	"query_cache_type = 0", "sql_notes = 0", "foreign_key_checks = 0",
}

// evaluatedViews are views whose rows depend on such settings.
var evaluatedViews = []string{
	"CREATE TABLE n (id INT PRIMARY KEY, u INT UNSIGNED, c CHAR(8), t VARCHAR(600), d DATE, ts TIMESTAMP(3) NULL, f " +
		"FLOAT, x DECIMAL(20,6), j VARCHAR(200))",
	"INSERT INTO n VALUES " + insertValues(1, 400,
		"(%[1]d, %[1]d, CONCAT('c', %[1]d), CONCAT(REPEAT('é', 500), %[1]d %% 7), DATE_ADD('2026-01-01', INTERVAL "+
			"%[1]d DAY), "+
			"'2026-03-01 12:00:00.567', %[1]d / 3, %[1]d / 7, 'Grüße ä 日本 🚗')"),
	"CREATE VIEW v_plain AS SELECT * FROM n",
	"CREATE VIEW v_concat AS SELECT id % 3 AS k, GROUP_CONCAT(c ORDER BY id SEPARATOR ';') AS g FROM n GROUP BY id % 3",
	"CREATE VIEW v_values AS SELECT id, u / 7 AS q, AVG(u) OVER (ORDER BY id) AS w, WEEK(d) AS wk, MONTHNAME(d) AS m, " +
		"DATE_FORMAT(d, '%W %b') AS df, CHAR_LENGTH(c) AS len, " +
		"CAST('12:34:56.789' AS TIME) AS tm, CAST('0000-00-00' AS DATE) AS z, STR_TO_DATE('2026-02-31', '%Y-%m-%d') AS " +
		"iv, HEX(AES_ENCRYPT('x', 'key')) AS a, NOT u BETWEEN 5 AND 9 AS nb, 'A.B' REGEXP 'A.B' AS re, " +
		"'a' || 'b' AS p, t LIKE '%É1' AS lk, c = 'C1' AS ci, 'ß' = 'ss' AS sz, FORMAT(x, 2) AS fm, x * f AS xf, 1 / 3 " +
		"AS third FROM n",
	"CREATE VIEW v_subtract AS SELECT id, CAST(u AS SIGNED) - 5 AS s, u - 1 AS l FROM n",
	"CREATE VIEW v_top AS SELECT t, id FROM n ORDER BY t DESC, id LIMIT 20",
	"CREATE VIEW v_join AS SELECT a.id AS a, b.id AS b FROM n a JOIN n b ON b.id + 0 = a.id + 0",
	"CREATE VIEW v_deep AS WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 700) " +
		"SELECT i FROM r",
	"CREATE VIEW v_null AS SELECT id, c FROM n WHERE id IS NULL OR id < 9",
	"CREATE VIEW v_case AS SELECT id, CAST(ts AS DATETIME) AS dt, ADDTIME('10:00:00.5', '00:00:00.6') AS at, " +
		"SEC_TO_TIME(1.5) AS st, CONVERT('a' USING utf8mb4) AS cv FROM n WHERE id < 50",
}

// TestEverySettingOfAServer copies from a server with random settings. Either the file has what a session with the
// default settings of MySQL or MariaDB reads, or the run fails with a reason. The expected rows come from the same
// server, before any setting was changed.
func TestEverySettingOfAServer(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	views := []string{
		"v_plain(id)", "v_concat(k)", "v_values(id)", "v_subtract(id)", "v_top(id)", "v_join(a)", "v_deep(i)", "v_null(id)",
		"v_case(id)",
	}
	s := ordinarySyncer(t, server, strings.Join(views, ";"), evaluatedViews...)
	s.set("SYNC_DECIMAL", "text")
	expected := readPlainly(t, s, views)
	c := server.Admin
	c.Name, c.User, c.Password = s.env["DB_NAME"], s.env["DB_USER"], "right"
	user := dbtest.Open(t, c)

	random := rand.New(rand.NewPCG(15, uint64(time.Now().UnixNano()))) //nolint:gosec // chooses test data
	var failures int
	for round := range 25 {
		var set, initial []string
		for _, i := range random.Perm(len(settingsOfAdministrators))[:3+random.IntN(12)] {
			setting := settingsOfAdministrators[i]
			_, globalErr := s.mysql.Exec("SET GLOBAL " + setting)
			if globalErr == nil {
				set = append(set, setting)
			}

			// A user whose init_connect fails cannot log in at all.
			if _, err := user.Exec("SET SESSION " + setting); err == nil && (globalErr != nil || random.IntN(3) == 0) {
				initial = append(initial, setting)
			}
		}

		dbtest.MustExec(t, s.mysql, "SET GLOBAL init_connect = '"+
			strings.ReplaceAll("SET "+strings.Join(append(initial, "@x = 1"), ", "), "'", "''")+"'")
		reproduce := fmt.Sprintf("round %d: SET GLOBAL %s; init_connect SET %s", round, strings.Join(set, "; "),
			strings.Join(initial, ", "))

		s.keep(t.TempDir() + "/copy.db")
		if code, _, stderr := s.run(t, "sync"); code == 0 {
			compareCopy(t, s, expected, reproduce)
		} else if failures++; !strings.Contains(stderr, "the session has ") && !strings.Contains(stderr, "init_connect") {
			t.Errorf("%s: fails without a reason: %s", reproduce, stderr)
		} else {
			t.Logf("%s: %s", reproduce, stderr)
		}
		dbtest.MustExec(t, s.mysql, "SET GLOBAL init_connect = ''")
		for _, setting := range set {
			dbtest.MustExec(t, s.mysql, "SET GLOBAL "+strings.Fields(setting)[0]+" = DEFAULT")
		}
		if err := s.reconnect(t); err != nil {
			t.Fatal(err)
		}
	}

	if failures > 12 {
		t.Errorf("%d of 25 runs failed", failures)
	}
}

// reconnect drops the session's settings.
func (s *syncer) reconnect(t *testing.T) error {
	t.Helper()
	s.mysql.SetMaxIdleConns(0)
	s.mysql.SetMaxIdleConns(2)
	return s.mysql.Ping()
}

// readPlainly reads the views through the driver alone. The session sets only the time zone, the character set and the
// length of GROUP_CONCAT.
func readPlainly(t *testing.T, s *syncer, views []string) map[string][]string {
	t.Helper()
	m := mysql.NewConfig()
	m.Net, m.Addr = "tcp", s.env["DB_HOST"]+":"+s.env["DB_PORT"]
	m.User, m.Passwd, m.DBName = s.env["DB_USER"], s.env["DB_PASSWORD"], s.env["DB_NAME"]
	m.Params = map[string]string{"time_zone": "'+00:00'", "group_concat_max_len": "1000000"}
	if err := m.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		t.Fatal(err)
	}

	connector, err := mysql.NewConnector(m)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	all := map[string][]string{}
	for _, v := range views {
		name, _, _ := strings.Cut(v, "(")
		all[name] = preparedRows(t, db, "SELECT * FROM "+schema.QuoteMySQL(name))
	}

	return all
}

// preparedRows returns the rows of a prepared query, sorted by their texts.
func preparedRows(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	stmt, err := db.Prepare(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stmt.Close() }()
	rs, err := stmt.Query()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Close() }()
	columns, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}

	for rs.Next() {
		if err := rs.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var row strings.Builder
		for _, v := range values {
			fmt.Fprintf(&row, "%t %q|", v.Valid, v.String)
		}
		out = append(out, row.String())
	}

	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}

	slices.Sort(out)
	return out
}

func compareCopy(t *testing.T, s *syncer, expected map[string][]string, reproduce string) {
	t.Helper()
	file, err := sql.Open("sqlite3", dbconn.SQLiteDSN(s.path, "mode=ro"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()

	for name, rows := range expected {
		got := preparedRows(t, file, "SELECT * FROM "+schema.QuoteSQLite(name))
		if len(got) != len(rows) {
			t.Errorf("%s: %s has %d rows, want %d", reproduce, name, len(got), len(rows))
			continue
		}

		for i := range rows {
			if got[i] != rows[i] {
				t.Errorf("%s: %s:\n got %s\nwant %s", reproduce, name, got[i], rows[i])
				break
			}
		}
	}
}
