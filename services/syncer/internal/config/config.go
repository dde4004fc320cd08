// Package config holds syncer's settings.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/httpserver"
	"carstock/pkg/settings"
	"carstock/pkg/snapshotfile"
)

// Config is all that syncer can be told.
type Config struct {
	DB   dbconn.Config
	Sync Sync
}

// Sync holds the variables that begin with SYNC_.
type Sync struct {
	Views            Views         `desc:"views to copy: view[=table][(key, columns)][@watermark], or patterns such as * or dealer_*, less those after a - such as -audit_*, separated by ; or line breaks; a name that has one of these characters goes between backticks"`
	Path             string        `default:"./data/carstock.db" desc:"SQLite file to keep"`
	Strategy         string        `default:"snapshot" desc:"snapshot: the table equals the view; upsert: rows are added and updated by key, none deleted"`
	WatermarkOverlap time.Duration `split_words:"true" default:"10m" desc:"how far before the last watermark an upsert reads again, for rows that were committed late"`
	Indexes          Indexes       `desc:"indexes to keep: table(column, ...), separated as the views are"`
	Timeout          time.Duration `default:"1h" desc:"longest time for a pass or a pull, its retries included"`
	Retries          int           `default:"3" desc:"how often a pass begins again after a transient error; a pull goes on so often without having received anything"`
	MaxShrink        int           `split_words:"true" default:"50" desc:"percent of its rows that a table may lose in one pass before it is refused"`
	AllowEmpty       bool          `split_words:"true" default:"false" desc:"whether a view without rows may be published"`
	ZeroDates        string        `split_words:"true" default:"keep" desc:"dates such as 0000-00-00: keep them as text, store null, or fail"`
	Decimal          string        `default:"auto" desc:"DECIMAL as auto (numeric up to 15 digits, else text), text, or numeric"`
	Drift            string        `default:"apply" desc:"when a view's columns change: apply the change, or fail"`
	History          History       `default:"off" desc:"how long to keep a history of changes: 24h, 90d, 12w, 2y; or off"`

	// What follows is for syncer run.
	Schedule  string          `default:"@every 15m" desc:"when to make a pass: @every 15m, @hourly, or five fields of cron such as 30 6 * * MON-FRI"`
	Timezone  string          `desc:"time zone of the schedule, such as Europe/Berlin; default that of the system"`
	OnStart   bool            `split_words:"true" default:"true" desc:"whether to make a pass at once when starting"`
	HTTPAddr  string          `split_words:"true" default:"127.0.0.1:9090" desc:"address of the status page, metrics and health checks; off for none"`
	HTTPToken settings.Secret `split_words:"true" desc:"bearer token with which POST /sync asks for a pass, and syncer pull fetches /snapshot, at least 16 characters; without it nobody can"`
	MaxAge    time.Duration   `split_words:"true" default:"0" desc:"age beyond which the snapshot is stale for /readyz; 0: when the third pass since the last good one is due"`
	NotifyURL settings.Secret `split_words:"true" desc:"URL that gets a JSON POST when passes begin to fail, are refused by a guard, and work again"`
	PingURL   settings.Secret `split_words:"true" desc:"URL that gets a GET after each good pass, and with /fail appended after each that failed (healthchecks.io)"`
}

// Values of settings that are one of a few words.
const (
	Snapshot, Upsert                      = "snapshot", "upsert"
	Keep, Null, Fail                      = "keep", "null", "fail"
	DecimalAuto, DecimalText, DecimalReal = "auto", "text", "numeric"
	Apply                                 = "apply"
	Off                                   = "off"
)

// minToken is the least length of the token for POST /sync.
const minTokenLength = 16

// Load reads the settings from the environment, and from file or else .env. The error names every
// wrong variable.
func Load(file string) (Config, error) {
	var c Config
	err := settings.Load(file, &c)
	return c, err
}

