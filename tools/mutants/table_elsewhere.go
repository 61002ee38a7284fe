package main

// everywhere are mistakes about whose word is believed for a vehicle that has asked
// another company, and about what is passed on (docs/adr/0020-every-server-knows-every-trip.md).
func everywhere() []mutant {
	at := func(room, file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + room + "/" + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{room}}
	}
	return []mutant{
		at("identity", "jws.go", "if !ed25519.Verify(key, []byte(token[:strings.LastIndexByte(token, '.')]), signature) {", "if len(key)+len(signature) == 0 {", "nobody looks at a signature"),
		at("identity", "jws.go", "case head.Algorithm != algorithm:", "case false:", "a text of any algorithm is taken for one of Ed25519"),
		at("identity", "jws.go", "case head.Critical != nil:", "case false:", "a header with what a reader must know is read without"),
		at("identity", "jws.go", ".Strict()", "", "a signature has several texts"),
		at("identity", "jws.go", "if err == nil && head.Type != typ {", "if err == nil && false {", "a pass is taken for a ticket"),
		at("identity", "proof.go", "|| c.Audience != peer {", "{", "a company shows what another was shown"),
		at("identity", "proof.go", "if c.Vehicle != id || c.Audience != peer {", "if c.Audience != peer {", "a vehicle's proof is any vehicle's"),
		at("identity", "proof.go", "if err := s.vouched(ctx, id, c.Issuer); err != nil {", "if err := s.vouched(ctx, id, id.Issuer()); err != nil {", "a company proves that another's vehicle asks"),
		at("identity", "proof.go", "if s.o.Revoked.Revoked(who) {", "if false {", "a revoked vehicle is vouched for"),
		at("identity", "proof.go", "|| !now.Before(expires) {", "{", "a proof has no end"),
		at("identity", "proof.go", "if expires.Sub(issued) > proofOfSecret || ", "if ", "a proof is good for as long as it says"),
		at("identity", "proof.go", "case who.Kind != Vehicle || who.Via != \"\":", "case who.Kind != Vehicle:", "what a company asks for a vehicle is passed on again"),
		at("identity", "proof.go", "who.Via = peer\n", "", "who is asked for looks like who asks"),
		at("identity", "proof.go", "string(id), string(from), string(to), at}", "string(id), at}", "a configured vehicle's proof is any company's, for any"),
		at("identity", "proof.go", "time.Unix(seconds, 0)).Abs() > proofShown {", "time.Unix(seconds, 0)).Abs() < 0 {", "a configured vehicle's proof has no end"),
		at("elsewhere", "trips.go", "if got.ID != id || ", "if ", "a company answers with another trip"),
		at("elsewhere", "trips.go", "got.VehicleID != v || ", "", "a company answers with another vehicle's trip"),
		at("elsewhere", "trips.go", "if t.busy[v] >= t.o.Each {", "if false {", "one vehicle takes all places"),
		at("elsewhere", "trips.go", "case charging.CodePeerUnavailable, charging.CodeUnauthenticated:", "case charging.CodePeerUnavailable:", "a vehicle is told that its secret is wrong where its server's is"),
		at("elsewhere", "find.go", "t.refused.put(k, refused, t.o.Now().Add(refusedFor))\n", "", "the same unknown trip is searched again and again"),
		at("elsewhere", "find.go", "if b.spent+1 > most {", "if false {", "random ids flood the peers"),
		at("elsewhere", "find.go", "k := t.o.Now(), asked{who.Vehicle, id}", "k := t.o.Now(), asked{\"\", id}", "what one may not see is nobody's"),
		at("elsewhere", "away.go", "if !q.safe() && !undone(cause) {", "if !q.safe() && undone(cause) {", "a lost answer is told as nothing done"),
		at("elsewhere", "list.go", "if one.VehicleID != who.Vehicle || one.Origin != company ||", "if one.VehicleID != who.Vehicle ||", "a company lists another's trips"),
		at("elsewhere", "list.go", "if one.VehicleID != who.Vehicle || ", "if ", "a list has another vehicle's trips"),
		at("elsewhere", "feed.go", "if e.VehicleID == v && (", "if (", "a stream tells of another vehicle"),
		at("elsewhere", "feed.go", "*last = e.ID\n", "", "a stream is not resumed where it was"),
		at("elsewhere", "feed.go", "if !asked || was != heard {", "if !asked || was == was {", "each attempt is told as news"),
		at("bell", "bell.go", "b.timer.Reset(b.delay)", "b.timer.Reset(0)", "all readers are woken at once"),
		at("door", "listener.go", "time.Sleep(breather)\n", "", "refusing a flood takes a core"),
		at("events", "item.go", "if r.foreign && !(f.Everywhere && f.Only != \"\" && r.event.VehicleID == f.Only) {", "if r.foreign && r.event.VehicleID != f.Only {", "what one company tells comes back to it, and again"),
	}
}
