package trip

import (
	"reflect"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// version0 is a record as version 0 wrote it: a decision that stands alone, a car
// at the plug of a RESERVED stop, and a swap half done.
const version0 = `{
 "trip_id": "t", "state": "CONFIRMED", "vehicle_id": "EV-0001", "origin_company": "MAR", "on_conflict": "ask",
 "legs": [
  {"leg": 1, "reservation_id": "r1", "company_id": "MAR", "evse_id": "BR*MAR*E1*1", "start": "2030-01-01T08:00:00Z", "end": "2030-01-01T09:00:00Z",
   "state": "RESERVED", "attempts": 1, "session": {"started_at": "2030-01-01T08:01:00Z", "start_soc": 0.2}},
  {"leg": 2, "reservation_id": "r2", "company_id": "SER", "evse_id": "BR*SER*E1*1", "start": "2030-01-01T10:00:00Z", "end": "2030-01-01T11:00:00Z",
   "state": "RESERVED", "attempts": 1},
  {"leg": 3, "reservation_id": "r3", "company_id": "CAJ", "evse_id": "BR*CAJ*E1*1", "start": "2030-01-01T12:00:00Z", "end": "2030-01-01T13:00:00Z",
   "state": "FULFILLED", "attempts": 1, "session": {"started_at": "2030-01-01T12:00:00Z", "ended_at": "2030-01-01T12:30:00Z"}}
 ],
 "decision": {"leg": 3, "code": "EVSE_OUT_OF_SERVICE", "detail": "withdrawn", "expires_at": "2030-01-01T07:00:00Z", "alternatives": []},
 "created_at": "2029-12-31T08:00:00Z", "updated_at": "2029-12-31T08:00:00Z",
 "saga": {"epoch": 2, "owner": "o", "decision_timeout": 120000000000, "swap": {"confirmed": false, "leg":
  {"leg": 2, "reservation_id": "new", "company_id": "SER", "evse_id": "BR*SER*E2*1", "start": "2030-01-01T10:30:00Z", "end": "2030-01-01T11:30:00Z",
   "state": "PLANNED", "attempts": 0}}}
}`

func TestUpgradeOfARecordOfVersion0(t *testing.T) {
	tr, err := Decode(version0)
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Decisions) != 1 || tr.Decisions[0].Leg != 3 || tr.Question(3) == nil {
		t.Errorf("asks %+v", tr.Decisions)
	}
	for k, want := range []charging.State{charging.Charging, charging.Reserved, charging.Fulfilled} {
		if tr.Legs[k].State != want {
			t.Errorf("stop %d is %s, want %s", k+1, tr.Legs[k].State, want)
		}
	}
	s := tr.Saga.Shift
	if s == nil || s.Phase != ShiftTake || len(s.Takes) != 1 {
		t.Fatalf("shift %+v", s)
	}
	k := s.Takes[0]
	if k.InPlace || k.Leg.ReservationID != "new" || k.Leg.Leg != 2 || k.Leg.State != charging.Reserved || !k.Old.Equal(tr.Legs[1].Window()) || k.Seq != 0 {
		t.Errorf("takes %+v", k)
	}
	if got := tr.Saga.Taking(); len(got) != 1 || got[0].ReservationID != "new" {
		t.Errorf("is taking %+v", got)
	}
	doc, err := tr.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	if again.Saga.Swap0 != nil || !reflect.DeepEqual(tr.Legs, again.Legs) || !reflect.DeepEqual(tr.Saga.Shift, again.Saga.Shift) || !reflect.DeepEqual(tr.Decisions, again.Decisions) {
		t.Error("a present record is changed once more")
	}
}

