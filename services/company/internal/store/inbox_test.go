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
			if posted, err := e.Post(ctx, tr.ID, trip.Letter{ID: "id-" + strconv.Itoa(i), Body: []byte(body)}, time.Minute); err != nil || !posted {
				t.Fatalf("posted %v: %v", posted, err)
			}
		}
		letters, err := e.Letters(ctx, tr.ID)
		if err != nil || len(letters) != 2 || letters[0].ID != "id-0" || string(letters[0].Body) != `{"a":"x|y"}` {
			t.Fatalf("%+v, %v", letters, err)
		}
		if answer, free, err := e.Replied(ctx, tr.ID, "id-0"); answer != nil || free || err != nil {
			t.Fatalf("before the answer: %q free %v, %v", answer, free, err)
		}
		if err := e.Reply(ctx, tr.ID, letters[0], []byte("done")); err != nil {
			t.Fatal(err)
		}
		if answer, _, err := e.Replied(ctx, tr.ID, "id-0"); !bytes.Equal(answer, []byte("done")) || err != nil {
			t.Fatalf("after the answer: %q, %v", answer, err)
		}
		if letters, err = e.Letters(ctx, tr.ID); err != nil || len(letters) != 1 || letters[0].ID != "id-1" {
			t.Fatalf("left: %+v, %v", letters, err)
		}
		e.leaseOver(t, tr.ID)
		if _, free, err := e.Replied(ctx, tr.ID, "id-1"); !free || err != nil {
			t.Errorf("nobody has the lease: free %v, %v", free, err)
		}
		if posted, err := e.Post(ctx, tr.ID, trip.Letter{ID: "id-2"}, time.Minute); posted || err != nil {
			t.Errorf("posted to nobody: %v, %v", posted, err)
		}
	})
}

func TestLettersHaveTheirTimeAndBound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		tr := created(t, e)
		if _, err := e.Post(ctx, tr.ID, trip.Letter{ID: "late"}, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Millisecond)
		if letters, err := e.Letters(ctx, tr.ID); err != nil || len(letters) != 0 {
			t.Fatalf("%+v, %v", letters, err)
		}
		var err error
		n := 0
		for ; n < 1000 && err == nil; n++ {
			_, err = e.Post(ctx, tr.ID, trip.Letter{ID: strconv.Itoa(n)}, time.Minute)
		}
		refused(t, err, charging.CodeRateLimited)
		if letters, _ := e.Letters(ctx, tr.ID); len(letters) != n-1 {
			t.Errorf("%d of %d letters lie there", len(letters), n-1)
		}
		_, err = e.Post(ctx, "019a0000-0000-7000-8000-0000000000ff", trip.Letter{ID: "x"}, time.Minute)
		refused(t, err, charging.CodeUnknownTrip)
		_, _, err = e.Replied(ctx, "019a0000-0000-7000-8000-0000000000ff", "x")
		refused(t, err, charging.CodeUnknownTrip)
	})
}
