package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain checks that no goroutine of a program outlives it.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()

	// The database server of the tests keeps running. Traces without a collector are given up after 10 s.
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
