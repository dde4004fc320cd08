package httpserver_test

import (
	"net"
	"strings"
	"testing"

	"carstock/pkg/httpserver"
)

func TestCheckAddress(t *testing.T) {
	t.Parallel()
	for _, right := range []string{
		":8080", ":0", "127.0.0.1:9090", "0.0.0.0:65535", "[::1]:8080", "[::]:80", "[fe80::1%eth0]:80", "localhost:80",
		"db-1.example.com:80", "example.com.:80", "my_host:80", "münchen.example:80", "3com:80", "a:80",
	} {
		if err := httpserver.CheckAddress(right); err != nil {
			t.Errorf("%s: %v", right, err)
		}
	}

	for _, wrong := range []string{
		"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+80",
		"127.0.0.1:80 ", "127.0.0.1:http", "::1:8080", "[::1]", "[::1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080/",
		"127.0.0.1:80:80", "999.1.1.1:80", "1.2.3:80", "1.2.3.4.5:80", "0:80", "127.1:80", "local host:80", " localhost:80",
		"*:80", "-a:80", "a-:80", "a..b:80", ".a:80", "[fe80::1%]:80", "127.0.0.1%eth0:80", "user@host:80", "\x00:80",
		"a/b:80",
	} {
		err := httpserver.CheckAddress(wrong)
		if err == nil || !strings.Contains(err.Error(), "expected host:port") {
			t.Errorf("%q: %v, want the right form", wrong, err)
		}
	}

	// What is right can be listened on, as far as it is of this machine.
	for _, addr := range []string{":0", "127.0.0.1:0", "localhost:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}

		_ = l.Close()
	}
}
