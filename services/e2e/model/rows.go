package model

// Row is an interleaving that broke an earlier form of the protocol, with the
// rule that prevents it since.
type Row struct {
	// Number in the list of interleavings (docs/interleavings.md); 0 for a rule that
	// the list does not name.
	Number int
	Rule   Rule
	// Kind of the promise that is broken without the rule.
	Kind  Kind
	World Scenario
}

// short makes a trip of stops that each need a whole window.
func short(p Policy, evses ...uint8) Trip {
	t := Trip{Policy: p}
	for _, e := range evses {
		t.Stops = append(t.Stops, At(e))
	}
	return t
}

// or gives a trip another choice for its l-th stop, from 0.
func (t Trip) or(l int, evse uint8) Trip {
	t.Instead = map[int]Stop{l: At(evse)}
	return t
}

func (t Trip) driven(by Driver) Trip {
	t.Driver = by
	return t
}

// booked makes a trip begin as CONFIRMED.
func (t Trip) booked() Trip {
	t.Booked = true
	return t
}

// oneCar has a trip at each of two companies with the same vehicle.
func oneCar() []Trip {
	a, b := short(Abort, 0).booked(), short(Abort, 1).booked()
	a.Vehicle, b.Vehicle = 1, 1
	return []Trip{a, b}
}

// neighbours have one EVSE, one after the other.
func neighbours() []Trip {
	return []Trip{{Stops: []Stop{{0, 1}}, Policy: Abort, Booked: true}, {Stops: []Stop{{0, 2}}, Policy: Abort, Booked: true}}
}

