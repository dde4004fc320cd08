// Package config holds carapi's settings.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/httpserver"
	"carstock/pkg/program"
	"carstock/pkg/settings"
	"carstock/services/carapi/internal/auth"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// Stock says what to search. Descriptions describes its variables.
type Stock struct {
	DB             dbconn.Config
	CarsTable      string        `split_words:"true" default:"vehicles_stock"`
	CarsFields     NameList      `split_words:"true"`
	CarsHide       NameList      `split_words:"true"`
	CarsUnits      []string      `split_words:"true"`
	VocabularyFile string        `split_words:"true"`
	QueryTimeout   time.Duration `split_words:"true" default:"5s"`
	Source         string        `default:"auto"`
	SnapshotPath   string        `split_words:"true"`
	SnapshotTable  string        `split_words:"true"`
	StaleMaxAge    time.Duration `split_words:"true" default:"48h"`
	Log            program.LogConfig

	settings   store.Settings    // set by Validate
	vocabulary *value.Vocabulary // set by Validate
}

// Descriptions describes each variable, for settings.Describe.
func (*Stock) Descriptions() map[string]string {
	return map[string]string{
		"CARS_TABLE": "table or view to search",
		"CARS_FIELDS": "field=column, separated by commas: columns that are not found by their names or values, " +
			"as in price=preis_brutto,color=farbe; a name with a comma or spaces around it goes between backticks",
		"CARS_HIDE": "columns to hide from requests and answers, separated by commas; " +
			"with backticks as in CARS_FIELDS",
		"CARS_UNITS": "field=unit, separated by commas: units that the table does not name, mi or km for mileage " +
			"and an ISO 4217 code for price and msrp, as in mileage=km,price=EUR",
		"VOCABULARY_FILE": "file with more names of values, such as Chevrolet = Chevy",
		"QUERY_TIMEOUT":   "longest time that a query may take in a database",
		"SOURCE": "auto, live or snapshot: what answers; auto is the live database and, " +
			"while that does not answer, the file of SNAPSHOT_PATH, if there is one",
		"SNAPSHOT_PATH":  "SQLite file that syncer writes",
		"SNAPSHOT_TABLE": "table in that file; default the name in CARS_TABLE",
		"STALE_MAX_AGE":  "age up to which that file answers; 0 for any",
	}
}

// Sources, as SOURCE names them.
const (
	sourceAuto     = "auto"
	sourceLive     = "live"
	sourceSnapshot = "snapshot"
)

// HasLive reports whether the database of DB_HOST or DB_PATH answers.
func (c *Stock) HasLive() bool { return c.Source != sourceSnapshot }

// HasSnapshot reports whether the file of SNAPSHOT_PATH answers.
func (c *Stock) HasSnapshot() bool { return c.SnapshotPath != "" && c.Source != sourceLive }

// Address is the address that carapi listens on.
type Address struct {
	HTTPAddr string `split_words:"true" default:":8080" desc:"address to listen on"`
}

// Validate reports a wrong address.
func (a *Address) Validate() error {
	if err := httpserver.CheckAddress(a.HTTPAddr); err != nil {
		return fmt.Errorf("HTTP_ADDR: %q: %w", a.HTTPAddr, err)
	}
	return nil
}

// Config holds all settings of carapi. Descriptions describes the variables that are not in one of its parts.
type Config struct {
	Stock
	Address
	API            auth.Config
	PublicURL      string      `split_words:"true"`
	CORSOrigins    OriginList  `split_words:"true"`
	RateLimit      RequestRate `split_words:"true" default:"600/1m"`
	TrustedProxies ProxyList   `split_words:"true"`
	MaxInFlight    int         `split_words:"true" default:"16"`
	MetricsAddr    string      `split_words:"true" default:"127.0.0.1:9091"`
}

