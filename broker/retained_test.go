package broker_test

import (
	"fmt"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/carlink"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// A server that has missed something reads what is retained while trips go on
// being published: the race detector watches.
func TestRetainedWhileTripsArePublished(t *testing.T) {
	b, _ := start(t, nil)
	const trips = 20
	done := make(chan error, 1)
	go func() {
		for n := range 100 * trips {
			id := charging.TripID(fmt.Sprintf("01890a5d-ac96-774b-bcce-b302099a%04x", n%trips))
			if err := b.Publish(carlink.TripTopic("EV-0001", id), []byte(`1`), 1, true); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for going := true; going; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			going = false
		default:
		}
		if _, err := b.Retained(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := b.Retained(t.Context()); err != nil || len(got) != trips {
		t.Errorf("%d retained, want %d: %v", len(got), trips, err)
	}
}
