package search

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"carstock/pkg/schema"
	"carstock/pkg/snapshotfile"
	"carstock/services/carapi/internal/catalog"
	"carstock/services/carapi/internal/history"
	"carstock/services/carapi/internal/query"
	"carstock/services/carapi/internal/store"
	"carstock/services/carapi/internal/value"
)

// NoHistoryError says that there is no change history, and how to get one.
type NoHistoryError struct{ Reason string }

func (e NoHistoryError) Error() string { return "change history: " + e.Reason }

// Changes is a page of events of vehicles.
type Changes struct {
	Events  []byte // a JSON array
	Count   int
	Total   int            // of all pages; 0 for the history of one vehicle
	Bulks   []history.Bulk // the last runs in that time that only recorded the numbers of their changes
	Next    url.Values     // the request for the events before these; nil on the last page
	Applied []byte         // a JSON object: the request as understood
	From    time.Time      // earlier events are not remembered
	Origin  Origin

	// Of the history of one vehicle:
	ID    []byte // as JSON
	Car   []byte // a JSON object; nil if it is not in stock
	Facts []byte // a JSON object with what the history says of it; nil if it is not in stock
}

// Room for events, in characters.
const (
	maxRecorded = 4000 // of the old or new values of one event
	maxEvents   = query.MaxChars - envelopeSize
	bulkSize    = 130 // of a bulk run
)

// MaxBulks is how many bulk runs an answer lists.
const MaxBulks = 50

// Changes returns what happened to vehicles, the newest first.
func (s *Service) Changes(ctx context.Context, values url.Values) (*Changes, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Changes, error) {
		r, request, err := newChangesRequest(ctx, src, g, values, query.ChangesParameters()...)
		if err != nil {
			return nil, err
		}
		return r.changes(request)
	})
}

// newChangesRequest reads the parameters of a request for changes.
func newChangesRequest(ctx context.Context, src *source, g *generation, values url.Values, allowed ...string) (
	*searchRequest, *query.Changes, error,
) {
	request, err := g.interpreter.Parameters().ParseChanges(values, time.Now(), allowed...)
	if err != nil {
		return nil, nil, err
	}

	// The fields to show are read as for one vehicle.
	shown := url.Values{}
	if fields := values["fields"]; fields != nil {
		shown["fields"] = fields
	}

	r, err := newCarRequest(ctx, src, g, shown)
	if err != nil {
		return nil, nil, err
	}

	switch reason := g.catalog.NoHistoryReason(); {
	case reason != "":
		return nil, nil, NoHistoryError{reason}
	case g.changeLog == nil:
		return nil, nil, NoHistoryError{"it cannot be read now; try again later"}
	case strings.Join(shown["fields"], "") == "":
		r.query.Shown = query.SummaryFields(g.catalog)
	}

	return r, request, nil
}

// changes reads the requested events and their vehicles.
func (r *searchRequest) changes(request *query.Changes) (*Changes, error) {
	log := r.generation.changeLog
	before := math.MaxInt
	if request.Before != nil {
		before = log.Position(request.Before.Change, request.Before.Kind)
	}

	// One event more than the limit shows whether there is a next page.
	numbers, total := log.Page(request.Kinds, request.Since, before, request.Limit+1)
	more := len(numbers) > request.Limit
	numbers = numbers[:min(len(numbers), request.Limit)]
	events := make([]history.Event, len(numbers))

	var ids []int64
	for i, n := range numbers {
		events[i] = log.EventAt(n)
		if !slices.Contains(ids, events[i].Change) {
			ids = append(ids, events[i].Change)
		}
	}

	result := &Changes{
		Total: total, Applied: request.Applied(), From: r.historyFrom(), Origin: r.generation.historyOrigin(),
		Bulks: log.BulksSince(request.Since, MaxBulks),
	}

	// Read the changes and the vehicles as they are now, each with one statement.
	changeOf, err := r.readChanges(ids)
	if err != nil {
		return nil, err
	}

	cars, err := r.carsOf(events)
	if err != nil {
		return nil, err
	}

	// Write as many events as fit, at least one. The next page begins after the last one.
	shown, room := events[:0:0], maxEvents-bulkSize*len(result.Bulks)
	result.Events = []byte{'['}
	for i, e := range events {
		change := changeOf[e.Change]
		if change == nil { // forgotten since the history was read
			continue
		}

		encoded := r.encodeEvent(e.Kind.String(), r.idOf(change, cars[i]), r.fieldsOf(e.Kind, change), change, cars[i])
		if len(shown) > 0 && len(result.Events)+len(encoded) > room {
			more = true
			break
		}

		if len(shown) > 0 {
			result.Events = append(result.Events, ',')
		}

		result.Events = append(result.Events, encoded...)
		shown = append(shown, e)
	}

	result.Events = append(result.Events, ']')
	if result.Count = len(shown); more && result.Count > 0 {
		last := shown[len(shown)-1]
		result.Next = request.NextPage(query.ChangesCursor{Change: last.Change, Kind: last.Kind})
	}

	return result, nil
}

