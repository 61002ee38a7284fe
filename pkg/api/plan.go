package api

import (
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

const (
	// maxChoice is how many companies, locations or EVSEs a plan may avoid.
	maxChoice = 50
	// maxArrival is how long after the latest departure one may want to arrive.
	maxArrival = 48 * time.Hour
)

// latestArrival takes when the driver must be there.
func (r *reader) latestArrival(departure, now time.Time) time.Time {
	by := r.instant("latest_arrival")
	switch {
	case by.IsZero():
	case !now.IsZero() && !by.After(now):
		r.invalid("latest_arrival", "lies in the past (it is "+now.UTC().Format(time.RFC3339)+")")
	case !by.After(departure):
		r.invalid("latest_arrival", "is not after the departure")
	case !now.IsZero() && by.After(now.Add(charging.MaxAhead+maxArrival)):
		r.invalid("latest_arrival", fmt.Sprintf("is more than %d days ahead", int((charging.MaxAhead+maxArrival).Hours()/24)))
	}
	return by
}

// places takes what a plan avoids, or insists on.
func (r *reader) places(name string) trip.Choice {
	o := r.object(name)
	if o == nil {
		return trip.Choice{}
	}
	c := trip.Choice{
		Companies: ids[charging.CompanyID](o, "companies"),
		Locations: ids[charging.LocationID](o, "locations"),
		EVSEs:     ids[charging.EVSEID](o, "evses"),
	}
	o.done()
	return c
}

// ids takes an array of ids that have a Validate method.
func ids[T interface {
	~string
	Validate() error
}](r *reader, name string,
) []T {
	var all []T
	for i, v := range r.list(name, maxChoice) {
		at := fmt.Sprintf("%s[%d]", name, i)
		s, ok := v.(string)
		if !ok {
			r.wrongType(at, "a string", v)
			continue
		}
		if err := T(s).Validate(); err != nil {
			r.judge(at, err)
			continue
		}
		all = append(all, T(s))
	}
	return all
}

// conditions takes what changes consumption; what is left out is as consumption is
// stated.
func (r *reader) conditions() *trip.Conditions {
	o := r.object("conditions")
	if o == nil {
		return nil
	}
	c := trip.Conditions{AirC: trip.RatedAirC}
	if air := o.number("air_c", -30, 50); air != nil {
		c.AirC = *air
	}
	c.LoadKg = deref(o.number("load_kg", 0, 2000))
	c.HeadwindKmh = deref(o.number("headwind_kmh", -60, 60))
	o.done()
	return &c
}
