package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// TestClients sends the statements of carstock's services to this server, in their way: as text where that is exact,
// with the binary protocol for rows, and in a session in UTC.
func TestClients(t *testing.T) {
	address := start(t)
	for name, test := range map[string]func(*testing.T, string){
		"columns of the stock": testColumnsOfStock,
		"columns of the view":  testColumnsOfView,
		"session statements":   testSessionStatements,
		"rows of the view":     testRowsOfView,
		"searches":             testSearches,
		"regular expressions":  testRegularExpressions,
		"many at once":         testManyAtOnce,
		"rights":               testRights,
		"logins":               testLogins,
	} {
		t.Run(name, func(t *testing.T) { test(t, address) })
	}
}

func open(t *testing.T, address, user, password, database string) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", address
	config.User, config.Passwd, config.DBName = user, password, database
	config.Params = map[string]string{"time_zone": "'+00:00'"}
	if err := config.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		t.Fatal(err)
	}

	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}

	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func asSyncer(t *testing.T, address string) *sql.DB {
	return open(t, address, "syncer", "syncer-demo", "vehicles_db")
}

func asCarapi(t *testing.T, address string) *sql.DB {
	return open(t, address, "carapi", "carapi-demo", "vehicles_db")
}

type column struct {
	name, dataType, columnType, nullable, comment string
	precision, scale                              sql.NullInt64
}

func columnsOf(t *testing.T, db *sql.DB, table string) []column {
	t.Helper()
	rows, err := db.Query("SELECT column_name, data_type, column_type, is_nullable, column_comment, "+
		"numeric_precision, numeric_scale"+
		" FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
		table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var columns []column
	for rows.Next() {
		var c column
		err := rows.Scan(&c.name, &c.dataType, &c.columnType, &c.nullable, &c.comment, &c.precision, &c.scale)
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}

	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}

	return columns
}

func testColumnsOfStock(t *testing.T, address string) {
	columns := columnsOf(t, asCarapi(t, address), "vehicles_stock")
	if len(columns) != 33 {
		t.Errorf("%d columns, want 33", len(columns))
	}

	none := sql.NullInt64{}
	some := func(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: true} }

	for _, want := range []column{
		{"id", "bigint", "bigint", "NO", "", some(19), some(0)},
		{"vin", "char", "char(17)", "YES", "vehicle identification number, ISO 3779", none, none},
		{"year", "smallint", "smallint", "NO", "model year", some(5), some(0)},
		{"mileage", "int", "int", "YES", "odometer, miles", some(10), some(0)},
		{"price", "decimal", "decimal(10,2)", "YES", "asking price, USD; NULL: call for the price", some(10), some(2)},
		{"description", "text", "text", "YES", "", none, none},
		{"features", "json", "json", "YES", "array of equipment names", none, none},
		{"created_at", "datetime", "datetime", "NO", "when the vehicle came into stock, UTC", none, none},
		{"updated_at", "timestamp", "timestamp", "NO", "", none, none},
	} {
		if !slices.Contains(columns, want) {
			t.Errorf("no column %+v in %+v", want, columns)
		}
	}
}

// testColumnsOfView does not compare comments, because the library has none for the columns of a view.
func testColumnsOfView(t *testing.T, address string) {
	stock := columnsOf(t, asCarapi(t, address), "vehicles_stock")
	view := columnsOf(t, asSyncer(t, address), "vehicles_view")
	for i := range stock {
		stock[i].comment = ""
	}
	names := map[string]bool{}
	for i := range view {
		names[view[i].name] = true
		view[i].comment = ""
		if !strings.HasPrefix(view[i].name, "dealer") && !slices.Contains(stock, view[i]) {
			t.Errorf("column %+v of the view is not as in the stock", view[i])
		}
	}

	for _, c := range stock {
		if !names[c.name] {
			t.Errorf("column %s of the stock is not in the view", c.name)
		}
	}

	for _, name := range []string{"id", "updated_at", "dealer", "dealer_phone", "dealer_city"} {
		if !names[name] {
			t.Errorf("column %s is not in the view", name)
		}
	}
}

