package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const header = `-- The demo's stock. Generated: change generate/ and run it again, not this file.
--
--   mysql vehicles_db < 02-stock.sql
--
-- Acts on the current database, after 01-schema.sql.

-- Without these, a client that speaks latin1 spoils the accents, and a server in another zone the timestamps.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
`

// rowsPerInsert keeps a statement near 100 KB: few round trips, and far below any server's packet limit.
const rowsPerInsert = 150

func writeSQL(w io.Writer, stock []vehicle) error {
	if _, err := io.WriteString(w, header); err != nil {
		return err
	}
	if err := writeInserts(w, "dealers", dealerColumns, dealerRows()); err != nil {
		return err
	}

	rows := make([][]string, 0, len(stock))
	for _, v := range stock {
		rows = append(rows, vehicleRow(v))
	}
	return writeInserts(w, "vehicles_stock", vehicleColumns, rows)
}

func writeInserts(w io.Writer, table, columns string, rows [][]string) error {
	for len(rows) > 0 {
		n := min(rowsPerInsert, len(rows))
		lines := make([]string, 0, n)
		for _, row := range rows[:n] {
			lines = append(lines, "("+strings.Join(row, ", ")+")")
		}
		values := strings.Join(lines, ",\n")
		if _, err := fmt.Fprintf(w, "\nINSERT INTO %s\n  (%s)\nVALUES\n%s;\n", table, columns, values); err != nil {
			return err
		}
		rows = rows[n:]
	}

	return nil
}

const dealerColumns = "id, name, street, city, state, postal_code, country, phone, email, website"

func dealerRows() [][]string {
	var rows [][]string
	for i, d := range dealers {
		rows = append(rows, []string{
			strconv.Itoa(i + 1), text(d.name), text(d.street), text(d.city), text(d.state), text(d.postalCode),
			text(d.country), text(d.phone), text("sales@" + d.slug + ".example.com"), text("https://" + d.slug + ".example.com"),
		})
	}
	return rows
}

// The order is that of vehicleRow. currency is left to its default.
const vehicleColumns = "id, stock_number, vin, make, model, `year`, `trim`, `condition`, `status`, body_type, " +
	"fuel_type," +
	" transmission, drivetrain, `engine`, cylinders, doors, seats, exterior_color, interior_color, mileage, price, msrp," +
	" city, state, country, dealer_id, `description`, features, image_url, listing_url, created_at, updated_at"

func vehicleRow(v vehicle) []string {
	d := dealers[v.dealer]
	image := "NULL"
	if v.hasImage {
		image = text("https://images.example.com/stock/" + v.stockNumber + ".jpg")
	}

	cylinders := "NULL"
	if v.trim.engine.cylinders > 0 {
		cylinders = strconv.Itoa(v.trim.engine.cylinders)
	}

	return []string{
		strconv.Itoa(v.id), text(v.stockNumber), orNull(v.vin, text), text(v.model.make), text(v.model.name),
		strconv.Itoa(v.year), orNull(v.trimName, text), text(v.condition), text(v.status), text(v.model.body),
		text(v.trim.engine.fuel), text(v.trim.transmission), text(v.trim.drivetrain), text(v.trim.engine.name), cylinders,
		strconv.Itoa(v.model.doors), strconv.Itoa(v.model.seats), text(v.exterior), orNull(v.interior, text),
		orNull(v.mileage, strconv.Itoa), orNull(v.price, decimal), orNull(v.msrp, decimal),
		text(d.city), text(d.state), text(d.country), strconv.Itoa(v.dealer + 1),
		orNull(v.description, text), jsonArray(v.features), image,
		text("https://" + d.slug + ".example.com/inventory/" + v.stockNumber), datetime(v.created), datetime(v.last),
	}
}

func orNull[T any](v *T, literal func(T) string) string {
	if v == nil {
		return "NULL"
	}
	return literal(*v)
}

// text quotes for a server in its default SQL mode, in which a backslash escapes.
func text(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''", "\n", `\n`, "\t", `\t`).Replace(s) + "'"
}

func decimal(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

func datetime(t time.Time) string { return text(t.Format(time.DateTime)) }

// jsonArray has a space behind each comma, because MySQL stores JSON so and MariaDB stores the text as it came:
// written this way, it reads the same from both.
func jsonArray(items []string) string {
	if items == nil {
		return "NULL"
	}
	quoted := make([]string, 0, len(items))
	for _, item := range items {
		quoted = append(quoted, strconv.Quote(item))
	}
	return text("[" + strings.Join(quoted, ", ") + "]")
}
