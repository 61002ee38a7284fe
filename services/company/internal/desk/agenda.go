package desk

import (
	"sync"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// agenda says when each location is to be looked at. What is not on it costs
// nothing.
type agenda struct {
	mu    sync.Mutex
	dates map[charging.LocationID]date
}

// date of a location: the first and the last look that were asked for, in real
// time, and one in civil time, in which windows lie.
type date struct{ first, last, civil time.Time }

// at asks for a look at an instant of real time.
func (a *agenda) at(loc charging.LocationID, t time.Time) {
	a.change(loc, func(d *date) {
		d.first = earlier(d.first, t)
		if t.After(d.last) {
			d.last = t
		}
	})
}

// when asks for a look at an instant of civil time.
func (a *agenda) when(loc charging.LocationID, t time.Time) {
	a.change(loc, func(d *date) { d.civil = earlier(d.civil, t) })
}

func (a *agenda) change(loc charging.LocationID, f func(*date)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dates == nil {
		a.dates = map[charging.LocationID]date{}
	}
	d := a.dates[loc]
	f(&d)
	a.dates[loc] = d
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// take gives the locations that are to be looked at by now. Whoever takes them
// looks, or asks again.
func (a *agenda) take(now, civil time.Time) []charging.LocationID {
	a.mu.Lock()
	defer a.mu.Unlock()
	var due []charging.LocationID
	for loc, d := range a.dates {
		if (d.first.IsZero() || now.Before(d.first)) && (d.civil.IsZero() || civil.Before(d.civil)) {
			continue
		}
		due = append(due, loc)
		if d.last.After(now) {
			a.dates[loc] = date{first: d.last, last: d.last}
		} else {
			delete(a.dates, loc)
		}
	}
	return due
}

// agendas are of the three things that the desk does by itself, and of the wish for a
// look at every location.
type agendas struct {
	tidying, settling, posting agenda
	survey                     chan struct{}
}

// surveyAll has every location looked at soon.
func (a *agendas) surveyAll() {
	select {
	case a.survey <- struct{}{}:
	default: // one is due already
	}
}
