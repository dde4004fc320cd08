package dbconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"carstock/pkg/mysqlerr"
)

// sessionConnector is a connector whose connections all have the session variables of variables.go, whatever the
// server's administrator has set for all sessions.
type sessionConnector struct {
	driver.Connector
	config Config

	mu     sync.Mutex
	set    string          // the SET statement that the first connection needed
	warned map[string]bool // so that each difference is reported once
}

// Connect makes a connection and sets its variables. The error is a ConnectError.
func (s *sessionConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err == nil {
		if err = s.setVariables(ctx, conn); err == nil {
			return conn, nil
		}
		_ = conn.Close()
	}
	return nil, ConnectError{err}
}

// setVariables sets the variables of a new connection and reads them back. The first connection discovers what to set.
// Later ones execute the same statement. They discover again only if that is no longer enough, as after a failover to
// another kind of server.
func (s *sessionConnector) setVariables(ctx context.Context, conn driver.Conn) error {
	s.mu.Lock()
	set := s.set
	s.mu.Unlock()
	if set != "" {
		// If the server refuses the statement, or a difference remains, discover again.
		err := executeStatement(ctx, conn, set)
		if err == nil {
			err = s.readBack(ctx, conn)
		}
		if _, differs := errors.AsType[*differenceError](err); !differs && mysqlerr.Number(err) == 0 {
			return err
		}
	}

	set, err := s.discoverVariables(ctx, conn)
	if err != nil {
		return err
	}
	if err := s.readBack(ctx, conn); err != nil {
		return err
	}

	s.mu.Lock()
	s.set = set
	s.mu.Unlock()
	return nil
}

// discoverVariables builds the SET statement for the variables that the server has, and executes it.
func (s *sessionConnector) discoverVariables(ctx context.Context, conn driver.Conn) (string, error) {
	if _, err := setEach(ctx, conn, liftLimits); err != nil {
		return "", err
	}

	found, err := showVariables(ctx, conn)
	if err != nil {
		return "", err
	}

	// The time zone is set separately: zones other than offsets depend on the server's tables.
	names := "NAMES utf8mb4"
	if zone := s.config.sessionZone(); zone != "" {
		names += ", time_zone = " + sqlLiteral(zone)
	}
	if err := executeStatement(ctx, conn, "SET "+names); err != nil {
		return "", err
	}

	assignments := []string{names}
	info := sessionInfo{&s.config, found}
	if info.mariadb() {
		assignments = append(assignments, resetClock)
	}

	// Set what differs on this server, and the limits in any case.
	for _, v := range sessionVariables {
		now, ok := found[v.name]
		if !ok {
			continue
		}
		if want := v.want(info, now); !sameValue(want, now) || slices.Contains(limitVariables, v.name) {
			assignments = append(assignments, v.name+" = "+sqlLiteral(want))
		}
	}

	accepted, err := setEach(ctx, conn, assignments)
	return "SET " + strings.Join(accepted, ", "), err
}

// setEach executes one SET statement for all assignments. If the server refuses it, setEach executes one statement for
// each assignment. It returns those that the server accepted.
func setEach(ctx context.Context, conn driver.Conn, assignments []string) (accepted []string, err error) {
	err = executeStatement(ctx, conn, "SET "+strings.Join(assignments, ", "))
	if err == nil {
		return assignments, nil
	}
	if mysqlerr.Number(err) == 0 {
		return nil, err
	}

	for _, a := range assignments {
		if err := executeStatement(ctx, conn, "SET "+a); err == nil {
			accepted = append(accepted, a)
		} else if mysqlerr.Number(err) == 0 {
			return nil, err
		}
	}

	return accepted, nil
}

// differenceError is the error for a session that would return other rows or values than it should.
type differenceError struct{ name, now, want, effect string }

func (e *differenceError) Error() string {
	return fmt.Sprintf("the session has %s=%s (%s), and it could not be set to %q: "+
		"change it on the server, or let this user set it", e.name, e.now, e.effect, e.want)
}

// readBack compares the session's variables with what they should be. It returns a differenceError if a difference
// changes what a SELECT returns, and warns of other differences.
func (s *sessionConnector) readBack(ctx context.Context, conn driver.Conn) error {
	found, err := showVariables(ctx, conn)
	if err != nil {
		return err
	}

	for _, v := range sessionVariables {
		now, ok := found[v.name]
		if !ok {
			continue
		}
		want := v.want(sessionInfo{&s.config, found}, now)
		if sameValue(want, now) {
			continue
		}
		if v.results {
			return &differenceError{v.name, now, want, v.effect}
		}
		s.warn(fmt.Sprintf("the session has %s=%s, and it could not be set to %s: %s", v.name, now, want, v.effect))
	}

	return nil
}

// warn reports a difference, unless it has been reported before.
func (s *sessionConnector) warn(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.config.Warn == nil || s.warned[text] {
		return
	}
	if s.warned == nil {
		s.warned = map[string]bool{}
	}

	s.warned[text] = true
	s.config.Warn(text)
}

// sessionZone returns the time zone to set; "" leaves that of the server.
func (c *Config) sessionZone() string {
	switch {
	case c.Timezone == "" || strings.EqualFold(c.Timezone, ZoneUTC):
		return "+00:00"
	case strings.EqualFold(c.Timezone, ZoneServer):
		return ""
	}
	return c.Timezone
}

// executeStatement executes a statement on a connection of the driver.
func executeStatement(ctx context.Context, conn driver.Conn, query string) error {
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, query, nil)
	return err
}

// showVariables reads the variables of the list that the server has. Every user may read them this way.
func showVariables(ctx context.Context, conn driver.Conn) (map[string]string, error) {
	names := make([]string, len(sessionVariables))
	for i, v := range sessionVariables {
		names[i] = sqlLiteral(v.name)
	}

	query := "SHOW SESSION VARIABLES WHERE Variable_name IN (" + strings.Join(names, ", ") + ")"
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return nil, fmt.Errorf("read the session's variables: %w", err)
	}
	defer func() { _ = rows.Close() }()

	found := map[string]string{}
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the session's variables: %w", err)
		}
		if len(row) >= 2 {
			found[strings.ToLower(valueText(row[0]))] = valueText(row[1])
		}
	}
}

// valueText returns a value of the driver as text.
func valueText(v driver.Value) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

// numberPattern allows what sqlLiteral writes without quotes.
var numberPattern = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// sqlLiteral writes a value for SET: a number, or a text without backslashes.
func sqlLiteral(value string) string {
	if numberPattern.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// sameValue compares two values of a variable as the server would: 1 is ON, 5 is 5.000, and flags may be in any order.
func sameValue(a, b string) bool {
	a, b = canonicalValue(a), canonicalValue(b)
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

// canonicalValue returns a value in upper case, with 1 and 0 for ON and OFF, and with its flags sorted.
func canonicalValue(value string) string {
	switch value = strings.ToUpper(value); value {
	case "ON":
		return "1"
	case "OFF":
		return "0"
	}

	// The flags of a set such as sql_mode may be in any order.
	flags := strings.Split(value, ",")
	slices.Sort(flags)
	return strings.Join(flags, ",")
}
