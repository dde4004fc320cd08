package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/go-sql-driver/mysql"

	"carstock/pkg/dbconn"
	"carstock/pkg/schema"
)

// Every error is a reason to use another source or to wait for this one, except an error about the statement.
func TestUnavailable(t *testing.T) {
	s := &Store{}
	server := func(number uint16, state string) error {
		e := &mysql.MySQLError{Number: number, Message: "text of the server"}
		copy(e.SQLState[:], state)
		return fmt.Errorf("search: %w", e)
	}

	for _, e := range []struct {
		err                    error
		unavailable, permanent bool
	}{
		{server(1461, "42000"), true, false}, // too many prepared statements
		{server(3032, "HY000"), true, false}, // offline
		{server(1356, "HY000"), true, false}, // the view's definer has lost a right
		{server(1317, "70100"), true, false}, // KILL QUERY
		{server(1129, "HY000"), true, false},
		{server(1105, "HY000"), true, false},
		{server(1040, "08004"), true, false},
		{withCause(t.Context(), server(1969, "70100")), false, false}, // max_statement_time
		{withCause(t.Context(), server(3024, "HY000")), false, false}, // max_execution_time
		{server(1045, "28000"), true, true},
		{server(1142, "42000"), true, true},
		{s.withNoTable(server(1054, "42S22")), true, true},
		{s.withNoTable(server(1146, "42S02")), true, true},
		{s.withNoTable(fmt.Errorf("vehicles: %w", schema.ErrNoTable)), true, true},
		{BindingError{errors.New("no column for make")}, false, true},
		{fmt.Errorf("look at the file: %w", fs.ErrNotExist), true, false},
		{server(1064, "42000"), false, true},
		{server(1690, "22003"), false, true},
		{server(1267, "HY000"), false, true},
		{dbconn.ConnectError{}, true, true},
		{context.Canceled, false, true},
		{errors.New("sql: Scan error"), false, true},
	} {
		if got := IsUnavailable(e.err); got != e.unavailable {
			t.Errorf("%v: unavailable %t", e.err, got)
		}
		if got := IsPermanent(e.err); got != e.permanent {
			t.Errorf("%v: permanent %t", e.err, got)
		}
	}
}
