package charging

// Code is the machine-readable reason of a refusal, the same on the wire, in
// logs and in tests. A Code is an error, so errors.Is(err, CodeSlotTaken) works
// on both sides of a network.
type Code string

// Error makes a Code usable as a target of errors.Is.
func (c Code) Error() string { return string(c) }

// The codes of the contract (docs/protocol.md §5.3).
const (
	CodeMalformedRequest Code = "MALFORMED_REQUEST"
	CodeUnknownRoute     Code = "UNKNOWN_ROUTE"
	CodeMethodNotAllowed Code = "METHOD_NOT_ALLOWED"
	CodeTooLarge         Code = "TOO_LARGE"

	CodeUnauthenticated Code = "UNAUTHENTICATED"
	CodeForbidden       Code = "FORBIDDEN"

	CodeUnknownEVSE        Code = "UNKNOWN_EVSE"
	CodeUnknownTrip        Code = "UNKNOWN_TRIP"
	CodeUnknownReservation Code = "UNKNOWN_RESERVATION"
	CodeUnknownPlace       Code = "UNKNOWN_PLACE"
	CodeUnknownPlan        Code = "UNKNOWN_PLAN"
	CodeUnknownAlternative Code = "UNKNOWN_ALTERNATIVE"

	CodeSlotTaken           Code = "SLOT_TAKEN"
	CodePriorityLost        Code = "PRIORITY_LOST"
	CodeIDReused            Code = "ID_REUSED"
	CodeAlreadyCompensated  Code = "ALREADY_COMPENSATED"
	CodeStaleOwner          Code = "STALE_OWNER"
	CodeNotAwaitingDecision Code = "NOT_AWAITING_DECISION"
	CodeCancelTooLate       Code = "CANCEL_TOO_LATE"
	CodeEVSEOutOfService    Code = "EVSE_OUT_OF_SERVICE"
	CodeNoReservationHere   Code = "NO_RESERVATION_HERE"
	CodeTooEarly            Code = "TOO_EARLY"
	CodeTooLate             Code = "TOO_LATE"
	CodeSessionOpen         Code = "SESSION_OPEN"
	CodeSessionEnded        Code = "SESSION_ENDED"
	CodeEVSEOccupied        Code = "EVSE_OCCUPIED"
	CodeVehicleBusy         Code = "VEHICLE_BUSY"

	CodeHoldExpired   Code = "HOLD_EXPIRED"
	CodeHoldPreempted Code = "HOLD_PREEMPTED"

	CodeInvalidWindow  Code = "INVALID_WINDOW"
	CodeInvalidField   Code = "INVALID_FIELD"
	CodeInfeasibleTrip Code = "INFEASIBLE_TRIP"
	CodeTicketInvalid  Code = "TICKET_INVALID"

	CodeRateLimited   Code = "RATE_LIMITED"
	CodeQuotaExceeded Code = "QUOTA_EXCEEDED"

	CodeStoreUnavailable Code = "STORE_UNAVAILABLE"
	CodePeerUnavailable  Code = "PEER_UNAVAILABLE"
)

// Passing reports whether a refusal is about this moment only, so that the same
// request with the same id may succeed a little later: nobody may remember it as
// the answer to that id. It is of a car at the plug (too early, somebody else is
// still there, the vehicle's other session runs, or the word of it has overtaken
// the one before it), of what somebody has taken so far, or of a server that cannot
// answer now. Every other refusal
// is final for its request.
func (c Code) Passing() bool {
	switch c {
	case CodeTooEarly, CodeEVSEOccupied, CodeVehicleBusy, CodeNoReservationHere,
		CodeRateLimited, CodeQuotaExceeded, CodeStoreUnavailable, CodePeerUnavailable:
		return true
	}
	return false
}

// Codes lists every code, in the order of the contract.
func Codes() []Code {
	return []Code{
		CodeMalformedRequest, CodeUnknownRoute, CodeMethodNotAllowed, CodeTooLarge,
		CodeUnauthenticated, CodeForbidden,
		CodeUnknownEVSE, CodeUnknownTrip, CodeUnknownReservation, CodeUnknownPlace, CodeUnknownPlan, CodeUnknownAlternative,
		CodeSlotTaken, CodePriorityLost, CodeIDReused, CodeAlreadyCompensated, CodeStaleOwner, CodeNotAwaitingDecision,
		CodeCancelTooLate, CodeEVSEOutOfService, CodeNoReservationHere, CodeTooEarly, CodeTooLate,
		CodeSessionOpen, CodeSessionEnded, CodeEVSEOccupied, CodeVehicleBusy,
		CodeHoldExpired, CodeHoldPreempted,
		CodeInvalidWindow, CodeInvalidField, CodeInfeasibleTrip, CodeTicketInvalid,
		CodeRateLimited, CodeQuotaExceeded, CodeStoreUnavailable, CodePeerUnavailable,
	}
}
