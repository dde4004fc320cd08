package search

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"carstock/services/carapi/internal/store"
)

// Findings says what a source costs and how it answers.
type Findings struct {
	Setting, Table string
	Fields         []string // with their columns, where these have other names
	Report         []string // how they were found
	Rows           int
	Bytes          int64         // of one index
	Took           time.Duration // to read and build it
	MaxAge         time.Duration // about how old the index becomes while requests come
	Fetched        string        // how the rows of an answer are read
}

// Check reads the index of a source as the service would: once at the start, when it also binds the columns, and once
// more to measure a refresh.
func Check(ctx context.Context, st *store.Store, o Options) (*Findings, error) {
	if err := st.Ping(ctx); err != nil { // its errors name the setting to check
		return nil, err
	}

	g, err := readGeneration(ctx, st, FromLive, o.Vocabulary, nil, nil)
	if err == nil {
		g, err = readGeneration(ctx, st, FromLive, o.Vocabulary, g, nil)
	}

	if err != nil {
		return nil, err
	}

	return &Findings{
		Setting: st.Setting, Table: st.Table, Fields: g.catalog.Describe(),
		Report: append(g.catalog.Report(), slices.Sorted(maps.Values(g.disagreements()))...),
		Rows:   g.index.Rows(), Bytes: g.index.Bytes() + g.keptRows.bytes(),
		Took: g.readTime, MaxAge: max(minRefreshAge, refreshShare*g.readTime) + g.readTime, Fetched: g.describeFetch(),
	}, nil
}

// describeFetch says how the rows of an answer are read.
func (g *generation) describeFetch() string {
	var names []string
	for _, f := range g.catalog.KeyFields {
		names = append(names, f.Column.Name)
	}

	key := strings.Join(names, ", ")
	switch {
	case g.keptRows != nil && !g.catalog.Key.Exists():
		return "kept in memory, as old as the index: the table has no key"
	case g.keptRows != nil && !g.catalog.Key.Unique:
		return "kept in memory, as old as the index: " + key +
			" does not identify every vehicle, or finding one by it is slow"
	case g.keptRows != nil:
		return "kept in memory, as old as the index: finding one by " + key + " is slow"
	case g.catalog.Key.RowID:
		return "live, by SQLite's rowid"
	case !g.catalog.Key.Unique:
		return "live, by " + key + ", which identifies every vehicle now"
	}

	return "live, by " + key
}
