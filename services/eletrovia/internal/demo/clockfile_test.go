package demo

import (
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/services/company/app"
)

// day is when these tests are played.
var day = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

func TestClockGoesOnWithItsData(t *testing.T) {
	s := stage{data: t.TempDir(), speed: 60}
	first, err := s.clock(day)
	if err != nil || !first.Epoch.Equal(day) || first.Speed != 60 {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := s.clock(day.Add(time.Hour)); err != nil || again != first {
		t.Errorf("%+v, %v", again, err)
	}
	s.speed = 30
	if _, err := s.clock(day); err == nil {
		t.Error("another speed on the same data")
	}
	s.speed = 1
	if c, err := s.clock(day); err != nil || c.Speed != 1 {
		t.Errorf("real time needs no file: %+v, %v", c, err)
	}
	if c, err := (stage{speed: 5}).clock(day); err != nil || c != (app.Clock{Epoch: day, Speed: 5}) {
		t.Errorf("%+v, %v", c, err)
	}
}
