// Package config holds syncer's settings.
package config

import (
	"errors"
	"os"
	"strings"

	"carstock/pkg/dbconn"
	"carstock/pkg/settings"
)

// Config is all that syncer can be told.
type Config struct {
	DB   dbconn.Config
	Sync Sync
}

// Sync holds the variables that begin with SYNC_.
type Sync struct {
	Views Views  `desc:"views to copy, separated by ; or line breaks"`
	Path  string `default:"./data/carstock.db" desc:"SQLite file to keep"`
}

// Views are names of views or tables in the source.
type Views []string

// Decode splits the variable's text, for envconfig.
func (v *Views) Decode(text string) error {
	*v = nil
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		if name = strings.TrimSpace(name); name != "" {
			*v = append(*v, name)
		}
	}
	return nil
}

// Load reads the settings from the environment and .env. The error names every wrong variable.
func Load() (Config, error) {
	var c Config
	if err := settings.LoadDotEnv(); err != nil {
		return c, err
	}
	return c, settings.Process(&c)
}

// Validate reports every wrong variable, joined.
func (c *Config) Validate() error {
	errs := []error{c.DB.Validate()}
	if c.DB.Driver == dbconn.SQLite {
		errs = append(errs, errors.New("DB_DRIVER: sqlite: syncer reads from mysql"))
	}
	if info, err := os.Stat(c.Sync.Path); err == nil && info.IsDir() || strings.HasSuffix(c.Sync.Path, "/") || strings.HasPrefix(c.Sync.Path, ":") {
		errs = append(errs, errors.New("SYNC_PATH: "+c.Sync.Path+": expected the path of a file, such as ./data/carstock.db"))
	}
	if len(c.Sync.Views) == 0 {
		errs = append(errs, errors.New("SYNC_VIEWS: not set: the views to copy, such as vehicles_view"))
	}
	seen := map[string]bool{}
	for _, v := range c.Sync.Views {
		// SQLite's names are equal but for case.
		if name := strings.ToLower(v); seen[name] {
			errs = append(errs, errors.New("SYNC_VIEWS: "+v+" is named twice"))
		} else {
			seen[name] = true
		}
	}
	return errors.Join(errs...)
}
