package charging

import "time"

// Suspension is an operator's word about another company: that nothing more is given
// to it until it is resumed, or with an empty Reason that it has been.
type Suspension struct {
	Company CompanyID `json:"company_id"`
	// Number grows with each word about a company; one with a lower number changes
	// nothing.
	Number int64 `json:"number"`
	// Since is when it was said.
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// InForce reports whether the company is suspended.
func (s Suspension) InForce() bool { return s.Reason != "" }

// Barred is the refusal that a suspended company is told.
func Barred(company CompanyID, reason string) *Refusal {
	return &Refusal{
		Code:   CodeForbidden,
		Detail: string(company) + " is suspended here (" + reason + "): nothing new is given to it until the operator resumes it; what is RESERVED stands",
	}
}
