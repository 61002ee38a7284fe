package desk

import "github.com/eletrovia/eletrovia/pkg/charging"

// quota is what the calendar has to know of who asks, beside its own limits.
func (d *Desk) quota(v charging.VehicleID, origin charging.CompanyID) charging.Quota {
	q := charging.Quota{Known: d.o.Known(v)}
	if origin != d.o.Company && d.o.Limits.Share > 0 {
		// A share too small for a second is none at all, not no limit.
		q.Share = max(1, int64(d.o.Limits.Share*d.offered.Load().seconds))
	}
	return q
}
