package companytest

import (
	"errors"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// refusal is the refusal in err, never nil, so that a test reads it plainly.
func refusal(err error) *charging.Refusal {
	var r *charging.Refusal
	if !errors.As(err, &r) {
		return &charging.Refusal{}
	}
	return r
}

// conflict of a refusal, never nil.
func conflict(r *charging.Refusal) charging.Conflict {
	if r.Conflict == nil {
		return charging.Conflict{}
	}
	return *r.Conflict
}
