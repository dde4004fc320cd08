package source

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"carstock/pkg/mysqlerr"

	"github.com/go-sql-driver/mysql"
)

// listedRows are driver rows from a list.
type listedRows struct {
	driver.Rows
	columns int
	rows    [][]driver.Value
}

func (l *listedRows) Columns() []string { return make([]string, l.columns) }
func (l *listedRows) Close() error      { return nil }

func (l *listedRows) Next(row []driver.Value) error {
	if len(l.rows) == 0 {
		return io.EOF
	}
	copy(row, l.rows[0])
	l.rows = l.rows[1:]
	return nil
}

func TestTablesInDefinition(t *testing.T) {
	t.Parallel()
	databases := []string{"db", "other"}
	for definition, want := range map[string]string{
		"select `db`.`cars`.`id` AS `id` from `db`.`cars`":                  "[db.cars db.cars]",
		"select `c`.`id` AS `id` from `other`.`a``b` `c`":                   "[other.a`b]",
		"select `db`.`f`(`x`.`id`) AS `id` from `elsewhere`.`x`":            "[]",
		"select 1 AS `db.cars`":                                             "[]",
		"select * from (`db`.`a` join `other`.`b` on(`a`.`id` = `b`.`id`))": "[db.a other.b]",
	} {
		if got := fmt.Sprint(tablesInDefinition(definition, databases)); got != want {
			t.Errorf("%s: %s, want %s", definition, got, want)
		}
	}
}

func TestPatternsOfTimeZones(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		definition       string
		clock, computing bool
	}{
		{"select `t`.`at` AS `at` from `db`.`t`", false, false},
		{"select `t`.`now` AS `curdate` from `db`.`t`", false, false},
		{"select now() AS `n` from `db`.`t`", true, true},
		{"select current_timestamp AS `n` from `db`.`t`", true, false},
		{"select from_unixtime(`t`.`s`) AS `n` from `db`.`t`", true, true},
		{"select `db`.`f`(`t`.`at`) AS `n` from `db`.`t`", true, true},
		{"select date(`t`.`at`) AS `d` from `db`.`t`", false, true},
		{"select `t`.`at` AS `at` from `db`.`t` where `t`.`id` = 1", false, true},
		{"select `t`.`at` AS `at` from `db`.`t` union select `u`.`at` from `db`.`u`", false, true},
	} {
		withoutNames := quotedNamePattern.ReplaceAllString(test.definition, "`")
		clock, computing := clockPattern.MatchString(withoutNames), computationPattern.MatchString(withoutNames)
		if clock != test.clock || computing != test.computing {
			t.Errorf("%s: clock %t, computation %t", test.definition, clock, computing)
		}
	}
}

func TestIdentifierRank(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]int{
		"id": 0, "ID": 0, "car_id": 1, "VIN": 1, "stock_number": 1, "lot_no": 1, "zip_code": 1, "key": 1, "price": 2,
	} {
		if got := identifierRank(column); got != want {
			t.Errorf("%s: %d, want %d", column, got, want)
		}
	}
}

func TestExplainRead(t *testing.T) {
	t.Parallel()
	for number, want := range map[uint16]string{
		mysqlerr.ViewInvalid: "look at SHOW CREATE VIEW", mysqlerr.NoSuchUser: "create the account again",
		mysqlerr.WrongValue:        "zero date",
		mysqlerr.TableAccessDenied: "GRANT this user SELECT", 1064: "",
	} {
		server := &mysql.MySQLError{Number: number, Message: "m"}
		err := explainRead(fmt.Errorf("read v: %w", server))
		isUnchanged := err.Error() == "read v: "+server.Error()
		if !errors.Is(err, server) || !strings.Contains(err.Error(), want) || isUnchanged != (want == "") {
			t.Errorf("%d: %v, want %q", number, err, want)
		}
		if isReplaced := BeingReplaced(err); isReplaced != (number == mysqlerr.ViewInvalid) {
			t.Errorf("%d: being replaced: %t", number, isReplaced)
		}
	}

	if err := explainRead(io.EOF); !errors.Is(err, io.EOF) || BeingReplaced(err) {
		t.Error(err)
	}
}
