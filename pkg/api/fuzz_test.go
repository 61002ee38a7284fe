package api

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// judged fails unless a decoder answered a value or a refusal of the contract
// that names a field where it should.
func judged(t *testing.T, err error) bool {
	t.Helper()
	if err == nil {
		return true
	}
	switch charging.CodeOf(err) {
	case charging.CodeMalformedRequest, charging.CodeTooLarge:
	case charging.CodeInvalidField, charging.CodeInvalidWindow:
		if len(fieldsOf(err)) == 0 {
			t.Errorf("%v names no field", err)
		}
	default:
		t.Errorf("%v is no refusal of a body", err)
	}
	return false
}

func FuzzDecodeTrip(f *testing.F) {
	f.Add([]byte(tripJSON(stopJSON(1, 1, 2), stopJSON(2, 2, 3))))
	f.Add([]byte(`{"vehicle_id":"EV-0001","plan_id":"p","on_conflict":"wait"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := DecodeTrip(body, now)
		if !judged(t, err) {
			return
		}
		if q.VehicleID.Validate() != nil || (q.PlanID == "") == (len(q.Stops) == 0) || !q.OnConflict.Valid() {
			t.Errorf("accepted %+v", q)
		}
		for i, s := range q.Stops {
			w := charging.NewWindow(s.Start, s.End)
			if s.Leg != i+1 || s.EVSEID.Validate() != nil || w.Validate(now, charging.MaxAhead, "") != nil {
				t.Errorf("accepted %+v", s)
			}
			if i > 0 && s.Start.Before(q.Stops[i-1].End) {
				t.Errorf("accepted stops out of order: %+v", q.Stops)
			}
		}
	})
}

func FuzzDecodePlan(f *testing.F) {
	f.Add([]byte(goodPlan))
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := DecodePlan(body, now)
		if judged(t, err) && (q.SoC != nil && (*q.SoC < 0 || *q.SoC > 1) || q.Vehicle.Model == "" && q.Vehicle.DCKW == 0) {
			t.Errorf("accepted %+v", q)
		}
	})
}

func FuzzDecodeDecision(f *testing.F) {
	f.Add([]byte(`{"action":"continue","alternative_id":"a1"}`))
	f.Add([]byte(`{"action":"continue","stop":` + stopJSON(1, 1, 2) + `}`))
	f.Add([]byte(`{"leg":2,"action":"give_up"}`))
	f.Add([]byte(`{"answers":[{"leg":2,"action":"give_up"},{"leg":3,"action":"continue","alternative_id":"a1"}]}`))
	f.Add([]byte(`{"answers":[{"leg":1,"action":"continue","stop":` + stopJSON(1, 1, 2) + `}],"leg":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := DecodeDecision(body, now)
		if judged(t, err) {
			goodAnswers(t, q)
		}
		_, err = DecodeSwap(body, now)
		judged(t, err)
	})
}

// goodAnswers fails unless every answer is whole, and no two are about one leg.
func goodAnswers(t *testing.T, q DecisionRequest) {
	t.Helper()
	legs := map[int]bool{}
	for _, a := range q.All() {
		if a.Action == ActionContinue && (a.AlternativeID == "") == (a.Stop == nil) || len(q.Answers) > 0 && a.Leg == 0 || legs[a.Leg] {
			t.Errorf("accepted %+v", q)
		}
		legs[a.Leg] = true
	}
	if len(q.Answers) > MaxStops || len(q.Answers) > 0 && q.Action != "" {
		t.Errorf("accepted %+v", q)
	}
}

func FuzzDecodeOperator(f *testing.F) {
	f.Add([]byte(`{"model":"byd-dolphin","vehicle_id":"EV-1"}`))
	f.Add([]byte(`{"status":"OUTOFORDER"}`))
	f.Add([]byte(`{"username":"operator","password":"demo"}`))
	f.Add([]byte(`{"leg":1,"reason":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := DecodeRegister(body)
		judged(t, err)
		_, err = DecodeEVSEStatus(body)
		judged(t, err)
		_, err = DecodeSession(body)
		judged(t, err)
		_, err = DecodeRevoke(body)
		judged(t, err)
		_, err = DecodeResolve(body)
		judged(t, err)
	})
}

func FuzzDecodeHold(f *testing.F) {
	f.Add(marshal(f, HoldBodyOf(goodHold())))
	f.Fuzz(func(t *testing.T, body []byte) {
		// The quick reading agrees with the thorough one, but for keys in another
		// case, which it takes.
		if quick, ok := plainHold(rsvID, body, false); ok {
			if thorough, err := thoroughHold(rsvID, body, false); err == nil && quick != thorough && exactKeys(body) {
				t.Errorf("quick %+v, thorough %+v", quick, thorough)
			}
		}
		h, err := DecodeReserve(rsvID, body)
		if !judged(t, err) {
			return
		}
		if h.TripID.Validate() != nil || h.Origin.Validate() != nil || h.EVSEID.Validate() != nil ||
			h.VehicleID.Validate() != nil || h.Epoch < 1 || h.Leg < 1 || h.TTL <= 0 || h.TTL > charging.MaxHold ||
			h.Window().Validate(h.Start, 0, "") != nil {
			t.Errorf("accepted %+v", h)
		}
	})
}

// exactKeys reports whether no key is one of a hold's in another case.
func exactKeys(body []byte) bool {
	fields, err := parse(body)
	if err != nil {
		return false
	}
	for given := range fields {
		for _, key := range []string{
			"trip_id", "origin", "evse_id", "end", "epoch", "owner", "ttl_seconds", "leg", "start", "vehicle_id", "ticket",
		} {
			if given != key && strings.EqualFold(given, key) {
				return false
			}
		}
	}
	return true
}

func FuzzDecodeRef(f *testing.F) {
	f.Add(marshal(f, RefBodyOf(goodHold().Ref, time.Second)))
	f.Fuzz(func(t *testing.T, body []byte) {
		ref, ttl, err := DecodeRenew(rsvID, body)
		if judged(t, err) && (ref.TripID.Validate() != nil || ref.End.IsZero() || ttl <= 0) {
			t.Errorf("accepted %+v", ref)
		}
		_, err = DecodeRef(rsvID, body)
		judged(t, err)
	})
}

func FuzzDecodeFederation(f *testing.F) {
	f.Add([]byte(`{"evse_ids":["BR*MAR*E0001*1"],"from":"2026-11-23T12:00:00Z","to":"2026-11-23T13:00:00Z"}`))
	f.Add([]byte(`{"reservation_id":"` + string(rsvID) + `","leg":2,"state":"NO_SHOW"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := DecodeAvailability(body)
		if judged(t, err) && !a.To.After(a.From) {
			t.Errorf("accepted %+v", a)
		}
		_, err = DecodePreempted(tripID, body)
		judged(t, err)
		_, err = DecodeChanged(tripID, body)
		judged(t, err)
	})
}

func BenchmarkDecodeReserve(b *testing.B) {
	body := marshal(b, HoldBodyOf(goodHold()))
	for b.Loop() {
		if _, err := DecodeReserve(rsvID, body); err != nil {
			b.Fatal(err)
		}
	}
}
