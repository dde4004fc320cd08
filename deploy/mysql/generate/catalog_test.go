package main

import (
	"slices"
	"testing"
)

func TestCatalog(t *testing.T) {
	type kind struct {
		make, model, body, trim, engine string
		year                            int
	}
	seen := map[kind]bool{}
	for _, m := range catalog {
		requireModel(t, m)

		for _, tr := range m.trims {
			requireTrim(t, m.make+" "+m.name+" "+tr.name, tr)

			for year := tr.first; year <= tr.last; year++ {
				k := kind{m.make, m.name, m.body, tr.name, tr.engine.name, year}
				if seen[k] {
					t.Errorf("%+v stands twice", k)
				}
				seen[k] = true
			}
		}
	}
}

func requireModel(t *testing.T, m model) {
	t.Helper()
	name := m.make + " " + m.name
	if len(m.wmi) != 3 || m.share < 1 || len(m.trims) == 0 {
		t.Errorf("%s: wmi %q, share %d, %d trims", name, m.wmi, m.share, len(m.trims))
	}

	if !isOneOf(m.body, sedan, suv, pickup, hatchback, wagon, coupe, convertible, minivan, van) {
		t.Errorf("%s: body %q", name, m.body)
	}
	if two := m.body == coupe || m.body == convertible; two && (m.doors != 2 || m.seats > 4) ||
		m.body == van && m.seats > 3 {
		t.Errorf("%s: a %s with %d doors and %d seats", name, m.body, m.doors, m.seats)
	}

	if len(sellersOf(m.make, true)) == 0 {
		t.Errorf("%s: no dealer sells it", name)
	}
}

func requireTrim(t *testing.T, name string, tr trim) {
	t.Helper()
	if tr.first > tr.last || tr.first < 2010 || tr.last > today.Year() || tr.msrp < 15000 || tr.msrp > 200000 {
		t.Errorf("%s: years %d-%d, msrp %d", name, tr.first, tr.last, tr.msrp)
	}
	if !isOneOf(tr.drivetrain, fwd, rwd, awd, fourWD) ||
		!isOneOf(tr.transmission, automatic, manual, cvt, dualClutch, singleSpeed) {
		t.Errorf("%s: %s, %s", name, tr.drivetrain, tr.transmission)
	}

	isElectric := tr.engine.fuel == electric
	if isElectric != (tr.engine.cylinders == 0) || isElectric != (tr.transmission == singleSpeed) {
		t.Errorf("%s: %+v with %s", name, tr.engine, tr.transmission)
	}
	fourDriven := tr.drivetrain == awd || tr.drivetrain == fourWD
	severalMotors := tr.engine == twoMotors || tr.engine == threeMotors
	if tr.engine == oneMotor && fourDriven || severalMotors && (tr.drivetrain == fwd || tr.drivetrain == rwd) {
		t.Errorf("%s: %s drives %s", name, tr.engine.name, tr.drivetrain)
	}
}

func isOneOf(v string, of ...string) bool { return slices.Contains(of, v) }

func TestCylindersIn(t *testing.T) {
	for name, want := range map[string]int{
		"2.5L I4":              4,
		"3.5L V6 Turbo":        6,
		"2.4L H4 Turbo":        4,
		"6.2L V8 Supercharged": 8,
		"1.5L I3 Turbo":        3,
	} {
		if got := cylindersIn(name); got != want {
			t.Errorf("cylindersIn(%q) = %d, want %d", name, got, want)
		}
	}
}
