package main

// The prices of makes that are not sold in North America are those of their own markets, turned into USD.
var european = []model{
	{"Volkswagen", "Jetta", "3VW", sedan, 4, 5, 4, []trim{
		{"S", 2019, 2021, 18995, gas("1.4L I4 Turbo"), manual, fwd},
		{"SE", 2022, 2025, 24995, gas("1.5L I4 Turbo"), automatic, fwd},
		{"GLI Autobahn", 2019, 2025, 33745, gas("2.0L I4 Turbo"), dualClutch, fwd},
	}},
	{"Volkswagen", "Golf", "3VW", hatchback, 5, 5, 2, []trim{
		{"TSI", 2019, 2021, 23195, gas("1.4L I4 Turbo"), automatic, fwd},
	}},
	{"Volkswagen", "Golf GTI", "WVW", hatchback, 5, 5, 3, []trim{
		{"S", 2022, 2024, 32655, gas("2.0L I4 Turbo"), manual, fwd},
		{"SE", 2022, 2025, 37420, gas("2.0L I4 Turbo"), dualClutch, fwd},
	}},
	{"Volkswagen", "Tiguan", "3VV", suv, 4, 5, 4, []trim{
		{"SE", 2018, 2024, 32670, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Volkswagen", "Taos", "3VV", suv, 4, 5, 2, []trim{
		{"SE", 2022, 2025, 27995, gas("1.5L I4 Turbo"), automatic, fwd},
	}},
	{"Volkswagen", "Atlas", "1V2", suv, 4, 7, 3, []trim{
		{"SE", 2018, 2023, 40660, gas("3.6L V6"), automatic, awd},
		{"SE with Technology", 2024, 2025, 44050, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Volkswagen", "ID.4", "1V2", suv, 4, 5, 4, []trim{
		{"Pro", 2023, 2025, 45095, oneMotor, singleSpeed, rwd},
		{"AWD Pro S", 2023, 2024, 53995, twoMotors, singleSpeed, awd},
	}},
	{"Volkswagen", "ID. Buzz", "WV2", minivan, 4, 7, 1, []trim{
		{"Pro S", 2025, 2025, 59995, oneMotor, singleSpeed, rwd},
	}},

	{"BMW", "3 Series", "3MW", sedan, 4, 5, 5, []trim{
		{"330i", 2019, 2025, 47500, gas("2.0L I4 Turbo"), automatic, rwd},
		{"330i xDrive", 2019, 2025, 49500, gas("2.0L I4 Turbo"), automatic, awd},
		{"330e", 2021, 2024, 45600, phev("2.0L I4 Turbo"), automatic, rwd},
		{"M340i xDrive", 2020, 2025, 62200, gas("3.0L I6 Turbo"), automatic, awd},
	}},
	{"BMW", "4 Series", "WBA", convertible, 2, 4, 1, []trim{
		{"430i", 2021, 2025, 59800, gas("2.0L I4 Turbo"), automatic, rwd},
	}},
	{"BMW", "5 Series", "WBA", sedan, 4, 5, 3, []trim{
		{"530i", 2017, 2025, 59200, gas("2.0L I4 Turbo"), automatic, rwd},
		{"540i xDrive", 2017, 2025, 66500, gas("3.0L I6 Turbo"), automatic, awd},
	}},
	{"BMW", "M3", "WBS", sedan, 4, 5, 1, []trim{
		{"Competition xDrive", 2022, 2025, 88300, gas("3.0L I6 Turbo"), automatic, awd},
	}},
	{"BMW", "X3", "5UX", suv, 4, 5, 4, []trim{
		{"xDrive30i", 2018, 2024, 49500, gas("2.0L I4 Turbo"), automatic, awd},
		{"M40i", 2018, 2024, 62900, gas("3.0L I6 Turbo"), automatic, awd},
	}},
	{"BMW", "X5", "5UX", suv, 4, 5, 4, []trim{
		{"xDrive40i", 2019, 2025, 68800, gas("3.0L I6 Turbo"), automatic, awd},
		{"xDrive45e", 2021, 2023, 67500, phev("3.0L I6 Turbo"), automatic, awd},
		{"xDrive50e", 2024, 2025, 73800, phev("3.0L I6 Turbo"), automatic, awd},
	}},
	{"BMW", "i4", "WBY", sedan, 4, 5, 2, []trim{
		{"eDrive40", 2022, 2025, 57900, oneMotor, singleSpeed, rwd},
		{"M50", 2022, 2025, 70700, twoMotors, singleSpeed, awd},
	}},
	{"BMW", "iX", "WB5", suv, 4, 5, 2, []trim{
		{"xDrive50", 2022, 2025, 87250, twoMotors, singleSpeed, awd},
	}},

	{"Mercedes-Benz", "C-Class", "W1K", sedan, 4, 5, 4, []trim{
		{"C 300", 2022, 2025, 48450, gas("2.0L I4 Turbo"), automatic, rwd},
		{"C 300 4MATIC", 2022, 2025, 50450, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Mercedes-Benz", "E-Class", "W1K", sedan, 4, 5, 3, []trim{
		{"E 350", 2020, 2025, 63450, gas("2.0L I4 Turbo"), automatic, rwd},
		{"E 450 4MATIC", 2021, 2025, 70900, gas("3.0L I6 Turbo"), automatic, awd},
	}},
	{"Mercedes-Benz", "S-Class", "W1K", sedan, 4, 5, 1, []trim{
		{"S 580 4MATIC", 2021, 2025, 129150, gas("4.0L V8 Turbo"), automatic, awd},
	}},
	{"Mercedes-Benz", "GLC", "W1N", suv, 4, 5, 4, []trim{
		{"GLC 300", 2020, 2025, 49250, gas("2.0L I4 Turbo"), automatic, rwd},
		{"GLC 300 4MATIC", 2020, 2025, 51250, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Mercedes-Benz", "GLE", "4JG", suv, 4, 5, 4, []trim{
		{"GLE 350 4MATIC", 2020, 2025, 64350, gas("2.0L I4 Turbo"), automatic, awd},
		{"GLE 450 4MATIC", 2020, 2025, 71500, gas("3.0L I6 Turbo"), automatic, awd},
	}},
	{"Mercedes-Benz", "EQB", "W1N", suv, 4, 5, 1, []trim{
		{"EQB 250+", 2023, 2025, 53050, oneMotor, singleSpeed, fwd},
	}},
	{"Mercedes-Benz", "EQS", "W1K", sedan, 4, 5, 1, []trim{
		{"EQS 450+", 2022, 2025, 104400, oneMotor, singleSpeed, rwd},
	}},
	{"Mercedes-Benz", "Sprinter 2500", "W1Y", van, 4, 2, 1, []trim{
		{"Cargo", 2023, 2025, 50830, dieselEngine("2.0L I4 Turbo"), automatic, rwd},
	}},

	{"Audi", "A3", "WAU", sedan, 4, 5, 3, []trim{
		{"40 TFSI quattro Premium", 2022, 2025, 40595, gas("2.0L I4 Turbo"), dualClutch, awd},
	}},
	{"Audi", "A4", "WAU", sedan, 4, 5, 4, []trim{
		{"40 TFSI quattro Premium", 2021, 2025, 44100, gas("2.0L I4 Turbo"), dualClutch, awd},
		{"45 TFSI quattro Premium Plus", 2021, 2025, 49400, gas("2.0L I4 Turbo"), dualClutch, awd},
	}},
	{"Audi", "RS 6 Avant", "WUA", wagon, 5, 5, 1, []trim{
		{"performance", 2024, 2025, 126600, gas("4.0L V8 Turbo"), automatic, awd},
	}},
	{"Audi", "Q3", "WA1", suv, 4, 5, 3, []trim{
		{"45 TFSI quattro Premium", 2019, 2025, 39800, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Audi", "Q5", "WA1", suv, 4, 5, 4, []trim{
		{"45 TFSI quattro Premium Plus", 2021, 2024, 50900, gas("2.0L I4 Turbo"), dualClutch, awd},
		{"55 TFSI e quattro", 2021, 2024, 60400, phev("2.0L I4 Turbo"), dualClutch, awd},
	}},
	{"Audi", "Q7", "WA1", suv, 4, 7, 2, []trim{
		{"55 TFSI quattro Premium Plus", 2020, 2025, 69200, gas("3.0L V6 Turbo"), automatic, awd},
	}},
	{"Audi", "Q4 e-tron", "WA1", suv, 4, 5, 2, []trim{
		{"50 quattro", 2022, 2023, 53800, twoMotors, singleSpeed, awd},
		{"55 quattro", 2024, 2025, 57500, twoMotors, singleSpeed, awd},
	}},

	{"Volvo", "S60", "7JR", sedan, 4, 5, 2, []trim{
		{"B5 Plus", 2023, 2025, 46150, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Volvo", "V60 Cross Country", "YV4", wagon, 5, 5, 2, []trim{
		{"B5 Plus", 2023, 2025, 53695, gas("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Volvo", "XC40", "YV4", suv, 4, 5, 3, []trim{
		{"B5 Plus", 2023, 2025, 44995, gas("2.0L I4 Turbo"), automatic, awd},
		{"Recharge Twin", 2022, 2023, 53550, twoMotors, singleSpeed, awd},
	}},
	{"Volvo", "XC60", "YV4", suv, 4, 5, 4, []trim{
		{"B5 Plus", 2023, 2025, 51445, gas("2.0L I4 Turbo"), automatic, awd},
		{"T8 Recharge", 2022, 2024, 57900, phev("2.0L I4 Turbo"), automatic, awd},
	}},
	{"Volvo", "XC90", "YV4", suv, 4, 7, 3, []trim{
		{"B6 Plus", 2023, 2025, 66450, gas("2.0L I4 Turbo"), automatic, awd},
	}},

	{"Land Rover", "Range Rover", "SAL", suv, 4, 5, 2, []trim{
		{"P400 SE", 2022, 2025, 107900, gas("3.0L I6 Turbo"), automatic, fourWD},
		{"P530 SE", 2022, 2025, 123500, gas("4.4L V8 Turbo"), automatic, fourWD},
	}},
	{"Land Rover", "Range Rover Sport", "SAL", suv, 4, 5, 3, []trim{
		{"HSE", 2014, 2018, 71450, gas("3.0L V6 Supercharged"), automatic, fourWD},
		{"P360 SE", 2023, 2025, 83600, gas("3.0L I6 Turbo"), automatic, fourWD},
	}},
	{"Land Rover", "Range Rover Evoque", "SAL", suv, 4, 5, 2, []trim{
		{"P250 SE", 2020, 2023, 50300, gas("2.0L I4 Turbo"), automatic, fourWD},
	}},
	{"Land Rover", "Defender", "SAL", suv, 2, 5, 1, []trim{
		{"90 V8", 2022, 2024, 108800, gas("5.0L V8 Supercharged"), automatic, fourWD},
	}},
	{"Land Rover", "Defender", "SAL", suv, 4, 5, 3, []trim{
		{"110 P300 S", 2020, 2024, 60600, gas("2.0L I4 Turbo"), automatic, fourWD},
		{"110 P400 X-Dynamic SE", 2021, 2024, 72600, gas("3.0L I6 Turbo"), automatic, fourWD},
	}},
	{"Land Rover", "Discovery Sport", "SAL", suv, 4, 5, 2, []trim{
		{"P250 S", 2020, 2024, 48900, gas("2.0L I4 Turbo"), automatic, fourWD},
	}},

	{"Porsche", "911", "WP0", coupe, 2, 4, 3, []trim{
		{"Carrera", 2020, 2024, 114400, gas("3.0L H6 Turbo"), dualClutch, rwd},
		{"Carrera 4S", 2020, 2024, 138600, gas("3.0L H6 Turbo"), dualClutch, awd},
	}},
	{"Porsche", "911", "WP0", coupe, 2, 2, 1, []trim{
		{"GT3", 2022, 2023, 169700, gas("4.0L H6"), manual, rwd},
	}},
	{"Porsche", "718 Boxster", "WP0", convertible, 2, 2, 1, []trim{
		{"Base", 2017, 2024, 70400, gas("2.0L H4 Turbo"), dualClutch, rwd},
	}},
	{"Porsche", "718 Cayman", "WP0", coupe, 2, 2, 1, []trim{
		{"GTS 4.0", 2021, 2024, 94900, gas("4.0L H6"), manual, rwd},
	}},
	{"Porsche", "Macan", "WP1", suv, 4, 5, 3, []trim{
		{"Base", 2019, 2024, 60900, gas("2.0L I4 Turbo"), dualClutch, awd},
		{"S", 2022, 2024, 72300, gas("2.9L V6 Turbo"), dualClutch, awd},
	}},
	{"Porsche", "Cayenne", "WP1", suv, 4, 5, 3, []trim{
		{"Base", 2019, 2025, 84700, gas("3.0L V6 Turbo"), automatic, awd},
		{"E-Hybrid", 2019, 2025, 98000, phev("3.0L V6 Turbo"), automatic, awd},
	}},
	{"Porsche", "Taycan", "WP0", sedan, 4, 4, 2, []trim{
		{"Base", 2021, 2025, 99400, oneMotor, singleSpeed, rwd},
		{"4S", 2020, 2025, 118500, twoMotors, singleSpeed, awd},
	}},

	{"Citroën", "C3", "VF7", hatchback, 5, 5, 2, []trim{
		{"Feel", 2017, 2023, 16990, gas("1.2L I3"), manual, fwd},
		{"Shine", 2017, 2023, 20490, gas("1.2L I3 Turbo"), automatic, fwd},
	}},
	{"Citroën", "C4", "VR7", hatchback, 5, 5, 2, []trim{
		{"Shine", 2021, 2024, 27990, gas("1.2L I3 Turbo"), automatic, fwd},
	}},
	{"Citroën", "ë-C4", "VR7", hatchback, 5, 5, 1, []trim{
		{"Shine", 2021, 2024, 39990, oneMotor, singleSpeed, fwd},
	}},
	{"Citroën", "C5 Aircross", "VR7", suv, 5, 5, 2, []trim{
		{"Feel", 2019, 2024, 29990, dieselEngine("1.5L I4 Turbo"), automatic, fwd},
		{"Shine", 2019, 2022, 33490, gas("1.6L I4 Turbo"), automatic, fwd},
	}},
	{"Citroën", "Berlingo", "VR7", minivan, 5, 5, 1, []trim{
		{"Feel M", 2019, 2024, 25490, dieselEngine("1.5L I4 Turbo"), manual, fwd},
	}},

	{"Škoda", "Fabia", "TMB", hatchback, 5, 5, 3, []trim{
		{"Style", 2022, 2025, 21490, gas("1.0L I3 Turbo"), manual, fwd},
		{"Monte Carlo", 2022, 2025, 24990, gas("1.0L I3 Turbo"), dualClutch, fwd},
	}},
	{"Škoda", "Octavia", "TMB", hatchback, 5, 5, 3, []trim{
		{"Style", 2021, 2025, 28990, gas("1.5L I4 Turbo"), manual, fwd},
		{"RS", 2021, 2025, 41490, gas("2.0L I4 Turbo"), dualClutch, fwd},
	}},
	{"Škoda", "Octavia", "TMB", wagon, 5, 5, 2, []trim{
		{"Combi Style", 2021, 2025, 33990, dieselEngine("2.0L I4 Turbo"), dualClutch, fwd},
	}},
	{"Škoda", "Karoq", "TMB", suv, 5, 5, 2, []trim{
		{"Ambition", 2018, 2024, 28990, gas("1.5L I4 Turbo"), dualClutch, fwd},
	}},
	{"Škoda", "Kodiaq", "TMB", suv, 5, 7, 2, []trim{
		{"Style", 2017, 2023, 41990, dieselEngine("2.0L I4 Turbo"), dualClutch, awd},
	}},
	{"Škoda", "Enyaq", "TMB", suv, 5, 5, 2, []trim{
		{"iV 80", 2021, 2023, 46990, oneMotor, singleSpeed, rwd},
		{"iV 80x", 2021, 2023, 49990, twoMotors, singleSpeed, awd},
	}},

	{"Peugeot", "208", "VR3", hatchback, 5, 5, 2, []trim{
		{"Active", 2020, 2024, 18990, gas("1.2L I3"), manual, fwd},
		{"Allure", 2020, 2024, 22490, gas("1.2L I3 Turbo"), automatic, fwd},
	}},
	{"Peugeot", "e-208", "VR3", hatchback, 5, 5, 1, []trim{
		{"GT", 2020, 2024, 36990, oneMotor, singleSpeed, fwd},
	}},
	{"Peugeot", "2008", "VR3", suv, 5, 5, 2, []trim{
		{"Allure", 2020, 2024, 26990, gas("1.2L I3 Turbo"), automatic, fwd},
	}},
	{"Peugeot", "3008", "VF3", suv, 5, 5, 2, []trim{
		{"GT", 2019, 2023, 38990, gas("1.6L I4 Turbo"), automatic, fwd},
		{"Allure", 2019, 2023, 34990, dieselEngine("1.5L I4 Turbo"), automatic, fwd},
	}},
	{"Peugeot", "5008", "VF3", suv, 5, 7, 1, []trim{
		{"Allure", 2019, 2023, 37990, dieselEngine("1.5L I4 Turbo"), automatic, fwd},
	}},
}
