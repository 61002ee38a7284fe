package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Clock asks the servers for their civil clock. ok is false where none answers,
// or theirs is real time.
func (o Options) Clock(ctx context.Context) (speed float64, epoch time.Time, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for n, s := range o.Servers {
		if s.HTTP == "" {
			continue
		}
		d, err := o.rest(n, Identity{})
		if err != nil {
			continue
		}
		h, err := d.Ready(ctx)
		if err != nil {
			continue
		}
		var at string
		if _, err := fmt.Sscanf(h.Checks["clock"], "civil; %g times real time since %s", &speed, &at); err != nil {
			return 0, epoch, false
		}
		epoch, err = time.Parse(time.RFC3339Nano, at)
		return speed, epoch, err == nil && speed > 0
	}
	return 0, epoch, false
}

// PowerOutage is an Act that takes a company's EVSEs out of service, and back, as
// its operator: by the servers and secrets of the options.
func (o Options) PowerOutage(ctx context.Context, e Event, begin bool) error {
	if e.Kind != Outage {
		return fmt.Errorf("%s cannot be played from here", e.Kind)
	}
	list, err := o.locations(ctx)
	if err != nil {
		return err
	}
	want := api.EVSEStatusRequest{Status: charging.StatusAvailable}
	if begin {
		want = api.EVSEStatusRequest{Status: charging.StatusOutOfOrder, Reason: api.ReasonPowerOutage}
	}
	var errs []error
	for _, l := range list {
		if string(l.CompanyID) != e.Company {
			continue
		}
		for _, evse := range l.EVSEs {
			errs = append(errs, o.setStatus(ctx, evse.EVSEID, want))
		}
	}
	if len(errs) == 0 {
		return fmt.Errorf("no company %s", e.Company)
	}
	return errors.Join(errs...)
}

// setStatus asks each server until one owns the EVSE.
func (o Options) setStatus(ctx context.Context, id charging.EVSEID, want api.EVSEStatusRequest) error {
	var last error
	for n, secret := range o.Operators {
		d, err := o.rest(n, Identity{VehicleID: "operator", Secret: secret})
		if err != nil {
			return err
		}
		if last = d.SetEVSEStatus(ctx, id, want); last == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", id, last)
}