// Descriptions describes the variables, for settings.Describe.
func (*Config) Descriptions() map[string]string {
	return map[string]string{
		"PUBLIC_URL": "where clients reach the API, such as https://cars.example.com; " +
			"for the description of the API and the URLs in answers",
		"CORS_ORIGINS": "origins of web pages that browsers may call from, such as https://app.example.com, " +
			"separated by commas; or *; default none",
		"RATE_LIMIT": "requests per period, such as 600/1m, for each key, and for each address that sends no valid key; " +
			"off for no limit",
		"TRUSTED_PROXIES": "addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas",
		"MAX_IN_FLIGHT": "how many requests are answered at a time; twice as many wait for up to half a second, " +
			"the rest are refused with 503",
		"METRICS_ADDR": "address of the metrics for Prometheus; off for none",
	}
}

// SettingOff disables METRICS_ADDR and RATE_LIMIT.
const SettingOff = "off"

// Load reads the settings from the environment, and from file or otherwise .env. The error names every wrong variable.
func Load(file string) (Config, error) {
	var c Config
	err := settings.Load(file, &c)
	return c, err
}

// LoadStock reads only the settings of what to search.
func LoadStock(file string) (Stock, error) {
	var c Stock
	err := settings.Load(file, &c)
	return c, err
}

// LoadAddress reads only the address.
func LoadAddress(file string) (Address, error) {
	var a Address
	err := settings.Load(file, &a)
	return a, err
}

// Validate reports every wrong variable, joined.
func (c *Stock) Validate() error {
	errs := []error{c.Log.Validate()}
	if c.HasLive() {
		errs = append(errs, c.DB.Validate())
	}
	errs = append(errs, c.readSettings())
	if c.QueryTimeout <= 0 {
		errs = append(errs, fmt.Errorf("QUERY_TIMEOUT: %s: expected a time above 0", c.QueryTimeout))
	}

	if !slices.Contains([]string{sourceAuto, sourceLive, sourceSnapshot}, c.Source) {
		errs = append(errs, fmt.Errorf("SOURCE: %q: expected auto, live or snapshot", c.Source))
	}

	if c.Source == sourceSnapshot && c.SnapshotPath == "" {
		errs = append(errs, errors.New("SNAPSHOT_PATH: not set: the file that syncer keeps, for SOURCE=snapshot"))
	}

	if c.StaleMaxAge < 0 {
		errs = append(errs, fmt.Errorf("STALE_MAX_AGE: %s: expected a time, or 0 for any", c.StaleMaxAge))
	}

	return errors.Join(errs...)
}

// Settings returns the settings for reading the live table, and the vocabulary. Validate must have accepted c.
func (c *Stock) Settings() (store.Settings, *value.Vocabulary) { return c.settings, c.vocabulary }

// readSettings reads the settings that say how to read the table, for Settings.
func (c *Stock) readSettings() error {
	binding, err := catalog.NewBinding(c.CarsFields, c.CarsHide, query.Controls())
	vocabulary, vocabularyErr := value.ReadVocabulary(c.VocabularyFile)
	binding.Vocabulary = vocabulary
	units, unitsErr := catalog.NewUnits(c.CarsUnits)
	binding.Units = units

	c.vocabulary = vocabulary
	c.settings = store.Settings{
		Table: c.CarsTable, Setting: "CARS_TABLE", Binding: binding, Timeout: c.QueryTimeout, Strict: true,
	}
	return errors.Join(err, unitsErr, vocabularyErr)
}

// Validate reports every wrong variable, joined.
func (c *Config) Validate() error {
	errs := []error{c.Stock.Validate(), c.Address.Validate(), c.API.Validate()}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" ||
		u.Host == "" || u.RawQuery != "" || u.User != nil) {
		errs = append(errs, fmt.Errorf("PUBLIC_URL: %q: expected https://host, and perhaps a path", c.PublicURL))
	}

	if c.MaxInFlight < 1 {
		errs = append(errs, fmt.Errorf("MAX_IN_FLIGHT: %d: expected at least 1", c.MaxInFlight))
	}

	if c.MetricsAddr != SettingOff {
		if err := httpserver.CheckAddress(c.MetricsAddr); err != nil {
			errs = append(errs, fmt.Errorf("METRICS_ADDR: %q: %w, or off", c.MetricsAddr, err))
		}
	}

	return errors.Join(errs...)
}
