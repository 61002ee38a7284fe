package charging

import (
	"math"
	"time"
)

// Session is what a car did at the plug, and what that costs. While the car is
// plugged in it has a start only.
type Session struct {
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	// StartSoC and EndSoC are the battery's charge as the car said, 0 … 1.
	StartSoC float64 `json:"start_soc,omitempty"`
	EndSoC   float64 `json:"end_soc,omitempty"`
	// Minutes at the plug; IdleMinutes are those beyond the end of the window
	// and the tariff's grace.
	Minutes     float64 `json:"minutes,omitempty"`
	IdleMinutes float64 `json:"idle_minutes,omitempty"`
	EnergyKWh   float64 `json:"energy_kwh,omitempty"`
	TariffID    string  `json:"tariff_id,omitempty"`
	// Estimated is true while the energy is what the EVSE's power allows in that
	// time, at most what was planned: the charger broke, or the car never said
	// that it left. What the car says afterwards takes its place, once.
	Estimated bool `json:"estimated,omitempty"`
	// Price is nil while the car is plugged in.
	Price *Price `json:"price,omitempty"`
}

// Over reports whether the car has left.
func (s *Session) Over() bool { return s != nil && !s.EndedAt.IsZero() }

// Price of a session by its parts, rounded to cents; Total is their sum.
type Price struct {
	Currency string `json:"currency"`
	// Session is the fee of each session, Energy that of the kWh, Idle that of
	// the minutes for which the car stayed too long.
	Session float64 `json:"session"`
	Energy  float64 `json:"energy"`
	Idle    float64 `json:"idle"`
	Total   float64 `json:"total"`
}

// Bill closes a session in window w that took kWh. What a car does before its
// window's start costs nothing beyond its energy.
func (t Tariff) Bill(w Window, started, ended time.Time, kWh float64) Session {
	if ended.Before(started) {
		ended = started
	}
	grace := time.Duration(t.IdleGraceMinutes * float64(time.Minute))
	idle := max(0, ended.Sub(w.End.Add(grace)))
	s := Session{
		StartedAt: started.UTC(), EndedAt: ended.UTC(), EnergyKWh: kWh, TariffID: t.ID,
		Minutes: rounded(ended.Sub(started).Minutes()), IdleMinutes: rounded(idle.Minutes()),
	}
	p := Price{
		Currency: t.Currency, Session: rounded(t.PerSession), Energy: rounded(t.PerKWh * kWh), Idle: rounded(t.IdlePerMinute * s.IdleMinutes),
	}
	p.Total = rounded(p.Session + p.Energy + p.Idle)
	s.Price = &p
	return s
}

// rounded to hundredths: cents, and hundredths of a minute.
func rounded(x float64) float64 { return math.Round(x*100) / 100 }

// Meter is what the company reads when a car leaves.
type Meter struct {
	// EnergyKWh that the car has taken, as it or the charger says.
	EnergyKWh float64
	// MaxPowerKW of the EVSE bounds what is believed.
	MaxPowerKW float64
	// Tariff by which the session is billed, once and for all.
	Tariff Tariff
	// At is when the car left, civil time; zero is now. No more than LateWord ago.
	At time.Time
}

// Plug is what a car says when it plugs in or leaves.
type Plug struct {
	EVSEID EVSEID `json:"evse_id"`
	// SoC is the charge of the battery at that moment, 0 … 1.
	SoC float64 `json:"soc"`
	// EnergyKWh that the car has taken, 0 … 1000, where its meter says so; only
	// when it leaves.
	EnergyKWh *float64 `json:"energy_kwh,omitempty"`
	// At is when it happened, by the car's clock, where it says so: messages may
	// overtake each other.
	At time.Time `json:"at,omitzero"`
}

// LateWord is how long ago a car may say that it has plugged in or left; what is
// said to be longer ago counts as that long ago.
const LateWord = 15 * time.Minute

// OpenPlug is how long a plug may be unanswered, while other companies are asked for
// the vehicle. After that whoever had the plug to answer has died: other companies
// are asked once more, for nobody who waits, and meanwhile they take it as answered.
const OpenPlug = 10 * time.Second

// ReasonOpenPlug marks such a plug.
const ReasonOpenPlug = "OPEN_PLUG"

// Arrival is what an originator tells of a car that has plugged in.
type Arrival struct {
	// At is when, civil time; zero is now. No more than LateWord ago.
	At time.Time
	// PlannedKWh bounds an estimated bill; zero where it is not known.
	PlannedKWh float64
}

// Leaving is what an originator tells of a car that has left.
type Leaving struct {
	// EnergyKWh that it has taken.
	EnergyKWh float64
	// At is when, civil time; zero is now. No more than LateWord ago.
	At time.Time
}