// readChanges reads changes by their ids.
func (r *searchRequest) readChanges(ids []int64) (map[int64]*snapshotfile.RecordedChange, error) {
	found, err := r.source.store.Changes(r.ctx, r.generation.changeLog.Since, ids)
	if err != nil {
		return nil, err
	}

	changes := make(map[int64]*snapshotfile.RecordedChange, len(found))
	for i := range found {
		changes[found[i].ID] = &found[i]
	}

	return changes, nil
}

// historyFrom returns the time from which on the history has all events.
func (r *searchRequest) historyFrom() time.Time {
	log := r.generation.changeLog
	if log.From.After(log.Since) {
		return log.From
	}
	return log.Since
}

// carsOf reads the current state of the vehicles of events; a missing vehicle is nil.
func (r *searchRequest) carsOf(events []history.Event) ([]*vehicle, error) {
	// Several events may be about one vehicle, which is read once.
	var candidates []candidate
	positions := make([]int, len(events)) // in candidates; -1 for none
	for i, e := range events {
		positions[i] = -1
		if row, found := r.index().RowOfKey(e.Key); found {
			if positions[i] = slices.Index(candidates, candidate{row: row}); positions[i] < 0 {
				positions[i] = len(candidates)
				candidates = append(candidates, candidate{row: row})
			}
		}
	}

	vehicles, err := r.readVehicles(candidates)
	if err != nil {
		return nil, err
	}

	cars := make([]*vehicle, len(events))
	for i, position := range positions {
		if position >= 0 {
			cars[i] = vehicles[position]
		}
	}

	return cars, nil
}

// fieldsOf returns the fields whose old and new values an event shows.
func (r *searchRequest) fieldsOf(kind history.Kind, change *snapshotfile.RecordedChange) []*catalog.Field {
	c := r.generation.catalog
	switch {
	case kind == history.KindPrice:
		return r.priceFields(change)
	case kind == history.KindSold && change.Op == snapshotfile.OpDelete:
		return storedFields(r.query.Shown)
	case kind == history.KindSold:
		return []*catalog.Field{c.Field("status")}
	}

	return nil
}

// priceFields returns the price, and its currency if that changed too.
func (r *searchRequest) priceFields(change *snapshotfile.RecordedChange) []*catalog.Field {
	c := r.generation.catalog
	row, fields := r.recordedRow(change.Old, change.New), []*catalog.Field{}
	for _, f := range []*catalog.Field{c.Field("price"), c.Field("price").CurrencyIn} {
		if f != nil && f.From == nil && row.has(f) {
			fields = append(fields, f)
		}
	}

	return fields
}

// storedFields returns the fields that the table holds.
func storedFields(fields []*catalog.Field) []*catalog.Field {
	return slices.DeleteFunc(slices.Clone(fields), (*catalog.Field).IsComputed)
}

