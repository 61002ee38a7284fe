package settings

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// none is a limit's value that lifts it.
const none = "none"

// limitsOf reads KEY=VALUE,… over the default limits; empty is nil, the defaults.
func limitsOf(text string) (*charging.Limits, error) {
	if text == "" {
		return nil, nil
	}
	l := charging.DefaultLimits()
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if err := setLimit(&l, key, value); err != nil {
			return nil, fmt.Errorf("limits: %q: %w", part, err)
		}
	}
	return &l, nil
}

// setLimit sets one limit by the name that the contract gives it.
func setLimit(l *charging.Limits, key, value string) (err error) {
	spans := map[string]*time.Duration{
		"dc": &l.LongestDC, "ac": &l.LongestAC, "vehicle": &l.VehicleHours, "new": &l.NewHours, "no-show": &l.NoShow,
	}
	counts := map[string]*int{"new-trips": &l.NewTrips, "trip-claims": &l.TripClaims, "claims": &l.CompanyClaims}
	switch {
	case spans[key] != nil:
		*spans[key], err = spanOf(value)
	case counts[key] != nil:
		*counts[key], err = countOf(value)
	case key == "share":
		l.Share, err = shareOf(value)
	default:
		err = fmt.Errorf("want one of dc, ac, vehicle, new, new-trips, no-show, share, trip-claims, claims, and = with its value")
	}
	return err
}

func spanOf(value string) (time.Duration, error) {
	if value == none {
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < charging.MinWindow || d > 366*24*time.Hour || d%time.Second != 0 {
		return 0, fmt.Errorf("want none or a time from %s to a year: 4h", charging.MinWindow)
	}
	return d, nil
}

func countOf(value string) (int, error) {
	if value == none {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, fmt.Errorf("want none or a number from 1 on")
	}
	return n, nil
}

func shareOf(value string) (float64, error) {
	if value == none {
		return 0, nil
	}
	percent, ok := strings.CutSuffix(value, "%")
	f, err := strconv.ParseFloat(percent, 64)
	if !ok || err != nil || !(f > 0 && f <= 100) {
		return 0, fmt.Errorf("want none or a share of more than 0%% up to 100%%: 25%%")
	}
	return f / 100, nil
}
