package saga

import (
	"context"
	"time"
)

// Journal is the durable memory of the runs of one company. T is a record, E a
// line of its log. Every write names the record's epoch and owner, which the
// record carries; a write by a former owner is refused with STALE_OWNER and
// changes nothing.
type Journal[T, E any] interface {
	// Create writes a new record with epoch 1 and a lease for its owner. To create
	// the same id again changes nothing and succeeds. Create may give the lines
	// their number in the log, and so may Save, Park and Finish.
	Create(ctx context.Context, t T, lease time.Duration, lines []E) error
	// Save replaces the record, appends the lines and renews the lease, in one
	// step. Whoever owns the record must look at it again when it is due.
	Save(ctx context.Context, t T, lease time.Duration, due time.Time, lines []E) error
	// Park is Save for a record that is left until it is due: it gives the lease
	// back in the same step.
	Park(ctx context.Context, t T, due time.Time, lines []E) error
	// Finish is Save for a record that needs no more work: it gives the lease
	// back, and takes the record off the list of open work, in the same step.
	Finish(ctx context.Context, t T, lines []E) error
	// Load reads a record. UNKNOWN_TRIP.
	Load(ctx context.Context, id ID) (T, error)
	// Acquire gives the owner one record, its epoch raised by one, when its lease
	// has ended or was given back. STALE_OWNER while another owner holds it.
	Acquire(ctx context.Context, id ID, owner string, lease time.Duration) (T, error)
	// TakeOver gives the owner up to limit records of the open work whose lease
	// has ended, each with its epoch raised by one. Records that come together
	// with an error are the owner's, too.
	TakeOver(ctx context.Context, owner string, lease time.Duration, limit int) ([]T, error)
	// KeepAlive renews the leases that the owner still holds, and returns the ids
	// of those that it has lost.
	KeepAlive(ctx context.Context, owner string, lease time.Duration, ids []ID) ([]ID, error)
	// Raise gives the owner of the lease an epoch above atLeast. It is asked after
	// a participant has refused an epoch because it had seen a higher one.
	Raise(ctx context.Context, t T, atLeast int64) (int64, error)
}

// Inbox carries commands to the server of the company that holds a run's lease.
// A command is read by whoever holds the lease when it is read, so it survives
// the death of the server that it was meant for.
type Inbox interface {
	// Forward leaves a command for the holder of the lease. forwarded is false, and
	// nothing is left, when nobody holds it. A command is dropped after its life.
	Forward(ctx context.Context, id ID, l Forwarded, life time.Duration) (forwarded bool, err error)
	// Pending reads what was not answered yet, oldest first.
	Pending(ctx context.Context, id ID) ([]Forwarded, error)
	// Reply answers a command and takes it out.
	Reply(ctx context.Context, id ID, l Forwarded, answer []byte) error
	// Result looks for the answer, nil while there is none; free says that
	// nobody holds the lease.
	Result(ctx context.Context, id ID, command string) (answer []byte, free bool, err error)
}

// Forwarded is a command as it lies in an Inbox. It is delivered at least once.
type Forwarded struct {
	// ID is that of the command: a run carries each out once.
	ID string
	// Body is the command, as its Kind writes it.
	Body []byte
	// Expires is when nobody waits for the answer any more: milliseconds since
	// 1970 by the clock of the store, which sets it.
	Expires int64
}
