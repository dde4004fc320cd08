package stock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// Of what a server can say only mistakes of this program are no reason to ask elsewhere, or to wait.
func TestUnavailable(t *testing.T) {
	said := func(number uint16, state string) error {
		e := &mysql.MySQLError{Number: number, Message: "as told"}
		copy(e.SQLState[:], state)
		return fmt.Errorf("search: %w", e)
	}
	for _, e := range []struct {
		err                  error
		unavailable, lasting bool
	}{
		{said(1461, "42000"), true, false}, // no room for prepared statements
		{said(3032, "HY000"), true, false}, // offline
		{said(1356, "HY000"), true, false}, // the view's definer has lost a right
		{said(1317, "70100"), true, false}, // KILL QUERY
		{said(1129, "HY000"), true, false},
		{said(1105, "HY000"), true, false},
		{said(1040, "08004"), true, false},
		{said(1969, "70100"), true, false}, // max_statement_time
		{said(1045, "28000"), true, true},
		{said(1142, "42000"), true, true},
		{said(1064, "42000"), false, true},
		{said(1690, "22003"), false, true},
		{said(1267, "HY000"), false, true},
		{dbconn.ConnectError{}, true, true},
		{context.Canceled, false, true},
		{ErrNotFound, false, true},
		{ParameterErrors{}, false, true},
		{errors.New("sql: Scan error"), false, true},
	} {
		if got := Unavailable(e.err); got != e.unavailable {
			t.Errorf("%v: unavailable %t", e.err, got)
		}
		if got := lasting(e.err); got != e.lasting {
			t.Errorf("%v: lasting %t", e.err, got)
		}
	}
}

// A file that is too old to be shown is none: a live database may then take its time.
func TestStaleFileIsNone(t *testing.T) {
	_, db := dbtest.SQLite(t)
	s := New(db, dbconn.SQLite, Settings{}, slog.New(slog.DiscardHandler))
	f := NewFailover(s, s, time.Hour, slog.New(slog.DiscardHandler))
	f.live.err = errors.New("slow")
	for _, e := range []struct {
		age   time.Duration
		err   error
		first bool // the live database is asked first, though it has not answered the last look
	}{{time.Minute, nil, false}, {2 * time.Hour, nil, true}, {time.Minute, errors.New("gone"), true}} {
		f.snapshot.asOf, f.snapshot.err = time.Now().Add(-e.age), e.err
		if got := f.askLive(); got != e.first {
			t.Errorf("%s, %v: the live database first: %t", e.age, e.err, got)
		}
	}
}
