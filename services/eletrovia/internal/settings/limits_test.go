package settings

import (
	"strings"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// TestLimits: what is said replaces a default, what is not stays, and a key that
// nothing reads stops the start: it would leave a default in force.
func TestLimits(t *testing.T) {
	o, err := read(t, append(shared, "ELETROVIA_LIMITS=vehicle=24h, share=40%,new-trips=3,claims=none"))
	want := charging.DefaultLimits()
	want.VehicleHours, want.Share, want.NewTrips, want.CompanyClaims = 24*time.Hour, 0.4, 3, 0
	if err != nil || o.Limits == nil || *o.Limits != want {
		t.Fatalf("limits %+v, %v; want %+v", o.Limits, err, want)
	}
	if o, err = read(t, shared); err != nil || o.Limits != nil {
		t.Errorf("without a word the limits are %+v, %v; want the defaults, nil", o.Limits, err)
	}
	for _, wrong := range []string{"hours=3h", "vehicle", "vehicle=-1h", "vehicle=48", "share=0%", "share=0.25", "share=101%", "share=NaN%", "claims=0", "dc=1m", "dc=1ms", ","} {
		if _, err := read(t, shared, "--limits", wrong); err == nil || !strings.Contains(err.Error(), "limits") {
			t.Errorf("--limits %s: %v", wrong, err)
		}
	}
}
