package aftermath

import (
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/company/app"
)

// TestOneSilentCompanyCostsNobodyElse: while a trip asks its driver, each stop
// is renewed for itself.
func TestOneSilentCompanyCostsNobodyElse(t *testing.T) {
	f := start(t, func(o *app.Options) {
		o.Timings.HoldTTL, o.Timings.CallTimeout, o.Timings.StepBudget = 9*time.Second, 1200*time.Millisecond, 1500*time.Millisecond
		o.Timings.Lease, o.Timings.Poll, o.Timings.ConfirmBudget = 2*time.Second, 500*time.Millisecond, time.Second
	})
	f.driver(vehicle(1), "MAR").book(f.tomorrow("BR*MAR*E0001*1", 12))
	d := f.driver(vehicle(2), "MAR")
	var stops []stop
	for k, evse := range []string{
		"BR*SER*E0001*1", "BR*SER*E0002*1", "BR*SER*E0003*1", "BR*SER*E0004*1", "BR*SER*E0005*1", "BR*CAJ*E0001*1", "BR*MAR*E0001*1",
	} {
		stops = append(stops, f.tomorrow(evse, 2*k))
	}
	a := d.asks("ask", nil, stops...)
	asking := as[tripView](a)
	if asking.State != "AWAITING_DECISION" {
		t.Fatalf("it does not ask: %s", a)
	}
	f.links["SER"].meets("/renew", silent)
	defer f.links["SER"].heal()
	healthy := asking.Legs[5]
	if f.within(13*time.Second, func() bool {
		s := f.stateAt("MAR", healthy).State
		return s != "PENDING" && s != "CLAIMED"
	}) {
		t.Errorf("the stop at %s is %s: SER is silent", healthy.Company, f.stateAt("MAR", healthy).State)
	}
	f.links["SER"].heal()
	if a := d.cancel(asking.ID); a.Status != http.StatusOK {
		t.Errorf("cancel: %s", a)
	}
}
