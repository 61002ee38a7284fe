package desk

import "github.com/eletrovia/eletrovia/pkg/charging"

// quota is what the calendar has to know of who asks, beside its own limits.
func (r *rules) quota(v charging.VehicleID, origin charging.CompanyID) charging.Quota {
	q := charging.Quota{Known: r.o.Known(v)}
	if origin != r.o.Company && r.o.Limits.Share > 0 {
		// A share too small for a second is none at all, not no limit.
		q.Share = max(1, int64(r.o.Limits.Share*r.offered.Load().seconds))
	}
	return q
}
