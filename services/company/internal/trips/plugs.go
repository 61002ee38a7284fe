package trips

import (
	"context"
	"fmt"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/pkg/vehicle"
	"github.com/eletrovia/eletrovia/services/company/internal/planner"
)

// plugsOf are the plugs of a trip's car: those that were named, else those that its journey
// remembers, else those of the model that the vehicle is registered with. Where nobody knows
// the car they are all.
func (s *Service) plugsOf(ctx context.Context, t trip.Trip, named []string) charging.Plugs {
	if len(named) > 0 {
		return charging.PlugsOf(named...)
	}
	if t.Saga != nil && t.Saga.Journey != nil {
		if r, err := planner.FromJourney(*t.Saga.Journey); err == nil {
			return r.Vehicle.Plugs()
		}
	}
	if s.Models != nil {
		if id, known := s.Models.ModelOf(ctx, t.VehicleID); known {
			if model, listed := vehicle.ByID(id); listed {
				return model.Plugs()
			}
		}
	}
	return charging.AllPlugs()
}

// pluggable refuses stops where the car cannot be plugged in: INVALID_FIELD, by the first leg.
func (s *Service) pluggable(ctx context.Context, t trip.Trip, plugs charging.Plugs) error {
	for i, l := range t.Legs {
		if why, not := s.misfit(ctx, l.EVSEID, plugs); not {
			return charging.Invalid(fmt.Sprintf("stops[%d].evse_id", i), fmt.Sprintf("leg %d, %s", i+1, why))
		}
	}
	return nil
}

// misfit says why a car with some plugs cannot be plugged in at an EVSE. One whose company
// could not be read yet is taken as it is.
func (s *Service) misfit(ctx context.Context, id charging.EVSEID, plugs charging.Plugs) (why string, not bool) {
	l, err := s.Catalogue.LocationOf(ctx, id)
	if err != nil {
		return "", false
	}
	return planner.Misfit(l, id, plugs)
}
