package aftermath

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/company/app"
)

// place is a location of an inventory; the EVSEs are named by their number.
type place struct {
	id    string
	lat   float64
	evses []int
}

// inventory writes one of MAR's.
func inventory(t *testing.T, maxDays int, places ...place) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "company: MAR\nname: Maré Volt\nterms:\n  noshow_timeout_minutes: 15\n  cancel_until_minutes: 30\n"+
		"  early_plug_minutes: 10\n  max_days_ahead: %d\ntariffs:\n  - {id: MAR-DC, currency: BRL, per_kwh: 2.05, per_session: 1.50}\nlocations:\n", maxDays)
	for _, p := range places {
		fmt.Fprintf(&b, "  - id: BR*MAR*%s\n    name: Posto %s\n    city: Natal\n    state: RN\n    lat: %g\n    lon: -35.2\n    evses:\n", p.id, p.id, p.lat)
		for _, n := range p.evses {
			fmt.Fprintf(&b, "      - id: BR*MAR*E%04d*1\n        connectors:\n          - {id: \"1\", standard: IEC_62196_T2_COMBO, power_kw: 60, tariff_id: MAR-DC}\n", n)
		}
	}
	file := filepath.Join(t.TempDir(), "mar.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// owns gives MAR an inventory.
func owns(file string) func(*app.Options) {
	return func(o *app.Options) {
		if o.Company == "MAR" {
			o.Inventory = file
		}
	}
}

// free books a stop and lets go of it, to see whether it can be had.
func (d driver) free(s stop) bool {
	d.f.t.Helper()
	got := as[tripView](d.asks("abort", nil, s))
	if got.State == "CONFIRMED" {
		d.cancel(got.ID)
	}
	return got.State == "CONFIRMED"
}

// TestInventoriesChangeUnderBookings: an EVSE keeps its bookings wherever its
// company files it.
func TestInventoriesChangeUnderBookings(t *testing.T) {
	before := []place{{"LONE01", -5.79, []int{1, 2}}, {"LTWO01", -5.91, []int{3, 4}}}
	for name, after := range map[string][]place{
		"its location is renamed":        {{"LNEW01", -5.79, []int{1, 2}}, {"LTWO01", -5.91, []int{3, 4}}},
		"it moves to another location":   {{"LONE01", -5.79, []int{2}}, {"LTWO01", -5.91, []int{3, 4, 1}}},
		"it moves and the other is gone": {{"LTWO01", -5.91, []int{3, 4, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, owns(inventory(t, 30, before...)))
			d, other := f.driver(vehicle(1), "SER"), f.driver(vehicle(2), "CAJ")
			s := f.tomorrow("BR*MAR*E0001*1", 0)
			booked := d.book(s)
			f.restart("MAR", inventory(t, 30, after...))
			if other.free(s) {
				t.Errorf("the window was sold twice")
			}
			if l := d.trip(booked.ID).Legs[0]; l.State != "RESERVED" || f.stateAt("SER", l).State != "RESERVED" {
				t.Errorf("the stop is %s in its trip and %s at its company", l.State, f.stateAt("SER", l).State)
			}
			if a := d.cancel(booked.ID); as[tripView](a).State != "CANCELED" {
				t.Errorf("cancel: %s", a)
			}
			f.until(8*time.Second, "the window is free", func() bool { return other.free(s) })
		})
	}
}

// TestAnEVSELeavesTheInventory: what was booked there holds, and is let go of;
// nothing new is offered.
func TestAnEVSELeavesTheInventory(t *testing.T) {
	all := place{"LONE01", -5.79, []int{1, 2, 3}}
	f := start(t, owns(inventory(t, 30, all)))
	d, soon, other := f.driver(vehicle(1), "SER"), f.driver(vehicle(2), "SER"), f.driver(vehicle(3), "CAJ")
	later := f.tomorrow("BR*MAR*E0001*1", 0)
	booked := d.book(later)
	next := soon.book(stop{EVSE: "BR*MAR*E0002*1", Start: f.in(2 * time.Minute), End: f.in(40 * time.Minute), Energy: 5})
	f.restart("MAR", inventory(t, 30, place{"LONE01", -5.79, []int{3}}))
	for _, s := range f.sites("MAR") {
		for _, e := range s.EVSEs {
			if e.ID == later.EVSE {
				t.Errorf("%s is still offered", e.ID)
			}
		}
	}
	if other.free(f.tomorrow(later.EVSE, 6)) {
		t.Errorf("it was booked anew")
	}
	t.Run("its car charges", func(t *testing.T) {
		f := f.with(t)
		car := f.car(soon.user, "SER")
		car.plugged("BR*MAR*E0002*1")
		car.billed("BR*MAR*E0002*1", 0.1)
		soon.sees(next.ID, "it is billed", func(t tripView) bool { return t.Legs[0].State == "FULFILLED" })
	})
	t.Run("it is canceled, and comes back", func(t *testing.T) {
		f := f.with(t)
		if a := d.cancel(booked.ID); as[tripView](a).State != "CANCELED" {
			t.Fatalf("cancel: %s", a)
		}
		f.until(8*time.Second, "it is released at its company", func() bool { return f.stateAt("SER", booked.Legs[0]).State == "CANCELED" })
		f.restart("MAR", inventory(t, 30, all))
		f.until(8*time.Second, "the window can be had", func() bool { return other.free(later) })
	})
}

// TestTermsAreLookedAtFirst: a stop farther ahead than its company books is
// refused before there is a trip, and what never was can be compensated.
func TestTermsAreLookedAtFirst(t *testing.T) {
	f := start(t, owns(inventory(t, 7, place{"LONE01", -5.79, []int{1, 2}})))
	d := f.driver(vehicle(1), "SER")
	far := f.tomorrow("BR*MAR*E0001*1", 19*24)
	t.Run("a trip", func(t *testing.T) {
		if a := f.with(t).driver(vehicle(1), "SER").asks("ask", nil, far); !a.is(http.StatusUnprocessableEntity, "INVALID_WINDOW") {
			t.Errorf("a stop in 20 days: %s", a)
		}
	})
	t.Run("compensate", func(t *testing.T) {
		const trip = "01890a5d-ac96-774b-bcce-b302099a8057"
		l := legView{Reservation: "01890a5d-ac96-774b-bcce-b302099a8058", EVSE: far.EVSE, End: far.End}
		a := f.with(t).peer("SER", "MAR", http.MethodPost, "/reservations/"+l.Reservation+"/compensate", ref("SER", trip, l, 1))
		if a.Status != http.StatusOK {
			t.Errorf("what never was: %s", a)
		}
	})
	t.Run("a swap", func(t *testing.T) {
		f := f.with(t)
		d := f.driver(vehicle(2), "CAJ")
		booked := d.book(f.tomorrow("BR*MAR*E0002*1", 0))
		far.Leg = 1
		if a := d.swap(booked.ID, object{"stop": far}); !a.is(http.StatusUnprocessableEntity, "INVALID_WINDOW") {
			t.Errorf("a stop in 20 days: %s", a)
		}
		stuck := func() bool {
			return len(as[[]tripView](f.driver("operator", "CAJ").send(http.MethodGet, "/api/v1/trips?stuck=true", nil))) > 0
		}
		if f.within(3*time.Second, stuck) {
			t.Errorf("the trip is stuck with a stop that it never had")
		}
	})
	if a := d.send(http.MethodGet, "/api/v1/trips", nil); len(as[[]tripView](a)) != 0 {
		t.Errorf("trips that could never be: %s", a)
	}
}
