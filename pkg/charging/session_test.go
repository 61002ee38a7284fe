package charging

import (
	"testing"
	"time"
)

func TestBill(t *testing.T) {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w := Window{Start: start, End: start.Add(30 * time.Minute)}
	tariff := Tariff{ID: "T", Currency: "BRL", PerKWh: 2.05, PerSession: 1.5, IdlePerMinute: 0.8, IdleGraceMinutes: 10}
	for name, tt := range map[string]struct {
		from, to      int // minutes after the start
		kWh           float64
		minutes, idle float64
		energy, fee   float64
		total         float64
	}{
		"within the window":     {-5, 25, 20, 30, 0, 41, 0, 42.5},
		"within the grace":      {0, 40, 20, 40, 0, 41, 0, 42.5},
		"a quarter too long":    {0, 55, 20, 55, 15, 41, 12, 54.5},
		"nothing charged":       {0, 10, 0, 10, 0, 0, 0, 1.5},
		"a clock that ran back": {10, 0, 3, 0, 0, 6.15, 0, 7.65},
		"parts are rounded":     {0, 10, 1.003, 10, 0, 2.06, 0, 3.56},
	} {
		t.Run(name, func(t *testing.T) {
			s := tariff.Bill(w, start.Add(time.Duration(tt.from)*time.Minute), start.Add(time.Duration(tt.to)*time.Minute), tt.kWh)
			want := Price{Currency: "BRL", Session: 1.5, Energy: tt.energy, Idle: tt.fee, Total: tt.total}
			if s.Minutes != tt.minutes || s.IdleMinutes != tt.idle || *s.Price != want || !s.Over() {
				t.Errorf("%+v with %+v, want %v min, %v idle, %+v", s, *s.Price, tt.minutes, tt.idle, want)
			}
		})
	}
}