func testSessionStatements(t *testing.T, address string) {
	ctx := t.Context()
	conn, err := asSyncer(t, address).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	for _, statement := range []string{
		"SET SESSION net_write_timeout = 3600",
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"START TRANSACTION READ ONLY",
		"SELECT COUNT(*) FROM vehicles_view",
		"COMMIT",
		"START TRANSACTION READ ONLY",
		"ROLLBACK",
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}

	const settings = "SELECT @@session.time_zone, @@session.character_set_client, @@session.net_write_timeout"
	var zone, charset string
	var timeout int
	if err := conn.QueryRowContext(ctx, settings).Scan(&zone, &charset, &timeout); err != nil {
		t.Fatal(err)
	}

	if zone != "+00:00" || charset != "utf8mb4" || timeout != 3600 {
		t.Errorf("time zone %s, charset %s, time-out %d", zone, charset, timeout)
	}
}

// queryPrepared reads the rows of a query in the binary protocol, straight from the driver, and turns bytes into
// strings.
func queryPrepared(t *testing.T, db *sql.DB, query string) (columns []string, rows [][]driver.Value) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(c any) error {
		stmt, err := c.(driver.ConnPrepareContext).PrepareContext(context.Background(), query)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		result, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), nil)
		if err != nil {
			return err
		}
		defer func() { _ = result.Close() }()
		columns = result.Columns()
		for {
			row := make([]driver.Value, len(columns))
			switch err := result.Next(row); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}

			for i, v := range row {
				if b, ok := v.([]byte); ok {
					row[i] = string(b)
				}
			}

			rows = append(rows, row)
		}
	})
	if err != nil {
		t.Fatal(err)
	}

	return columns, rows
}

func testRowsOfView(t *testing.T, address string) {
	columns, rows := queryPrepared(t, asSyncer(t, address),
		"SELECT `id`,`vin`,`make`,`year`,`mileage`,`price`,`msrp`,`dealer`,"+
			"`description`,`features`,`created_at`,`updated_at` FROM `vehicles_view`")
	if len(rows) != 600 {
		t.Errorf("%d rows, want 600", len(rows))
	}

	at := func(name string) int { return slices.Index(columns, name) }
	isInt := func(v driver.Value) bool { _, ok := v.(int64); return ok }

	isTime := func(v driver.Value) bool {
		s, _ := v.(string)
		_, err := time.Parse(time.DateTime, s)
		return err == nil
	}

	isMoney := func(v driver.Value) bool {
		s, _ := v.(string)
		return v == nil || len(s) > 3 && s[len(s)-3] == '.'
	}
	for _, row := range rows {
		if !isInt(row[at("id")]) || !isInt(row[at("year")]) || !isMoney(row[at("price")]) || !isMoney(row[at("msrp")]) ||
			!isTime(row[at("created_at")]) || !isTime(row[at("updated_at")]) {
			t.Errorf("row %v", row)
		}
	}

	for column, wants := range map[string][]driver.Value{
		"vin":     {nil},
		"make":    {"Citroën", "Škoda"},
		"mileage": {nil},
		"price":   {nil, "0.00"},
		"dealer":  {"O'Brien Motors", "Concesionario Ñuñoa", "Auto Plus Québec"},
		"description": {
			nil, "", "Drives like new \U0001F697\u26A1 Autopilot included.",
			`Known as "the goat" to its owner. It's lifted 2", it doesn't rust, and it's yours for the asking.`,
			"100% original_paint; photos in C:\\stock\\outback.\nSecond line: tires at 70%.\tThird column.",
		},
		"features": {nil, "[]"},
	} {
		for _, want := range wants {
			if !slices.ContainsFunc(rows, func(row []driver.Value) bool { return row[at(column)] == want }) {
				t.Errorf("no row has the %s %q", column, want)
			}
		}
	}

	for column, want := range map[string]string{
		"description": "Complete service history",
		"features":    `["Backup Camera", "Bluetooth"`,
	} {
		if !slices.ContainsFunc(rows, func(row []driver.Value) bool {
			s, _ := row[at(column)].(string)
			return strings.HasPrefix(s, want)
		}) {
			t.Errorf("no row has a %s that begins with %q", column, want)
		}
	}
}

