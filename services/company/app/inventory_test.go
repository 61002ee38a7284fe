package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
	"github.com/eletrovia/eletrovia/services/e2e/redisrig"
)

// operator changes a company's inventory while its store stays.
type operator struct {
	t     *testing.T
	redis *redisrig.Server
	file  string
	keys  string
	*App
}

func newOperator(t *testing.T) *operator {
	dir := t.TempDir()
	return &operator{t: t, redis: redisrig.Start(t), file: filepath.Join(dir, "inventory.yaml"), keys: filepath.Join(dir, "keys.json")}
}

// write lays the inventory down: location and EVSE, in pairs.
func (o *operator) write(pairs ...string) {
	o.t.Helper()
	var b strings.Builder
	b.WriteString("company: MAR\nname: Maré\n")
	b.WriteString("terms: {noshow_timeout_minutes: 15, cancel_until_minutes: 30, early_plug_minutes: 10, max_days_ahead: 30}\n")
	b.WriteString("tariffs:\n  - {id: T1, currency: BRL, per_kwh: 2, per_session: 1}\nlocations:\n")
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "  - id: BR*MAR*%s\n    name: Site\n    city: Recife\n    state: PE\n    lat: -8.05\n    lon: -34.9\n    evses:\n", pairs[i])
		fmt.Fprintf(&b, "      - {id: BR*MAR*%s, connectors: [{id: \"1\", standard: IEC_62196_T2_COMBO, power_kw: 60, tariff_id: T1}]}\n", pairs[i+1])
	}
	if err := os.WriteFile(o.file, []byte(b.String()), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// restart stops the server that runs and starts another with an inventory.
func (o *operator) restart(pairs ...string) {
	o.t.Helper()
	if o.App != nil {
		stop(o.t, o.App)
	}
	o.write(pairs...)
	a, err := New(Options{Inventory: o.file, KeyFile: o.keys, OperatorSecret: DemoSecret, Store: Store{URL: "redis://" + o.redis.Addr}})
	if err != nil {
		o.t.Fatal(err)
	}
	o.App = a
	o.t.Cleanup(func() { stop(o.t, a) })
	if err := a.Start(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// reload has the server that runs read another inventory.
func (o *operator) reload(pairs ...string) {
	o.t.Helper()
	o.write(pairs...)
	if _, err := o.stock.reload(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

var ids atomic.Int64

func newID() string { return fmt.Sprintf("0190a0c0-0000-7000-8000-%012d", ids.Add(1)) }

func request(evse charging.EVSEID) charging.HoldRequest {
	start := time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)
	return charging.HoldRequest{
		Ref: charging.Ref{
			ID: charging.ReservationID(newID()), TripID: charging.TripID(newID()), Origin: "MAR",
			EVSEID: evse, End: start.Add(time.Hour), Epoch: 1,
		},
		Leg: 2, Start: start, TTL: 30 * time.Second,
		VehicleID: charging.VehicleID("EV-" + strings.ReplaceAll(string(evse), "*", ".")), // one a plug
	}
}

// book makes a stop RESERVED.
func (o *operator) book(evse charging.EVSEID) charging.HoldRequest {
	o.t.Helper()
	h := request(evse)
	ctx := o.t.Context()
	if _, err := o.rooms.desk.Reserve(ctx, h); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.rooms.desk.Confirm(ctx, h.Ref); err != nil {
		o.t.Fatal(err)
	}
	return h
}

// refuses wants a second booking of the same window refused.
func (o *operator) refuses(when string, evse charging.EVSEID, code charging.Code) {
	o.t.Helper()
	if _, err := o.rooms.desk.Reserve(o.t.Context(), request(evse)); charging.CodeOf(err) != code {
		o.t.Errorf("%s: the same window of %s: %v, want %s", when, evse, err, code)
	}
}

const plugA, plugB = charging.EVSEID("BR*MAR*E0001*1"), charging.EVSEID("BR*MAR*E0002*1")

// A site is renamed and an EVSE moves to another one, over a restart: what was
// booked there is booked, and can be released.
func TestRenamedAndMovedKeepTheirBookings(t *testing.T) {
	o := newOperator(t)
	o.restart("LONE01", "E0001*1", "LTWO01", "E0002*1")
	a, b := o.book(plugA), o.book(plugB)
	o.restart("LNEW01", "E0001*1", "LONE01", "E0002*1")
	o.refuses("after the rename", plugA, charging.CodeSlotTaken)
	o.refuses("after the move", plugB, charging.CodeSlotTaken)
	inv, err := o.stock.view(t.Context())
	if err != nil || len(inv.Moved) != 2 || inv.Moved[0].Home != "BR*MAR*LONE01" || inv.Moved[0].LocationID != "BR*MAR*LNEW01" ||
		inv.Moved[0].Bookings != 1 || inv.Moved[0].Until == nil || !inv.Moved[0].Until.Equal(a.End) {
		t.Errorf("%+v, %v", inv, err)
	}
	for _, h := range []charging.HoldRequest{a, b} {
		if got, err := o.rooms.desk.Reservation(t.Context(), h.ID, ""); err != nil || got.State != charging.Reserved {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := o.rooms.desk.Compensate(t.Context(), h.Ref); err != nil || got.State != charging.Canceled {
			t.Errorf("%+v, %v", got, err)
		}
		o.book(h.EVSEID)
	}
}

// An EVSE leaves the inventory with a booking, without a restart: it is listed
// no more and takes nothing new, what is booked there is kept, and still is when
// it comes back.
func TestWhatLeavesKeepsItsBookings(t *testing.T) {
	o := newOperator(t)
	ctx := t.Context()
	o.restart("LONE01", "E0001*1", "LTWO01", "E0002*1")
	h := o.book(plugA)
	o.reload("LTWO01", "E0002*1")
	o.refuses("after it left", plugA, charging.CodeUnknownEVSE)
	if list := o.rooms.desk.Locations(ctx); len(list) != 1 || list[0].ID != "BR*MAR*LTWO01" {
		t.Errorf("listed: %+v", list)
	}
	if _, err := o.rooms.desk.Free(ctx, plugA, h.Window()); charging.CodeOf(err) != charging.CodeUnknownEVSE {
		t.Errorf("availability of what left: %v", err)
	}
	if inv, err := o.stock.view(ctx); err != nil || len(inv.Left) != 1 || inv.Left[0].EVSEID != plugA || inv.Left[0].Bookings != 1 {
		t.Errorf("%+v, %v", inv, err)
	}
	if got, err := o.rooms.desk.Confirm(ctx, h.Ref); err != nil || got.State != charging.Reserved {
		t.Errorf("%+v, %v", got, err)
	}
	o.restart("LTWO01", "E0002*1")
	if victims, err := o.rooms.desk.Withdraw(ctx, plugB, "BROKEN_CHARGER"); err != nil || len(victims) != 0 {
		t.Errorf("%+v, %v", victims, err)
	}
	o.reload("LBACK01", "E0001*1", "LTWO01", "E0002*1")
	o.refuses("after it came back", plugA, charging.CodeSlotTaken)
	if got, err := o.rooms.desk.Compensate(ctx, h.Ref); err != nil || got.State != charging.Canceled {
		t.Errorf("%+v, %v", got, err)
	}
	o.book(plugA)
}

// What has left and has nothing booked is forgotten when its records are, and the next
// review of the store changes nothing.
func TestWhatLeavesWithNothingBookedIsForgotten(t *testing.T) {
	o := newOperator(t)
	ctx := t.Context()
	o.restart("LONE01", "E0001*1", "LTWO01", "E0002*1")
	h := o.book(plugA)
	o.reload("LTWO01", "E0002*1")
	if _, err := o.rooms.desk.Withdraw(ctx, plugA, "POWER_OUTAGE"); err != nil {
		t.Fatal(err)
	}
	o.idle(plugA)
	if _, err := o.rooms.desk.Confirm(ctx, h.Ref); charging.CodeOf(err) != charging.CodeAlreadyCompensated {
		t.Errorf("as long as there is a record: %v", err)
	}
	known, err := o.rooms.store.Enrolled(ctx)
	if err != nil {
		t.Fatal(err)
	}
	past := known[plugA]
	past.Idle = past.Idle.Add(-7 * 24 * time.Hour)
	if err := o.rooms.store.Enroll(ctx, map[charging.EVSEID]store.Enrolled{plugA: past}); err != nil {
		t.Fatal(err)
	}
	if err := o.stock.review(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := o.rooms.desk.Confirm(ctx, h.Ref); charging.CodeOf(err) != charging.CodeUnknownEVSE {
		t.Errorf("afterwards: %v", err)
	}
	known, err = o.rooms.store.Enrolled(ctx)
	if err != nil || len(known) != 1 || known[plugB].Home != "BR*MAR*LTWO01" {
		t.Errorf("%+v, %v", known, err)
	}
	s, err := compare(ctx, o.rooms.store, *o.offer.Load())
	if err != nil || len(s.fresh) != 0 || !reflect.DeepEqual(s.desk, o.stock.settled.desk) {
		t.Errorf("a review of what has not changed: %+v, %v", s, err)
	}
}

// An EVSE breaks while a car charges, and its operator takes it out of the inventory
// at once. The car's figure still takes the place of the estimate, also when the EVSE
// has come back at another location meanwhile, and a reserve that comes late finds its
// tombstone. It used to be forgotten with its last booking: a review after the notice,
// and no bill could be found any more (seed 0 of the desk's
// TestSessionsOverInventoryChanges).
func TestACarTellsAfterItsEVSEHasLeft(t *testing.T) {
	o := newOperator(t)
	ctx := t.Context()
	o.restart("LONE01", "E0001*1", "LTWO01", "E0002*1")
	h, late := request(plugA), request(plugA)
	h.Start = time.Now().UTC().Truncate(time.Second).Add(5 * time.Minute)
	h.End = h.Start.Add(time.Hour)
	if _, err := o.rooms.desk.Reserve(ctx, h); err != nil {
		t.Fatal(err)
	}
	if _, err := o.rooms.desk.Confirm(ctx, h.Ref); err != nil {
		t.Fatal(err)
	}
	if _, err := o.rooms.desk.Compensate(ctx, late.Ref); err != nil {
		t.Fatal(err)
	}
	if _, err := o.rooms.desk.Start(ctx, h.Ref, charging.Arrival{PlannedKWh: 20}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.rooms.desk.Withdraw(ctx, plugA, "BROKEN_CHARGER"); err != nil {
		t.Fatal(err)
	}
	o.reload("LTWO01", "E0002*1")
	o.idle(plugA)
	if err := o.stock.review(ctx); err != nil {
		t.Fatal(err)
	}
	o.reload("LNEW01", "E0001*1", "LTWO01", "E0002*1")
	if err := o.rooms.desk.ReturnToService(ctx, plugA); err != nil {
		t.Fatal(err)
	}
	if _, err := o.rooms.desk.Reserve(ctx, late); charging.CodeOf(err) != charging.CodeAlreadyCompensated {
		t.Errorf("a reserve after its compensate: %v", err)
	}
	got, err := o.rooms.desk.Complete(ctx, h.Ref, charging.Leaving{EnergyKWh: 0.001})
	if err != nil || got.State != charging.Fulfilled || got.Session.Estimated || got.Session.EnergyKWh > 0.001 {
		t.Errorf("%+v, %v", got, err)
	}
	if known, err := o.rooms.store.Enrolled(ctx); err != nil || !known[plugA].Idle.IsZero() {
		t.Errorf("offered again, and idle since %v, %v", known[plugA].Idle, err)
	}
}

// idle reviews the inventory until an EVSE that has left is seen to have no booking.
func (o *operator) idle(evse charging.EVSEID) {
	o.t.Helper()
	redisrig.Until(o.t, "its notices are delivered, and nothing is booked there", func() bool {
		if err := o.stock.review(o.t.Context()); err != nil {
			o.t.Fatal(err)
		}
		known, err := o.rooms.store.Enrolled(o.t.Context())
		if err != nil {
			o.t.Fatal(err)
		}
		k, there := known[evse]
		return !there || !k.Idle.IsZero()
	})
}

// A file that cannot be used changes nothing and says which line is wrong.
func TestABadInventoryChangesNothing(t *testing.T) {
	o := newOperator(t)
	o.restart("LONE01", "E0001*1")
	o.write("LONE01", "E0001*1", "LTWO01", "not an id")
	_, err := o.stock.reload(t.Context())
	var r *charging.Refusal
	if !errors.As(err, &r) || r.Code != charging.CodeInvalidField || len(r.Fields) == 0 || !strings.HasPrefix(r.Fields[0].Field, "line ") {
		t.Errorf("%+v", err)
	}
	o.book(plugA)
}

// A store that was filled before it remembered homes: its calendars count, not
// the inventory.
func TestAnOlderStoreTellsTheHomes(t *testing.T) {
	o := newOperator(t)
	o.restart("LONE01", "E0001*1")
	o.book(plugA)
	stop(t, o.App)
	o.App = nil
	o.redis.Do("DEL", "inventory")
	o.restart("LNEW01", "E0001*1")
	o.refuses("after the upgrade", plugA, charging.CodeSlotTaken)
}

// Before a restart: what it would do, and nothing is written.
func TestCheckInventory(t *testing.T) {
	o := newOperator(t)
	o.restart("LONE01", "E0001*1", "LTWO01", "E0002*1")
	o.book(plugA)
	o.write("LNEW01", "E0001*1")
	inv, err := CheckInventory(context.Background(), o.file, "redis://"+o.redis.Addr, "")
	if err != nil || len(inv.Moved) != 1 || inv.Moved[0].Bookings != 1 || len(inv.Left) != 0 {
		t.Errorf("%+v, %v", inv, err)
	}
	if known, err := o.rooms.store.Enrolled(t.Context()); err != nil || len(known) != 2 {
		t.Errorf("%+v, %v", known, err)
	}
}

// Several servers start at once, each with an inventory of its own: all keep
// their calendars at the same home.
func TestServersAgreeOnHomes(t *testing.T) {
	o := newOperator(t)
	o.restart("LONE01", "E0001*1")
	other := &operator{t: t, redis: o.redis, file: filepath.Join(t.TempDir(), "inventory.yaml"), keys: o.keys}
	other.restart("LNEW01", "E0001*1")
	o.book(plugA)
	other.refuses("at the other server", plugA, charging.CodeSlotTaken)
}
