package charging

import (
	"slices"
	"strings"
)

// The standards of connectors that plans speak of by name.
const (
	StandardT2      = "IEC_62196_T2"       // Type 2, alternating current
	StandardCCS2    = "IEC_62196_T2_COMBO" // CCS 2, direct current
	StandardCHAdeMO = "CHADEMO"
)

// standards are those of OCPI 2.3.0's ConnectorType, in its order. A place in it is a bit of
// Plugs.
var standards = []string{
	"CHADEMO", "CHAOJI",
	"DOMESTIC_A", "DOMESTIC_B", "DOMESTIC_C", "DOMESTIC_D", "DOMESTIC_E", "DOMESTIC_F", "DOMESTIC_G", "DOMESTIC_H",
	"DOMESTIC_I", "DOMESTIC_J", "DOMESTIC_K", "DOMESTIC_L", "DOMESTIC_M", "DOMESTIC_N", "DOMESTIC_O",
	"GBT_AC", "GBT_DC",
	"IEC_60309_2_single_16", "IEC_60309_2_three_16", "IEC_60309_2_three_32", "IEC_60309_2_three_64",
	"IEC_62196_T1", "IEC_62196_T1_COMBO", "IEC_62196_T2", "IEC_62196_T2_COMBO", "IEC_62196_T3A", "IEC_62196_T3C",
	"MCS", "NEMA_5_20", "NEMA_6_30", "NEMA_6_50", "NEMA_10_30", "NEMA_10_50", "NEMA_14_30", "NEMA_14_50",
	"PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN", "SAE_J3400", "TESLA_R", "TESLA_S",
}

// direct are the standards that give direct current, whatever their power.
var direct = PlugsOf(
	"CHADEMO", "CHAOJI", "GBT_DC", "IEC_62196_T1_COMBO", "IEC_62196_T2_COMBO", "MCS", "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN",
)

// either are the standards whose pins carry direct as well as alternating current; the
// latter up to mostACKW.
var either = PlugsOf("SAE_J3400", "TESLA_S")

const (
	// mostACKW is what 80 A at 277 V give, the most of a plug for either current.
	mostACKW = 22
	// MaxACKW is the most that a plug for alternating current gives: three phases of 63 A.
	MaxACKW = 43
)

// Standards lists the standards of connectors, OCPI 2.3.0's whole ConnectorType.
func Standards() []string { return slices.Clone(standards) }

// KnownStandard is true for a standard of OCPI's list.
func KnownStandard(s string) bool { return slices.Contains(standards, s) }

// ACOnly is true for a standard that never gives direct current.
func ACOnly(standard string) bool { return !direct.Has(standard) && !either.Has(standard) }

// DC reports whether the connector gives direct current. Of a plug that serves either current
// the power tells.
func (c Connector) DC() bool {
	return direct.Has(c.Standard) || either.Has(c.Standard) && c.PowerKW > mostACKW
}

// Plugs is a set of standards: what a car can be plugged in with.
type Plugs uint64

// AllPlugs is every standard.
func AllPlugs() Plugs { return 1<<len(standards) - 1 }

// PlugsOf is the set of some standards; those that OCPI does not have are left out.
func PlugsOf(names ...string) (p Plugs) {
	for _, name := range names {
		if i := slices.Index(standards, name); i >= 0 {
			p |= 1 << i
		}
	}
	return p
}

// Has is true for a standard of the set.
func (p Plugs) Has(standard string) bool { return p&PlugsOf(standard) != 0 }

// Names are the standards of the set, in OCPI's order.
func (p Plugs) Names() []string {
	var names []string
	for i, name := range standards {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String names the standards of the set.
func (p Plugs) String() string { return strings.Join(p.Names(), ", ") }

// Plugs are the standards of the EVSE's connectors.
func (e EVSE) Plugs() (p Plugs) {
	for _, c := range e.Connectors {
		p |= PlugsOf(c.Standard)
	}
	return p
}

// For is the connector that serves a car best, of those that it can be plugged in with:
// direct before alternating current, then the most power, then CCS 2 before others. ok is
// false where none fits.
func (e EVSE) For(p Plugs) (best Connector, ok bool) {
	for _, c := range e.Connectors {
		if p.Has(c.Standard) && (!ok || c.before(best)) {
			best, ok = c, true
		}
	}
	return best, ok
}

// before is true for a connector that is rather to be used than another one.
func (c Connector) before(o Connector) bool {
	switch {
	case c.DC() != o.DC():
		return c.DC()
	case c.PowerKW != o.PowerKW:
		return c.PowerKW > o.PowerKW
	}
	return c.Standard == StandardCCS2 && o.Standard != StandardCCS2
}
