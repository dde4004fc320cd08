package mysqlerr_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"

	"carstock/pkg/mysqlerr"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	missing := &mysql.MySQLError{Number: 1146, Message: "Table 'v.t' doesn't exist"}
	for _, test := range []struct {
		err    error
		number uint16
	}{
		{nil, 0},
		{errors.New("1146"), 0},
		{mysql.ErrInvalidConn, 0},
		{missing, 1146},
		{fmt.Errorf("read t: %w", missing), 1146},
		{errors.Join(errors.New("rollback"), missing), 1146},
	} {
		if got := mysqlerr.Number(test.err); got != test.number {
			t.Errorf("%v: number %d, want %d", test.err, got, test.number)
		}
		if got := mysqlerr.Is(test.err, mysqlerr.Parse, mysqlerr.NoSuchTable); got != (test.number != 0) {
			t.Errorf("%v: is one of them: %t", test.err, got)
		}
		if mysqlerr.Is(test.err) || mysqlerr.Is(test.err, mysqlerr.Parse) {
			t.Errorf("%v: is an error that it is not", test.err)
		}
	}
}
