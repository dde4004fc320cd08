package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn/dbtest"
)

// limitedSyncer logs in as a user with only the given rights. In a grant, the first %s is the database and the second
// the user.
func limitedSyncer(t *testing.T, s *syncer, grants ...string) {
	t.Helper()
	user := s.newUser(t, "right")
	s.set("DB_PASSWORD", "right")
	for _, g := range grants {
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("GRANT "+g, s.env["DB_NAME"], user))
	}
}

// For a view without columns in the catalog, the error has the server's reason and what to do.
func TestViewThatCannotBeRead(t *testing.T) {
	t.Parallel()
	base := []string{
		"CREATE TABLE b (id INT PRIMARY KEY, w INT)", "INSERT INTO b VALUES (1, 1)", "CREATE TABLE log (n INT)",
	}
	for name, test := range map[string]struct {
		statements []string
		grants     []string
		want       []string
	}{
		"a column is gone": {
			[]string{"CREATE VIEW v AS SELECT id, w FROM b", "ALTER TABLE b DROP COLUMN w"},
			nil,
			[]string{"1356", "SHOW CREATE VIEW"},
		},
		"a table is gone": {
			[]string{"CREATE VIEW v AS SELECT id FROM b", "DROP TABLE b"}, nil, []string{"1356", "SHOW CREATE VIEW"},
		},
		"a function is gone": {
			[]string{
				"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1", "CREATE VIEW v AS SELECT id, f() AS f FROM b",
				"DROP FUNCTION f",
			},
			nil,
			[]string{"1356", "SHOW CREATE VIEW"},
		},
		"a function writes": {
			[]string{
				"CREATE FUNCTION f() RETURNS INT DETERMINISTIC BEGIN INSERT INTO log VALUES (1); " +
					"RETURN 1; END",
				"CREATE VIEW v AS SELECT id, f() AS f FROM b",
			},
			[]string{"SELECT, EXECUTE ON %s.* TO %s"},
			[]string{"1792", "take that function out"},
		},
		"an account may not execute": {
			[]string{
				"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
				"CREATE SQL SECURITY INVOKER VIEW v AS SELECT id, f() AS f FROM b",
			},
			[]string{"SELECT ON %s.* TO %s"},
			[]string{"13", "look at SHOW CREATE VIEW"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSource(t, "v", append(base, test.statements...)...)
			s.set("SYNC_RETRIES", "0")
			if test.grants == nil {
				test.grants = []string{"SELECT ON %s.* TO %s"}
			}

			limitedSyncer(t, s, test.grants...)
			s.requireError(t, 1, test.want...)
			code, _, stderr := s.run(t, "check")
			for _, want := range test.want {
				if code != 1 || !strings.Contains(stderr, want) || strings.Contains(stderr, "no such table") {
					t.Errorf("check: exit code %d: %s", code, stderr)
				}
			}
		})
	}
}

func TestDefinerIsGone(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v", "CREATE TABLE b (id INT PRIMARY KEY)")
	gone := "gone" + strings.TrimPrefix(s.env["DB_NAME"], "test_")
	dbtest.MustExec(t, s.mysql, "CREATE USER "+gone, "GRANT ALL ON "+s.env["DB_NAME"]+".* TO "+gone,
		"CREATE DEFINER="+gone+" VIEW v AS SELECT id FROM b", "DROP USER "+gone)
	s.requireError(t, 1, "1449", "create the account again")
	limitedSyncer(t, s, "SELECT ON %s.v TO %s")
	s.set("SYNC_RETRIES", "0")
	if sentence := s.requireError(t, 1, "DEFINER"); strings.Contains(sentence, "check the password") {
		t.Error(sentence)
	}
}

// The views of a table are invalid while the table is replaced.
func TestViewWhoseTableIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSource(t, "v(id)", "CREATE TABLE b (id INT PRIMARY KEY)", "INSERT INTO b VALUES (1)",
		"CREATE VIEW v AS SELECT id FROM b", "RENAME TABLE b TO c")
	timer := time.AfterFunc(300*time.Millisecond, func() { _, _ = s.mysql.Exec("RENAME TABLE c TO b") })
	defer timer.Stop()
	requireText(t, tableCounts(t, s.report(t, 0)), "1: +1 ~0 -0 =0")
}

