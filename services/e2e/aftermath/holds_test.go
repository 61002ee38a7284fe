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
		o.Timings.HoldTTL, o.Timings.CallTimeout, o.Timings.StepBudget = 5*time.Second, 1200*time.Millisecond, 1500*time.Millisecond
		o.Timings.Lease, o.Timings.Poll, o.Timings.ConfirmBudget = 2*time.Second, 500*time.Millisecond, time.Second
	})
	f.driver(vehicle(1), "MAR").book(f.tomorrow("BR*MAR*E0001*1", 8))
	d := f.driver(vehicle(2), "MAR")
	a := d.asks("ask", nil, f.tomorrow("BR*SER*E0001*1", 0), f.tomorrow("BR*SER*E0002*1", 2), f.tomorrow("BR*SER*E0003*1", 4),
		f.tomorrow("BR*CAJ*E0001*1", 6), f.tomorrow("BR*MAR*E0001*1", 8))
	asking := as[tripView](a)
	if asking.State != "AWAITING_DECISION" {
		t.Fatalf("it does not ask: %s", a)
	}
	f.links["SER"].meets("/renew", silent)
	defer f.links["SER"].heal()
	healthy := asking.Legs[3]
	if f.within(11*time.Second, func() bool {
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
