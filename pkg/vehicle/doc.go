// Package vehicle knows electric cars: battery, consumption, charging.
//
// models.json holds the models; its figures are facts from Open EV Data
// (KilowattApp, MIT with attribution), chosen and checked for plausibility.
// States of charge are fractions 0…1 of the usable battery.
package vehicle
