package cli_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	rational "math/big"
	"strconv"
	"strings"
	"testing"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// comparison says how to compare a value in the file with the server's text of it.
type comparison struct {
	server string // an expression for the server's text; %s is the column
	equal  func(stored any, server string) bool
}

var (
	asInteger = comparison{"CAST(%s AS CHAR)", func(v any, server string) bool {
		return fmt.Sprint(v) == server && hasType[int64](v)
	}}
	asBits = comparison{"CAST(%s + 0 AS CHAR)", asInteger.equal}
	asWord = comparison{"HEX(CONVERT(CAST(%s AS CHAR) USING utf8mb4))", func(v any, server string) bool {
		return hasType[string](v) && strings.EqualFold(hex.EncodeToString([]byte(fmt.Sprint(v))), server)
	}}
	asBitsWord = comparison{"HEX(CAST(%s + 0 AS CHAR))", asWord.equal}
	asBytes    = comparison{"HEX(%s)", func(v any, server string) bool {
		b, ok := v.([]byte)
		return ok && strings.EqualFold(hex.EncodeToString(b), server)
	}}
	asDecimal = comparison{"CAST(%s AS CHAR)", func(v any, server string) bool { // 1.50 may be stored as 1.5
		got, ok := new(rational.Rat).SetString(fmt.Sprint(v))
		want, _ := new(rational.Rat).SetString(server)
		return ok && !hasType[string](v) && got.Cmp(want) == 0
	}}
	asDouble = comparison{"CAST(%s AS DOUBLE)", func(v any, server string) bool {
		want, _ := strconv.ParseFloat(server, 64)
		return hasType[float64](v) && math.Float64bits(v.(float64)) == math.Float64bits(want)
	}}
	asFloat = comparison{"CAST(%s AS DOUBLE)", func(v any, server string) bool { // its shortest decimal
		single, _ := strconv.ParseFloat(server, 32)
		want, _ := strconv.ParseFloat(strconv.FormatFloat(single, 'g', -1, 32), 64)
		return hasType[float64](v) && v.(float64) == want
	}}
)

