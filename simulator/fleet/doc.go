// Package fleet is a fleet of simulated cars: each plans a journey, reserves
// its charging stops, drives while its battery falls, plugs in and leaves, over
// MQTT alone, as a real car would. What a car is, wants and meets on its way is
// drawn from streams of chance of its own; what becomes of it is up to the
// companies, and to who asks first.
//
//	draw → plan → reserve → wait → drive ⇄ charge → arrive → books → audit
//	         │       │        │      │ late, short, refused, withdrawn: give back, plan from here
//	         └ none  └ lost   │      │ an alert: take what is proposed, or not
//	                          │      └ empty: stranded; broken down
//	                          └ cancels, never comes
//
// A drive is a sequence of pieces of 5 km whose time and energy are known when
// they begin, so that the books are exact whenever a goroutine is woken; telemetry
// samples them. Every journey leaves a Record; Audit checks them.
package fleet
