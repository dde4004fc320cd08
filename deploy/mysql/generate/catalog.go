package main

import "slices"

// catalog lists every kind of vehicle that the demo may have in stock.
//
// Each trim has the model years in which its engine, transmission and drivetrain were sold together. If these changed,
// the trim is listed twice. Doors, seats and body belong to the model, so a model with two bodies is listed twice too.
// Therefore no drawn vehicle contradicts itself.
var catalog = slices.Concat(american, asian, european)

// model is a model of a make in one body.
type model struct {
	make, name string
	wmi        string // first three characters of the VIN: maker and plant
	body       string
	doors      int
	seats      int
	share      int // how often it is in stock, compared with the others
	trims      []trim
}

// trim is a trim of a model, in the model years in which it was the same.
type trim struct {
	name         string
	first, last  int // model years
	msrp         int // list price in the last year, USD
	engine       engine
	transmission string
	drivetrain   string
}

// engine is an engine or a set of electric motors.
type engine struct {
	name      string
	fuel      string
	cylinders int // 0: electric
}

const (
	sedan       = "Sedan"
	suv         = "SUV"
	pickup      = "Pickup"
	hatchback   = "Hatchback"
	wagon       = "Wagon"
	coupe       = "Coupe"
	convertible = "Convertible"
	minivan     = "Minivan"
	van         = "Van"
)

const (
	gasoline = "Gasoline"
	diesel   = "Diesel"
	hybrid   = "Hybrid"
	plugIn   = "Plug-in Hybrid"
	electric = "Electric"
)

const (
	automatic   = "Automatic"
	manual      = "Manual"
	cvt         = "CVT"
	dualClutch  = "Dual-clutch"
	singleSpeed = "Single-speed"
)

const (
	fwd    = "FWD"
	rwd    = "RWD"
	awd    = "AWD"
	fourWD = "4WD"
)

// The constructors take an engine as a dealer writes it, such as "2.7L V6 Turbo".

func gas(name string) engine          { return engine{name, gasoline, cylindersIn(name)} }
func dieselEngine(name string) engine { return engine{name + " Diesel", diesel, cylindersIn(name)} }
func hev(name string) engine          { return engine{name + " Hybrid", hybrid, cylindersIn(name)} }
func phev(name string) engine         { return engine{name + " Plug-in Hybrid", plugIn, cylindersIn(name)} }

var (
	oneMotor    = engine{"Single electric motor", electric, 0}
	twoMotors   = engine{"Dual electric motors", electric, 0}
	threeMotors = engine{"Triple electric motors", electric, 0}
)

// cylindersIn returns the number after the layout: inline (I), V, or horizontally opposed (H).
func cylindersIn(name string) int {
	for i := 1; i+1 < len(name); i++ {
		c, n := name[i], name[i+1]
		if name[i-1] == ' ' && (c == 'I' || c == 'V' || c == 'H') && n >= '3' && n <= '8' {
			return int(n - '0')
		}
	}

	panic("no cylinders in engine " + name)
}