// Validate reports every wrong variable, joined.
func (c *Config) Validate() error {
	errs := []error{c.DB.Validate()}
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.DB.Driver == dbconn.SQLite {
		wrong("DB_DRIVER: sqlite: syncer reads from mysql")
	}
	s := &c.Sync
	if info, err := os.Stat(s.Path); err == nil && info.IsDir() || strings.HasSuffix(s.Path, "/") || strings.HasPrefix(s.Path, ":") {
		wrong("SYNC_PATH: %s: expected the path of a file, such as ./data/carstock.db", s.Path)
	}
	for _, w := range []struct {
		name, value string
		expected    []string
	}{
		{"SYNC_STRATEGY", s.Strategy, []string{Snapshot, Upsert}},
		{"SYNC_ZERO_DATES", s.ZeroDates, []string{Keep, Null, Fail}},
		{"SYNC_DECIMAL", s.Decimal, []string{DecimalAuto, DecimalText, DecimalReal}},
		{"SYNC_DRIFT", s.Drift, []string{Apply, Fail}},
	} {
		if !slices.Contains(w.expected, w.value) {
			wrong("%s: %q: expected %s", w.name, w.value, strings.Join(w.expected, " or "))
		}
	}
	errs = append(errs, validateRetries(s.Timeout, s.Retries))
	if s.WatermarkOverlap < 0 {
		wrong("SYNC_WATERMARK_OVERLAP: %s: expected 0 or more", s.WatermarkOverlap)
	}
	if s.MaxShrink < 0 || s.MaxShrink > 100 {
		wrong("SYNC_MAX_SHRINK: %d: expected a percentage, 0 to 100", s.MaxShrink)
	}
	if _, err := s.ParseSchedule(); err != nil {
		errs = append(errs, err)
	}
	if s.MaxAge < 0 {
		wrong("SYNC_MAX_AGE: %s: expected a time above 0, or 0", s.MaxAge)
	}
	if err := httpserver.CheckAddress(s.HTTPAddr); err != nil && s.HTTPAddr != Off {
		wrong("SYNC_HTTP_ADDR: %q: %w, or off", s.HTTPAddr, err)
	}
	if n := len(s.HTTPToken); n > 0 && n < minTokenLength {
		wrong("SYNC_HTTP_TOKEN: %d characters: expected at least %d; `openssl rand -hex 32` makes one", n, minTokenLength)
	}
	for _, w := range []struct {
		name  string
		value settings.Secret // such a URL often holds a token: it is not shown
	}{{"SYNC_NOTIFY_URL", s.NotifyURL}, {"SYNC_PING_URL", s.PingURL}} {
		if u, err := url.Parse(string(w.value)); w.value != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			wrong("%s: expected a URL that begins with http:// or https://", w.name)
		}
	}
	return errors.Join(append(errs, s.validateViews())...)
}

func validateRetries(timeout time.Duration, retries int) error {
	var errs []error
	if timeout <= 0 {
		errs = append(errs, fmt.Errorf("SYNC_TIMEOUT: %s: a time above 0 is needed", timeout))
	}
	if retries < 0 {
		errs = append(errs, fmt.Errorf("SYNC_RETRIES: %d: expected 0 or more", retries))
	}
	return errors.Join(errs...)
}

func (s *Sync) validateViews() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(s.Views) == 0 {
		wrong("SYNC_VIEWS: not set: the views to copy, such as vehicles_view(id)")
	}
	if slices.ContainsFunc(s.Views, func(v View) bool { return v.invalid }) {
		return nil // an error already: do not report what only follows from it
	}
	named := s.Views.Named()
	if err := named.CheckTables(); err != nil {
		errs = append(errs, err)
	}
	for _, v := range s.Views {
		switch {
		case v.LeftOut && !s.Views.HavePatterns():
			wrong("SYNC_VIEWS: %s leaves nothing out, since there is no pattern such as *", v.Entry())
		case v.LeftOut && !v.Pattern && slices.ContainsFunc(named, func(n View) bool { return n.Name == v.Name }):
			wrong("SYNC_VIEWS: %s is named, and left out by %s: keep one of the two", v.Name, v.Entry())
		}
	}
	for _, x := range s.Indexes {
		becomesTable := func(v View) bool {
			return !v.LeftOut && (strings.EqualFold(v.Table, x.Table) || v.Pattern && v.Matcher(true)(x.Table))
		}
		if !slices.ContainsFunc(s.Views, becomesTable) {
			wrong("SYNC_INDEXES: %s is no table of SYNC_VIEWS", x.Table)
		}
	}
	return errors.Join(errs...)
}

// CheckTables reports which of the views, none of them a pattern, cannot have tables of their own in one file.
func (v Views) CheckTables() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	viewOf := map[string]string{} // by tables in lower case: SQLite's names are equal but for case
	for _, view := range v {
		table := strings.ToLower(view.Table)
		if other, taken := viewOf[table]; taken {
			wrong("SYNC_VIEWS: the table %s is named twice, since the views %s and %s would both become it: "+
				"give one another name by view=table, or leave it out", view.Table, other, view.Name)
		}
		viewOf[table] = view.Name
		if strings.HasPrefix(table, snapshotfile.Prefix) || strings.HasPrefix(table, "sqlite_") {
			wrong("SYNC_VIEWS: %s: names of tables may not begin with %s or sqlite_; "+
				"give it another by view=table, or leave it out", view.Table, snapshotfile.Prefix)
		}
	}
	return errors.Join(errs...)
}

// LoadFile reads, as Load does, only which file is kept and which views are copied into it, for what
// needs no source. There are no views where SYNC_VIEWS is not set.
func LoadTarget(file string) (path string, views Views, err error) {
	var c targetConfig
	err = settings.Load(file, &c)
	return c.Sync.Path, c.Sync.Views, err
}

type targetConfig struct {
	Sync struct {
		Path  string `default:"./data/carstock.db"`
		Views Views
	}
}

func (c *targetConfig) Validate() error { return nil }

// Pull holds the variables of Sync that syncer pull needs. It needs no source, and the file is not SYNC_PATH.
type Pull struct {
	Sync struct {
		Timeout   time.Duration   `default:"1h"`
		Retries   int             `default:"3"`
		HTTPToken settings.Secret `split_words:"true"`
	}
}

// LoadPull reads them, as Load does.
func LoadPull(file string) (Pull, error) {
	var p Pull
	err := settings.Load(file, &p)
	return p, err
}

// Validate reports every wrong variable, joined.
func (p *Pull) Validate() error { return validateRetries(p.Sync.Timeout, p.Sync.Retries) }
