package booking

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// full is a company that lets nobody have more, because of whom field names.
func full(at charging.CompanyID, field string) func(string, int, charging.Ref, int, bool) error {
	return func(step string, _ int, ref charging.Ref, _ int, after bool) error {
		if after || ref.EVSEID.Company() != at || step != "claim" && step != "reserve" {
			return nil
		}
		return &charging.Refusal{
			Code: charging.CodeQuotaExceeded, Detail: "too much of " + field, Fields: []charging.FieldError{{Field: field, Reason: "has enough"}},
		}
	}
}

// TestAVehicleThatHasEnough: its trip ends with that problem under every policy, after
// one question, and holds nothing.
func TestAVehicleThatHasEnough(t *testing.T) {
	for _, policy := range []trip.Policy{trip.Ask, trip.Replan, trip.Wait, trip.Abort} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t)
			s.w.fault = full("SER", "vehicle_id")
			got := s.book(policy)
			s.must(got, trip.Aborted)
			if got.Problem.Code != charging.CodeQuotaExceeded || !strings.Contains(got.Problem.Detail, "too much") {
				t.Errorf("%s: %+v", policy, got.Problem)
			}
			if n := s.w.count["claim/"+string(evses[1])]; n != 1 {
				t.Errorf("%s: asked %d times", policy, n)
			}
		})
	}
}

// elsewhere offers a stop of another company after those of the same.
type elsewhere struct{ others }

func (e elsewhere) Alternatives(ctx context.Context, t trip.Trip, leg int) ([]trip.Alternative, error) {
	found, err := e.others.Alternatives(ctx, t, leg)
	a := found[0]
	a.ID, a.CompanyID, a.EVSEID = "elsewhere", "CAJ", "BR*CAJ*E0007*1"
	return append(found, a), err
}

// TestAnOriginatorThatHasEnough: another company's stop is taken, or offered, and none
// of the company's that is full is asked for.
func TestAnOriginatorThatHasEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *Options) { o.Alternatives = elsewhere{} })
		s.w.fault = full("SER", "origin")
		got := s.book(trip.Replan)
		s.must(got, trip.Confirmed)
		if got.Legs[1].EVSEID != "BR*CAJ*E0007*1" {
			t.Errorf("took %s", got.Legs[1].EVSEID)
		}
		if i := slices.IndexFunc(s.w.calls, func(c string) bool { return strings.Contains(c, "BR*SER*E0002") }); i >= 0 {
			t.Errorf("asked the company that is full once more: %s", s.w.calls[i])
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *Options) { o.Alternatives = elsewhere{} })
		s.w.fault = full("SER", "origin")
		got := s.book(trip.Ask)
		if got.State != trip.AwaitingDecision || got.Decision.Code != charging.CodeQuotaExceeded || len(got.Decision.Alternatives) != 1 {
			t.Errorf("%s %+v", got.State, got.Decision)
		}
	})
}