// encodeEvent writes an event with the old and new values of some fields. The id and the vehicle may be nil.
func (r *searchRequest) encodeEvent(kind string, id []byte, fields []*catalog.Field,
	change *snapshotfile.RecordedChange,
	car *vehicle,
) []byte {
	b := fmt.Appendf(nil, `{"at":"%s","kind":"%s"`, change.At, kind)

	// Without an id, say by what the history knows the vehicle.
	if id != nil {
		b = append(append(b, `,"id":`...), id...)
	} else if known := r.knownBy(); car == nil && len(known) > 0 && len(change.Key) > 0 {
		row := &vehicle{stored: r.recordedRow(change.Key)}
		b = append(append(b, `,"known_by":`...), r.encodeFields(row, known, maxRecorded)...)
	}

	for _, side := range []struct {
		name   string
		object json.RawMessage
	}{{"old", change.Old}, {"new", change.New}} {
		if len(side.object) == 0 || len(fields) == 0 {
			continue
		}
		row := &vehicle{stored: r.recordedRow(side.object)}
		b = append(append(b, `,"`+side.name+`":`...), r.encodeFields(row, fields, maxRecorded)...)
	}

	if car != nil {
		b = append(append(b, `,"car":`...), r.encodeCar(car, maxRecorded)...)
	}

	return append(b, '}')
}

// knownBy returns the fields by which the history identifies a vehicle, or nil if its id is one of them.
func (r *searchRequest) knownBy() []*catalog.Field {
	var fields []*catalog.Field
	for _, f := range r.generation.catalog.HistoryKey {
		if f.Name == "id" {
			return nil
		}
		fields = append(fields, f)
	}
	return fields
}

// idOf returns the id of the changed vehicle as answers show it; nil if it is unknown. A vehicle that left has the id
// that it had then, whatever came in its place.
func (r *searchRequest) idOf(change *snapshotfile.RecordedChange, car *vehicle) []byte {
	id := r.generation.catalog.ID()
	if id == nil {
		return nil
	}

	row := r.recordedRow(change.Key, change.Old)
	v := &vehicle{stored: row}
	switch hasID := row.has(id); {
	case hasID && change.Op == snapshotfile.OpDelete:
	case car != nil:
		v = car
	case !hasID:
		return nil
	}

	cell, kind, whole := v.shownCell(id)
	if !whole {
		return nil
	}

	return jsonOf(id, cell, kind)
}

// jsonOf returns a value of a field as answers show it.
func jsonOf(f *catalog.Field, cell value.Cell, kind schema.Kind) []byte {
	e := encodedVehicle{}
	e.appendCell(f, cell, kind, true, 0)
	return e.json
}

// recordedRow is a row, or a part of one, in the change history.
type recordedRow struct {
	catalog *catalog.Catalog
	values  map[string]gjson.Result // by the columns' names in lower case
}

// recordedRow joins JSON objects of columns into one row. A later object wins.
func (r *searchRequest) recordedRow(objects ...json.RawMessage) recordedRow {
	row := recordedRow{r.generation.catalog, map[string]gjson.Result{}}
	for _, object := range objects {
		gjson.ParseBytes(object).ForEach(func(name, v gjson.Result) bool {
			row.values[strings.ToLower(name.Str)] = v
			return true
		})
	}
	return row
}

// has reports whether the row has all columns of a field.
func (row recordedRow) has(f *catalog.Field) bool {
	for _, position := range f.Columns {
		if _, found := row.values[strings.ToLower(row.catalog.Table.Columns[position].Name)]; !found {
			return false
		}
	}
	return len(f.Columns) > 0
}

// Cell implements query.Vehicle. A value that the history does not have in full is NULL, and not whole.
func (row recordedRow) Cell(f *catalog.Field) (c value.Cell, whole bool) {
	if f.IsJoined() {
		var parts []value.Cell
		for _, position := range f.Columns {
			column := row.catalog.Table.Columns[position]
			part, _ := history.CellOf(column.Kind, row.values[strings.ToLower(column.Name)], nil)
			parts = append(parts, part)
		}
		return value.JoinID(parts), true
	}

	v := row.values[strings.ToLower(f.Column.Name)]
	c, _ = history.CellOf(f.Stored, v, nil)
	return c, !v.IsObject()
}

// Length returns the number of bytes of a value that the history does not have in full.
func (row recordedRow) Length(f *catalog.Field) int {
	return int(row.values[strings.ToLower(f.Column.Name)].Get("bytes").Int())
}

