package trips

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// Bounds of a trip request.
const (
	MaxStops               = 20
	DefaultDecisionTimeout = 120 * time.Second
	// admissionMargin is how long beyond its last window a trip's idempotency
	// key is remembered.
	admissionMargin = 48 * time.Hour
)

// Start takes a trip: it checks the stops, admits the trip once per key, and
// hands it to the saga. replayed is true when the same key had made it before.
// It does not wait for the booking.
//
// INVALID_FIELD, INVALID_WINDOW, UNKNOWN_PLAN, UNKNOWN_EVSE, ID_REUSED (the key
// was used for another request), RATE_LIMITED, STORE_UNAVAILABLE.
func (s *Service) Start(ctx context.Context, req api.TripRequest, key string) (t trip.Trip, replayed bool, err error) {
	if err := s.Sagas.MayStart(); err != nil {
		return trip.Trip{}, false, err
	}
	if s.Trips == nil {
		return s.start(ctx, req, key)
	}
	pass, err := s.Trips.Enter(ctx)
	if err != nil {
		return trip.Trip{}, false, err
	}
	t, replayed, err = s.start(ctx, req, key)
	if err != nil || replayed {
		pass.Cancel()
		return t, replayed, err
	}
	pass.Works()
	s.Sagas.OnIdle(t.ID, func(booked bool) {
		if booked {
			pass.Done()
		} else {
			pass.Cancel() // how soon a trip fails says nothing about how fast they are booked
		}
	})
	return t, false, nil
}

func (s *Service) start(ctx context.Context, req api.TripRequest, key string) (t trip.Trip, replayed bool, err error) {
	digest := digestOf(req)
	t, err = s.draft(ctx, req)
	if err != nil {
		if key == "" {
			return trip.Trip{}, false, err
		}
		return s.answered(ctx, req, key, digest, err)
	}
	t.ID = newTripID()
	first, err := s.Records.Admit(ctx, s.admission(t, key, digest))
	if err != nil {
		return trip.Trip{}, false, err
	}
	if first != "" {
		return s.replay(ctx, first)
	}
	return s.begin(ctx, t)
}

// answered looks for the first answer to a key whose request can no longer be
// drafted (its plan is forgotten, its windows have begun), and else gives cause.
// ID_REUSED where the key was another request's, whatever is wrong with this one.
func (s *Service) answered(ctx context.Context, req api.TripRequest, key, digest string, cause error) (trip.Trip, bool, error) {
	first, err := s.Records.Admit(ctx, trip.Admission{VehicleID: req.VehicleID, Key: key, Digest: digest})
	if errors.Is(err, charging.CodeIDReused) {
		return trip.Trip{}, false, err
	}
	if err != nil || first == "" {
		return trip.Trip{}, false, cause
	}
	t, err := s.load(ctx, first)
	if err != nil {
		return trip.Trip{}, false, cause
	}
	return t.Public(), true, nil
}

func (s *Service) admission(t trip.Trip, key, digest string) trip.Admission {
	life := t.Span().End.Sub(s.Now()) + admissionMargin
	return trip.Admission{TripID: t.ID, VehicleID: t.VehicleID, Span: t.Span(), Key: key, Digest: digest, Life: life}
}

// ReserveSpan is the saga's way to ask whether a trip may move to another time: as at
// its start, two open trips of one vehicle may not overlap.
func ReserveSpan(records Records, now func() time.Time) func(context.Context, trip.Trip, charging.Window) error {
	return func(ctx context.Context, t trip.Trip, span charging.Window) error {
		_, err := records.Admit(ctx, trip.Admission{
			TripID: t.ID, VehicleID: t.VehicleID, Span: span, Life: span.End.Sub(now()) + admissionMargin,
		})
		return err
	}
}

func (s *Service) begin(ctx context.Context, t trip.Trip) (trip.Trip, bool, error) {
	started, err := s.Sagas.Start(ctx, t)
	switch charging.CodeOf(err) {
	case charging.CodeRateLimited:
		_ = s.Records.Dismiss(ctx, t.VehicleID, t.ID) // it was never journaled
	case charging.CodeStaleOwner: // another server has begun it at the same time
		return s.replay(ctx, t.ID)
	}
	return started.Public(), false, err
}

// replay answers with the trip that the same key has made.
func (s *Service) replay(ctx context.Context, first charging.TripID) (trip.Trip, bool, error) {
	found, err := s.load(ctx, first)
	return found.Public(), true, err
}

