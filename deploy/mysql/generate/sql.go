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
-- It fills the current database, after 01-schema.sql.

-- Otherwise a latin1 client garbles accents, and a server in another time zone shifts timestamps.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
`

// rowsPerInsert makes statements of about 100 KB: few round trips, and far below any server's limit for a packet.
const rowsPerInsert = 150

// writeSQL writes the header, the dealers and the stock.
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

// writeInserts writes rows as INSERT statements.
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

// dealerColumns has the order of dealerRows.
const dealerColumns = "id, name, street, city, state, postal_code, country, phone, email, website"

// dealerRows returns the dealers as SQL literals.
func dealerRows() [][]string {
	var rows [][]string
	for i, d := range dealers {
		rows = append(rows, []string{
			strconv.Itoa(i + 1), quote(d.name), quote(d.street), quote(d.city), quote(d.state), quote(d.postalCode),
			quote(d.country), quote(d.phone), quote("sales@" + d.slug + ".example.com"),
			quote("https://" + d.slug + ".example.com"),
		})
	}
	return rows
}

// vehicleColumns has the order of vehicleRow. The currency is the column's default.
const vehicleColumns = "id, stock_number, vin, make, model, `year`, `trim`, `condition`, `status`, body_type, " +
	"fuel_type, transmission, drivetrain, `engine`, cylinders, doors, seats, exterior_color, interior_color, mileage, " +
	"price, msrp, city, state, country, dealer_id, `description`, features, image_url, listing_url, created_at, updated_at"

// vehicleRow returns a vehicle as SQL literals.
func vehicleRow(v vehicle) []string {
	d := dealers[v.dealer]

	image := "NULL"
	if v.hasImage {
		image = quote("https://images.example.com/stock/" + v.stockNumber + ".jpg")
	}

	cylinders := "NULL"
	if v.trim.engine.cylinders > 0 {
		cylinders = strconv.Itoa(v.trim.engine.cylinders)
	}

	return []string{
		strconv.Itoa(v.id), quote(v.stockNumber), orNull(v.vin, quote), quote(v.model.make), quote(v.model.name),
		strconv.Itoa(v.year), orNull(v.trimName, quote), quote(v.condition), quote(v.status), quote(v.model.body),
		quote(v.trim.engine.fuel), quote(v.trim.transmission), quote(v.trim.drivetrain), quote(v.trim.engine.name), cylinders,
		strconv.Itoa(v.model.doors), strconv.Itoa(v.model.seats), quote(v.exterior), orNull(v.interior, quote),
		orNull(v.mileage, strconv.Itoa), orNull(v.price, decimal), orNull(v.msrp, decimal),
		quote(d.city), quote(d.state), quote(d.country), strconv.Itoa(v.dealer + 1),
		orNull(v.description, quote), jsonArray(v.features), image,
		quote("https://" + d.slug + ".example.com/inventory/" + v.stockNumber), datetime(v.created), datetime(v.last),
	}
}

// orNull returns a value as a SQL literal, or NULL.
func orNull[T any](v *T, literal func(T) string) string {
	if v == nil {
		return "NULL"
	}
	return literal(*v)
}

// quote returns a text as a SQL literal for the server's default SQL mode, in which a backslash escapes.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''", "\n", `\n`, "\t", `\t`).Replace(s) + "'"
}

// decimal writes an amount in cents as a DECIMAL.
func decimal(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// datetime writes a time as a DATETIME literal.
func datetime(t time.Time) string { return quote(t.Format(time.DateTime)) }

// jsonArray writes a list as a JSON array with a space after each comma, as MySQL stores it. MariaDB stores the text
// unchanged, so both servers return the same text.
func jsonArray(items []string) string {
	if items == nil {
		return "NULL"
	}

	quoted := make([]string, 0, len(items))
	for _, item := range items {
		quoted = append(quoted, strconv.Quote(item))
	}

	return quote("[" + strings.Join(quoted, ", ") + "]")
}