func TestTaking(t *testing.T) {
	at := time.Date(2030, 1, 1, 8, 0, 0, 0, time.UTC)
	leg := func(n int, s charging.State, price float64) Leg {
		start := at.Add(time.Duration(2*n) * time.Hour)
		return Leg{Leg: n, ReservationID: charging.ReservationID("r" + string(rune('0'+n))), MoveSeq: int64(n), State: s, Price: price, EnergyKWh: 10, Start: start, End: start.Add(time.Hour)}
	}
	tr := Trip{Legs: []Leg{leg(1, charging.Reserved, 85.88), leg(2, charging.Reserved, 20), leg(3, charging.Canceled, 30), leg(4, charging.Reserved, 0)}}
	a := Alternative{Leg: 1, CompanyID: "SER", EVSEID: "BR*SER*E9*1", Start: at, End: at.Add(time.Hour), DeltaPrice: 2.66, LaterStops: []MovedStop{
		{Leg: 2, CompanyID: "CAJ", EVSEID: "BR*CAJ*E9*1", Start: at.Add(5 * time.Hour), End: at.Add(6 * time.Hour)},
		{Leg: 3},
		{Leg: 7},
		{Leg: 0}, // lost, and none of the trip's
	}}
	got := tr.Taking(a)
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	// The whole difference is at the first, in cents: the total is what was offered.
	if got[0].Price != 88.54 || got[1].Price != 20 || got[0].EVSEID != a.EVSEID || !got[1].Start.Equal(at.Add(5*time.Hour)) {
		t.Errorf("%+v", got)
	}
	for k, l := range got {
		if l.ReservationID != tr.Legs[k].ReservationID || l.MoveSeq != tr.Legs[k].MoveSeq {
			t.Errorf("stop %d rests on %s, %d moves", k+1, l.ReservationID, l.MoveSeq)
		}
	}
	if got := tr.Taking(Alternative{Leg: 4, DeltaPrice: 3}); got[0].Price != 0 {
		t.Errorf("a price that was not known became %v", got[0].Price)
	}
	if tr.Taking(Alternative{Leg: 5}) != nil || tr.Taking(Alternative{}) != nil {
		t.Error("stops for a leg that is none")
	}
}

// What a shift is taking: also all that a company may hold of a window that moves.
func TestWhatAShiftIsTaking(t *testing.T) {
	at := time.Date(2030, 1, 1, 8, 0, 0, 0, time.UTC)
	w := func(from, to int) charging.Window {
		return charging.Window{Start: at.Add(time.Duration(from) * time.Hour), End: at.Add(time.Duration(to) * time.Hour)}
	}
	s := &Saga{Shift: &Shift{Phase: ShiftTake, Takes: []Take{
		{Leg: Leg{ReservationID: "new", Start: w(3, 4).Start, End: w(3, 4).End}, Old: w(0, 1)},
		{Leg: Leg{ReservationID: "moved", Start: w(5, 7).Start, End: w(5, 7).End}, InPlace: true, Old: w(4, 6)},
	}}}
	got := s.Taking()
	if len(got) != 2 || !got[0].Window().Equal(w(3, 4)) || !got[1].Window().Equal(w(4, 7)) {
		t.Errorf("%+v", got)
	}
	for _, phase := range []ShiftPhase{ShiftRelease, ShiftUndo} {
		s.Shift.Phase = phase
		if got := s.Taking(); got != nil {
			t.Errorf("in phase %s: %+v", phase, got)
		}
	}
	var none *Saga
	if none.Taking() != nil || (&Saga{}).Taking() != nil {
		t.Error("taking without a shift")
	}
}

func TestQuestions(t *testing.T) {
	var tr Trip
	tr.Ask(Decision{Leg: 3, Detail: "three"})
	tr.Ask(Decision{Leg: 1, Detail: "one"})
	tr.Ask(Decision{Leg: 3, Detail: "three again"})
	if len(tr.Decisions) != 2 || tr.Decision == nil || tr.Decision.Leg != 1 || tr.Question(3).Detail != "three again" || tr.Question(2) != nil || tr.Question(0).Leg != 1 {
		t.Fatalf("%+v", tr.Decisions)
	}
	tr.Answered(1)
	if len(tr.Decisions) != 1 || tr.Decision.Leg != 3 {
		t.Errorf("%+v", tr.Decisions)
	}
	if tr.Answered(); tr.Decisions != nil || tr.Decision != nil || tr.Question(0) != nil {
		t.Errorf("%+v", tr.Decisions)
	}
}
