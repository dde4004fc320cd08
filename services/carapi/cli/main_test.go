package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain sees to it that nothing of a program that has ended goes on.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()

	// The database server of the tests goes on. Traces that nobody takes are given up after 10 s.
	left := func() error { return goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")) }
	err := left()
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); {
		err = left()
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