func testSearches(t *testing.T, address string) {
	db := asCarapi(t, address)
	var camrys int
	const countCamrys = "SELECT COUNT(*) FROM vehicles_stock WHERE make = ? AND model = ? AND year = ?"
	if err := db.QueryRow(countCamrys, "Toyota", "Camry", 2023).Scan(&camrys); err != nil || camrys < 4 {
		t.Errorf("%d Camrys of 2023, %v", camrys, err)
	}

	makes := texts(t, db, "SELECT DISTINCT make FROM vehicles_stock")
	if len(makes) != 23 {
		t.Errorf("makes %q, want 23", makes)
	}
	prices := texts(t, db, "SELECT price FROM vehicles_stock WHERE make IN (?,?) AND price BETWEEN ? AND ? "+
		"ORDER BY price, id LIMIT ?",
		"Toyota", "Škoda", "15000.00", 30000, 10)

	// All have five digits, so their texts sort like the numbers.
	if len(prices) != 10 || !slices.IsSorted(prices) || prices[0] < "15000.00" || prices[9] > "30000.00" {
		t.Errorf("prices %q", prices)
	}
}

func texts(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}

	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}

	return all
}

func testRegularExpressions(t *testing.T, address string) {
	db := asCarapi(t, address)
	for expression, want := range map[string]string{
		"'Camry' REGEXP '^c.m'":                            "1", // according to the collation
		"'Camry' REGEXP 'x|y$'":                            "1",
		"'Camry' REGEXP 'x'":                               "0",
		"REGEXP_LIKE('Camry', 'camry', 'c')":               "0",
		"REGEXP_LIKE('a\nb', '^b', 'm')":                   "1",
		"REGEXP_LIKE('a\nb', 'a.b', 'n')":                  "1",
		"REGEXP_SUBSTR('aaa', 'aa', 2)":                    "aa",
		"REGEXP_SUBSTR('Käse 12 und 345', '[0-9]+', 1, 2)": "345",
		"REGEXP_SUBSTR('Camry', '[0-9]')":                  "NULL",
		"REGEXP_SUBSTR('Camry', 'y', 2000000000)":          "NULL",
		"REGEXP_INSTR('Käse 12', '[0-9]+')":                "6",
		"REGEXP_INSTR('Käse 12', '[0-9]+', 1, 1, 1)":       "8",
		"REGEXP_INSTR('Käse', '[0-9]')":                    "0",
		"REGEXP_REPLACE('a1b2c3', '[0-9]', '-')":           "a-b-c-",
		"REGEXP_REPLACE('a1b2c3', '[0-9]', '-', 3, 1)":     "a1b-c3",
		"REGEXP_REPLACE('a1b2', '([0-9])', '<$1>')":        "a<1>b<2>",
	} {
		var got sql.NullString
		if err := db.QueryRow("SELECT " + expression).Scan(&got); err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}

		if !got.Valid {
			got.String = "NULL"
		}
		if got.String != want {
			t.Errorf("%s: %s, want %s", expression, got.String, want)
		}
	}

	if err := db.QueryRow("SELECT 'Camry' REGEXP '('").Scan(new(any)); err == nil ||
		!strings.Contains(err.Error(), "the regular expression is invalid here") {
		t.Errorf("%v", err)
	}
}

func testManyAtOnce(t *testing.T, address string) {
	syncer, carapi := asSyncer(t, address), asCarapi(t, address)
	var clients sync.WaitGroup
	for _, c := range []struct {
		db    *sql.DB
		query string
	}{
		{syncer, "SELECT COUNT(*) FROM vehicles_view"},
		{syncer, "SELECT COUNT(price) FROM vehicles_view WHERE make <> ?"},
		{carapi, "SELECT COUNT(*) FROM vehicles_stock"},
		{carapi, "SELECT COUNT(DISTINCT model) FROM vehicles_stock WHERE make <> ?"},
	} {
		clients.Go(func() {
			var args []any
			if strings.Contains(c.query, "?") {
				args = append(args, "Ford")
			}

			for range 5 {
				var n int
				if err := c.db.QueryRow(c.query, args...).Scan(&n); err != nil || n == 0 {
					t.Errorf("%s: %d, %v", c.query, n, err)
				}
			}
		})
	}

	clients.Wait()
}

