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
	"carstock/pkg/program"
	"carstock/pkg/settings"
	"carstock/pkg/snapshotfile"
)

// Config is all settings of syncer.
type Config struct {
	DB   dbconn.Config
	Sync SyncConfig
	Log  program.LogConfig
}

// SyncConfig holds the variables that begin with SYNC_. Descriptions describes them.
type SyncConfig struct {
	Views            ViewList
	Path             string        `default:"./data/carstock.db"`
	Strategy         string        `default:"snapshot"`
	WatermarkOverlap time.Duration `split_words:"true" default:"10m"`
	Indexes          IndexList
	Timeout          time.Duration `default:"1h"`
	Retries          int           `default:"3"`
	MaxShrink        int           `split_words:"true" default:"50"`
	AllowEmpty       bool          `split_words:"true" default:"false"`
	ZeroDates        string        `split_words:"true" default:"keep"`
	Decimal          string        `default:"auto"`
	Drift            string        `default:"apply"`
	History          HistoryAge    `default:"off"`

	// The rest is for syncer serve.
	Schedule  string `default:"@every 15m"`
	Timezone  string
	OnStart   bool            `split_words:"true" default:"true"`
	HTTPAddr  string          `split_words:"true" default:"127.0.0.1:9090"`
	HTTPToken settings.Secret `split_words:"true"`
	ShowRows  string          `split_words:"true" default:"local"`
	MaxAge    time.Duration   `split_words:"true" default:"0"`
	NotifyURL settings.Secret `split_words:"true"`
	PingURL   settings.Secret `split_words:"true"`
}

// Descriptions describes each variable, for settings.Describe.
func (*SyncConfig) Descriptions() map[string]string {
	return map[string]string{
		"SYNC_VIEWS": "views to copy: view[=table][(key, columns)][@watermark], or patterns such as * or dealer_*, " +
			"except those after a - such as -audit_*; separated by ; or line breaks; " +
			"a name that has one of these characters goes between backticks",
		"SYNC_PATH":     "SQLite file that syncer writes",
		"SYNC_STRATEGY": "snapshot: the table equals the view; upsert: rows are added and updated by key, none deleted",
		"SYNC_WATERMARK_OVERLAP": "how far before the last watermark an upsert reads again, " +
			"for rows that were committed late",
		"SYNC_INDEXES": "indexes on the copied tables: table(column, ...), separated as the views are",
		"SYNC_TIMEOUT": "longest time for a run or a pull, its retries included",
		"SYNC_RETRIES": "how often a run is retried after a transient error; " +
			"how many retries in a row a pull makes in which nothing arrives",
		"SYNC_MAX_SHRINK":  "percentage of its rows that a table may lose in one run; a run that loses more is refused",
		"SYNC_ALLOW_EMPTY": "whether a view without rows may be published",
		"SYNC_ZERO_DATES":  "dates such as 0000-00-00: keep them as text, store null, or fail",
		"SYNC_DECIMAL":     "DECIMAL as auto (numeric up to 15 digits, otherwise text), text, or numeric",
		"SYNC_DRIFT":       "when a view's columns change: apply the change, or fail",
		"SYNC_HISTORY":     "how long to keep a history of changes: 24h, 90d, 12w, 2y; or off",

		"SYNC_SCHEDULE": "when to make a run: @every 15m, @hourly, or five fields of cron " +
			"such as 30 6 * * MON-FRI",
		"SYNC_TIMEZONE": "time zone of the schedule, such as Europe/Berlin; default that of the system",
		"SYNC_ON_START": "whether to make a run at once when starting",

		"SYNC_HTTP_ADDR": "address of the status page, metrics and health checks; off for none",
		"SYNC_HTTP_TOKEN": "bearer token for POST /sync, which starts a run, and for /snapshot, which syncer pull fetches; " +
			"at least 16 characters; without it both are refused",
		"SYNC_SHOW_ROWS": "whether the status page, which needs no token, shows the first rows of each table: " +
			"local (if SYNC_HTTP_ADDR and the address in the browser are loopback addresses), always, or never",
		"SYNC_MAX_AGE": "age beyond which the snapshot is stale for /readyz; " +
			"0: when the third run since the last good one is due",
		"SYNC_NOTIFY_URL": "URL that gets one JSON POST per change of state: failing, refused by a guard, recovered",
		"SYNC_PING_URL": "URL that gets a GET after each good run, and with /fail appended after each that failed " +
			"or was refused (healthchecks.io)",
	}
}

// Values of SYNC_STRATEGY.
const (
	StrategySnapshot = "snapshot"
	StrategyUpsert   = "upsert"
)

// Values of SYNC_ZERO_DATES.
const (
	zeroDatesKeep = "keep"
	ZeroDatesNull = "null"
	ZeroDatesFail = "fail"
)

