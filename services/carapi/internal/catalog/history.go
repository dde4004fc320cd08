package catalog

import (
	"slices"
	"strings"

	"carstock/pkg/schema"
)

// Names of the fields that come from a change history.
const (
	FirstSeen      = "first_seen"
	DaysListed     = "days_listed"
	PriceChangedAt = "price_changed_at"
	PreviousPrice  = "previous_price"
	PriceDrop      = "price_drop"
)

// FirstSeenOrEarlier is true in answers if the vehicle may have been in the table before FirstSeen.
const FirstSeenOrEarlier = "first_seen_or_earlier"

// historyNames are the names of all fields of the history.
var historyNames = []string{FirstSeen, DaysListed, PriceChangedAt, PreviousPrice, PriceDrop}

// noHistoryText says how to get a change history.
const noHistoryText = "it needs a change history, which this table does not have: set SYNC_HISTORY=90d for syncer, " +
	"name the key of the table, as in SYNC_VIEWS=vehicles_view(id), and let carapi read its file (SNAPSHOT_PATH, or " +
	"DB_DRIVER=sqlite)"

// IsHistory reports whether the field comes from the change history.
func (f *Field) IsHistory() bool { return f.isComputed && slices.Contains(historyNames, f.Name) }

// NoHistoryReason returns why the table has no change history, or "" if it has one.
func (c *Catalog) NoHistoryReason() string { return c.noHistoryReason }

// addHistory adds the fields of the change history, if there is one. A column with the same name replaces the field.
func (c *Catalog) addHistory() {
	if c.noHistoryReason = c.findNoHistoryReason(); c.noHistoryReason != "" {
		return
	}

	// add adds a field. If a column has its name, it returns a field that is not used.
	add := func(name, about string, kind schema.Kind) *Field {
		if slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Name == name }) {
			return &Field{}
		}
		c.Fields = append(c.Fields, Field{
			Name: name, About: about, Kind: kind, Stored: kind, isComputed: true,
			Column: schema.Column{Name: name, Kind: kind},
		})
		return &c.Fields[len(c.Fields)-1]
	}

	add(FirstSeen, "when the vehicle was first seen in the table; it may have been there before where "+FirstSeenOrEarlier+
		" is true", schema.Timestamp)
	add(DaysListed, "days since first_seen, by the date in UTC", schema.Integer).Unit = "days"

	price := slices.IndexFunc(c.Fields, func(f Field) bool { return f.Name == "price" && f.Class() == ClassNumber })
	if price < 0 {
		c.noPricesReason = "it compares prices, and this table has none"
		return
	}

	unit, mixed := c.Fields[price].Unit, c.Fields[price].Mixed
	add(PriceChangedAt, "when the price last changed", schema.Timestamp)

	for _, f := range []struct{ name, about string }{
		{PreviousPrice, "the price before its last change"},
		{PriceDrop, "how much less the price is than previous_price; negative where it is more"},
	} {
		added := add(f.name, f.about, schema.Decimal)
		added.Unit, added.Mixed = unit, mixed
	}
}

// findNoHistoryReason returns what a history lacks, or "" if it lacks nothing.
func (c *Catalog) findNoHistoryReason() string {
	if len(c.source.HistoryKey) == 0 {
		return noHistoryText
	}

	for _, column := range c.source.HistoryKey {
		if c.historyField(column) < 0 {
			return "the change history knows vehicles by a column that is hidden or missing here"
		}
	}
	return ""
}

// historyField returns the position of the field that holds a column of the history's key, or -1.
func (c *Catalog) historyField(column string) int {
	return slices.IndexFunc(c.Fields, func(f Field) bool {
		isThat := len(f.Columns) == 1 && strings.EqualFold(f.Column.Name, column) && !f.isComputed && f.isPlain()
		return isThat && (f.IsSortable() || f.Name == "id")
	})
}

// bindHistory finds the fields of the history's key, once no more fields are added.
func (c *Catalog) bindHistory() {
	if c.noHistoryReason != "" {
		return
	}

	for _, column := range c.source.HistoryKey {
		c.HistoryKey = append(c.HistoryKey, &c.Fields[c.historyField(column)])
	}

	for _, name := range []string{PreviousPrice, PriceDrop} {
		if f := c.byName[name]; f != nil && f.isComputed {
			f.CurrencyIn = c.byName["price"].CurrencyIn
		}
	}
}
