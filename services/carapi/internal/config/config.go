// Package config holds carapi's settings.
package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/settings"
	"carstock/services/carapi/internal/auth"
)

// Config is all that carapi can be told.
type Config struct {
	DB           dbconn.Config
	HTTPAddr     string          `split_words:"true" default:":8080" desc:"address to listen on"`
	APIKey       settings.Secret `split_words:"true" desc:"key that clients send as X-API-Key, at least 16 characters"`
	CarsTable    string          `split_words:"true" default:"vehicles_stock" desc:"table or view to search"`
	QueryTimeout time.Duration   `split_words:"true" default:"5s" desc:"longest time a search may take"`
}

// Load reads the settings from the environment, and from file or else .env. The error names every
// wrong variable.
func Load(file string) (Config, error) {
	var c Config
	if err := settings.LoadFile(file); err != nil {
		return c, err
	}
	return c, settings.Process(&c)
}

// Validate reports every wrong variable, joined.
func (c *Config) Validate() error {
	errs := []error{c.DB.Validate()}
	switch n := len(c.APIKey); {
	case n == 0:
		errs = append(errs, errors.New("API_KEY: not set: make one with `openssl rand -hex 32`"))
	case n < auth.MinKeyLength:
		errs = append(errs, fmt.Errorf("API_KEY: %d characters: at least %d are needed; make one with `openssl rand -hex 32`", n, auth.MinKeyLength))
	}
	if k := string(c.APIKey); strings.ContainsFunc(k, func(r rune) bool { return r <= ' ' || r > '~' }) {
		errs = append(errs, errors.New("API_KEY: expected letters, digits and signs of ASCII, without spaces: a header carries no others"))
	}
	if err := checkAddr(c.HTTPAddr); err != nil {
		errs = append(errs, fmt.Errorf("HTTP_ADDR: %q: %w", c.HTTPAddr, err))
	}
	if c.QueryTimeout <= 0 {
		errs = append(errs, fmt.Errorf("QUERY_TIMEOUT: %s: a time above 0 is needed", c.QueryTimeout))
	}
	return errors.Join(errs...)
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("expected host:port, or :port for all interfaces")
	}
	return nil
}
