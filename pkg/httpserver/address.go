package httpserver

import (
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
)

var (
	// hostNamePattern allows any letter: names may be international.
	hostNamePattern = regexp.MustCompile(`^([\pL\pN_]([\pL\pN_-]*[\pL\pN_])?\.)*[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?\.?$`)

	// numericHostPattern finds what can only be an IPv4 address: no name ends in a number.
	numericHostPattern = regexp.MustCompile(`(^|\.)[0-9]+\.?$`)
)

// CheckAddress returns an error if no machine could listen on addr. The error shows the right form.
func CheckAddress(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("expected host:port, such as 127.0.0.1:8080 or [::1]:8080, or :8080 for all interfaces")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("expected host:port with a port from 0 to 65535, such as 127.0.0.1:8080")
	}

	// Only an address of IPv6 may have a zone, as in fe80::1%eth0.
	address, zone, hasZone := strings.Cut(host, "%")
	isAddress := net.ParseIP(address) != nil && (!hasZone || zone != "" && strings.Contains(address, ":"))
	isName := hostNamePattern.MatchString(host) && !numericHostPattern.MatchString(host)
	if host != "" && !isAddress && !isName {
		return errors.New("expected host:port with a name or an address of this machine, such as 127.0.0.1:8080, " +
			"or :8080 for all interfaces")
	}

	return nil
}
