package main

var asian = []model{
	{"Toyota", "Camry", "4T1", sedan, 4, 5, 12, []trim{
		{"LE", 2018, 2024, 28400, gas("2.5L I4"), automatic, fwd},
		{"SE", 2018, 2024, 29700, gas("2.5L I4"), automatic, fwd},
		{"XLE", 2018, 2024, 33120, gas("2.5L I4"), automatic, fwd},
		{"SE AWD", 2021, 2024, 31100, gas("2.5L I4"), automatic, awd},
		{"XSE V6", 2018, 2024, 38220, gas("3.5L V6"), automatic, fwd},
		{"Hybrid LE", 2018, 2024, 28855, hev("2.5L I4"), cvt, fwd},
		{"SE", 2025, 2026, 31500, hev("2.5L I4"), cvt, fwd},
		{"XSE", 2025, 2026, 37625, hev("2.5L I4"), cvt, awd},
	}},
	{"Toyota", "Corolla", "5YF", sedan, 4, 5, 6, []trim{
		{"LE", 2020, 2022, 21100, gas("1.8L I4"), cvt, fwd},
		{"LE", 2023, 2026, 22925, gas("2.0L I4"), cvt, fwd},
		{"SE", 2020, 2026, 25365, gas("2.0L I4"), cvt, fwd},
		{"Hybrid LE", 2020, 2026, 24775, hev("1.8L I4"), cvt, fwd},
	}},
	{"Toyota", "RAV4", "2T3", suv, 4, 5, 9, []trim{
		{"LE", 2019, 2025, 29550, gas("2.5L I4"), automatic, fwd},
		{"XLE", 2019, 2025, 32460, gas("2.5L I4"), automatic, awd},
		{"Adventure", 2019, 2024, 35155, gas("2.5L I4"), automatic, awd},
		{"Hybrid XLE", 2019, 2025, 34060, hev("2.5L I4"), cvt, awd},
		{"Prime SE", 2021, 2024, 43690, phev("2.5L I4"), cvt, awd},
	}},
	{"Toyota", "Highlander", "5TD", suv, 4, 8, 3, []trim{
		{"LE", 2020, 2022, 37455, gas("3.5L V6"), automatic, fwd},
		{"XLE", 2023, 2025, 45270, gas("2.4L I4 Turbo"), automatic, awd},
	}},
	{"Toyota", "Highlander", "5TD", suv, 4, 7, 2, []trim{
		{"Hybrid Limited", 2020, 2025, 51425, hev("2.5L I4"), cvt, awd},
	}},
	{"Toyota", "4Runner", "JTE", suv, 4, 5, 3, []trim{
		{"SR5", 2014, 2024, 42855, gas("4.0L V6"), automatic, fourWD},
		{"TRD Pro", 2015, 2024, 55170, gas("4.0L V6"), automatic, fourWD},
	}},
	{"Toyota", "Tacoma", "3TM", pickup, 4, 5, 6, []trim{
		{"SR5", 2016, 2023, 37100, gas("3.5L V6"), automatic, fourWD},
		{"TRD Off-Road", 2016, 2023, 39895, gas("3.5L V6"), manual, fourWD},
		{"TRD Off-Road", 2024, 2026, 44395, gas("2.4L I4 Turbo"), automatic, fourWD},
	}},
	{"Toyota", "Tundra", "5TF", pickup, 4, 5, 3, []trim{
		{"Limited", 2014, 2021, 48655, gas("5.7L V8"), automatic, fourWD},
		{"SR5", 2022, 2026, 51860, gas("3.4L V6 Turbo"), automatic, fourWD},
	}},
	{"Toyota", "Prius", "JTD", hatchback, 5, 5, 4, []trim{
		{"L Eco", 2019, 2022, 25075, hev("1.8L I4"), cvt, fwd},
		{"LE", 2023, 2026, 28550, hev("2.0L I4"), cvt, fwd},
		{"XLE", 2023, 2026, 33395, hev("2.0L I4"), cvt, awd},
	}},
	{"Toyota", "Sienna", "5TD", minivan, 4, 8, 3, []trim{
		{"LE", 2021, 2026, 40120, hev("2.5L I4"), cvt, fwd},
		{"XLE", 2021, 2026, 45150, hev("2.5L I4"), cvt, fwd},
	}},
	{"Toyota", "C-HR", "NMT", suv, 4, 5, 3, []trim{
		{"LE", 2019, 2022, 24280, gas("2.0L I4"), cvt, fwd},
		{"XLE", 2018, 2022, 26315, gas("2.0L I4"), cvt, fwd},
	}},
	{"Toyota", "GR Supra", "WZ1", coupe, 2, 2, 1, []trim{
		{"3.0 Premium", 2020, 2025, 60250, gas("3.0L I6 Turbo"), automatic, rwd},
	}},

	{"Honda", "Civic", "2HG", sedan, 4, 5, 7, []trim{
		{"LX", 2016, 2021, 21250, gas("2.0L I4"), cvt, fwd},
		{"Sport", 2022, 2024, 25650, gas("2.0L I4"), cvt, fwd},
		{"EX", 2022, 2024, 26600, gas("1.5L I4 Turbo"), cvt, fwd},
		{"Si", 2022, 2026, 31495, gas("1.5L I4 Turbo"), manual, fwd},
		{"LX", 2025, 2026, 24595, gas("2.0L I4"), cvt, fwd},
		{"Sport Hybrid", 2025, 2026, 29295, hev("2.0L I4"), cvt, fwd},
	}},
	{"Honda", "Accord", "1HG", sedan, 4, 5, 6, []trim{
		{"EX", 2023, 2024, 29910, gas("1.5L I4 Turbo"), cvt, fwd},
		{"Sport", 2018, 2022, 28990, gas("1.5L I4 Turbo"), cvt, fwd},
		{"Touring", 2018, 2021, 37000, gas("2.0L I4 Turbo"), automatic, fwd},
		{"Sport Hybrid", 2023, 2025, 33655, hev("2.0L I4"), cvt, fwd},
	}},
	{"Honda", "CR-V", "5J6", suv, 4, 5, 7, []trim{
		{"EX", 2017, 2025, 33950, gas("1.5L I4 Turbo"), cvt, awd},
		{"EX-L", 2017, 2025, 36600, gas("1.5L I4 Turbo"), cvt, awd},
		{"Sport Hybrid", 2023, 2025, 36050, hev("2.0L I4"), cvt, awd},
	}},
	{"Honda", "HR-V", "3CZ", suv, 4, 5, 3, []trim{
		{"LX", 2023, 2026, 26200, gas("2.0L I4"), cvt, fwd},
		{"EX-L", 2023, 2026, 31450, gas("2.0L I4"), cvt, awd},
	}},
	{"Honda", "Pilot", "5FN", suv, 4, 8, 3, []trim{
		{"EX-L", 2016, 2022, 43080, gas("3.5L V6"), automatic, awd},
		{"Sport", 2023, 2025, 42395, gas("3.5L V6"), automatic, awd},
	}},
	{"Honda", "Odyssey", "5FN", minivan, 4, 8, 2, []trim{
		{"EX-L", 2018, 2025, 43170, gas("3.5L V6"), automatic, fwd},
	}},
	{"Honda", "Ridgeline", "5FP", pickup, 4, 5, 2, []trim{
		{"RTL", 2020, 2025, 43130, gas("3.5L V6"), automatic, awd},
	}},
	{"Honda", "Prologue", "3GP", suv, 4, 5, 2, []trim{
		{"EX", 2024, 2025, 47400, oneMotor, singleSpeed, fwd},
		{"Touring", 2024, 2025, 54700, twoMotors, singleSpeed, awd},
	}},

	{"Hyundai", "Elantra", "KMH", sedan, 4, 5, 4, []trim{
		{"SE", 2021, 2026, 22125, gas("2.0L I4"), cvt, fwd},
		{"Hybrid Blue", 2021, 2026, 25450, hev("1.6L I4"), dualClutch, fwd},
		{"N", 2022, 2026, 35100, gas("2.0L I4 Turbo"), dualClutch, fwd},
	}},
	{"Hyundai", "Sonata", "KMH", sedan, 4, 5, 3, []trim{
		{"SEL", 2020, 2023, 27350, gas("2.5L I4"), automatic, fwd},
		{"N Line", 2021, 2025, 35500, gas("2.5L I4 Turbo"), dualClutch, fwd},
	}},
	{"Hyundai", "Kona", "KM8", suv, 4, 5, 3, []trim{
		{"SEL", 2018, 2021, 22450, gas("2.0L I4"), automatic, fwd},
		{"SE", 2022, 2026, 25350, gas("2.0L I4"), cvt, fwd},
	}},
	{"Hyundai", "Tucson", "5NM", suv, 4, 5, 5, []trim{
		{"SEL", 2022, 2026, 32450, gas("2.5L I4"), automatic, awd},
		{"Hybrid Limited", 2022, 2026, 41500, hev("1.6L I4 Turbo"), automatic, awd},
	}},
	{"Hyundai", "Santa Fe", "5NM", suv, 4, 5, 2, []trim{
		{"SEL", 2021, 2023, 30500, gas("2.5L I4"), automatic, fwd},
	}},
	{"Hyundai", "Santa Fe", "5NM", suv, 4, 7, 2, []trim{
		{"XRT", 2024, 2026, 42200, gas("2.5L I4 Turbo"), dualClutch, awd},
	}},
	{"Hyundai", "Palisade", "KM8", suv, 4, 8, 2, []trim{
		{"SEL", 2020, 2025, 39600, gas("3.8L V6"), automatic, fwd},
	}},
	{"Hyundai", "IONIQ 5", "KM8", suv, 4, 5, 4, []trim{
		{"SE", 2022, 2024, 43350, oneMotor, singleSpeed, rwd},
		{"Limited", 2022, 2024, 58200, twoMotors, singleSpeed, awd},
	}},
	{"Hyundai", "IONIQ 6", "KMH", sedan, 4, 5, 2, []trim{
		{"SE", 2023, 2025, 42600, oneMotor, singleSpeed, rwd},
		{"Limited", 2023, 2025, 55550, twoMotors, singleSpeed, awd},
	}},

	{"Kia", "Forte", "3KP", sedan, 4, 5, 3, []trim{
		{"LXS", 2019, 2024, 20815, gas("2.0L I4"), cvt, fwd},
		{"GT", 2020, 2024, 25115, gas("1.6L I4 Turbo"), dualClutch, fwd},
	}},
	{"Kia", "K5", "5XX", sedan, 4, 5, 3, []trim{
		{"LXS", 2021, 2024, 26690, gas("1.6L I4 Turbo"), automatic, fwd},
		{"GT", 2021, 2024, 32490, gas("2.5L I4 Turbo"), dualClutch, fwd},
	}},
	{"Kia", "Soul", "KND", hatchback, 5, 5, 3, []trim{
		{"LX", 2020, 2025, 20490, gas("2.0L I4"), cvt, fwd},
	}},
	{"Kia", "Niro", "KND", suv, 4, 5, 2, []trim{
		{"LX", 2017, 2022, 24690, hev("1.6L I4"), dualClutch, fwd},
		{"EX", 2023, 2025, 30590, hev("1.6L I4"), dualClutch, fwd},
	}},
	{"Kia", "Sportage", "5XY", suv, 4, 5, 4, []trim{
		{"LX", 2023, 2026, 28990, gas("2.5L I4"), automatic, fwd},
		{"X-Pro", 2023, 2026, 38190, gas("2.5L I4"), automatic, awd},
	}},
	{"Kia", "Sorento", "5XY", suv, 4, 7, 2, []trim{
		{"S", 2021, 2026, 34390, gas("2.5L I4"), automatic, fwd},
	}},
	{"Kia", "Sorento", "5XY", suv, 4, 6, 1, []trim{
		{"X-Line", 2021, 2023, 42690, gas("2.5L I4 Turbo"), dualClutch, awd},
	}},
	{"Kia", "Telluride", "5XY", suv, 4, 8, 2, []trim{
		{"EX", 2020, 2025, 43500, gas("3.8L V6"), automatic, awd},
	}},
	{"Kia", "Telluride", "5XY", suv, 4, 7, 2, []trim{
		{"SX", 2020, 2025, 47785, gas("3.8L V6"), automatic, awd},
	}},
	{"Kia", "Carnival", "KND", minivan, 4, 8, 2, []trim{
		{"EX", 2022, 2025, 38800, gas("3.5L V6"), automatic, fwd},
	}},
	{"Kia", "EV6", "KND", suv, 4, 5, 3, []trim{
		{"Wind", 2022, 2024, 48700, oneMotor, singleSpeed, rwd},
		{"GT-Line", 2022, 2024, 57600, twoMotors, singleSpeed, awd},
	}},
	{"Kia", "EV9", "KND", suv, 4, 7, 2, []trim{
		{"Light", 2024, 2025, 54900, oneMotor, singleSpeed, rwd},
		{"Wind", 2024, 2025, 63900, twoMotors, singleSpeed, awd},
	}},

	{"Nissan", "Altima", "1N4", sedan, 4, 5, 4, []trim{
		{"S", 2019, 2024, 26000, gas("2.5L I4"), cvt, fwd},
		{"SR", 2020, 2025, 29980, gas("2.5L I4"), cvt, awd},
	}},
	{"Nissan", "Sentra", "3N1", sedan, 4, 5, 3, []trim{
		{"SV", 2020, 2025, 22730, gas("2.0L I4"), cvt, fwd},
	}},
	{"Nissan", "Rogue", "5N1", suv, 4, 5, 5, []trim{
		{"SV", 2014, 2021, 28840, gas("2.5L I4"), cvt, awd},
		{"SV", 2022, 2025, 32160, gas("1.5L I3 Turbo"), cvt, awd},
		{"Platinum", 2022, 2025, 40830, gas("1.5L I3 Turbo"), cvt, awd},
	}},
	{"Nissan", "Pathfinder", "5N1", suv, 4, 8, 2, []trim{
		{"SV", 2022, 2025, 41600, gas("3.5L V6"), automatic, fourWD},
	}},
	{"Nissan", "Frontier", "1N6", pickup, 4, 5, 3, []trim{
		{"SV", 2022, 2025, 37500, gas("3.8L V6"), automatic, fourWD},
		{"PRO-4X", 2022, 2025, 41770, gas("3.8L V6"), automatic, fourWD},
	}},
	{"Nissan", "Kicks", "3N1", suv, 4, 5, 2, []trim{
		{"SV", 2018, 2024, 23680, gas("1.6L I4"), cvt, fwd},
	}},
	{"Nissan", "LEAF", "1N4", hatchback, 5, 5, 3, []trim{
		{"S", 2018, 2025, 28140, oneMotor, singleSpeed, fwd},
		{"SV Plus", 2019, 2025, 36190, oneMotor, singleSpeed, fwd},
	}},
	{"Nissan", "ARIYA", "JN1", suv, 4, 5, 2, []trim{
		{"Engage", 2023, 2025, 39770, oneMotor, singleSpeed, fwd},
		{"Platinum+ e-4ORCE", 2023, 2025, 54370, twoMotors, singleSpeed, awd},
	}},
	{"Nissan", "Z", "JN1", coupe, 2, 2, 1, []trim{
		{"Performance", 2023, 2025, 52970, gas("3.0L V6 Turbo"), manual, rwd},
	}},

	{"Mazda", "Mazda3", "JM1", sedan, 4, 5, 3, []trim{
		{"2.5 S Select", 2021, 2025, 25885, gas("2.5L I4"), automatic, fwd},
	}},
	{"Mazda", "Mazda3", "JM1", hatchback, 5, 5, 3, []trim{
		{"2.5 S Premium", 2021, 2023, 29950, gas("2.5L I4"), manual, fwd},
		{"2.5 Turbo", 2021, 2025, 34050, gas("2.5L I4 Turbo"), automatic, awd},
	}},
	{"Mazda", "CX-5", "JM3", suv, 4, 5, 6, []trim{
		{"Touring", 2017, 2021, 27700, gas("2.5L I4"), automatic, fwd},
		{"2.5 S Preferred", 2022, 2025, 31900, gas("2.5L I4"), automatic, awd},
		{"2.5 Turbo", 2022, 2025, 36850, gas("2.5L I4 Turbo"), automatic, awd},
	}},
	{"Mazda", "CX-30", "3MV", suv, 4, 5, 3, []trim{
		{"2.5 S", 2022, 2025, 25195, gas("2.5L I4"), automatic, awd},
		{"2.5 Turbo", 2021, 2024, 33150, gas("2.5L I4 Turbo"), automatic, awd},
	}},
	{"Mazda", "CX-50", "7MM", suv, 4, 5, 3, []trim{
		{"2.5 S Preferred", 2023, 2025, 32550, gas("2.5L I4"), automatic, awd},
		{"2.5 Turbo", 2023, 2025, 38100, gas("2.5L I4 Turbo"), automatic, awd},
	}},
	{"Mazda", "CX-9", "JM3", suv, 4, 7, 2, []trim{
		{"Touring", 2016, 2023, 40150, gas("2.5L I4 Turbo"), automatic, awd},
	}},
	{"Mazda", "CX-90", "JM3", suv, 4, 7, 2, []trim{
		{"3.3 Turbo Preferred", 2024, 2025, 43800, gas("3.3L I6 Turbo"), automatic, awd},
		{"PHEV Premium", 2024, 2024, 52950, phev("2.5L I4"), automatic, awd},
	}},
	{"Mazda", "MX-5 Miata", "JM1", convertible, 2, 2, 2, []trim{
		{"Club", 2016, 2025, 33205, gas("2.0L I4"), manual, rwd},
	}},

	{"Subaru", "Outback", "4S4", wagon, 5, 5, 5, []trim{
		{"Premium", 2020, 2025, 31365, gas("2.5L H4"), cvt, awd},
		{"Touring XT", 2020, 2025, 43040, gas("2.4L H4 Turbo"), cvt, awd},
	}},
	{"Subaru", "Forester", "JF2", suv, 4, 5, 4, []trim{
		{"Premium", 2019, 2025, 32095, gas("2.5L H4"), cvt, awd},
		{"Wilderness", 2022, 2025, 35395, gas("2.5L H4"), cvt, awd},
	}},
	{"Subaru", "Crosstrek", "JF2", suv, 4, 5, 4, []trim{
		{"Premium", 2018, 2023, 26145, gas("2.0L H4"), cvt, awd},
		{"Limited", 2021, 2023, 29395, gas("2.5L H4"), cvt, awd},
	}},
	{"Subaru", "Impreza", "JF1", hatchback, 5, 5, 2, []trim{
		{"RS", 2024, 2025, 28975, gas("2.5L H4"), cvt, awd},
	}},
	{"Subaru", "WRX", "JF1", sedan, 4, 5, 2, []trim{
		{"Premium", 2022, 2025, 36820, gas("2.4L H4 Turbo"), manual, awd},
	}},
	{"Subaru", "BRZ", "JF1", coupe, 2, 4, 1, []trim{
		{"Limited", 2022, 2025, 34380, gas("2.4L H4"), manual, rwd},
	}},
	{"Subaru", "Ascent", "4S4", suv, 4, 8, 2, []trim{
		{"Premium", 2019, 2025, 40170, gas("2.4L H4 Turbo"), cvt, awd},
	}},
	{"Subaru", "Solterra", "JTM", suv, 4, 5, 2, []trim{
		{"Premium", 2023, 2025, 38495, twoMotors, singleSpeed, awd},
	}},
}
