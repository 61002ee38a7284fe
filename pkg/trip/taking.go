package trip

import (
	"cmp"
	"math"
	"slices"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Taking are the stops that an alternative gives a trip: the leg that it is for,
// and the later ones that move with it. Each names, by its reservation id and the
// number of its moves, the stop that it takes the place of: what a change rests on
// is looked at again when it is made.
//
// Prices are in cents. The whole difference is told at the first of the stops,
// also where later ones move with it: the trip's total is what was offered. A
// price that was not known stays so, and so does the energy where the alternative does not
// say it. DriveMinutes are those of the stop before,
// as an estimate. Later stops that are lost or over are left out: nothing is held
// there that could move. Nil for a leg that the trip does not have.
func (t Trip) Taking(a Alternative) []Leg {
	if a.Leg < 1 || a.Leg > len(t.Legs) {
		return nil
	}
	first := t.Legs[a.Leg-1]
	first.CompanyID, first.EVSEID, first.Start, first.End = a.CompanyID, a.EVSEID, a.Start.UTC(), a.End.UTC()
	if first.Price != 0 {
		first.Price = cents(first.Price + a.DeltaPrice)
	}
	first.EnergyKWh = cmp.Or(a.EnergyKWh, first.EnergyKWh)
	legs := []Leg{first}
	for _, m := range a.LaterStops {
		if m.Leg < 1 || m.Leg > len(t.Legs) || m.Leg == a.Leg || t.Legs[m.Leg-1].State.Final() {
			continue
		}
		l := t.Legs[m.Leg-1]
		l.CompanyID, l.EVSEID, l.Start, l.End = m.CompanyID, m.EVSEID, m.Start.UTC(), m.End.UTC()
		l.EnergyKWh = cmp.Or(m.EnergyKWh, l.EnergyKWh)
		legs = append(legs, l)
	}
	return legs
}

func cents(x float64) float64 { return math.Round(x*100) / 100 }

// Charging is the stop at whose plug a car of the trip stands, nil for none.
func (t Trip) Charging() *Leg {
	k := slices.IndexFunc(t.Legs, func(l Leg) bool { return l.State == charging.Charging })
	if k < 0 {
		return nil
	}
	return &t.Legs[k]
}
