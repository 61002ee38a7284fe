package charging

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestOlder(t *testing.T) {
	const a, b = TripID("0190a0c0-0000-7000-8000-00000000000a"), TripID("0190a0c0-0000-7000-8000-00000000000b")
	tests := []struct {
		name         string
		aGrant       string
		aTrip        TripID
		bGrant       string
		bTrip        TripID
		older, other bool
	}{
		{"smaller stamp", "1000", b, "2000", a, true, false},
		{"numbers, not text", "999", a, "1000", a, true, false},
		{"same stamp, smaller trip", "1000", a, "1000", b, true, false},
		{"a ticket goes before none", "1000", b, "", a, true, false},
		{"none and none: nobody", "", a, "", b, false, false},
		{"itself", "1000", a, "1000", a, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Older(tt.aGrant, tt.aTrip, tt.bGrant, tt.bTrip); got != tt.older {
				t.Errorf("Older(a, b) = %v, want %v", got, tt.older)
			}
			if got := Older(tt.bGrant, tt.bTrip, tt.aGrant, tt.aTrip); got != tt.other {
				t.Errorf("Older(b, a) = %v, want %v", got, tt.other)
			}
		})
	}
}

// Tickets are in one strict total order; without it waits could form a ring.
func TestOlderIsAStrictTotalOrder(t *testing.T) {
	type key struct {
		granted string
		trip    TripID
	}
	draw := rapid.Custom(func(t *rapid.T) key {
		// few values, so that equal stamps and equal trips are common
		stamps := rapid.SampledFrom([]int64{9, 10, 99, 100, 1_700_000_000_000_000, 1_700_000_000_000_001})
		trips := rapid.SampledFrom([]TripID{"a", "b", "c"})
		k := key{strconv.FormatInt(stamps.Draw(t, "granted_at"), 10), trips.Draw(t, "trip")}
		if rapid.IntRange(0, 5).Draw(t, "no ticket") == 0 {
			k.granted = ""
		}
		return k
	})
	older := func(a, b key) bool { return Older(a.granted, a.trip, b.granted, b.trip) }
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw.Draw(t, "a"), draw.Draw(t, "b"), draw.Draw(t, "c")
		if older(a, a) {
			t.Fatalf("%v is older than itself", a)
		}
		if older(a, b) && older(b, a) {
			t.Fatalf("%v and %v are each older than the other", a, b)
		}
		if older(a, b) && older(b, c) && !older(a, c) {
			t.Fatalf("%v < %v < %v, but not %v < %v", a, b, c, a, c)
		}
		if a.granted != "" && b.granted != "" && a != b && !older(a, b) && !older(b, a) {
			t.Fatalf("two tickets, %v and %v, and neither goes first", a, b)
		}
	})
}
