package load

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/api"
	"github.com/eletrovia/eletrovia/pkg/charging"
)

// window is how long each stop lasts: the shortest that the contract allows.
const window = 5 * time.Minute

// Windows hands out trips that never meet: trip n takes three windows in a row,
// one at each company, on EVSEs and times that no other n takes.
type Windows struct {
	// rows[e] is a triple of EVSEs, one of each company in travel order.
	rows [][]charging.EVSEID
	base time.Time
}

// NewWindows pairs the EVSEs of the companies, in their order, and begins with
// the first full window ten minutes after now.
func NewWindows(locations []api.Location, companies []charging.CompanyID, now time.Time) (*Windows, error) {
	of := map[charging.CompanyID][]charging.EVSEID{}
	for _, l := range locations {
		for _, e := range l.EVSEs {
			of[l.CompanyID] = append(of[l.CompanyID], e.EVSEID)
		}
	}
	w := &Windows{base: now.UTC().Add(10 * time.Minute).Truncate(window).Add(window)}
	rows := len(of[companies[0]])
	for _, c := range companies {
		slices.SortFunc(of[c], func(a, b charging.EVSEID) int { return strings.Compare(string(a), string(b)) })
		rows = min(rows, len(of[c]))
	}
	if rows == 0 {
		return nil, fmt.Errorf("the server does not know EVSEs of each of %v", companies)
	}
	for e := range rows {
		var row []charging.EVSEID
		for _, c := range companies {
			row = append(row, of[c][e])
		}
		w.rows = append(w.rows, row)
	}
	return w, nil
}

// Stops of trip n, counted from 0.
func (w *Windows) Stops(n int) []api.Stop {
	row, slot := w.rows[n%len(w.rows)], n/len(w.rows)
	stops := make([]api.Stop, len(row))
	for k, evse := range row {
		start := w.base.Add(time.Duration(slot+k) * window)
		stops[k] = api.Stop{EVSEID: evse, Start: start, End: start.Add(window)}
	}
	return stops
}

// Vehicles is how many vehicles trips must be spread over in turn, so that no
// vehicle has two trips at a time.
func (w *Windows) Vehicles() int { return len(w.rows) * len(w.rows[0]) }
