package model

import (
	"fmt"
	"slices"
)

// Rule is one rule of the protocol that looks like a detail. Each can be
// switched off to see what it prevents.
type Rule uint8

// The rules, with the section of the contract that states each.
const (
	// RetryUnsettled: a RESERVED in the way whose trip is not settled is tried
	// again under every policy (§3.5).
	RetryUnsettled Rule = iota
	// UnsettledBound: … but only for a bounded time (§3.5).
	UnsettledBound
	// ReleaseAllOnRefusedConfirm: a refused confirm releases every stop, the
	// RESERVED ones too (§3.4).
	ReleaseAllOnRefusedConfirm
	// ReleaseBeforeWaiting: no trip holds a RESERVED while it waits or asks (§3.4).
	ReleaseBeforeWaiting
	// OneTicketPerTrip: a first stop that is taken again keeps the ticket (§4).
	OneTicketPerTrip
	// SameTicketOnRepeat: a repeated first reserve gets the ticket it got (§4).
	SameTicketOnRepeat
	// OlderGoesFirst: an older ticket takes a younger trip's hold (§4).
	OlderGoesFirst
	// TombstoneBeforeReserve: compensating an unknown id leaves a tombstone (§2).
	TombstoneBeforeReserve
	// FinalIDsRefused: reserve and confirm on EXPIRED or PREEMPTED are refused (§2).
	FinalIDsRefused
	// ReplayBeforeWindowCheck: a repeat is recognised before the window is
	// looked at (§2).
	ReplayBeforeWindowCheck
	// EpochMayDiffer: a repeat under a newer epoch is the same request (§2).
	EpochMayDiffer
	// EpochFence: a company refuses what a former owner sends (§2).
	EpochFence
	// JournalFence: so does the journal (§3).
	JournalFence
	// CompensateAbandoned: an id that was given up is compensated even if it
	// was refused (§3.6).
	CompensateAbandoned
	// CompensateLostAnswers: so is one whose answer was lost (§3.8).
	CompensateLostAnswers
	// AbortOnlyWhenAcknowledged: once CONFIRMING was entered, a stop counts as
	// released only when its company has said so (§3.8).
	AbortOnlyWhenAcknowledged
	// ConfirmedOnlyWhenAcknowledged: CONFIRMED needs every confirm's answer (§3.4).
	ConfirmedOnlyWhenAcknowledged
	// KeepReservedOnUnknown: UNKNOWN never frees a RESERVED (§3, Termination).
	KeepReservedOnUnknown
	// OutcomePendingWhileConfirming: a participant that asks early is told to
	// wait (§3, Termination).
	OutcomePendingWhileConfirming
	// NothingPreemptedUnlessGranted: a refused request takes nothing (§2).
	NothingPreemptedUnlessGranted
	// AllOverlapsExamined: every overlapping entry is looked at (§2).
	AllOverlapsExamined
	// RenewCapped: no hold lives beyond its longest life (§2).
	RenewCapped
	// WithdrawalToldUntilAcknowledged: a withdrawn stop's originator is told
	// until it has understood (§2).
	WithdrawalToldUntilAcknowledged
	// NoticeOfSwapKept: also about the new stop of a swap that is not yet done.
	NoticeOfSwapKept
	// SwapTakesNewFirst: a swap has the new stop before it lets go of the old (§3.9).
	SwapTakesNewFirst
	// OriginChecked: nobody else may touch a reservation (§2).
	OriginChecked
	// CompensateLeavesCharging: compensate changes no CHARGING, as no FULFILLED (§2).
	CompensateLeavesCharging
	// PlugLooksAtNeighbours: no car plugs in while another one charges at the EVSE (§2).
	PlugLooksAtNeighbours
	// OneVehicleOneSession: a plug is answered after the peers have been asked
	// whether the vehicle charges there (§2).
	OneVehicleOneSession
	// LaterYields: of two sessions of a vehicle that are not answered the later one
	// yields (§2).
	LaterYields
	// UnansweredAskToo: a session whose plug nobody answered asks the peers, too,
	// before it counts as answered.
	UnansweredAskToo
	// WithdrawalBillsTheSession: an EVSE that goes out of service ends its session
	// with a bill (§2).
	WithdrawalBillsTheSession
	// BilledOnce: a repeated complete has the first bill (§2).
	BilledOnce
	// PlugInsideTheRun: a trip takes plugs and changes one after the other (§3).
	PlugInsideTheRun
	// PluggingJournaled: a plug is journaled before its company is asked, and whoever
	// takes over looks first what became of it (§3).
	PluggingJournaled
	// ChangeLooksAgain: a change of a stop looks at it when it is made: CHARGING and
	// FULFILLED are refused (§3).
	ChangeLooksAgain
	// CancelKeepsSessions: a cancel releases the coming stops only (§3).
	CancelKeepsSessions
	// CancelJournaled: a cancel of a waiting trip is journaled before it is answered (§3).
	CancelJournaled
	// AskedUntilAnswered: no trip ends while it asks its driver (§3.9).
	AskedUntilAnswered
	// EveryQuestionKept: a second lost stop is a second question (§3.9).
	EveryQuestionKept

	rules // how many there are
)

var ruleNames = [rules]string{
	"RetryUnsettled", "UnsettledBound", "ReleaseAllOnRefusedConfirm", "ReleaseBeforeWaiting", "OneTicketPerTrip",
	"SameTicketOnRepeat", "OlderGoesFirst", "TombstoneBeforeReserve", "FinalIDsRefused", "ReplayBeforeWindowCheck",
	"EpochMayDiffer", "EpochFence", "JournalFence", "CompensateAbandoned", "CompensateLostAnswers",
	"AbortOnlyWhenAcknowledged", "ConfirmedOnlyWhenAcknowledged", "KeepReservedOnUnknown", "OutcomePendingWhileConfirming",
	"NothingPreemptedUnlessGranted", "AllOverlapsExamined", "RenewCapped", "WithdrawalToldUntilAcknowledged",
	"NoticeOfSwapKept", "SwapTakesNewFirst", "OriginChecked",
	"CompensateLeavesCharging", "PlugLooksAtNeighbours", "OneVehicleOneSession", "LaterYields",
	"UnansweredAskToo", "WithdrawalBillsTheSession", "BilledOnce", "PlugInsideTheRun",
	"PluggingJournaled", "ChangeLooksAgain", "CancelKeepsSessions", "CancelJournaled",
	"AskedUntilAnswered", "EveryQuestionKept",
}

func (r Rule) String() string { return ruleNames[r] }

// AllRules lists every rule.
func AllRules() []Rule {
	out := make([]Rule, rules)
	for i := range out {
		out[i] = Rule(i)
	}
	return out
}

// ParseRule finds a rule by its name.
func ParseRule(name string) (Rule, error) {
	i := slices.Index(ruleNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("there is no rule %q; choose one of %v", name, ruleNames)
	}
	return Rule(i), nil
}

// Rules says which rules are followed; the zero value follows all.
type Rules struct{ off uint64 }

// Without switches rules off.
func Without(rs ...Rule) Rules {
	var out Rules
	for _, r := range rs {
		out.off |= 1 << r
	}
	return out
}

func (rs Rules) on(r Rule) bool { return rs.off>>r&1 == 0 }
