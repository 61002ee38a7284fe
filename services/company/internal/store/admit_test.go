package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func admission(tr trip.Trip, key string) trip.Admission {
	return trip.Admission{TripID: tr.ID, VehicleID: tr.VehicleID, Span: tr.Span(), Key: key, Digest: "d1", Life: time.Hour}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		a := newTrip(e, 2)
		for range 2 {
			if replay, err := e.Admit(ctx, admission(a, "k{1}|")); err != nil || replay != "" {
				t.Fatalf("%q, %v", replay, err)
			}
		}
		if err := e.Create(ctx, a, lease, nil); err != nil {
			t.Fatal(err)
		}
		b := newTrip(e, 2)
		if replay, err := e.Admit(ctx, admission(b, "k{1}|")); err != nil || replay != a.ID {
			t.Errorf("%q, %v", replay, err)
		}
		other := admission(b, "k{1}|")
		other.Digest = "d2"
		_, err := e.Admit(ctx, other)
		refused(t, err, charging.CodeIDReused)
		_, err = e.Admit(ctx, admission(b, "k2"))
		if r := refused(t, err, charging.CodeInvalidWindow); !strings.Contains(r.Detail, string(a.ID)) {
			t.Error(r.Detail)
		}
		touching := newTrip(e, 1)
		touching.Legs[0].Start, touching.Legs[0].End = a.Span().End, a.Span().End.Add(time.Hour)
		if _, err := e.Admit(ctx, admission(touching, "")); err != nil {
			t.Error(err)
		}
		b.VehicleID = "EV-0002"
		if _, err := e.Admit(ctx, admission(b, "k{1}|")); err != nil { // another vehicle's keys are its own
			t.Error(err)
		}
		if err := e.Dismiss(ctx, a.VehicleID, a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Admit(ctx, admission(newTrip(e, 2), "")); err != nil {
			t.Error(err)
		}
	})
}

// Shows a near trip that makes its vehicle's far one forgotten, so that another
// comes to overlap it.
func TestAdmitKeepsTheFarthestTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		far, near, later := newTrip(e, 1), newTrip(e, 1), newTrip(e, 1)
		for i, tr := range []trip.Trip{near, later} {
			tr.Legs[0].Start, tr.Legs[0].End = e.civil.now().Add(time.Duration(2*i)*time.Hour), e.civil.now().Add(time.Duration(2*i+1)*time.Hour)
		}
		spans := e.prefix + "vehicle:{EV-0001}:trips"
		for _, c := range []struct {
			tr   trip.Trip
			life time.Duration
			want time.Duration
		}{{near, time.Hour, time.Hour}, {far, 30 * time.Hour, 30 * time.Hour}, {later, 2 * time.Hour, 30 * time.Hour}} {
			a := admission(c.tr, "")
			a.Life = c.life
			if _, err := e.Admit(ctx, a); err != nil {
				t.Fatal(err)
			}
			if ttl := e.raw.PTTL(ctx, spans).Val(); ttl < c.want-time.Minute || ttl > c.want {
				t.Errorf("the vehicle's trips are kept for %s, want %s", ttl, c.want)
			}
		}
	})
}

// A trip that is over stands in nobody's way, also when its Dismiss was lost.
func TestAdmitPastAnOverTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		a := newTrip(e, 2)
		if _, err := e.Admit(ctx, admission(a, "")); err != nil {
			t.Fatal(err)
		}
		a.State = trip.Aborted
		if err := e.Create(ctx, a, lease, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Admit(ctx, admission(newTrip(e, 2), "")); err != nil {
			t.Error(err)
		}
	})
}

func TestSameKeyInParallelIsOneTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var mu sync.Mutex
		made := map[charging.TripID]int{}
		var wg sync.WaitGroup
		for range 10 {
			tr := newTrip(e, 2)
			wg.Go(func() {
				ctx := context.Background()
				id, err := e.Admit(ctx, admission(tr, "key"))
				if err == nil && id == "" {
					id, err = tr.ID, e.Create(ctx, tr, lease, nil)
				}
				if err == nil {
					_, err = e.Load(ctx, id)
				}
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				made[id]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(made) != 1 {
			t.Errorf("%v", made)
		}
	})
}

