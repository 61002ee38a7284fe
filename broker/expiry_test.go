package broker

import (
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// The library's ticker is still where it is looked for, and is the one that
// decides: a message whose time is over stays with a long pause, and goes with a
// short one.
func TestRetainedAreLookedAtSeldom(t *testing.T) {
	t.Parallel()
	expired := func(pause time.Duration) func() bool {
		s := mqtt.New(&mqtt.Options{InlineClient: true})
		if !lookSeldom(s, pause) {
			t.Fatal("the library keeps its ticker elsewhere now: find it, or delete lookSeldom")
		}
		s.Topics.Retained.Add("t", packets.Packet{TopicName: "t", ProtocolVersion: 5, Created: 1, Expiry: 2})
		if err := s.Serve(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return func() bool { _, there := s.Topics.Retained.Get("t"); return !there }
	}
	kept := expired(time.Hour)
	gone := expired(10 * time.Millisecond)
	for deadline := time.Now().Add(time.Minute); !gone(); {
		if time.Now().After(deadline) {
			t.Fatal("a short pause: never looked at")
		}
		<-time.After(5 * time.Millisecond)
	}
	<-time.After(1500 * time.Millisecond) // the library's own pause, and half as much
	if kept() {
		t.Error("a long pause: looked at after the library's own second")
	}
}