// digestOf tells two requests under one key apart.
func digestOf(req api.TripRequest) string {
	raw, _ := json.Marshal(req) // plain data: cannot fail
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// draft makes a trip of a request, with everything checked that can be known
// before a company is asked.
func (s *Service) draft(ctx context.Context, req api.TripRequest) (trip.Trip, error) {
	if err := req.VehicleID.Validate(); err != nil {
		return trip.Trip{}, err
	}
	t := trip.Trip{
		VehicleID: req.VehicleID, Origin: s.Self, OnConflict: req.OnConflict,
		CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(), Saga: &trip.Saga{DecisionTimeout: DefaultDecisionTimeout},
	}
	if t.OnConflict == "" {
		t.OnConflict = trip.Ask
	}
	if !t.OnConflict.Valid() {
		return t, charging.Invalid("on_conflict", "must be ask, replan, wait or abort")
	}
	if n := req.DecisionTimeoutSeconds; n < 0 || n > 600 {
		return t, charging.Invalid("decision_timeout_seconds", "must be from 1 to 600")
	} else if n > 0 {
		t.Saga.DecisionTimeout = time.Duration(n) * time.Second
	}
	if (req.PlanID == "") == (len(req.Stops) == 0) {
		return t, charging.Invalid("stops", "give either plan_id or stops")
	}
	stops := req.Stops
	if req.PlanID != "" {
		plan, journey, _, err := s.Records.LoadPlan(ctx, req.PlanID)
		if err != nil {
			return t, err
		}
		journey.Via = plan.Waypoints()
		stops, t.Saga.Journey = stopsOf(plan), &journey
		if len(plan.Profile) > 0 { // else a server of before has made it
			t.Planned = &plan
		}
		for _, p := range plan.Stops {
			t.Legs = append(t.Legs, trip.Leg{EnergyKWh: p.EnergyKWh, Price: p.Price, DriveMinutes: p.DriveMinutes})
		}
	} else {
		t.Legs = make([]trip.Leg, len(stops))
	}
	if err := s.fillLegs(ctx, &t, stops); err != nil {
		return t, err
	}
	if req.PlanID == "" {
		if err := s.pluggable(ctx, t, s.plugsOf(ctx, t, req.Plugs)); err != nil {
			return t, err
		}
	}
	if t.Saga.Journey == nil && req.SoC != nil {
		t.Saga.Journey = s.byHand(ctx, t, *req.SoC, req.Plugs)
	}
	return t, nil
}

// byHand is the journey of stops that were given by hand, for a vehicle whose
// model is known: from the first to the last of them, with the charge on arrival
// at the first. Nil where the model or the places are not known.
func (s *Service) byHand(ctx context.Context, t trip.Trip, soc float64, plugs []string) *trip.Journey {
	if s.Models == nil {
		return nil
	}
	model, known := s.Models.ModelOf(ctx, t.VehicleID)
	if _, listed := vehicle.ByID(model); !known || !listed {
		return nil
	}
	first, err1 := s.Catalogue.LocationOf(ctx, t.Legs[0].EVSEID)
	last, err2 := s.Catalogue.LocationOf(ctx, t.Legs[len(t.Legs)-1].EVSEID)
	if err1 != nil || err2 != nil {
		return nil
	}
	j := &trip.Journey{
		From: first.Point, To: last.Point, Departure: t.Legs[0].Start, SoC: soc,
		MinArrivalSoC: min(planner.DefaultMinArrivalSoC, soc), VehicleModel: model, Plugs: plugs,
	}
	if _, err := planner.FromJourney(*j); err != nil {
		return nil // it leads nowhere: one place, or an empty battery
	}
	return j
}

func stopsOf(p trip.Plan) []api.Stop {
	stops := make([]api.Stop, len(p.Stops))
	for i, st := range p.Stops {
		stops[i] = api.Stop{EVSEID: st.EVSEID, Start: st.Start, End: st.End, EnergyKWh: st.EnergyKWh}
	}
	return stops
}

// fillLegs checks the stops and writes them into the trip's legs.
func (s *Service) fillLegs(ctx context.Context, t *trip.Trip, stops []api.Stop) error {
	if len(stops) > MaxStops {
		return charging.Invalid("stops", fmt.Sprintf("%d stops; at most %d", len(stops), MaxStops))
	}
	now := s.Now()
	for i, st := range stops {
		at := fmt.Sprintf("stops[%d].", i)
		if err := s.known(ctx, st.EVSEID, at); err != nil {
			return err
		}
		w := charging.NewWindow(st.Start, st.End)
		if err := w.Validate(now, s.MaxAhead, at); err != nil {
			return err
		}
		if err := s.bookable(ctx, st.EVSEID, w, at); err != nil {
			return err
		}
		if i > 0 && w.Start.Before(stops[i-1].End) {
			return &charging.Refusal{
				Code: charging.CodeInvalidWindow, Detail: at + "start is before the end of the stop before it",
				Fields: []charging.FieldError{{Field: at + "start", Reason: "is before the end of the stop before it; list the stops in travel order"}},
			}
		}
		l := &t.Legs[i]
		l.Leg, l.CompanyID, l.EVSEID, l.Start, l.End = i+1, st.EVSEID.Company(), st.EVSEID, w.Start, w.End
		if st.EnergyKWh > 0 {
			l.EnergyKWh = st.EnergyKWh
		}
	}
	return nil
}

// known refuses an EVSE that no company of the federation has. A company whose
// catalogue could not be read yet is asked by the saga.
func (s *Service) known(ctx context.Context, evse charging.EVSEID, at string) error {
	if err := evse.Validate(); err != nil {
		return charging.Invalid(at+"evse_id", "is not the id of an EVSE, such as BR*MAR*E0001*1")
	}
	if _, err := s.Catalogue.LocationOf(ctx, evse); charging.CodeOf(err) != charging.CodeUnknownEVSE {
		return nil
	}
	return &charging.Refusal{
		Code: charging.CodeUnknownEVSE, Detail: fmt.Sprintf("%sevse_id: no company of the federation has %s", at, evse),
		Fields: []charging.FieldError{{Field: at + "evse_id", Reason: "no company of the federation has it"}},
	}
}