// subject is the vehicle whose history a request is for.
type subject struct {
	key []value.Cell // by which the history knows it

	// Of a vehicle that is gone and has another id than this key: the change in which it left, and its id as JSON. The key
	// may be another vehicle's now.
	left int64
	id   []byte
}

// History returns what happened to the vehicle with an id, the newest first, even if it is gone. Without such a vehicle
// it returns ErrNotFound. used is how many bytes the rest of the answer has: 0 if the history is all of it.
func (s *Service) History(ctx context.Context, id string, values url.Values, used int) (*Changes, error) {
	return s.historyOf(ctx, values, used, func(r *searchRequest) (subject, error) {
		c := r.generation.catalog
		if c.ID() == nil {
			return subject{}, ErrNoIDs
		}

		// The id may be the key of the history. Otherwise the vehicle is in stock, or it has left.
		if key, ok := store.ParseHistoryKey(c, id); ok {
			return subject{key: key}, nil
		}

		wanted, isCell := parseID(c.ID(), id)
		if !isCell {
			return subject{}, ErrNotFound
		}
		if row, found := r.index().RowsWithCell(c.ID(), wanted).First(); found {
			return subject{key: r.keyCells(row)}, nil
		}

		return r.departed(wanted)
	})
}

// departed returns the vehicle that left the table with an id, or ErrNotFound.
func (r *searchRequest) departed(id value.Cell) (subject, error) {
	e, found := r.generation.changeLog.DepartureOf(id)
	if !found {
		return subject{}, ErrNotFound
	}

	c := r.generation.catalog
	shown, kind := c.ID().ShownCell(id)
	return subject{
		key: history.SplitKey(e.Key, c.HistoryKey), left: e.Change, id: jsonOf(c.ID(), shown, kind),
	}, nil
}

// HistoryByVIN returns what happened to the vehicle in stock with a VIN, or ErrNotFound. used is as for History.
func (s *Service) HistoryByVIN(ctx context.Context, vin string, values url.Values, used int) (*Changes, error) {
	return s.historyOf(ctx, values, used, func(r *searchRequest) (subject, error) {
		v, err := findByVIN(vin)(r, nil)
		if err != nil {
			return subject{}, err
		}
		return subject{key: r.keyCells(v.row)}, nil
	})
}

// keyCells returns the values by which the history knows a row of the index.
func (r *searchRequest) keyCells(row uint32) []value.Cell {
	var key []value.Cell
	for _, f := range r.generation.catalog.HistoryKey {
		key = append(key, r.index().Cell(f, row).Clone())
	}
	return key
}

// historyOf returns what happened to the vehicle that find returns.
func (s *Service) historyOf(
	ctx context.Context, values url.Values, used int, find func(*searchRequest) (subject, error),
) (*Changes, error) {
	return withFallback(ctx, s, func(ctx context.Context, src *source, g *generation) (*Changes, error) {
		r, request, err := newChangesRequest(ctx, src, g, values, "cursor", "fields", "limit")
		if err != nil {
			return nil, err
		}

		target, err := find(r)
		if err != nil {
			return nil, err
		}

		return r.rowHistory(target, request, maxEvents-used)
	})
}

// rowHistory reads the changes of one vehicle, and its current state. room is how many bytes the changes may have.
func (r *searchRequest) rowHistory(target subject, request *query.Changes, room int) (*Changes, error) {
	c := r.generation.catalog

	// A page begins where the last one ended, or at the change in which the vehicle left.
	before := int64(0)
	switch {
	case request.Before != nil:
		before = request.Before.Change
	case target.left > 0:
		before = target.left + 1
	}

	recorded, err := r.source.store.RowChanges(r.ctx, c, r.generation.changeLog.Since, target.key, before, request.Limit+1)
	if err != nil {
		return nil, err
	}

	// The key of a vehicle that left may be another vehicle's now.
	var car *vehicle
	if target.left == 0 {
		cars, err := r.carsOf([]history.Event{{Key: history.AppendKey(nil, target.key...)}})
		if err != nil {
			return nil, err
		}
		car = cars[0]
	}

	if car == nil && len(recorded) == 0 && request.Before == nil {
		return nil, ErrNotFound
	}

	result := &Changes{
		ID: target.id, Applied: request.Applied(), From: r.historyFrom(), Origin: r.generation.historyOrigin(),
	}
	if car != nil {
		r.query.Shown = withHistoryFields(c, r.query.Shown)
		result.Car = r.encodeCar(car, maxRecorded)
		result.ID = r.idOf(&snapshotfile.RecordedChange{}, car)
		result.Facts = r.encodeFields(car, withHistoryFields(c, nil), maxRecorded)
	}

	// The next page begins after the last change that this one has read.
	more := len(recorded) > request.Limit
	recorded = recorded[:min(len(recorded), request.Limit)]
	read := r.writeRecorded(recorded, result, room)
	if (more || read < len(recorded)) && read > 0 {
		result.Next = request.NextPage(query.ChangesCursor{Change: recorded[read-1].ID})
		result.Next.Del("since")
	}

	return result, nil
}

