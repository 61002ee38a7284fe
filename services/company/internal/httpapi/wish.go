package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/trip"
	"github.com/eletrovia/eletrovia/services/company/internal/events"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// choosable are the types of events that a stream may choose; the operator's own are true.
var choosable = map[trip.EventType]bool{
	trip.EventTrip: false, trip.EventReservation: false, trip.EventCar: false, trip.EventCars: false, trip.EventHistory: false,
	trip.EventCompany: false, trip.EventMessage: false, trip.EventPeer: true, trip.EventOverview: true, trip.EventCalendar: true, trip.EventAudit: true,
}

// wish is what a reader asks a stream for.
type wish struct {
	filter events.Filter
	// chosen is false for a stream of the old kind.
	chosen bool
	// after is the event after which it goes on, 0 for none; foreign is true for an id
	// that this server cannot have given.
	after   uint64
	foreign bool
}

func (w wish) wants(t trip.EventType) bool { return w.chosen && slices.Contains(w.filter.Types, t) }

// wishOf reads what a stream is asked for. INVALID_FIELD; FORBIDDEN for a vehicle that
// asks for what is the operator's.
func wishOf(c echo.Context, who identity.Caller) (wish, error) {
	q := c.QueryParams()
	w := wish{chosen: len(q["types"]) > 0 || len(q["bbox"]) > 0}
	w.filter.Only = who.Vehicle
	w.after, w.foreign = lastEventID(c.Request().Header)
	if !w.chosen {
		return w, nil
	}
	var err error
	if w.filter.Types, err = typesOf(q["types"], who); err != nil {
		return w, err
	}
	w.filter.Boxes, err = boxesOf(q["bbox"])
	return w, err
}

func typesOf(asked []string, who identity.Caller) ([]trip.EventType, error) {
	var types []trip.EventType
	for _, list := range asked {
		for name := range strings.SplitSeq(list, ",") {
			t := trip.EventType(strings.TrimSpace(name))
			private, known := choosable[t]
			switch {
			case !known:
				return nil, charging.Invalid("types", fmt.Sprintf("%.40q is none of trip, reservation, car, cars, history, company, message, peer, overview, calendar, audit", name))
			case private && who.Kind != identity.Operator:
				return nil, charging.Refuse(charging.CodeForbidden, "events "+string(t)+" are the operator's")
			}
			types = append(types, t)
		}
	}
	if types == nil {
		types = events.Plain
	}
	return types, nil
}

func boxesOf(asked []string) ([]geo.Box, error) {
	if len(asked) > api.MaxBoxes {
		return nil, charging.Invalid("bbox", fmt.Sprintf("is given %d times; at most %d", len(asked), api.MaxBoxes))
	}
	var boxes []geo.Box
	for _, text := range asked {
		b, err := geo.ParseBox(text)
		if err != nil {
			return nil, charging.Invalid("bbox", err.Error())
		}
		boxes = append(boxes, b)
	}
	return boxes, nil
}

// lastEventID is the event after which a stream goes on; foreign is true for an
// id that this server cannot have given.
func lastEventID(h http.Header) (id uint64, foreign bool) {
	text := h.Get("Last-Event-Id")
	if text == "" {
		return 0, false
	}
	id, err := strconv.ParseUint(text, 10, 64)
	return id, err != nil
}
