package saga

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
)

// ID names a run. What runs here is always somebody's trip, so a run has the
// trip's id; the engine reads nothing else into it.
type ID = charging.TripID

// Machine is what one run does. The engine calls it from the goroutine of the
// run only, so a machine needs no lock.
type Machine[T any] interface {
	// Step moves the record along until something is due to be looked at again.
	// The engine calls it over and over. The error ends the run: ErrParked from
	// Park, Finish or GiveBack, and whatever Fatal reports true for.
	Step() error
	// Receive carries out a command, or says no, and answers it with Run.Answer.
	// Serve calls it. The error is one that ends the run.
	Receive(c Command[T]) error
}

// Kind is what the engine has to know of the records that it runs, and of the
// machines that run them. It knows nothing else of either.
type Kind[T, E any] interface {
	// Machine makes the machine of a run. taken is true for a record that another
	// owner began: its machine cannot know which calls were made, or answered.
	Machine(r *Run[T, E], taken bool) Machine[T]
	// Of is the id of a record.
	Of(t T) ID
	// Clone copies a record, so that the copy may be read while the run goes on.
	Clone(t T) T
	// Stamp notes in a record when it was last written.
	Stamp(t *T, at time.Time)
	// Done is where a record keeps the ids of the last commands carried out.
	Done(t *T) *[]string
	// Encode and Decode write what a command asks for another server, and read it.
	Encode(order any) ([]byte, error)
	Decode(body []byte) (any, error)
	// Aside is what the answer to a command says besides the record; it goes with
	// the answer to another server, which adds it to the record with WithAside.
	Aside(t T) (json.RawMessage, error)
	WithAside(t T, aside json.RawMessage) (T, error)
	// Words are the texts that people read.
	Words() Words
}

// Words are what people are told of runs, in their own terms.
type Words struct {
	// Noun is what a run is called: "trip".
	Noun string
	// Full refuses one run too many, Elsewhere a command for a run of another
	// server that cannot be reached from here, and Silent one that such a server
	// has not answered.
	Full, Elsewhere, Silent string
}

// Options of a Coordinator. Zero durations take the defaults.
type Options[T, E any] struct {
	// Owner names this server among its replicas and its lives: it is new at
	// every start.
	Owner string

	Journal Journal[T, E]
	// Inbox reaches the runs whose lease another server of the company holds;
	// nil where there is one server only.
	Inbox Inbox
	// Notify tells the other servers that a run has a command (OnNotify there). It
	// must not block, and may be lost: the holder is told again. May be nil.
	Notify func(ID)
	// Parked tells the other servers that this one, which stops, has given a
	// run back (Look there). It must not block, and may be nil.
	Parked func()
	// Publish is told of every record that is in the journal. It must not block.
	Publish func(T)
	// Steps is told which lines were written to a record's log, with their
	// numbers where the journal gives any. It must not block, nor change them.
	Steps func(T, []E)
	// Warn is told what an operator should know; may be nil.
	Warn func(msg string, id ID, err error)

	// CallTimeout bounds one remote call.
	CallTimeout time.Duration
	// Lease is how long a run is this server's without another write or renewal.
	Lease time.Duration
	// Poll is how often open work is looked for.
	Poll time.Duration
	// MaxInFlight runs go on at once; more are RATE_LIMITED.
	MaxInFlight int
}

// WithDefaults fills in what is zero.
func (o Options[T, E]) WithDefaults() Options[T, E] {
	o.CallTimeout = cmp.Or(o.CallTimeout, 1500*time.Millisecond)
	o.Lease = cmp.Or(o.Lease, 3*time.Second)
	o.Poll = cmp.Or(o.Poll, time.Second)
	o.MaxInFlight = cmp.Or(o.MaxInFlight, 4096)
	if o.Publish == nil {
		o.Publish = func(T) {}
	}
	if o.Steps == nil {
		o.Steps = func(T, []E) {}
	}
	if o.Parked == nil {
		o.Parked = func() {}
	}
	if o.Notify == nil {
		o.Notify = func(ID) {}
	}
	if o.Warn == nil {
		o.Warn = func(string, ID, error) {}
	}
	return o
}

// Validate refuses a configuration under which a run could be owned twice during
// one call.
func (o Options[T, E]) Validate() error {
	o = o.WithDefaults()
	var errs []error
	if o.Owner == "" || o.Journal == nil {
		errs = append(errs, errors.New("saga: Owner and Journal are required"))
	}
	if o.Lease <= o.CallTimeout {
		errs = append(errs, fmt.Errorf("saga: lease %s must be longer than the call time-out %s", o.Lease, o.CallTimeout))
	}
	return errors.Join(errs...)
}
