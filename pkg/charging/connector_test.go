package charging

import (
	"slices"
	"testing"
)

func TestPlugs(t *testing.T) {
	if n := len(Standards()); n != 42 {
		t.Errorf("%d standards; OCPI 2.3.0 has 42", n)
	}
	for _, s := range Standards() {
		p := PlugsOf(s)
		if !p.Has(s) || !slices.Equal(p.Names(), []string{s}) || p&AllPlugs() != p {
			t.Errorf("%s: %v", s, p.Names())
		}
	}
	if p := PlugsOf("TYPE_9"); p != 0 || KnownStandard("TYPE_9") || AllPlugs().Has("TYPE_9") {
		t.Error("a plug that there is not")
	}
	if got := PlugsOf("IEC_62196_T2", "CHADEMO").String(); got != "CHADEMO, IEC_62196_T2" {
		t.Error(got)
	}
}

func TestDirectCurrent(t *testing.T) {
	for standard, want := range map[string]bool{
		"IEC_62196_T2_COMBO": true, "CHADEMO": true, "GBT_DC": true, "MCS": true, "CHAOJI": true,
		"IEC_62196_T2": false, "IEC_62196_T1": false, "GBT_AC": false, "DOMESTIC_N": false,
	} {
		for _, kw := range []float64{7, 100} {
			if (Connector{Standard: standard, PowerKW: kw}).DC() != want || ACOnly(standard) == want {
				t.Errorf("%s of %v kW", standard, kw)
			}
		}
	}
	for kw, want := range map[float64]bool{11: false, 22: false, 150: true} {
		if (Connector{Standard: "SAE_J3400", PowerKW: kw}).DC() != want {
			t.Errorf("SAE J3400 of %v kW", kw)
		}
	}
}

func TestTheBestConnectorThatFits(t *testing.T) {
	e := EVSE{Connectors: []Connector{
		{ID: "ac", Standard: "IEC_62196_T2", PowerKW: 43},
		{ID: "old", Standard: "CHADEMO", PowerKW: 50},
		{ID: "ccs", Standard: "IEC_62196_T2_COMBO", PowerKW: 50},
		{ID: "one", Standard: "IEC_62196_T1_COMBO", PowerKW: 40},
	}}
	for want, plugs := range map[string]Plugs{
		"ccs": AllPlugs(), "old": PlugsOf("CHADEMO", "IEC_62196_T2"), "ac": PlugsOf("IEC_62196_T2", "GBT_DC"),
		"one": PlugsOf("IEC_62196_T1_COMBO", "IEC_62196_T2"), "": PlugsOf("GBT_DC"),
	} {
		if c, ok := e.For(plugs); c.ID != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", plugs, c.ID, want)
		}
	}
}
