package api

import (
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// Inventory is what a company offers, and what has moved or left under bookings;
// for its operator.
type Inventory struct {
	CompanyID charging.CompanyID `json:"company_id"`
	Locations int                `json:"locations"`
	EVSEs     int                `json:"evses"`
	// Moved EVSEs keep their calendars under the location where they were first
	// offered.
	Moved []InventoryChange `json:"moved"`
	// Left EVSEs are offered no more, and kept until their last booking is over.
	Left []InventoryChange `json:"left"`
}

// InventoryChange is an EVSE whose calendar lies elsewhere than where it is
// offered.
type InventoryChange struct {
	EVSEID charging.EVSEID `json:"evse_id"`
	// Home is the location under which its calendar lies.
	Home charging.LocationID `json:"home"`
	// LocationID is where it is offered; empty for one that has left.
	LocationID charging.LocationID `json:"location_id,omitempty"`
	// Bookings counts the entries of its calendar; Until is the end of the last.
	Bookings int        `json:"bookings"`
	Until    *time.Time `json:"until,omitempty"`
}
