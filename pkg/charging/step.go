package charging

import (
	"context"
	"time"
)

// Step is one line of a reservation's history, as the owner of its EVSE has seen it.
type Step struct {
	// Number counts the steps from 1: one that is missing was dropped, the oldest first.
	Number int64
	// At is real time by the store's clock, Civil the time in which windows lie: the same,
	// but in a demo that runs faster.
	At, Civil time.Time
	Kind      StepKind
	// From is the state before, empty where that is not known; To the state after: the same
	// where the step was refused.
	From, To State
	// By is the company that asked, empty for the owner itself, by its operator or by time.
	By       CompanyID
	Operator bool
	// Code is why a step was refused, or taken back.
	Code Code
	// Window is what a move has given.
	Window Window
	// YieldedTo is the trip with the older ticket, of a preempted one.
	YieldedTo TripID
	// Heard is what the originator said, of an outcome.
	Heard Outcome
	// Reason is the owner's, or why a store that forgot could not bring it back.
	Reason    string
	RequestID string
}

// StepKind is what was done, or happened, to a reservation.
type StepKind string

// The kinds of steps. Those of a company's word bear its name in the federation API.
const (
	StepClaim      StepKind = "claim"
	StepReserve    StepKind = "reserve"
	StepRenew      StepKind = "renew"
	StepConfirm    StepKind = "confirm"
	StepMove       StepKind = "move"
	StepStart      StepKind = "start"
	StepComplete   StepKind = "complete"
	StepCompensate StepKind = "compensate"
	// StepOutcome is what the originator answered when it was asked.
	StepOutcome StepKind = "outcome"
	// StepPreempt: an older trip took the window. StepExpire and StepNoShow are by time,
	// noted when somebody looks.
	StepPreempt StepKind = "preempt"
	StepExpire  StepKind = "expire"
	StepNoShow  StepKind = "no_show"
	// StepBack takes a plug back: the vehicle charges elsewhere.
	StepBack StepKind = "back"
	// StepEstimate ends a session without its car's word.
	StepEstimate StepKind = "estimate"
	// StepCancel, StepRelease and StepWithdraw (the EVSE is out of service) are the operator's.
	StepCancel   StepKind = "cancel"
	StepRelease  StepKind = "release"
	StepWithdraw StepKind = "withdraw"
	// StepRestore brings back what a store has forgotten, by the originator's word.
	StepRestore StepKind = "restore"
)

type requestKey struct{}

// WithRequest carries a request's id to what is done for it.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestFrom is the id of the request for which something is done; empty for none.
func RequestFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