// age moves what was admitted into the past.
func (e *env) age(t *testing.T, a trip.Admission, by time.Duration) {
	t.Helper()
	at := time.Now().Add(-by).UnixMilli()
	e.raw.HSet(t.Context(), e.prefix+"vehicle:{"+string(a.VehicleID)+"}:trips", string(a.TripID),
		fmt.Sprintf("%d|%d|%d", a.Span.Start.Unix(), a.Span.End.Unix(), at))
	e.raw.Set(t.Context(), e.prefix+"idem:{"+string(a.VehicleID)+"}:"+a.Key, fmt.Sprintf("%s|%s|%d", a.Digest, a.TripID, at), time.Hour)
}

// A server that died between admission and creation: the next request with the
// same key goes on, and the dead one, should it wake up, is refused.
func TestAdmitAfterACrashSameKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		dead, next := newTrip(e, 2), newTrip(e, 2)
		if _, err := e.Admit(ctx, admission(dead, "key")); err != nil {
			t.Fatal(err)
		}
		e.age(t, admission(dead, "key"), 4*time.Second)
		if replay, err := e.Admit(ctx, admission(next, "key")); err != nil || replay != "" {
			t.Fatalf("%q, %v", replay, err)
		}
		refused(t, e.Create(ctx, dead, lease, nil), charging.CodeStaleOwner)
		refused(t, e.Save(ctx, dead, lease, time.Now(), nil), charging.CodeStaleOwner)
		_, err := e.Load(ctx, dead.ID)
		refused(t, err, charging.CodeUnknownTrip)
		if err := e.Create(ctx, next, lease, nil); err != nil {
			t.Fatal(err)
		}
		if replay, err := e.Admit(ctx, admission(newTrip(e, 2), "key")); err != nil || replay != next.ID {
			t.Errorf("%q, %v", replay, err)
		}
		e.lookNow(t, dead.ID)
		if got, err := e.TakeOver(ctx, "b", lease, 9); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		// What it was listed for goes; its vehicle's list drops it when it is read.
		if on := e.listsOf(t, dead); on != "vehicle:{EV-0001}:made" {
			t.Errorf("given up, and on the lists %q", on)
		}
	})
}

// The same in another trip's way: for a minute it may still come, then not.
func TestAdmitAfterACrashOtherTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		dead, next := newTrip(e, 2), newTrip(e, 2)
		if _, err := e.Admit(ctx, admission(dead, "key")); err != nil {
			t.Fatal(err)
		}
		e.age(t, admission(dead, "key"), 50*time.Second)
		_, err := e.Admit(ctx, admission(next, ""))
		refused(t, err, charging.CodeInvalidWindow)
		e.age(t, admission(dead, "key"), 61*time.Second)
		if _, err := e.Admit(ctx, admission(next, "")); err != nil {
			t.Fatal(err)
		}
		refused(t, e.Create(ctx, dead, lease, nil), charging.CodeStaleOwner)
	})
}

// Whoever waits for a trip in creation can stop waiting.
func TestAdmitWaitsNoLongerThanItsCaller(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		if _, err := e.Admit(t.Context(), admission(newTrip(e, 1), "key")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err := e.Admit(ctx, admission(newTrip(e, 1), "key"))
		if code := charging.CodeOf(err); err == nil || code != "" {
			t.Errorf("%v", err)
		}
	})
}

func TestPlans(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		plans := []trip.Plan{{ID: "p1", Price: 10.5}, {ID: "p2", Currency: "BRL"}}
		if err := e.SavePlans(ctx, plans, trip.Journey{SoC: 0.8, VehicleModel: "byd-dolphin"}, time.Minute, "vehicle EV-1"); err != nil {
			t.Fatal(err)
		}
		p, j, by, err := e.LoadPlan(ctx, "p2")
		if err != nil || p.Currency != "BRL" || j.SoC != 0.8 || by != "vehicle EV-1" {
			t.Errorf("%+v, %+v, %q, %v", p, j, by, err)
		}
		var flood []trip.Plan
		for n := range 2002 {
			flood = append(flood, trip.Plan{ID: fmt.Sprint("f", n)})
		}
		if err := e.SavePlans(ctx, flood, trip.Journey{}, time.Minute, "address 10.0.0.1"); err != nil {
			t.Fatal(err)
		}
		for id, kept := range map[string]bool{"f0": false, "f1": false, "f2": true, "f2001": true, "p1": true} {
			if _, _, _, err := e.LoadPlan(ctx, id); (err == nil) != kept {
				t.Errorf("after 2,002 plans of one address %s: %v", id, err)
			}
		}
		_, _, _, err = e.LoadPlan(ctx, "p{3}\n*")
		refused(t, err, charging.CodeUnknownPlan)
	})
}
