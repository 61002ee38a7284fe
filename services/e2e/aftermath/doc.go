// Package aftermath tests what holds after CONFIRMED: from the plug to the bill,
// when a stop is lost, when a driver gives stops back, and when inventories
// change under bookings. Three companies run in this process, each with a store
// of its own that outlives a restart; drivers speak REST, cars MQTT, and what
// comes back is read by shapes of this package, so that each test can be put
// beside an older server to see it fail: they all do at 029867a. (In "while it
// waits" the trip that asks does, now and then; the one that waits held already.)
//
//	fault at 029867a                                              test
//	─────────────────────────────────────────────────────────────────────────────────────────────────────
//	plugged in is a stamp beside RESERVED                         TestASessionIsAState/the trip shows it
//	a swap takes the plug away, unbilled                          …/it cannot be swapped away
//	a shift moves the window under the car                        …/its window cannot be shifted
//	one decision, about another stop, does the same               …/a decision about another stop does not move it
//	giving up the trip does the same                              …/giving up the trip leaves it
//	one compensate does the same                                  …/compensate does not end it
//	one outcome ABORTED does the same                             TestAnOutcomeDoesNotEndASession
//	a FULFILLED stop is swapped, and its bill is gone             TestASessionThatEnded
//	an EVSE breaks: the energy is never billed                    TestAnEVSEBreaksWhileCharging
//	B plugs in before A's window                                  TestOnePlugOneCar/another's window is first
//	B plugs in while A is there; B is not warned                  …/somebody is still there
//	a vehicle charges at two companies                            TestOneCarOnePlug/on two trips, …/on two trips at once
//	a vehicle charges at two stops of a trip                      …/at two stops of one trip
//	a passing refusal is remembered as the answer                 TestUnplugBeforePlug/a passing refusal…
//	an unplug that overtakes its plug is lost                     …/with its instant it is kept for its plug
//	the only stop is withdrawn: COMPLETED, nobody can answer      TestTheLastStopIsLost/the only one…
//	the last coming stop, with FULFILLED ones before it           …/the earlier ones are over
//	topic and alert do not wait for the car                       …/the car was away, and answers over MQTT
//	the second question overwrites the first; deadlines           TestTwoStopsAreLost
//	an unanswered question                                        TestNobodyAnswers
//	DELETE answers AWAITING_DECISION                              TestCancelWhileItAsks
//	a plug while a swap or a replan is on its way                 TestACarPlugsInDuringAChange
//	the plug recommends a swap that is 409                        TestAfterANoShow
//	cancel is all or nothing                                      TestCancelWhatCanBe
//	one silent company costs stops at healthy ones                TestOneSilentCompanyCostsNobodyElse
//	a location is renamed, an EVSE moves: sold twice              TestInventoriesChangeUnderBookings
//	an EVSE leaves the configuration with its bookings            TestAnEVSELeavesTheInventory
//	max_days_ahead: refused late, and every compensate too        TestTermsAreLookedAtFirst
//	promises leave out what a shift is taking                     TestAShiftIsPromised
//	prices after continue and after swap                          TestAStopCostsWhatWasOffered
//	soc of POST /trips is read by nobody                          TestChargeOfAByHandTrip
package aftermath
