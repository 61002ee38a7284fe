package trip

import "github.com/eletrovia/eletrovia/pkg/charging"

// Offer is a refusal together with what may be taken instead.
type Offer struct {
	Refusal      *charging.Refusal
	Alternatives []Alternative
}

// Error is the refusal's.
func (o *Offer) Error() string { return o.Refusal.Error() }

// Unwrap gives the refusal.
func (o *Offer) Unwrap() error { return o.Refusal }