func testRights(t *testing.T, address string) {
	syncer, carapi := asSyncer(t, address), asCarapi(t, address)
	for _, c := range []struct {
		who    string
		db     *sql.DB
		query  string
		number uint16
	}{
		{"syncer", syncer, "SELECT COUNT(*) FROM vehicles_view", 0},
		{"syncer", syncer, "DESCRIBE vehicles_view", 0},
		{"syncer", syncer, "WITH v AS (SELECT id FROM vehicles_view) SELECT COUNT(*) FROM v", 0},
		{"syncer", syncer, "SELECT COUNT(*) FROM vehicles_stock", 1142},
		{"syncer", syncer, "SELECT COUNT(*) FROM vehicles_db.dealers", 1142},
		{"syncer", syncer, "SELECT COUNT(*) FROM vehicles_view v JOIN dealers d ON d.name = v.dealer", 1142},
		{"syncer", syncer, "DESCRIBE vehicles_stock", 1142},
		{"syncer", syncer, "PREPARE s FROM 'SELECT COUNT(*) FROM vehicles_stock'", 1142},
		{"syncer", syncer, "UPDATE vehicles_stock SET price = 1", 1142},
		{"syncer", syncer, "CREATE VIEW mine AS SELECT * FROM vehicles_stock", 1142},
		{"carapi", carapi, "SELECT COUNT(*) FROM vehicles_stock", 0},
		{"carapi", carapi, "SELECT COUNT(*) FROM vehicles_view", 0},
		{"carapi", carapi, "SELECT COUNT(*) FROM dealers", 1142},
		{"carapi", carapi, "DELETE FROM vehicles_stock", 1142},
		{"carapi", carapi, "SELECT * FROM mysql.user", 1044},
	} {
		// Both protocols, because they reach the check through different code.
		_, err := c.db.Exec(c.query)
		if number := errorNumber(err); number != c.number {
			t.Errorf("%s: %s: error %d (%v), want %d", c.who, c.query, number, err, c.number)
		}

		if strings.HasPrefix(c.query, "SELECT") {
			err := prepare(c.db, c.query)
			if number := errorNumber(err); number != c.number {
				t.Errorf("%s: prepare %s: error %d (%v), want %d", c.who, c.query, number, err, c.number)
			}
		}
	}

	if tables := texts(t, syncer, "SHOW TABLES"); !slices.Equal(tables, []string{"vehicles_view"}) {
		t.Errorf("syncer sees the tables %q", tables)
	}
}

func prepare(db *sql.DB, query string) error {
	stmt, err := db.Prepare(query)
	if err != nil {
		return err
	}
	return stmt.Close()
}

func testLogins(t *testing.T, address string) {
	for _, c := range []struct {
		user, password, database string
		number                   uint16
	}{
		{"carapi", "carapi-demo", "vehicles_db", 0},
		{"carapi", "wrong", "vehicles_db", 1045},
		{"carapi", "", "vehicles_db", 1045},
		{"root", "", "vehicles_db", 1045},
		{"carapi", "carapi-demo", "elsewhere", 1044},
	} {
		err := open(t, address, c.user, c.password, c.database).Ping()
		if number := errorNumber(err); number != c.number {
			t.Errorf("%s with the password %q on %s: error %d (%v), want %d", c.user, c.password, c.database, number, err,
				c.number)
		}
	}
}

// errorNumber returns the number of a MySQL error, 0 for no error, and 1 for an error that is not from the server.
func errorNumber(err error) uint16 {
	var numbered *mysql.MySQLError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &numbered):
		return numbered.Number
	default:
		return 1
	}
}
