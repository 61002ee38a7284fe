package desk

import "github.com/eletrovia/eletrovia/pkg/charging"

// meter is what a session at an EVSE is billed by: the tariff of its strongest
// connector, and no more energy than that gives.
func (s *site) meter(evse charging.EVSEID) charging.Meter {
	var m charging.Meter
	var id string
	for _, e := range s.EVSEs {
		if e.ID != evse {
			continue
		}
		for _, c := range e.Connectors {
			if c.PowerKW > m.MaxPowerKW {
				m.MaxPowerKW, id = c.PowerKW, c.TariffID
			}
		}
	}
	for _, t := range s.Tariffs {
		if t.ID == id {
			m.Tariff = t
		}
	}
	return m
}
