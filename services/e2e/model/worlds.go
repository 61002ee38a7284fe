package model

// World is a scenario with all rules that no walk may find anything in.
type World struct {
	Scenario
	// Large worlds take minutes and gigabytes; they are for the long form.
	Large bool
}

// Ring makes a world of n trips in which the t-th wants the EVSEs t, t+1, … of
// as many as there are, with a ticket as old as its number.
func Ring(trips, stops, evses int, p Policy) []Trip {
	out := make([]Trip, trips)
	for t := range out {
		out[t].Policy = p
		for k := range stops {
			out[t].Stops = append(out[t].Stops, At(uint8((t+k)%evses)))
		}
	}
	return out
}

// Worlds lists what is walked through with all rules. Together they take every
// policy, wish and fault.
func Worlds() []World {
	const every = Abort | Wait | Ask | Replan
	crossing := func(p Policy) []Trip { return []Trip{short(p, 0, 1, 2), short(p, 3, 2, 1)} }
	one := []Trip{short(every, 0, 1).or(1, 3)}
	two := []Trip{short(every, 0, 1).or(1, 3), short(every, 2, 1).or(1, 3)}
	road := []Trip{short(Abort, 0, 1).or(1, 2).booked()}
	after := []Trip{short(Abort, 0).or(0, 1).booked(), short(every, 2, 0).or(1, 1)}
	return []World{
		{Scenario{Name: "crossing", Trips: crossing(Abort | Wait)}, false},
		{Scenario{Name: "crossing, every policy", Trips: crossing(every)}, false},
		{Scenario{Name: "a ring", Trips: Ring(3, 2, 3, Abort|Wait)}, false},
		{Scenario{Name: "two trips, a lapse", Trips: Ring(2, 2, 2, Wait), Faults: Faults{Lapses: 1}}, false},
		{Scenario{Name: "two trips, a crash, a late message", Trips: Ring(2, 2, 2, Abort|Wait), Faults: Faults{Crashes: 1, Late: 1}}, false},
		{Scenario{Name: "two trips, a death", Trips: two, Faults: Faults{Deaths: 1}}, false},
		{Scenario{Name: "one trip, a restore", Trips: one, Faults: Faults{Restores: 1, Late: 1, Crashes: 1}, Wishes: Wishes{Cancels: 1}}, false},
		{Scenario{Name: "one trip, a swap, a withdrawal", Trips: one, Faults: Faults{Withdrawals: 1, Crashes: 1, Lost: 1}, Wishes: Wishes{Swaps: 1}}, false},
		{Scenario{Name: "one trip, a wipe", Trips: one, Faults: Faults{Wipes: 1, Crashes: 1, Late: 1}, Wishes: Wishes{Swaps: 1}}, false},
		{Scenario{Name: "one trip, time-outs", Trips: one, Faults: Faults{Timeouts: 2, Lost: 1, Lapses: 1, Late: 1}}, false},

		{Scenario{Name: "one trip on the road, a crash, a withdrawal", Trips: road, Faults: Faults{Crashes: 1, Late: 1, Withdrawals: 1}, Wishes: Wishes{Plugs: 1, Unplugs: 1, Cancels: 1}}, false},
		{Scenario{Name: "one trip on the road, a swap, lost answers", Trips: road, Faults: Faults{Crashes: 1, Late: 1, Lost: 1}, Wishes: Wishes{Plugs: 1, Unplugs: 1, Swaps: 1}}, false},
		{Scenario{Name: "two stops are lost, a swap", Trips: road, Faults: Faults{Withdrawals: 2, Crashes: 1}, Wishes: Wishes{Plugs: 1, Swaps: 1, Cancels: 1}}, false},
		{Scenario{Name: "one vehicle, two companies", Trips: oneCar(), Faults: Faults{Crashes: 1, Late: 1, Lost: 1}, Wishes: Wishes{Plugs: 3, Unplugs: 1}}, false},
		{Scenario{Name: "two cars at one plug", Trips: neighbours(), Faults: Faults{Crashes: 1, Late: 1, Withdrawals: 1}, Wishes: Wishes{Plugs: 3, Unplugs: 1}}, false},
		{Scenario{Name: "a stop is booked after a session", Trips: after, Faults: Faults{Withdrawals: 1, Crashes: 1}, Wishes: Wishes{Plugs: 1, Unplugs: 1}}, false},

		{Scenario{Name: "one trip on the road, everything once", Trips: road, Faults: Faults{
			Crashes: 1, Late: 1, Lost: 1, Timeouts: 1, Withdrawals: 1,
		}, Wishes: Wishes{Plugs: 2, Unplugs: 1, Swaps: 1, Cancels: 1}}, true},
		{Scenario{Name: "one vehicle, two companies, everything", Trips: oneCar(), Faults: Faults{
			Crashes: 1, Late: 1, Lost: 1, Timeouts: 1, Withdrawals: 1,
		}, Wishes: Wishes{Plugs: 3, Unplugs: 2, Cancels: 1}}, true},
		{Scenario{Name: "crossing, a crash, a late message", Trips: crossing(Abort | Wait), Faults: Faults{Crashes: 1, Late: 1}}, true},
		{Scenario{Name: "crossing, two lapses", Trips: crossing(Wait), Faults: Faults{Lapses: 2}}, true},
		{Scenario{Name: "two trips, everything once", Trips: Ring(2, 2, 2, Abort|Wait), Faults: Faults{Crashes: 1, Late: 1, Lost: 1, Lapses: 1}}, true},
		{Scenario{Name: "two trips, every policy, cancel and swap", Trips: two, Faults: Faults{Crashes: 1, Late: 1}, Wishes: Wishes{Cancels: 1, Swaps: 1}}, true},
		{Scenario{Name: "two trips, swap and withdrawal", Trips: two, Faults: Faults{Withdrawals: 1, Crashes: 1}, Wishes: Wishes{Swaps: 1}}, true},
		{Scenario{Name: "one trip, everything once", Trips: one, Faults: Faults{
			Crashes: 1, Late: 1, Lost: 1, Lapses: 1, Timeouts: 1, Withdrawals: 1,
		}, Wishes: Wishes{Cancels: 1, Swaps: 1}}, true},
		{Scenario{Name: "one trip, two crashes, two late messages", Trips: one, Faults: Faults{Crashes: 2, Late: 2}, Wishes: Wishes{Cancels: 1, Swaps: 1}}, true},
		{Scenario{Name: "one trip, a restore and everything", Trips: one, Faults: Faults{
			Restores: 1, Crashes: 1, Late: 1, Lost: 1, Lapses: 1, Timeouts: 1,
		}, Wishes: Wishes{Cancels: 1}}, true},
		{Scenario{Name: "a ring, a lapse", Trips: Ring(3, 2, 3, Abort|Wait), Faults: Faults{Lapses: 1}}, true},
		{Scenario{Name: "a ring, a crash", Trips: Ring(3, 2, 3, Abort|Wait), Faults: Faults{Crashes: 1}}, true},
		{Scenario{Name: "three trips on four EVSEs", Trips: Ring(3, 3, 4, Abort|Wait)}, true},
	}
}
