package answer

import (
	"encoding/json"
	"time"

	"carstock/pkg/problem"
	"carstock/services/carapi/internal/interpret"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/search"
)

// The shapes of all answers. Their JSON and its schemas are made from these types. A json.RawMessage already is JSON,
// and schema.go has its schema. The descriptions in tags are part of the schemas; schema.go has the longer ones.

// SearchResult is the answer to a search. With count_only it has no vehicles and no page.
type SearchResult struct {
	Cars        json.RawMessage     `json:"cars,omitempty"`
	Returned    *int                `json:"returned,omitempty"`
	Total       *int                `json:"total,omitempty" jsonschema:"All vehicles that match"`
	HasMore     *bool               `json:"has_more,omitempty"`
	Next        json.RawMessage     `json:"next,omitempty" jsonschema:"The request for the next page"`
	NextCursor  json.RawMessage     `json:"next_cursor,omitempty"`
	Summary     string              `json:"summary,omitempty" jsonschema:"What was found, in a sentence"`
	Truncation  *search.Truncation  `json:"cut,omitempty"`
	ZeroResults *search.ZeroResults `json:"no_match,omitempty"`
	Facets      json.RawMessage     `json:"facets,omitempty"`
	Context
}

// FacetsResult holds how many vehicles have each value of some fields.
type FacetsResult struct {
	Facets json.RawMessage `json:"facets"`
	Context
}

// Facet holds the values of one field.
type Facet struct {
	Values []FacetValue `json:"values"`
	Other  int          `json:"other" jsonschema:"How many vehicles have a value that is not among them"`
}

// FacetValue is a value, or a range of numbers, and how many vehicles have it.
type FacetValue struct {
	Value json.RawMessage `json:"value"`
	Below json.RawMessage `json:"below,omitempty"`
	Count int             `json:"count"`
}

// StatsResult holds the aggregates of some fields, of all vehicles that match or, with by, of each group.
type StatsResult struct {
	Count  int             `json:"count"`
	Fields json.RawMessage `json:"fields,omitempty"`
	Groups json.RawMessage `json:"groups,omitempty" jsonschema:"With by: the largest groups, each with its values"`
	Other  *int            `json:"other,omitempty" jsonschema:"With by: how many vehicles are in other groups"`
	Context
}

// GroupResult is a group of vehicles. It also has the values of the fields in by; of a range, the value is its lower
// end, and NAME_below its upper end.
type GroupResult struct {
	Count  int             `json:"count"`
	Fields json.RawMessage `json:"fields"`
}

// Comparison holds the prices of similar vehicles.
type Comparison struct {
	Limits     json.RawMessage   `json:"limits" jsonschema:"The limits of the comparison, as parameters of a search"`
	Missing    []string          `json:"missing,omitempty"`
	Count      int               `json:"count" jsonschema:"Others within the limits that have a price"`
	Price      search.Aggregates `json:"price" jsonschema:"What they cost"`
	Percentile *int              `json:"percentile" jsonschema:"Percentage of them that cost less; null without a price"`
	Cars       json.RawMessage   `json:"cars" jsonschema:"The cheapest of them"`
}

// SimilarResult is a vehicle with the prices of similar ones.
type SimilarResult struct {
	Car json.RawMessage `json:"car"`
	Comparison
	Source string    `json:"source"`
	AsOf   time.Time `json:"as_of" jsonschema:"No part of the answer is older than this time"`
}

// ChangesResult lists what happened to vehicles, the newest first.
type ChangesResult struct {
	Changes json.RawMessage `json:"changes"`
	Page
	Total    int             `json:"total" jsonschema:"All changes that match"`
	Unlisted []BulkChange    `json:"not_listed,omitempty"`
	Recorded time.Time       `json:"recorded_since" jsonschema:"Earlier changes are not remembered"`
	Applied  json.RawMessage `json:"applied" jsonschema:"The request as understood, its defaults included"`
	Source   string          `json:"source"`
	AsOf     time.Time       `json:"as_of" jsonschema:"No part of the answer is older than this time"`
}

// HistoryResult lists what happened to one vehicle, the newest first.
type HistoryResult struct {
	ID  json.RawMessage `json:"id,omitempty"`
	Car json.RawMessage `json:"car,omitempty"`
	RowHistory
	Source string    `json:"source"`
	AsOf   time.Time `json:"as_of" jsonschema:"No part of the answer is older than this time"`
}

// RowHistory lists the changes of one vehicle.
type RowHistory struct {
	Changes json.RawMessage `json:"changes"`
	Page
	Recorded time.Time `json:"recorded_since" jsonschema:"Earlier changes are not remembered"`
}

// BulkChange counts the vehicles that a run changed without recording each change.
type BulkChange struct {
	At      time.Time `json:"at"`
	Added   int64     `json:"added"`
	Changed int64     `json:"changed"`
	Removed int64     `json:"removed"`
}

// Page says which part of a list an answer has.
type Page struct {
	Returned   int             `json:"returned"`
	HasMore    bool            `json:"has_more"`
	Next       json.RawMessage `json:"next" jsonschema:"The request for the next page"`
	NextCursor json.RawMessage `json:"next_cursor"`
}

// Change is what happened to one vehicle.
type Change struct {
	At   time.Time       `json:"at" jsonschema:"When the run of syncer began that found it"`
	Kind string          `json:"kind"`
	ID   json.RawMessage `json:"id,omitempty"`
	Key  json.RawMessage `json:"known_by,omitempty"`
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty" jsonschema:"Values after"`
	Car  json.RawMessage `json:"car,omitempty"`
}

// FieldsResult describes all fields.
type FieldsResult struct {
	Fields []search.Description `json:"fields"`
}

// Context says how a request was understood, and how fresh its answer is. It ends with as_of.
type Context struct {
	Applied json.RawMessage `json:"applied" jsonschema:"The request as understood, its defaults included"`
	interpret.Notes
	NotNumbers map[string]int      `json:"not_a_number,omitempty"`
	Currencies map[string][]string `json:"several_currencies,omitempty"`
	Source     string              `json:"source"`
	AsOf       time.Time           `json:"as_of" jsonschema:"No part of the answer is older than this time"`
}

// Problem is an error as the caller gets it.
type Problem struct {
	problem.Details
	Errors []query.ParameterError `json:"errors,omitempty"`

	ErrorsLeftOut int `json:"errors_left_out,omitempty" jsonschema:"Errors for which there is no room"`

	RetryURL string          `json:"retry_url,omitempty"`
	Sources  []search.Status `json:"sources,omitempty" jsonschema:"Which databases answer, where that is the question"`
}
