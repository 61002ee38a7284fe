// Package forecast says with which charge, and when, a car will reach its next
// stop, from what the car reports on the way, and how sure that is.
//
// Consumption and pace are compared with the vehicle's model (pkg/vehicle, on
// pkg/road) kilometre by kilometre, and forgotten over fifty of them; the model
// counts as if it had been seen for ten. So one report changes little, and
// a lasting change shows within some thirty kilometres.
//
// Reports are believed with care: what is out of order, from another place or
// physically impossible is left out until it has been said three times; the
// car's own clock only tells how far its reports are apart. Silence is no news:
// after a gap the drive between its ends is counted as one.
package forecast
