package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// rates is a tariff as scripts/complete.lua keeps it, so that a session is
// billed by what was in force when the car left.
func rates(t charging.Tariff) string {
	figure := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	plain := strings.NewReplacer("|", "_")
	return strings.Join([]string{
		plain.Replace(t.Currency), figure(t.PerKWh), figure(t.PerSession), figure(t.IdlePerMinute), figure(t.IdleGraceMinutes), plain.Replace(t.ID),
	}, "|")
}

// session reads what a record says about its car: done is empty while it is
// plugged in, else "ended (ms)|Wh|" and the rates.
func session(w charging.Window, started time.Time, done string, estimated bool) *charging.Session {
	part := strings.SplitN(done, "|", 8)
	if len(part) != 8 {
		return &charging.Session{StartedAt: started}
	}
	figure := func(s string) float64 {
		f, _ := strconv.ParseFloat(s, 64)
		return f
	}
	t := charging.Tariff{
		Currency: part[2], PerKWh: figure(part[3]), PerSession: figure(part[4]), IdlePerMinute: figure(part[5]),
		IdleGraceMinutes: figure(part[6]), ID: part[7],
	}
	s := t.Bill(w, started, time.UnixMilli(number(part[0])).UTC(), float64(number(part[1]))/1000)
	s.Estimated = estimated
	return &s
}