func hasType[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

// knownType reports whether a server of this version has the type.
func knownType(declared, version string) bool {
	switch declared {
	case "UUID", "INET6":
		return strings.Contains(version, "MariaDB")
	case "VECTOR(3)":
		return strings.HasPrefix(version, "9.")
	}
	return true
}

var everyType = []struct {
	declared string
	same     comparison
	literals []string
}{
	{"TINYINT", asInteger, []string{"-128", "127", "0"}},
	{"TINYINT(1)", asInteger, []string{"2", "0", "1"}},
	{"TINYINT UNSIGNED", asInteger, []string{"255"}},
	{"SMALLINT", asInteger, []string{"-32768", "32767"}},
	{"MEDIUMINT", asInteger, []string{"-8388608", "8388607"}},
	{"INT", asInteger, []string{"-2147483648", "2147483647"}},
	{"INT UNSIGNED", asInteger, []string{"4294967295"}},
	{"BIGINT", asInteger, []string{"-9223372036854775808", "9223372036854775807"}},
	{"BIGINT UNSIGNED", asInteger, []string{"9223372036854775807", "0"}},
	{"BIGINT UNSIGNED", asWord, []string{"9223372036854775808", "18446744073709551615", "7"}},
	{"YEAR", asBits, []string{"1901", "2155", "0"}},
	{"BIT(1)", asBits, []string{"b'1'", "b'0'"}},
	{"BIT(63)", asBits, []string{"9223372036854775807", "b'1000000000'"}},
	{"BIT(64)", asBitsWord, []string{"18446744073709551615", "5"}},
	{"DECIMAL(5,0)", asDecimal, []string{"99999", "-99999", "0"}},
	{"DECIMAL(15,2)", asDecimal, []string{"9999999999999.99", "-0.01", "21900.50"}},
	{"DECIMAL(15,15)", asDecimal, []string{"0.123456789012345", "-0.000000000000001"}},
	{"DECIMAL(16,2)", asWord, []string{"99999999999999.99", "1.50", "-0.10"}},
	{"DECIMAL(65,30)", asWord, []string{"12345678901234567890123456789012345.123456789012345678901234567890", "0"}},
	{"FLOAT", asFloat, []string{"0.1", "3.4028234e38", "-1.17549435e-38", "16777216", "1e-40"}},
	{
		"DOUBLE", asDouble,
		[]string{"0.1", "1.7976931348623157e308", "-2.2250738585072014e-308", "123456789.123456789", "0.30000000000000004"},
	},
	{"DATE", asWord, []string{"'1000-01-01'", "'9999-12-31'", "'2024-02-29'"}},
	{"DATETIME", asWord, []string{"'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"}},
	{
		"DATETIME(6)", asWord,
		[]string{"'2026-11-21 20:00:00.000001'", "'2026-11-21 20:00:00'", "'9999-12-31 23:59:59.999999'"},
	},
	{
		"TIMESTAMP(3) NULL", asWord,
		[]string{"'1970-01-01 00:00:01'", "'2026-07-01 12:00:00.120'", "'2038-01-19 03:14:07.999'"},
	},
	{"TIME", asWord, []string{"'-838:59:59'", "'838:59:59'", "'00:00:00'"}},
	{"TIME(6)", asWord, []string{"'-00:00:00.000001'", "'01:02:03.400000'"}},
	{"CHAR(10)", asWord, []string{"'a'", "''", "' a'"}},
	{"VARCHAR(50)", asWord, []string{"'00123'", "''", "'a\\0b'", "'😀 \\\\ \\' \\\" \\n'", "'trailing  '", "'NULL'"}},
	{"VARCHAR(50) CHARACTER SET latin1", asWord, []string{"'Citroën €'", "'ÿ'"}},
	{"VARCHAR(50) CHARACTER SET utf16", asWord, []string{"'Škoda 😀'"}},
	{"VARCHAR(50) CHARACTER SET sjis", asWord, []string{"'トヨタ 日本'"}},
	{"LONGTEXT", asWord, []string{"REPEAT('x', 70000)", "REPEAT('é', 300000)", "''"}},
	{"ENUM('a', 'b,c', 'it''s')", asWord, []string{"'a'", "'b,c'", "'it''s'"}},
	{"SET('a', 'b', 'c')", asWord, []string{"'a,c'", "''", "'a,b,c'"}},
	{"JSON", asWord, []string{`'{"k": [1, 2.50, "ü", null], "a": "00123"}'`, "'[]'", "'null'"}},
	{"BINARY(4)", asBytes, []string{"x'00FF'", "'text'"}},
	{"VARBINARY(300)", asBytes, []string{"''", "x'00'", "x'C328FF'"}},
	{"LONGBLOB", asBytes, []string{"REPEAT(x'00FF', 40000)", "''", "'00123'"}},
	{"UUID", asWord, []string{"'123e4567-e89b-12d3-a456-426655440000'"}},
	{"INET6", asWord, []string{"'2001:db8::ff00:42:8329'", "'::ffff:10.0.0.1'"}},
	{"VECTOR(3)", asBytes, []string{"STRING_TO_VECTOR('[1, 2.5, -3]')"}},
	{"GEOMETRY", asBytes, []string{"ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('LINESTRING(0 0, 1.5 -2)', 4326)"}},
}

// Every value in the file equals the server's own text of it, whichever way it was transferred.
func TestEveryType(t *testing.T) {
	t.Parallel()
	for _, compression := range []string{dbconn.CompressionOff, dbconn.CompressionZlib} {
		t.Run(compression, func(t *testing.T) {
			t.Parallel()
			requireEveryType(t, compression)
		})
	}
}

func requireEveryType(t *testing.T, compression string) {
	t.Helper()
	s := newSource(t, "every")
	s.set("DB_COMPRESSION", compression)
	var version string
	if err := s.mysql.Get(&version, "SELECT VERSION()"); err != nil {
		t.Fatal(err)
	}

	var columns []string
	count := 0
	for i, e := range everyType {
		if knownType(e.declared, version) {
			columns = append(columns, fmt.Sprintf("c%d %s", i, e.declared))
			count = max(count, len(e.literals))
		}
	}

	dbtest.MustExec(t, s.mysql,
		"CREATE TABLE every (id INT PRIMARY KEY, "+strings.Join(columns, ", ")+") CHARACTER SET utf8mb4")
	for row := range count + 1 { // the last row has only NULLs
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("INSERT INTO every (id) VALUES (%d)", row))
		for i, e := range everyType {
			if knownType(e.declared, version) && row < len(e.literals) {
				dbtest.MustExec(t, s.mysql, fmt.Sprintf("UPDATE every SET c%d = %s WHERE id = %d", i, e.literals[row], row))
			}
		}
	}

	s.mustSync(t)
	file := openFile(t, s.path)
	for i, e := range everyType {
		if !knownType(e.declared, version) {
			continue
		}
		column := fmt.Sprintf("c%d", i)
		for row := range count + 1 {
			var server *string
			if err := s.mysql.Get(&server, "SELECT "+fmt.Sprintf(e.same.server, column)+" FROM every WHERE id = ?",
				row); err != nil {
				t.Fatalf("%s: %v", e.declared, err)
			}
			var stored any // not a plain column, because the driver turns some into a time.Time
			if err := file.QueryRow("SELECT (SELECT "+column+") FROM every WHERE id = ?", row).Scan(&stored); err != nil {
				t.Fatalf("%s: %v", e.declared, err)
			}

			switch {
			case (server == nil) != (row >= len(e.literals)):
				t.Errorf("%s, %d: the test did not store its value", e.declared, row)
			case server == nil && stored != nil, server != nil && (stored == nil || !e.same.equal(stored, *server)):
				t.Errorf("%s, %d: stored %.80T %.80v, the server has %.80s", e.declared, row, stored, stored, *server)
			}
		}
	}

	requireText(t, tableCounts(t, s.report(t, 0)), fmt.Sprintf("%[1]d: +0 ~0 -0 =%[1]d", count+1))
}