// Values of SYNC_DECIMAL.
const (
	decimalAuto    = "auto"
	DecimalText    = "text"
	DecimalNumeric = "numeric"
)

// Values of SYNC_SHOW_ROWS.
const (
	ShowLocal  = "local"
	ShowAlways = "always"
	ShowNever  = "never"
)

// Values of SYNC_DRIFT.
const (
	driftApply = "apply"
	DriftFail  = "fail"
)

// SettingOff is the value of settings that turn something off.
const SettingOff = "off"

// minTokenLength is the least length of SYNC_HTTP_TOKEN.
const minTokenLength = 16

// Load reads the settings from the environment, and from a file, or from .env if file is empty. The error names every
// invalid variable.
func Load(file string) (Config, error) {
	var c Config
	err := settings.Load(file, &c)
	return c, err
}

// Validate returns an error for every invalid variable, joined.
func (c *Config) Validate() error {
	errs := []error{c.DB.Validate(), c.Log.Validate()}
	if c.DB.Driver == dbconn.SQLite {
		errs = append(errs, errors.New("DB_DRIVER: sqlite: syncer reads from mysql"))
	}

	s := &c.Sync
	errs = append(errs, s.validatePath(), s.validateWords(), validateRetries(s.Timeout, s.Retries),
		s.validateNumbers(), s.validateService())
	return errors.Join(append(errs, s.validateViews())...)
}

// validatePath returns an error for a folder, and for a name that SQLite reserves: it begins with a colon.
func (s *SyncConfig) validatePath() error {
	info, err := os.Stat(s.Path)
	isFolder := err == nil && info.IsDir()
	if isFolder || strings.HasSuffix(s.Path, "/") || strings.HasPrefix(s.Path, ":") {
		return fmt.Errorf("SYNC_PATH: %s: expected the path of a file, such as ./data/carstock.db", s.Path)
	}
	return nil
}

// validateWords checks the settings that are one of a few words.
func (s *SyncConfig) validateWords() error {
	var errs []error
	for _, w := range []struct {
		name, value string
		expected    []string
	}{
		{"SYNC_STRATEGY", s.Strategy, []string{StrategySnapshot, StrategyUpsert}},
		{"SYNC_ZERO_DATES", s.ZeroDates, []string{zeroDatesKeep, ZeroDatesNull, ZeroDatesFail}},
		{"SYNC_DECIMAL", s.Decimal, []string{decimalAuto, DecimalText, DecimalNumeric}},
		{"SYNC_DRIFT", s.Drift, []string{driftApply, DriftFail}},
		{"SYNC_SHOW_ROWS", s.ShowRows, []string{ShowLocal, ShowAlways, ShowNever}},
	} {
		if !slices.Contains(w.expected, w.value) {
			errs = append(errs, fmt.Errorf("%s: %q: expected %s", w.name, w.value, strings.Join(w.expected, " or ")))
		}
	}

	return errors.Join(errs...)
}

// validateNumbers checks the settings of a run that have a range.
func (s *SyncConfig) validateNumbers() error {
	var errs []error
	if s.WatermarkOverlap < 0 {
		errs = append(errs, fmt.Errorf("SYNC_WATERMARK_OVERLAP: %s: expected 0 or more", s.WatermarkOverlap))
	}

	if s.MaxShrink < 0 || s.MaxShrink > 100 {
		errs = append(errs, fmt.Errorf("SYNC_MAX_SHRINK: %d: expected a percentage, 0 to 100", s.MaxShrink))
	}
	return errors.Join(errs...)
}

// validateService checks the settings of syncer serve.
func (s *SyncConfig) validateService() error {
	var errs []error
	invalid := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := s.ParseSchedule(); err != nil {
		errs = append(errs, err)
	}
	if s.MaxAge < 0 {
		invalid("SYNC_MAX_AGE: %s: expected a time above 0, or 0", s.MaxAge)
	}

	if err := httpserver.CheckAddress(s.HTTPAddr); err != nil && s.HTTPAddr != SettingOff {
		invalid("SYNC_HTTP_ADDR: %q: %w, or off", s.HTTPAddr, err)
	}
	if n := len(s.HTTPToken); n > 0 && n < minTokenLength {
		invalid("SYNC_HTTP_TOKEN: %d characters: expected at least %d; `openssl rand -hex 32` makes one", n, minTokenLength)
	}

	// Such a URL often holds a token, so the error does not show it.
	for _, v := range []struct {
		name  string
		value settings.Secret
	}{{"SYNC_NOTIFY_URL", s.NotifyURL}, {"SYNC_PING_URL", s.PingURL}} {
		u, err := url.Parse(string(v.value))
		isHTTP := err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
		if v.value != "" && !isHTTP {
			invalid("%s: expected a URL that begins with http:// or https://", v.name)
		}
	}

	return errors.Join(errs...)
}