func TestSystemVersionedTable(t *testing.T) {
	t.Parallel()
	s := newSource(t, "a")
	if _, err := s.mysql.Exec("CREATE TABLE a (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING"); err != nil {
		// MySQL has none: such tables are ordinary there.
		dbtest.MustExec(t, s.mysql, "CREATE TABLE a (id INT PRIMARY KEY, v INT)")
	}

	dbtest.MustExec(t, s.mysql, "INSERT INTO a VALUES (1, 1), (2, 2)", "UPDATE a SET v = 3 WHERE id = 1")
	requireText(t, tableCounts(t, s.report(t, 0)), "2: +2 ~0 -0 =0")
	dbtest.MustExec(t, s.mysql, "UPDATE a SET v = 4 WHERE id = 1", "DELETE FROM a WHERE id = 2")
	requireText(t, tableCounts(t, s.report(t, 0)), "1: +0 ~1 -1 =0")
}

func TestTablesWithoutTransactions(t *testing.T) {
	t.Parallel()
	s := newSource(t, "m(id); i(id); v(id)", "CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM",
		"CREATE TABLE i (id INT PRIMARY KEY)",
		"CREATE VIEW w AS SELECT id FROM m", "CREATE VIEW v AS SELECT i.id FROM i JOIN w ON w.id = i.id",
		"INSERT INTO m VALUES (1)", "INSERT INTO i VALUES (1)")
	r := s.report(t, 0)
	for i, expected := range []int{1, 0, 1} {
		if w := r.Tables[i].Warnings; len(w) != expected || expected > 0 && !strings.Contains(w[0], "m (MyISAM)") {
			t.Errorf("%s: warnings %q, want %d", r.Tables[i].View, w, expected)
		}
	}

	if _, out := s.output(t, "check"); strings.Count(out, "m (MyISAM)") != 2 {
		t.Errorf("check says %s", out)
	}
}

// If a user may not read all columns of a key, MySQL shows the others, and MariaDB shows no key. Neither is complete.
func TestIncompleteKey(t *testing.T) {
	t.Parallel()
	s := newSource(t, "k", "CREATE TABLE k (a INT, b INT, v INT, PRIMARY KEY (a, b))",
		"INSERT INTO k VALUES (1, 1, 10), (1, 2, 20), (2, 1, 30)")
	limitedSyncer(t, s, "SELECT (a, v) ON %s.k TO %s")
	r := s.report(t, 0)
	if r.Tables[0].Key || r.Tables[0].Rows != 3 {
		t.Errorf("%+v", r.Tables[0])
	}

	s.set("SYNC_STRATEGY", "upsert")
	s.requireFailure(t, 1, "SYNC_STRATEGY=upsert needs a", "key")
	if code, _, stderr := s.run(t, "check"); code != 1 || !strings.Contains(stderr, "needs a") {
		t.Errorf("check: exit code %d: %s", code, stderr)
	}

	s.set("SYNC_VIEWS", "k(v)")
	s.report(t, 0, "--full")
}

// A view may have more tables than the server keeps open.
func TestViewOfManyTables(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t, "--table-definition-cache=400", "--table-open-cache=400", "--open-files-limit=4000")
	s := newSourceOn(t, server, "v")
	s.set("SYNC_RETRIES", "0")
	var parts []string
	for i := range 450 {
		dbtest.MustExec(t, s.mysql, fmt.Sprintf("CREATE TABLE t%d (id INT) ENGINE=MyISAM", i))
		parts = append(parts, fmt.Sprintf("SELECT id FROM t%d", i))
	}

	dbtest.MustExec(t, s.mysql, "CREATE VIEW v AS "+strings.Join(parts, " UNION ALL "), "INSERT INTO t7 VALUES (1)")
	var version string
	if err := s.mysql.Get(&version, "SELECT VERSION()"); err != nil {
		t.Fatal(err)
	}

	if strings.Contains(version, "MariaDB") { // MariaDB can open them nevertheless
		s.mustSync(t)
		return
	}
	s.requireError(t, 1, "1615", "raise table_definition_cache")
	if code, _, stderr := s.run(t, "check"); code != 1 || !strings.Contains(stderr, "raise table_definition_cache") {
		t.Errorf("check: exit code %d: %s", code, stderr)
	}
}

