package broker

// ClientState is a connected client, and what waits for it.
type ClientState struct {
	Principal
	// ClientID is what it calls itself.
	ClientID string
	// PendingBytes wait to be read by it, InFlight deliveries for its acknowledgement.
	PendingBytes, InFlight int
}

// Clients are those that are connected now. It looks at every session.
func (b *Broker) Clients() []ClientState {
	var all []ClientState
	for _, cl := range b.server.Clients.GetAll() {
		p, id, ok := principalOf(cl.ID)
		if !ok || cl.Closed() {
			continue
		}
		s := ClientState{Principal: p, ClientID: id, InFlight: cl.State.Inflight.Len()}
		if c, ok := cl.Net.Conn.(*conn); ok {
			s.PendingBytes = c.waiting()
		}
		all = append(all, s)
	}
	return all
}

// waiting is how much has not been written yet, in bytes.
func (c *conn) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}
