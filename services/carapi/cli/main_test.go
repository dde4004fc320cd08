package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain checks that no goroutine outlives its program.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()

	// The database server of the tests is still running. The SDK tries for 10 s to send traces.
	findLeaks := func() error { return goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")) }
	err := findLeaks()
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); {
		err = findLeaks()
	}

	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}

	os.Exit(code)
}
