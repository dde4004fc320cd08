package store

import (
	"context"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"

	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/value"
)

// A table of at least manyTableRows rows is bound by the first sampleRows. The binding is checked after all rows were
// read.
const (
	manyTableRows = 50_000
	sampleRows    = 5_000
)

// tableRead is one read of a table. It binds the columns if necessary.
type tableRead struct {
	store    *Store
	conn     *sqlx.Conn
	source   catalog.Source
	binding  catalog.Binding
	last     *catalog.Catalog
	estimate int // number of rows
	begin    BeginRead
}

// bindingOf returns the settings for the columns, and what the table and FollowBinding add to them.
func (s *Store) bindingOf(source catalog.Source) catalog.Binding {
	b := s.Binding
	if id := s.idColumns.Load(); id != nil {
		b.ID = *id
	}
	b.Invisible = source.Invisible
	return b
}

// read reads the rows. It keeps the binding of unchanged columns. A copy takes the binding of its live table. Other
// columns are bound by their names and the values of all rows.
func (r *tableRead) read(ctx context.Context) (*catalog.Catalog, error) {
	// Unchanged columns keep their binding.
	plan, last := r.store.plan.Load(), r.last
	if last != nil && last.SameSource(r.source) && slices.Equal(last.BoundID, r.binding.ID) &&
		(plan == nil || last.Plan == plan) {
		return last, r.streamRows(ctx, last, nil)
	}

	// A large table is bound by a sample, and then read once.
	if plan == nil && r.binding.Vocabulary != nil && r.estimate >= manyTableRows {
		if c, isBound, err := r.readWhileBinding(ctx); isBound || err != nil {
			return c, err
		}
	}

	// Any other table is read for its plan, and then for its index. A copy has the plan of its live table.
	if plan == nil {
		var err error
		if plan, err = r.planOfRows(ctx, 0); err != nil {
			return nil, err
		}
	}

	c, err := r.bind(plan)
	if err != nil {
		return nil, err
	}

	r.logBinding(c)
	return c, r.streamRows(ctx, c, nil)
}

// readWhileBinding binds the columns by a sample, and then reads all rows for the index and for a profile. If the
// profile leads to another binding, it reads the rows again. isBound is false if the sample says too little.
func (r *tableRead) readWhileBinding(ctx context.Context) (c *catalog.Catalog, isBound bool, err error) {
	plan, err := r.planOfRows(ctx, sampleRows)
	if err == nil {
		c, err = r.bind(plan)
	}

	var unbound BindingError
	if errors.As(err, &unbound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}

	// Read all rows, and find out whether they lead to the same binding.
	profiler := catalog.NewProfiler(r.source.Table)
	if err := r.streamRows(ctx, c, profiler); err != nil {
		return nil, false, err
	}

	whole, err := r.newPlan(profiler.Profile())
	if err != nil {
		return nil, false, err
	}

	if whole.SameBinding(plan) {
		c.Plan = whole
		r.logBinding(c)
		return c, true, nil
	}

	if c, err = r.bind(whole); err != nil {
		return nil, false, err
	}

	r.logBinding(c)
	return c, true, r.streamRows(ctx, c, nil)
}

// streamRows reads all rows for the index and, unless profiler is nil, for a profile.
func (r *tableRead) streamRows(ctx context.Context, c *catalog.Catalog, profiler *catalog.Profiler) error {
	fields, add, err := r.begin(c, r.estimate)
	if err != nil {
		return err
	}
	if profiler == nil {
		return r.store.stream(ctx, r.conn, c, fields, 0, add)
	}

	all := slices.Concat(fields, profiler.Fields(r.source.Table))
	return r.store.stream(ctx, r.conn, c, all, 0, func(cells []value.Cell) error {
		if err := add(cells[:len(fields)]); err != nil {
			return err
		}
		return profiler.Add(cells[len(fields):])
	})
}

// planOfRows decides what the columns are by the first limit rows, or by all rows if limit is 0.
func (r *tableRead) planOfRows(ctx context.Context, limit int) (*catalog.Plan, error) {
	if r.binding.Vocabulary == nil {
		return r.newPlan(nil)
	}

	profiler := catalog.NewProfiler(r.source.Table)
	c := &catalog.Catalog{Table: r.source.Table}
	if err := r.store.stream(ctx, r.conn, c, profiler.Fields(r.source.Table), limit, profiler.Add); err != nil {
		return nil, err
	}

	return r.newPlan(profiler.Profile())
}

// newPlan decides what the columns are by a profile. An error is a BindingError.
func (r *tableRead) newPlan(profile *catalog.Profile) (*catalog.Plan, error) {
	plan, err := catalog.NewPlan(r.source, r.binding, profile, r.store.Strict && r.last == nil)
	if err != nil {
		return nil, BindingError{err}
	}
	return plan, nil
}

// bind binds the columns by a plan. An error is a BindingError.
func (r *tableRead) bind(plan *catalog.Plan) (*catalog.Catalog, error) {
	c, err := catalog.Bind(r.source, r.binding, plan)
	if err != nil {
		return nil, BindingError{err}
	}
	return c, nil
}

// logBinding logs the columns of a new or changed binding.
func (r *tableRead) logBinding(c *catalog.Catalog) {
	message := "columns of the table are bound"
	if r.last != nil {
		message = "columns of the table have changed"
	}
	r.store.log.Info(message, "table", c.Table.Name, "fields", c.Describe())
}
