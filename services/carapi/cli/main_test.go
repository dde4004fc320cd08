package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain sees to it that nothing of a program that has ended goes on.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")); err != nil && code == 0 { // the database server of the tests
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
