package broker

import (
	"reflect"
	"time"
	"unsafe"

	mqtt "github.com/mochi-mqtt/server/v2"
)

// expiryEvery is the pause between looks for retained messages whose time is
// over. They last for weeks, so a minute more is nothing.
const expiryEvery = time.Minute

// lookSeldom sets that pause. The library looks every second, at a copy of all
// retained messages, and has no setting for it: with 20,000 open trips that is a
// twentieth of what a loaded server does (docs/performance.md). So its ticker is set
// from outside, where there is one; false where the library has changed.
func lookSeldom(server *mqtt.Server, every time.Duration) bool {
	loop := reflect.ValueOf(server).Elem().FieldByName("loop")
	if loop.Kind() != reflect.Pointer || loop.Type().Elem().Kind() != reflect.Struct {
		return false
	}
	ticker := loop.Elem().FieldByName("retainedExpiry")
	if !ticker.IsValid() || ticker.Type() != reflect.TypeFor[*time.Ticker]() {
		return false
	}
	(*(**time.Ticker)(unsafe.Pointer(ticker.UnsafeAddr()))).Reset(every)
	return true
}