func TestNamesBetweenBackticks(t *testing.T) {
	t.Parallel()
	s := newSource(t, "`sales (2024)`=sales(`Price (USD), net`); `a=b`(`x``y`); `a@b`; `sales;2024`",
		"CREATE TABLE `sales (2024)` (`Price (USD), net` INT, v INT)",
		"CREATE TABLE `a=b` (`x``y` INT)", "CREATE TABLE `a@b` (id INT PRIMARY KEY)",
		"CREATE TABLE `sales;2024` (id INT PRIMARY KEY)",
		"INSERT INTO `sales (2024)` VALUES (1, 2)", "INSERT INTO `a=b` VALUES (1)", "INSERT INTO `a@b` VALUES (1)",
		"INSERT INTO `sales;2024` VALUES (1)")
	s.set("SYNC_INDEXES", "sales(v); `a=b`(`x``y`)")
	s.mustSync(t)
	s.mustSync(t)
	requireRows(t, queryRows(t, openFile(t, s.path), "SELECT * FROM sales"), []string{`Price (USD), net="1"|v="2"|`})

	s.set("SYNC_INDEXES", "")
	s.set("SYNC_VIEWS", "sales (2024)")
	s.requireError(t, 1, "sales: no such table or view", "write `sales (2024)`")
	s.set("SYNC_VIEWS", "`a=b`; sales (2024) x")
	code, _, stderr := s.run(t, "sync")
	if code != 2 || !strings.Contains(stderr, "goes between backticks") || strings.Contains(stderr, "not set") {
		t.Errorf("exit code %d: %s", code, stderr)
	}

	// The suggestion of check can be pasted.
	s.set("SYNC_VIEWS", "`a=b`")
	if _, out := s.output(t, "check"); !strings.Contains(out, "SYNC_VIEWS='`a=b`(`x``y`)'") {
		t.Errorf("check says %s", out)
	}
}

func TestViewOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	s := newSource(t, "other.v", twoRows...)
	s.requireError(t, 1, "no such table or view", "one database", "DB_NAME=other", "SYNC_VIEWS=v")
	dbtest.MustExec(t, s.mysql, "CREATE TABLE `other.v` (id INT PRIMARY KEY)", "INSERT INTO `other.v` VALUES (1)")
	s.mustSync(t)
}

// A cluster node that is not ready answers 1047, and a proxy without a server 9001. In this test a view returns these
// errors for a moment.
func TestTemporaryRefusal(t *testing.T) {
	t.Parallel()
	for number, passes := range map[int]bool{1047: true, 1836: true, 3032: true, 9001: true, 1644: false} {
		s := newSource(t, "v(id)",
			append(twoRows, "CREATE TABLE away (n INT)", "INSERT INTO away VALUES (1)",
				fmt.Sprintf(`CREATE FUNCTION f() RETURNS INT READS SQL DATA BEGIN
					IF EXISTS (SELECT 1 FROM away) THEN
						SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = 'not now';
					END IF;
					RETURN 1; END`, number),
				"CREATE VIEW v AS SELECT id, f() AS f FROM a")...)
		if passes {
			time.AfterFunc(300*time.Millisecond, func() { _, _ = s.mysql.Exec("DELETE FROM away") })
		}
		if code, _, stderr := s.run(t, "sync"); (code == 0) != passes {
			t.Errorf("%d: exit code %d: %s", number, code, stderr)
		}
	}
}
