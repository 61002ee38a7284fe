// Package everywhere holds tests only: three companies as real processes, and a vehicle
// that asks any of them about trips that began at any (docs/adr/0020-every-server-knows-every-trip.md,
// docs/adr/0021-what-the-owner-sees-and-does.md). Processes
// are killed in between, so that what is said meanwhile, and that all comes right by
// itself afterwards, is what drivers and operators meet.
package everywhere
