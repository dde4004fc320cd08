package main

var american = []model{
	{"Ford", "F-150", "1FT", pickup, 4, 6, 3, []trim{
		{"XL", 2018, 2023, 36770, gas("3.3L V6"), automatic, rwd},
		{"STX", 2020, 2025, 43790, gas("2.7L V6 Turbo"), automatic, fourWD},
	}},
	{"Ford", "F-150", "1FT", pickup, 4, 5, 8, []trim{
		{"XLT", 2015, 2025, 48820, gas("2.7L V6 Turbo"), automatic, fourWD},
		{"Lariat", 2015, 2025, 63105, gas("5.0L V8"), automatic, fourWD},
		{"Lariat", 2021, 2025, 65240, hev("3.5L V6 Turbo"), automatic, fourWD},
		{"Platinum", 2015, 2025, 75385, gas("3.5L V6 Turbo"), automatic, fourWD},
		{"Raptor", 2017, 2025, 79005, gas("3.5L V6 Turbo"), automatic, fourWD},
	}},
	{"Ford", "F-150 Lightning", "1FT", pickup, 4, 5, 3, []trim{
		{"XLT", 2022, 2025, 63345, twoMotors, singleSpeed, fourWD},
		{"Lariat", 2022, 2025, 76995, twoMotors, singleSpeed, fourWD},
	}},
	{"Ford", "Maverick", "3FT", pickup, 4, 5, 4, []trim{
		{"XLT", 2022, 2025, 30645, hev("2.5L I4"), cvt, fwd},
		{"Lariat", 2022, 2025, 37290, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Ford", "Mustang", "1FA", coupe, 2, 4, 4, []trim{
		{"EcoBoost", 2015, 2025, 32320, gas("2.3L I4 Turbo"), automatic, rwd},
		{"GT", 2015, 2025, 46560, gas("5.0L V8"), manual, rwd},
	}},
	{"Ford", "Mustang", "1FA", convertible, 2, 4, 2, []trim{
		{"EcoBoost Premium", 2015, 2025, 43970, gas("2.3L I4 Turbo"), automatic, rwd},
		{"GT Premium", 2015, 2025, 57090, gas("5.0L V8"), automatic, rwd},
	}},
	{"Ford", "Mustang Mach-E", "3FM", suv, 4, 5, 4, []trim{
		{"Select", 2021, 2025, 37995, oneMotor, singleSpeed, rwd},
		{"Premium", 2021, 2025, 43995, twoMotors, singleSpeed, awd},
		{"GT", 2021, 2025, 54490, twoMotors, singleSpeed, awd},
	}},
	{"Ford", "Explorer", "1FM", suv, 4, 7, 4, []trim{
		{"XLT", 2020, 2024, 40570, gas("2.3L I4 Turbo"), automatic, rwd},
		{"Limited", 2020, 2023, 52830, hev("3.3L V6"), automatic, rwd},
	}},
	{"Ford", "Explorer", "1FM", suv, 4, 6, 2, []trim{
		{"ST", 2020, 2025, 57095, gas("3.0L V6 Turbo"), automatic, fourWD},
	}},
	{"Ford", "Escape", "1FM", suv, 4, 5, 3, []trim{
		{"SE", 2020, 2022, 28030, gas("1.5L I3 Turbo"), automatic, fwd},
		{"Active", 2023, 2025, 30350, gas("1.5L I3 Turbo"), automatic, fwd},
		{"Plug-In Hybrid", 2023, 2025, 41120, phev("2.5L I4"), cvt, fwd},
	}},
	{"Ford", "Bronco", "1FM", suv, 4, 5, 3, []trim{
		{"Big Bend", 2021, 2025, 42065, gas("2.3L I4 Turbo"), automatic, fourWD},
		{"Badlands", 2021, 2025, 53090, gas("2.7L V6 Turbo"), automatic, fourWD},
	}},
	{"Ford", "Transit-250", "1FT", van, 3, 2, 2, []trim{
		{"Cargo", 2020, 2025, 48150, gas("3.5L V6"), automatic, rwd},
	}},

	{"Chevrolet", "Silverado 1500", "3GC", pickup, 4, 6, 8, []trim{
		{"WT", 2019, 2026, 37000, gas("2.7L I4 Turbo"), automatic, rwd},
		{"LT", 2019, 2026, 54200, gas("5.3L V8"), automatic, fourWD},
	}},
	{"Chevrolet", "Silverado 1500", "3GC", pickup, 4, 5, 4, []trim{
		{"RST", 2020, 2026, 58900, dieselEngine("3.0L I6 Turbo"), automatic, fourWD},
		{"High Country", 2019, 2026, 69900, gas("6.2L V8"), automatic, fourWD},
	}},
	{"Chevrolet", "Colorado", "1GC", pickup, 4, 5, 3, []trim{
		{"Z71", 2017, 2022, 38595, gas("3.6L V6"), automatic, fourWD},
		{"Z71", 2023, 2026, 43600, gas("2.7L I4 Turbo"), automatic, fourWD},
	}},
	{"Chevrolet", "Equinox", "3GN", suv, 4, 5, 5, []trim{
		{"LT", 2018, 2024, 29995, gas("1.5L I4 Turbo"), automatic, fwd},
		{"RS", 2022, 2024, 33995, gas("1.5L I4 Turbo"), automatic, awd},
		{"RS", 2025, 2026, 36295, gas("1.5L I4 Turbo"), automatic, awd},
	}},
	{"Chevrolet", "Equinox EV", "3GN", suv, 4, 5, 3, []trim{
		{"LT", 2024, 2026, 34995, oneMotor, singleSpeed, fwd},
	}},
	{"Chevrolet", "Tahoe", "1GN", suv, 4, 8, 3, []trim{
		{"LT", 2021, 2026, 68200, gas("5.3L V8"), automatic, fourWD},
	}},
	{"Chevrolet", "Tahoe", "1GN", suv, 4, 7, 2, []trim{
		{"High Country", 2021, 2026, 82500, gas("6.2L V8"), automatic, fourWD},
	}},
	{"Chevrolet", "Trax", "KL7", suv, 4, 5, 3, []trim{
		{"LS", 2024, 2026, 21895, gas("1.2L I3 Turbo"), automatic, fwd},
		{"2RS", 2024, 2026, 25995, gas("1.2L I3 Turbo"), automatic, fwd},
	}},
	{"Chevrolet", "Malibu", "1G1", sedan, 4, 5, 3, []trim{
		{"LT", 2019, 2025, 28195, gas("1.5L I4 Turbo"), cvt, fwd},
	}},
	{"Chevrolet", "Corvette", "1G1", coupe, 2, 2, 2, []trim{
		{"Stingray 1LT", 2020, 2025, 69995, gas("6.2L V8"), dualClutch, rwd},
		{"Z06 2LZ", 2023, 2025, 121090, gas("5.5L V8"), dualClutch, rwd},
	}},
	{"Chevrolet", "Camaro", "1G1", coupe, 2, 4, 2, []trim{
		{"1LT", 2016, 2023, 30800, gas("2.0L I4 Turbo"), automatic, rwd},
		{"LT1", 2020, 2024, 40395, gas("6.2L V8"), manual, rwd},
	}},
	{"Chevrolet", "Bolt EV", "1G1", hatchback, 5, 5, 2, []trim{
		{"LT", 2017, 2021, 36500, oneMotor, singleSpeed, fwd},
		{"1LT", 2022, 2023, 27495, oneMotor, singleSpeed, fwd},
	}},

	{"GMC", "Sierra 1500", "3GT", pickup, 4, 5, 5, []trim{
		{"SLE", 2019, 2025, 55100, gas("5.3L V8"), automatic, fourWD},
		{"AT4", 2019, 2025, 67900, gas("6.2L V8"), automatic, fourWD},
		{"Denali", 2020, 2025, 70900, dieselEngine("3.0L I6 Turbo"), automatic, fourWD},
	}},
	{"GMC", "Yukon", "1GK", suv, 4, 7, 3, []trim{
		{"SLT", 2021, 2024, 67700, gas("5.3L V8"), automatic, fourWD},
		{"Denali", 2021, 2025, 82500, gas("6.2L V8"), automatic, fourWD},
	}},
	{"GMC", "Acadia", "1GK", suv, 4, 7, 3, []trim{
		{"AT4", 2020, 2023, 44700, gas("3.6L V6"), automatic, awd},
		{"Denali", 2024, 2026, 57200, gas("2.5L I4 Turbo"), automatic, awd},
	}},
	{"GMC", "Terrain", "3GK", suv, 4, 5, 3, []trim{
		{"SLE", 2018, 2024, 31395, gas("1.5L I4 Turbo"), automatic, fwd},
		{"SLT", 2019, 2024, 35595, gas("1.5L I4 Turbo"), automatic, awd},
	}},

	{"Ram", "1500", "1C6", pickup, 4, 6, 5, []trim{
		{"Big Horn", 2019, 2025, 51305, gas("3.6L V6"), automatic, fourWD},
	}},
	{"Ram", "1500", "1C6", pickup, 4, 5, 4, []trim{
		{"Laramie", 2019, 2024, 62455, gas("5.7L V8"), automatic, fourWD},
		{"Limited", 2025, 2026, 76650, gas("3.0L I6 Turbo"), automatic, fourWD},
		{"TRX", 2021, 2024, 98335, gas("6.2L V8 Supercharged"), automatic, fourWD},
	}},
	{"Ram", "2500", "3C6", pickup, 4, 6, 3, []trim{
		{"Tradesman", 2019, 2025, 52565, gas("6.4L V8"), automatic, fourWD},
		{"Big Horn", 2019, 2025, 68160, dieselEngine("6.7L I6 Turbo"), automatic, fourWD},
	}},

	{"Jeep", "Wrangler", "1C4", suv, 2, 4, 3, []trim{
		{"Sport", 2018, 2025, 34090, gas("3.6L V6"), manual, fourWD},
		{"Rubicon", 2018, 2025, 47590, gas("3.6L V6"), manual, fourWD},
	}},
	{"Jeep", "Wrangler", "1C4", suv, 4, 5, 5, []trim{
		{"Unlimited Sahara", 2018, 2023, 47940, gas("3.6L V6"), automatic, fourWD},
		{"Unlimited Rubicon", 2018, 2023, 52895, gas("2.0L I4 Turbo"), automatic, fourWD},
		{"Sahara 4xe", 2021, 2025, 58740, phev("2.0L I4 Turbo"), automatic, fourWD},
	}},
	{"Jeep", "Grand Cherokee", "1C4", suv, 4, 5, 5, []trim{
		{"Laredo", 2014, 2021, 36495, gas("3.6L V6"), automatic, rwd},
		{"Limited", 2014, 2025, 46075, gas("3.6L V6"), automatic, fourWD},
		{"Summit 4xe", 2022, 2025, 73285, phev("2.0L I4 Turbo"), automatic, fourWD},
	}},
	{"Jeep", "Cherokee", "1C4", suv, 4, 5, 2, []trim{
		{"Latitude", 2014, 2020, 27645, gas("2.4L I4"), automatic, fwd},
		{"Trailhawk", 2014, 2022, 39545, gas("3.2L V6"), automatic, fourWD},
	}},
	{"Jeep", "Compass", "3C4", suv, 4, 5, 3, []trim{
		{"Latitude", 2018, 2022, 29995, gas("2.4L I4"), automatic, fourWD},
		{"Limited", 2023, 2025, 33990, gas("2.0L I4 Turbo"), automatic, fourWD},
	}},
	{"Jeep", "Gladiator", "1C6", pickup, 4, 5, 3, []trim{
		{"Sport", 2020, 2025, 38595, gas("3.6L V6"), automatic, fourWD},
		{"Rubicon", 2020, 2023, 51390, gas("3.6L V6"), manual, fourWD},
	}},

	{"Tesla", "Model 3", "5YJ", sedan, 4, 5, 6, []trim{
		{"Standard Range Plus", 2019, 2021, 39990, oneMotor, singleSpeed, rwd},
		{"Rear-Wheel Drive", 2022, 2024, 38990, oneMotor, singleSpeed, rwd},
		{"Long Range", 2019, 2023, 47240, twoMotors, singleSpeed, awd},
		{"Performance", 2018, 2025, 54990, twoMotors, singleSpeed, awd},
	}},
	{"Tesla", "Model Y", "7SA", suv, 4, 5, 6, []trim{
		{"Long Range", 2022, 2025, 48990, twoMotors, singleSpeed, awd},
		{"Performance", 2022, 2024, 51490, twoMotors, singleSpeed, awd},
	}},
	{"Tesla", "Model S", "5YJ", sedan, 4, 5, 2, []trim{
		{"75D", 2016, 2018, 75700, twoMotors, singleSpeed, awd},
		{"Long Range", 2019, 2021, 79990, twoMotors, singleSpeed, awd},
		{"Plaid", 2021, 2025, 94990, threeMotors, singleSpeed, awd},
	}},
	{"Tesla", "Model X", "7SA", suv, 4, 6, 2, []trim{
		{"Plaid", 2022, 2025, 99990, threeMotors, singleSpeed, awd},
	}},
	{"Tesla", "Cybertruck", "7G2", pickup, 4, 5, 2, []trim{
		{"All-Wheel Drive", 2024, 2025, 79990, twoMotors, singleSpeed, awd},
		{"Cyberbeast", 2024, 2025, 99990, threeMotors, singleSpeed, awd},
	}},
}