// The file keeps the records of the last 1,000 runs.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a", twoRows...)
	s.mustSync(t)
	file := openFile(t, s.path)
	dbtest.MustExec(t, file, `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
		INSERT INTO _sync_runs (id, started, finished, status, source, strategy)
		SELECT i, started, finished, status, source, strategy FROM n, _sync_runs WHERE id = 1`)
	s.mustSync(t)
	requireRows(t, queryRows(t, file, "SELECT count(*) AS n, min(id) AS first, max(id) AS last, (SELECT min(run_id) FROM "+
		"_sync_tables) AS tables FROM _sync_runs"),
		[]string{`n="1000"|first="502"|last="1501"|tables="1501"|`})
}

// Keys are printed so that they cannot control a terminal: bytes in hex, and control characters escaped.
func TestKeysInWarnings(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(k, w, b)", "CREATE TABLE v (k BINARY(3), w VARCHAR(20), b BIT(9), day DATE)")
	conn, err := s.mysql.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, q := range []string{"SET sql_mode = ''", "INSERT INTO v VALUES (x'1B5B4A', '\x1b[2Jzwei', 257, '0000-00-00')"} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}

	const key = `k=x'1B5B4A', w="\x1b[2Jzwei", b=257`
	s.set("SYNC_ZERO_DATES", "null")
	if out := s.mustSync(t); !strings.Contains(out, "first at "+key) || strings.Contains(out, "\x1b") {
		t.Errorf("%q", out)
	}

	s.set("SYNC_ZERO_DATES", "fail")
	if code, out := s.output(t, "sync"); code != 1 ||
		!strings.Contains(out, key+": column day: 0000-00-00 is not a date") ||
		strings.Contains(out, "\x1b") {
		t.Errorf("%d: %q", code, out)
	}

	s.set("SYNC_ZERO_DATES", "keep")
	dbtest.MustExec(t, s.mysql, "INSERT INTO v SELECT k, w, b, NULL FROM v")
	if code, out := s.output(t, "sync"); code != 1 || !strings.Contains(out, "two rows have "+key) ||
		strings.Contains(out, "\x1b") {
		t.Errorf("%d: %q", code, out)
	}
}

// Names and types in the source are untrusted too.
func TestNamesCannotControlATerminal(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v", "CREATE TABLE v (id INT PRIMARY KEY, `a\x1b[2Jb` ENUM('\x1b[31m', '\u202ex'))",
		"INSERT INTO v VALUES (1, '\x1b[31m')")
	file := func() string {
		t.Helper()
		return strings.Join(queryRows(t, openFile(t, s.path), "SELECT * FROM v"), "")
	}
	s.mustSync(t)
	if !strings.Contains(file(), `"\x1b[31m"`) {
		t.Errorf("the value has changed: %s", file())
	}

	dbtest.MustExec(t, s.mysql, "ALTER TABLE v CHANGE `a\x1b[2Jb` `c\x1b[2Jd` INT")
	for _, args := range [][]string{
		{"check"}, {"check", "--json"}, {"sync", "--dry-run"}, {"sync", "--dry-run", "--json"}, {"status"},
	} {
		if code, out := s.output(t, args...); code != 0 || strings.ContainsAny(out, "\x1b\u202e") {
			t.Errorf("%v: exit code %d: %q", args, code, out)
		}
	}

	var found struct {
		Views []struct{ Columns []struct{ Name string } }
	}
	_, stdout, _ := s.run(t, "check", "--json")
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || found.Views[0].Columns[1].Name != "c\x1b[2Jd" {
		t.Errorf("%v: %q", err, stdout)
	}

	s.set("SYNC_DRIFT", "fail")
	if code, out := s.output(t, "sync"); code != 3 || !strings.Contains(out, `+c\u001b[2Jd`) {
		t.Errorf("exit code %d: %q", code, out)
	}
}
