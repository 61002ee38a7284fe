package charging

import "time"

// Act is something that the operator, or a vehicle about its own secret, has asked for
// and that is kept: who, what, of what, why, when, under which request, and how it ended.
type Act struct {
	ID string `json:"act_id"`
	// At is when it was asked for, before anything was done; real time.
	At time.Time `json:"at"`
	// Who is "operator", or a vehicle's id.
	Who string `json:"who"`
	// What was asked, in words that stay the same; Of is what it is about: a trip,
	// reservation, EVSE, vehicle or company.
	What string `json:"what"`
	Of   string `json:"of"`
	// Reason is what whoever asked has said.
	Reason    string `json:"reason,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	// Answer is "ok" or the code of a refusal. It is empty while the act goes on, and
	// stays so where its server has died in it: then nobody knows.
	Answer string `json:"answer,omitempty"`
	Detail string `json:"detail,omitempty"`
	// EndedAt is when it was answered.
	EndedAt time.Time `json:"ended_at,omitzero"`
}

// ActQuery says which acts are asked for, newest first; what is empty is any.
type ActQuery struct {
	Who, What, Of string
	From, To      time.Time
	// After is the cursor of the page before.
	After string
	Limit int
}

// Wants reports whether an act is asked for, its time aside.
func (q ActQuery) Wants(a Act) bool {
	return (q.Who == "" || q.Who == a.Who) && (q.What == "" || q.What == a.What) && (q.Of == "" || q.Of == a.Of)
}
