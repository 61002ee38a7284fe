package charging

import "testing"

func TestStatesThatHold(t *testing.T) {
	want := map[State]bool{
		Claimed: true, Pending: true, Reserved: true,
		Fulfilled: false, NoShow: false, Expired: false, Preempted: false, Canceled: false, "": false,
	}
	for s, holds := range want {
		if s.Holds() != holds {
			t.Errorf("%q.Holds() = %v, want %v", s, s.Holds(), holds)
		}
	}
}

func TestPowerAndPrice(t *testing.T) {
	e := EVSE{Connectors: []Connector{
		{ID: "1", Standard: "IEC_62196_T2", PowerKW: 22}, {ID: "2", Standard: "IEC_62196_T2_COMBO", PowerKW: 120},
	}}
	if e.MaxPowerKW() != 120 {
		t.Errorf("MaxPowerKW = %v, want 120", e.MaxPowerKW())
	}
	if (EVSE{}).MaxPowerKW() != 0 {
		t.Error("an EVSE without connectors has power")
	}
	if e.Connectors[0].DC() || !e.Connectors[1].DC() || !(Connector{Standard: "CHADEMO"}).DC() {
		t.Error("DC: CCS and CHAdeMO are, type 2 is not")
	}
	if got := (Tariff{PerKWh: 2, PerSession: 1.5}).Price(10); got != 21.5 {
		t.Errorf("Price(10 kWh) = %v, want 21.5", got)
	}
}
