// Package fleet is a fleet of simulated cars: each plans a journey, reserves
// its charging stops, drives while its battery falls, plugs in and leaves, over
// MQTT alone, as a real car would. What a car is and wants is drawn from a
// seed; what becomes of it is up to the companies.
//
//	draw → connect → plan → reserve → drive → plug … unplug → drive → … → arrive → rest → plan
//	                  │        │ a decision: continue or give up  │ empty: stranded
//	                  └ none   └ ABORTED: plan again              └ a withdrawn stop: decide on the way
package fleet
