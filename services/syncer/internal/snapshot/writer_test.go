package snapshot

import (
	"fmt"
	"strings"
	"testing"
)

func TestValuesList(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rows, columns int
		last, want    string
	}{
		{1, 1, "", "(?1)"},
		{2, 3, "", "(?1, ?2, ?3), (?4, ?5, ?6)"},
		{2, 1, "?3 + ", "(?1, ?3 + 1), (?2, ?3 + 2)"},
	} {
		if got := valuesList(test.rows, test.columns, test.last); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// SQLite accepts as many conditions as a table may have columns.
func TestAnyOf(t *testing.T) {
	t.Parallel()
	if got := anyOf([]string{"a", "b"}); got != "(a OR b)" {
		t.Error(got)
	}

	conn := testConn(t, t.TempDir()+"/a.db")
	conditions := make([]string, maxColumns)
	for i := range conditions {
		conditions[i] = fmt.Sprintf("%d = %d", i, i+1)
	}

	for want, last := range map[int64]string{0: "1 = 2", 1: "1 = 1"} {
		conditions[maxColumns-1] = last
		if n, err := queryInt(conn, "SELECT "+anyOf(conditions)); err != nil || n != want {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	}

	if n := strings.Count(anyOf(conditions), " OR "); n != maxColumns-1 {
		t.Errorf("%d times OR", n)
	}
}
