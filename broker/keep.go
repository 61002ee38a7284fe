package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	pebbledb "github.com/cockroachdb/pebble"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/storage"
	"github.com/mochi-mqtt/server/v2/hooks/storage/pebble"
	"github.com/mochi-mqtt/server/v2/packets"
)

// What outlives the process, in Options.Dir:
//
//	sessions/  clients that asked for a session, their subscriptions, and what
//	           they have not acknowledged; on disk before it is sent
//	retained/  retained messages; on disk soon after, for the company publishes
//	           its open trips again when it starts
//
// Both are the server's own pebble hooks, less what those get wrong (v2.7.9).

// sessions keeps what belongs to a client. The hook below it stores
// acknowledgements over the delivery of the same packet id, subscriptions that
// were refused, and clients that want nothing kept: this leaves them out.
type sessions struct {
	*pebble.Hook
	guard *guard
}

// ID names the hook in the server's logs.
func (s sessions) ID() string { return "sessions" }

// Provides says which hooks are to be called.
func (s sessions) Provides(b byte) bool {
	switch b {
	case mqtt.OnSessionEstablished, mqtt.OnDisconnect, mqtt.OnSubscribed, mqtt.OnUnsubscribed, mqtt.OnWillSent,
		mqtt.OnQosPublish, mqtt.OnQosComplete, mqtt.OnQosDropped, mqtt.OnClientExpired,
		mqtt.StoredClients, mqtt.StoredSubscriptions, mqtt.StoredInflightMessages:
		return true
	}
	return false
}

// OnSessionEstablished keeps the session, or drops the one that a clean one
// takes the place of.
func (s sessions) OnSessionEstablished(cl *mqtt.Client, pk packets.Packet) {
	if !cl.Properties.Clean {
		s.Hook.OnSessionEstablished(cl, pk)
		return
	}
	if p, _, ok := principalOf(cl.ID); ok && s.guard.accounts.keeps(p, cl.ID) {
		s.Hook.OnClientExpired(cl)
	}
}

// OnDisconnect has nothing to add: the session is kept since it began, until it
// expires. (Also called for each stored client when the server starts.)
func (s sessions) OnDisconnect(*mqtt.Client, error, bool) {}

// OnWillSent notes that the will of a kept session is gone.
func (s sessions) OnWillSent(cl *mqtt.Client, pk packets.Packet) {
	if !cl.Properties.Clean {
		s.Hook.OnWillSent(cl, pk)
	}
}

// OnSubscribed keeps the filters that were granted.
func (s sessions) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	if cl.Properties.Clean {
		return
	}
	var filters packets.Subscriptions
	var granted []byte
	for i, code := range codes {
		if code < packets.ErrUnspecifiedError.Code {
			filters, granted = append(filters, pk.Filters[i]), append(granted, code)
		}
	}
	pk.Filters = filters
	s.Hook.OnSubscribed(cl, pk, granted)
}

// OnUnsubscribed drops filters.
func (s sessions) OnUnsubscribed(cl *mqtt.Client, pk packets.Packet) {
	if !cl.Properties.Clean {
		s.Hook.OnUnsubscribed(cl, pk)
	}
}

// OnQosPublish keeps a delivery.
func (s sessions) OnQosPublish(cl *mqtt.Client, pk packets.Packet, sent int64, resends int) {
	if !cl.Properties.Clean && pk.FixedHeader.Type == packets.Publish {
		s.Hook.OnQosPublish(cl, pk, sent, resends)
	}
}

// OnQosComplete drops a delivery that the client has acknowledged. What the
// server acknowledged itself carries the time of that: it was never kept.
func (s sessions) OnQosComplete(cl *mqtt.Client, pk packets.Packet) {
	if !cl.Properties.Clean && pk.Created == 0 {
		s.Hook.OnQosComplete(cl, pk)
	}
}

// OnQosDropped drops a delivery that will not be made.
func (s sessions) OnQosDropped(cl *mqtt.Client, pk packets.Packet) {
	if !cl.Properties.Clean {
		s.Hook.OnQosComplete(cl, pk)
	}
}

// StoredClients are the kept sessions, without wills: those of a life that
// ended are nobody's last word.
func (s sessions) StoredClients() ([]storage.Client, error) {
	all, err := s.Hook.StoredClients()
	kept := all[:0]
	for _, c := range all {
		p, _, ok := principalOf(c.ID)
		if !ok || c.Clean {
			continue
		}
		c.Will = storage.ClientWill{}
		s.guard.accounts.restore(p, c.ID)
		kept = append(kept, c)
	}
	return kept, err
}

// StoredSubscriptions are those of kept sessions, as far as they may be theirs:
// the rules may have changed.
func (s sessions) StoredSubscriptions() ([]storage.Subscription, error) {
	all, err := s.Hook.StoredSubscriptions()
	return slices.DeleteFunc(all, func(sub storage.Subscription) bool {
		p, _, ok := principalOf(sub.Client)
		return !ok || !p.mayRead(sub.Filter) || !s.guard.accounts.keeps(p, sub.Client)
	}), err
}

// retained keeps retained messages.
type retained struct{ *pebble.Hook }

// ID names the hook in the server's logs.
func (r retained) ID() string { return "retained" }

// Provides says which hooks are to be called.
func (r retained) Provides(b byte) bool {
	switch b {
	case mqtt.OnRetainMessage, mqtt.OnRetainedExpired, mqtt.StoredRetainedMessages:
		return true
	}
	return false
}

// silent is a pebble logger; what is wrong comes back as an error too.
type silent struct{}

func (silent) Infof(string, ...any)      {}
func (silent) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }

// keepIn makes the server keep sessions and retained messages in a directory.
func (b *Broker) keepIn(dir string) error {
	hook := func(name string, mode string) (*pebble.Options, error) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("broker: the directory for %s: %w", name, err)
		}
		return &pebble.Options{Path: path, Mode: mode, Options: &pebbledb.Options{Logger: silent{}}}, nil
	}
	for _, h := range []struct {
		hook mqtt.Hook
		name string
		mode string
	}{
		{sessions{new(pebble.Hook), b.guard}, "sessions", pebble.Sync},
		{retained{new(pebble.Hook)}, "retained", pebble.NoSync},
	} {
		o, err := hook(h.name, h.mode)
		if err != nil {
			return err
		}
		if err := b.server.AddHook(h.hook, o); err != nil {
			return fmt.Errorf("broker: %s in %s cannot be opened: %w (does another server use the directory?)", h.name, dir, err)
		}
		b.stores = append(b.stores, h.hook)
	}
	return nil
}

// closeStores is for a broker that did not start; one that did closes them
// itself.
func (b *Broker) closeStores() error {
	var errs []error
	for _, s := range b.stores {
		errs = append(errs, s.Stop())
	}
	b.stores = nil
	return errors.Join(errs...)
}

// recount makes the server's figures those of what it has read back.
func (b *Broker) recount() {
	var subscriptions int64
	for _, cl := range b.server.Clients.GetAll() {
		subscriptions += int64(cl.State.Subscriptions.Len())
	}
	atomic.StoreInt64(&b.server.Info.Subscriptions, subscriptions)
}