// validateRetries checks SYNC_TIMEOUT and SYNC_RETRIES, which a pull has too.
func validateRetries(timeout time.Duration, retries int) error {
	var errs []error
	if timeout <= 0 {
		errs = append(errs, fmt.Errorf("SYNC_TIMEOUT: %s: expected a time above 0", timeout))
	}

	if retries < 0 {
		errs = append(errs, fmt.Errorf("SYNC_RETRIES: %d: expected 0 or more", retries))
	}
	return errors.Join(errs...)
}

// validateViews checks SYNC_VIEWS and SYNC_INDEXES against each other, as far as that is possible without the source.
func (s *SyncConfig) validateViews() error {
	var errs []error
	invalid := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(s.Views) == 0 {
		invalid("SYNC_VIEWS: not set: the views to copy, such as vehicles_view(id)")
	}

	if slices.ContainsFunc(s.Views, func(v ViewEntry) bool { return v.invalid }) {
		return nil // Decode has returned its error; others would only follow from it
	}

	named := s.Views.Named()
	if err := named.CheckTables(); err != nil {
		errs = append(errs, err)
	}

	// An entry with - must have an effect.
	for _, v := range s.Views {
		switch {
		case v.LeftOut && !s.Views.HavePatterns():
			invalid("SYNC_VIEWS: %s leaves nothing out, since there is no pattern such as *", v.Entry())
		case v.LeftOut && !v.Pattern && slices.ContainsFunc(named, func(n ViewEntry) bool { return n.Name == v.Name }):
			invalid("SYNC_VIEWS: %s is named, and left out by %s: keep one of the two", v.Name, v.Entry())
		}
	}

	// Each index needs a table. One that a pattern may find passes: the run reports it if no view becomes it.
	for _, x := range s.Indexes {
		becomesTable := func(v ViewEntry) bool {
			return !v.LeftOut && (strings.EqualFold(v.Table, x.Table) || v.Pattern && v.Matcher(true)(x.Table))
		}
		if !slices.ContainsFunc(s.Views, becomesTable) {
			invalid("SYNC_INDEXES: %s is not a table of SYNC_VIEWS", x.Table)
		}
	}

	return errors.Join(errs...)
}

// CheckTables returns an error for each of the views that cannot have its own table in one file. None of them may be a
// pattern.
func (v ViewList) CheckTables() error {
	var errs []error
	invalid := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	viewOf := map[string]string{} // by table in lower case, as SQLite ignores case in names
	for _, view := range v {
		table := strings.ToLower(view.Table)
		if other, taken := viewOf[table]; taken {
			invalid("SYNC_VIEWS: the table %s is named twice, since the views %s and %s would both become it: "+
				"give one another name by view=table, or leave it out", view.Table, other, view.Name)
		}

		viewOf[table] = view.Name
		if strings.HasPrefix(table, snapshotfile.TablePrefix) || strings.HasPrefix(table, "sqlite_") {
			invalid("SYNC_VIEWS: %s: names of tables may not begin with %s or sqlite_; "+
				"give it another by view=table, or leave it out", view.Table, snapshotfile.TablePrefix)
		}
	}

	return errors.Join(errs...)
}

// LoadTarget reads only which file to keep and which views to copy into it, for commands that need no source. It reads
// them as Load does. There are no views if SYNC_VIEWS is not set.
func LoadTarget(file string) (path string, views ViewList, err error) {
	var c targetConfig
	err = settings.Load(file, &c)
	return c.Sync.Path, c.Sync.Views, err
}

// targetConfig holds the variables that LoadTarget reads.
type targetConfig struct {
	Sync struct {
		Path  string `default:"./data/carstock.db"`
		Views ViewList
	}
}

// Validate accepts everything: commands that read the file report what is wrong with it.
func (c *targetConfig) Validate() error { return nil }

// PullConfig holds the variables of SyncConfig that syncer pull needs. It needs no source, and its file is not
// SYNC_PATH.
type PullConfig struct {
	Sync struct {
		Timeout   time.Duration   `default:"1h"`
		Retries   int             `default:"3"`
		HTTPToken settings.Secret `split_words:"true"`
	}
	Log program.LogConfig
}

// LoadPull reads the settings of syncer pull, as Load does.
func LoadPull(file string) (PullConfig, error) {
	var p PullConfig
	err := settings.Load(file, &p)
	return p, err
}

// Validate returns an error for every invalid variable, joined.
func (p *PullConfig) Validate() error {
	return errors.Join(validateRetries(p.Sync.Timeout, p.Sync.Retries), p.Log.Validate())
}
