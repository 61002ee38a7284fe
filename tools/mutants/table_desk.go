package main

// desk are mistakes in the near company.
func desk() []mutant {
	at := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"desk"}}
	}
	return []mutant{
		at("desk/hold.go", "case outcome == charging.OutcomeAborted:\n\t\treturn hs.o.Calendar.Hold(ctx, h)", "case outcome == charging.OutcomeAborted:\n\t\treturn charging.Grant{}, refused", "a stop of an aborted trip stays taken"),
		at("desk/hold.go", "c.Settled = true", "", "a refusal that is final is tried again and again"),
		at("desk/hold.go", "h.Want = req.ClaimedAs()", "h.Want = charging.Claimed", "a claim that reserves leaves a CLAIMED, and every trip asks again"),
		at("desk/tickets.go", "\t\tif claim {\n", "\t\tif false {\n", "a claim that reserves gets in without a ticket"),
		at("desk/check.go", "return min(max(asked, r.o.MinTTL), r.o.MaxTTL)", "return asked", "a peer holds a stop as long as it likes"),
		at("desk/tickets.go", "case age > ts.o.AcceptedLife+ts.o.MaxTicketSkew:", "case age > 1<<62:", "a stamp of 1970 is older than everybody"),
		at("desk/tickets.go", "now.Add(ts.ahead(t.Issuer)).Sub(", "now.Sub(", "a stamp is judged by another clock than its issuer's"),
		at("desk/tickets.go", "return min(max(ts.o.Ahead(issuer), -ts.o.MaxTicketSkew), ts.o.MaxTicketSkew)", "return ts.o.Ahead(issuer)", "an issuer says itself how far its stamps may be off"),
		at("desk/tickets.go", "if issuer == ts.o.Company {\n\t\treturn 0\n\t}\n", "", "the own tickets are held to another rule"),
		at("desk/tickets.go", "had.Issuer == t.Issuer && ", "", "a trip shows two issuers' tickets"),
		at("desk/suspend.go", "if l.Origin != origin {\n\t\t\tcontinue\n\t\t}\n", "", "a suspension ends everybody's holds"),
		at("desk/suspend.go", "}}, charging.OutcomeUnknown))", "}}, charging.OutcomeAborted))", "a suspension ends what has just been confirmed"),
		at("desk/hold.go", "err = hs.rules.barred(h.Origin)", "", "a new location grants a suspended company what it wants"),
		at("desk/tickets.go", "if err := ts.believed(t.Issuer); err != nil {\n\t\treturn t, err\n\t}\n", "", "another company brings a suspended one's tickets"),
		at("desk/actions.go", "err = hs.rules.barred(at.Origin)", "", "a suspended company keeps a hold that was overlooked"),
		at("desk/check.go", "if err == nil && long == nil ||", "if err == nil ||", "a window is as long as anybody likes"),
		at("desk/check.go", "	if err == nil {\n		err = long\n	}\n", "", "a new window that is too long is taken for a repeat"),
		at("desk/move.go", "if err := hs.rules.tooLong(m.To, m.EVSEID, s, \"to.\"); err != nil {", "if err := hs.rules.tooLong(m.To, m.EVSEID, s, \"to.\"); false {", "a window is made longer than any by a move"),
		at("desk/quota.go", "origin != r.o.Company && ", "", "a company's share limits its own trips"),
		at("desk/tickets.go", "if h.Leg == 1 {\n\t\t\th.Stamp,", "if true {\n\t\t\th.Stamp,", "a later stop issues a ticket"),
	}
}
