package main

// trips are mistakes of the front desk and of the journal's lists.
func trips() []mutant {
	at := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"trips", "store"}}
	}
	return []mutant{
		at("trips/originator.go", "case l.CompanyID != from:\n\t\treturn charging.Refuse", "case false:\n\t\treturn charging.Refuse", "a company withdraws another's stop"),
		at("trips/originator.go", "return l.ReservationID == id && l.State != charging.Canceled", "return l.ReservationID == id", "a stop that was let go stays booked at its company"),
		at("trips/originator.go", "if coming(t, id) {\n\t\t\treturn charging.OutcomePending\n\t\t}", "", "a stop that is being taken counts as booked"),
		at("trips/promises.go", "l.CompanyID != at || ", "", "a company is told what others hold"),
		at("trips/start.go", "_ = s.Records.Dismiss(ctx, t.VehicleID, t.ID) // it was never journaled", "", "a trip that was turned away blocks its vehicle"),
		at("store/takeover.go", "return failed(ctx, \"list trip\", j.rdb.ZAdd(ctx, j.keys.open(), redis.Z{Score: float64(at), Member: id}).Err())", "return nil", "a reopened trip that nobody takes over"),
		at("store/takeover.go", "return !known || at < had, known", "return !known, known", "a trip that is due earlier is looked at late"),
		at("store/admit.go", "if there == over {\n\t\treturn j.Dismiss(ctx, a.VehicleID, id)\n\t}", "", "a vehicle whose trip is over cannot travel"),
	}
}