// writeRecorded writes as many changes of one vehicle into the result as fit into some bytes, at least one. It returns
// how many it has read: those that it wrote, and those that are not shown.
func (r *searchRequest) writeRecorded(
	recorded []snapshotfile.RecordedChange, result *Changes, room int,
) (read int) {
	reader := history.NewReader(r.generation.catalog)
	result.Events = []byte{'['}
	for i := range recorded {
		change := &recorded[i]
		if result.ID == nil {
			result.ID = r.idOf(change, nil)
		}

		kind, fields := changeKindOf(&reader, change), r.changedFields(change)
		if kind == Changed && len(fields) == 0 { // only hidden columns have changed
			read++
			continue
		}

		values := &snapshotfile.RecordedChange{At: change.At, Old: change.Old, New: change.New}
		encoded := r.encodeEvent(kind, nil, fields, values, nil)
		if result.Count > 0 && len(result.Events)+len(encoded) > room {
			break
		}

		if result.Count > 0 {
			result.Events = append(result.Events, ',')
		}

		result.Events = append(result.Events, encoded...)
		result.Count++
		read++
	}

	result.Events = append(result.Events, ']')
	return read
}

// Changed is the kind of a change that is not an event.
const Changed = "changed"

// changeKindOf names a change after its last event, or Changed.
func changeKindOf(reader *history.Reader, change *snapshotfile.RecordedChange) string {
	kinds := reader.Kinds(&history.Change{
		Op: store.HistoryOp(change.Op), Old: string(change.Old), New: string(change.New),
	})
	if len(kinds) > 0 {
		return kinds[len(kinds)-1].String()
	}

	return Changed
}

// changedFields returns the fields whose old or new values a change has. For a deleted row, these are the fields that
// the request names.
func (r *searchRequest) changedFields(change *snapshotfile.RecordedChange) []*catalog.Field {
	if named := r.query.Values()["fields"]; change.Op == snapshotfile.OpDelete && strings.Join(named, "") != "" {
		return storedFields(r.query.Shown)
	}

	row := r.recordedRow(change.Old, change.New)
	var fields []*catalog.Field

	c := r.generation.catalog
	for i := range c.Fields {
		f := &c.Fields[i]
		if !f.IsComputed() && f.From == nil && !f.IsJoined() && row.has(f) {
			fields = append(fields, f)
		}
	}

	return fields
}

// withHistoryFields adds the fields of the change history.
func withHistoryFields(c *catalog.Catalog, shown []*catalog.Field) []*catalog.Field {
	shown = slices.Clone(shown)
	for i := range c.Fields {
		if f := &c.Fields[i]; f.IsHistory() && !slices.Contains(shown, f) {
			shown = append(shown, f)
		}
	}
	return shown
}

// readLog reads the change history for a generation of a table.
func readLog(ctx context.Context, st *store.Store, c *catalog.Catalog, v store.Version, last *generation) (
	*history.Log, error,
) {
	if len(c.HistoryKey) == 0 {
		return nil, nil
	}

	var known *history.Log
	if last != nil && last.catalog == c {
		known = last.changeLog
	}

	log, err := st.History(ctx, c, v, known)
	if err != nil {
		return nil, fmt.Errorf("read the change history: %w", err)
	}

	return log, nil
}