// Rows lists every interleaving with a world in which the walk finds it again.
func Rows() []Row {
	rival := []Trip{short(Abort, 0, 1, 2), short(Abort, 3, 2, 1)}
	return []Row{
		{1, RetryUnsettled, NobodyWins, Scenario{Name: "the younger one confirms", Trips: rival}},
		{1, ReleaseAllOnRefusedConfirm, AllOrNothing, Scenario{Name: "one confirm is refused", Trips: rival}},
		{2, UnsettledBound, Deadlock, Scenario{
			Name: "its server dies after one confirm", Trips: []Trip{short(Wait, 0, 1), short(Wait, 1, 2)}, Faults: Faults{Deaths: 1},
		}},
		{3, ReleaseBeforeWaiting, WaitsWithReserved, Scenario{
			Name: "a confirm is refused under wait", Trips: []Trip{short(Wait, 0, 2), short(Wait, 1, 2)},
		}},
		{4, OneTicketPerTrip, Deadlock, Scenario{
			Name: "the first stop lapses", Trips: []Trip{short(Wait, 0, 1, 2), short(Wait, 2, 1)}, Faults: Faults{Lapses: 1},
		}},
		{5, SameTicketOnRepeat, Priority, Scenario{
			Name: "the first answer is lost", Trips: []Trip{short(Wait, 0, 1), short(Wait, 2, 1)}, Faults: Faults{Lost: 1},
		}},
		{6, TombstoneBeforeReserve, AllOrNothing, Scenario{
			Name: "compensate comes first", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Timeouts: 1, Late: 1},
		}},
		{7, AbortOnlyWhenAcknowledged, AllOrNothing, Scenario{
			Name: "a confirm is executed, its answer lost, its company gone", Trips: []Trip{short(Abort, 0, 1)},
			Faults: Faults{Lapses: 1, Timeouts: 2, Lost: 1},
		}},
		{8, EpochMayDiffer, NobodyWins, Scenario{
			Name: "a take-over repeats a reserve", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Crashes: 1},
		}},
		{9, EpochFence, AllOrNothing, Scenario{
			Name: "the journal is restored from before COMPENSATING", Trips: []Trip{short(Wait, 0, 1)},
			Faults: Faults{Restores: 1, Late: 1}, Wishes: Wishes{Cancels: 1},
		}},
		{10, KeepReservedOnUnknown, AllOrNothing, Scenario{
			Name: "the journal is wiped", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Wipes: 1},
		}},
		{11, CompensateAbandoned, AllOrNothing, Scenario{
			Name: "a refused claim was replaced", Trips: []Trip{short(Wait, 3, 1), short(Replan, 0, 1).or(1, 2)},
			Faults: Faults{Late: 1}, Wishes: Wishes{Cancels: 1},
		}},
		{12, NothingPreemptedUnlessGranted, Priority, Scenario{
			Name: "a claim meets a younger hold and a RESERVED", Trips: []Trip{
				{Stops: []Stop{At(0), {1, 3}}, Policy: Abort}, {Stops: []Stop{{1, 1}}, Policy: Abort}, {Stops: []Stop{{1, 2}}, Policy: Abort},
			},
		}},
		{13, AllOverlapsExamined, Exclusivity, Scenario{
			Name: "a claim meets two younger holds", Trips: []Trip{
				{Stops: []Stop{At(0), {1, 3}}, Policy: Abort}, {Stops: []Stop{{1, 1}}, Policy: Abort}, {Stops: []Stop{{1, 2}}, Policy: Abort},
			},
		}},
		{14, FinalIDsRefused, Exclusivity, Scenario{
			Name: "confirm after PREEMPTED", Trips: []Trip{short(Abort, 0, 1), short(Abort, 2, 1)},
		}},
		{15, OlderGoesFirst, Deadlock, Scenario{
			Name: "a ring", Trips: []Trip{short(Wait, 0, 1), short(Wait, 1, 2), short(Wait, 2, 0)},
		}},
		{16, RenewCapped, Deadlock, Scenario{
			Name:  "a driver never answers",
			Trips: []Trip{short(Ask, 0, 1).driven(Silent), short(Wait, 1), short(Wait, 0)},
		}},
		{16, RenewCapped, Livelock, Scenario{
			Name:  "a driver never answers, another always says wait",
			Trips: []Trip{short(Ask, 0, 1).driven(Silent), short(Wait, 1), short(Ask, 0).driven(Patient)},
		}},
		{17, WithdrawalToldUntilAcknowledged, AllOrNothing, Scenario{
			Name: "an EVSE goes out of service", Trips: []Trip{short(Wait, 0, 1)}, Faults: Faults{Withdrawals: 1},
		}},
		{17, NoticeOfSwapKept, AllOrNothing, Scenario{
			Name: "the new stop of a swap goes out of service", Trips: []Trip{short(Wait, 0, 1).or(1, 2)},
			Faults: Faults{Withdrawals: 1}, Wishes: Wishes{Swaps: 1},
		}},
		{18, OriginChecked, AllOrNothing, Scenario{
			Name: "a stranger compensates", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Strangers: 1},
		}},
		{19, PluggingJournaled, OneBill, Scenario{
			Name: "the answer to a plug is lost, another server takes over, and then a swap", Trips: []Trip{short(Abort, 0).or(0, 1).booked()},
			Faults: Faults{Crashes: 1}, Wishes: Wishes{Plugs: 1, Swaps: 1},
		}},
		{20, PlugInsideTheRun, OneBill, Scenario{
			Name: "a plug and a swap cross", Trips: []Trip{short(Abort, 0).or(0, 1).booked()}, Wishes: Wishes{Plugs: 1, Swaps: 1},
		}},
		{21, CompensateLeavesCharging, OneBill, Scenario{
			Name: "compensate meets a late start", Trips: []Trip{short(Abort, 0).booked()},
			Faults: Faults{Crashes: 1, Late: 1}, Wishes: Wishes{Plugs: 1, Cancels: 1},
		}},
		{22, OneVehicleOneSession, OneSession, Scenario{
			Name: "one vehicle plugs in at two companies at once", Trips: oneCar(), Wishes: Wishes{Plugs: 2},
		}},
		{22, LaterYields, OneSession, Scenario{
			Name: "the earlier one begins after the later one has asked", Trips: oneCar(), Wishes: Wishes{Plugs: 2},
		}},
		{22, UnansweredAskToo, OneSession, Scenario{
			Name: "nobody is there to hear the answer to a plug", Trips: oneCar(), Faults: Faults{Crashes: 1}, Wishes: Wishes{Plugs: 2},
		}},
		{23, PlugLooksAtNeighbours, OneSession, Scenario{
			Name: "a car comes before the one ahead of it has left", Trips: neighbours(), Wishes: Wishes{Plugs: 2},
		}},
		{24, WithdrawalBillsTheSession, OneBill, Scenario{
			Name: "an EVSE breaks while a car charges, which leaves later", Trips: []Trip{short(Abort, 0).booked()},
			Faults: Faults{Withdrawals: 1}, Wishes: Wishes{Plugs: 1, Unplugs: 1},
		}},
		{24, BilledOnce, OneBill, Scenario{
			Name: "a car says twice that it has left", Trips: []Trip{short(Abort, 0).booked()},
			Faults: Faults{Lost: 1}, Wishes: Wishes{Plugs: 1, Unplugs: 1},
		}},
		{25, EveryQuestionKept, Asked, Scenario{
			Name: "a second stop is lost while one is asked about", Trips: []Trip{short(Abort, 0, 1, 2).booked()}, Faults: Faults{Withdrawals: 2},
		}},
		{26, AskedUntilAnswered, Asked, Scenario{
			Name: "the last stop is lost", Trips: []Trip{short(Abort, 0).booked()}, Faults: Faults{Withdrawals: 1},
		}},
		{27, CancelJournaled, Answered, Scenario{
			Name: "a cancel while it asks, and a crash", Trips: []Trip{short(Ask, 0, 1).or(1, 3), short(Abort, 2, 1)},
			Faults: Faults{Crashes: 1}, Wishes: Wishes{Cancels: 1},
		}},
		{28, ChangeLooksAgain, OneBill, Scenario{
			Name: "a stop is changed as it was before its car plugged in", Trips: []Trip{short(Abort, 0).or(0, 1).booked()},
			Wishes: Wishes{Plugs: 1, Swaps: 1},
		}},
		{29, CancelKeepsSessions, OneBill, Scenario{
			Name: "a cancel while a car charges", Trips: []Trip{short(Abort, 0, 1).booked()}, Wishes: Wishes{Plugs: 1, Cancels: 1},
		}},
		{0, ReplayBeforeWindowCheck, NobodyWins, Scenario{
			Name: "the repeat of what took the last place", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Lost: 1},
		}},
		{0, JournalFence, AllOrNothing, Scenario{
			Name: "a former owner writes", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Crashes: 1}, Wishes: Wishes{Cancels: 1},
		}},
		{0, CompensateLostAnswers, AllOrNothing, Scenario{
			Name: "a reserve without an answer", Trips: []Trip{short(Abort, 0, 1)}, Faults: Faults{Lost: 1, Timeouts: 1},
		}},
		{0, ConfirmedOnlyWhenAcknowledged, AllOrNothing, Scenario{
			Name: "one confirm is enough", Trips: []Trip{short(Abort, 0, 1)},
		}},
		{0, OutcomePendingWhileConfirming, AllOrNothing, Scenario{
			Name: "a participant asks early", Trips: []Trip{short(Abort, 0, 1)},
		}},
		{0, SwapTakesNewFirst, AllOrNothing, Scenario{
			Name: "a swap lets go first", Trips: []Trip{short(Abort, 0, 1).or(1, 2)}, Wishes: Wishes{Swaps: 1},
		}},
	}
}
