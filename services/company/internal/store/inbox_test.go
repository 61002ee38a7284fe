package store_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

func TestLettersGoToTheHolderOfTheLease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		for i, body := range []string{`{"a":"x|y"}`, `{}`} {
			if forwarded, err := e.Forward(ctx, tr.ID, trip.Forwarded{ID: "id-" + strconv.Itoa(i), Body: []byte(body)}, time.Minute); err != nil || !forwarded {
				t.Fatalf("forwarded %v: %v", forwarded, err)
			}
		}
		pending, err := e.Pending(ctx, tr.ID)
		if err != nil || len(pending) != 2 || pending[0].ID != "id-0" || string(pending[0].Body) != `{"a":"x|y"}` {
			t.Fatalf("%+v, %v", pending, err)
		}
		if answer, free, err := e.Result(ctx, tr.ID, "id-0"); answer != nil || free || err != nil {
			t.Fatalf("before the answer: %q free %v, %v", answer, free, err)
		}
		if err := e.Reply(ctx, tr.ID, pending[0], []byte("done")); err != nil {
			t.Fatal(err)
		}
		if answer, _, err := e.Result(ctx, tr.ID, "id-0"); !bytes.Equal(answer, []byte("done")) || err != nil {
			t.Fatalf("after the answer: %q, %v", answer, err)
		}
		if pending, err = e.Pending(ctx, tr.ID); err != nil || len(pending) != 1 || pending[0].ID != "id-1" {
			t.Fatalf("left: %+v, %v", pending, err)
		}
		e.leaseOver(t, tr.ID)
		if _, free, err := e.Result(ctx, tr.ID, "id-1"); !free || err != nil {
			t.Errorf("nobody has the lease: free %v, %v", free, err)
		}
		if forwarded, err := e.Forward(ctx, tr.ID, trip.Forwarded{ID: "id-2"}, time.Minute); forwarded || err != nil {
			t.Errorf("forwarded to nobody: %v, %v", forwarded, err)
		}
	})
}

func TestLettersHaveTheirTimeAndBound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		if _, err := e.Forward(ctx, tr.ID, trip.Forwarded{ID: "late"}, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Millisecond)
		if pending, err := e.Pending(ctx, tr.ID); err != nil || len(pending) != 0 {
			t.Fatalf("%+v, %v", pending, err)
		}
		var err error
		n := 0
		for ; n < 1000 && err == nil; n++ {
			_, err = e.Forward(ctx, tr.ID, trip.Forwarded{ID: strconv.Itoa(n)}, time.Minute)
		}
		refused(t, err, charging.CodeRateLimited)
		if pending, _ := e.Pending(ctx, tr.ID); len(pending) != n-1 {
			t.Errorf("%d of %d pending lie there", len(pending), n-1)
		}
		_, err = e.Forward(ctx, "019a0000-0000-7000-8000-0000000000ff", trip.Forwarded{ID: "x"}, time.Minute)
		refused(t, err, charging.CodeUnknownTrip)
		_, _, err = e.Result(ctx, "019a0000-0000-7000-8000-0000000000ff", "x")
		refused(t, err, charging.CodeUnknownTrip)
	})
}
