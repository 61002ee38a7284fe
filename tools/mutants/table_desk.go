package main

// desk are mistakes in the near company.
func desk() []mutant {
	at := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"desk"}}
	}
	return []mutant{
		at("desk/settle.go", "case outcome == charging.OutcomeAborted:\n\t\treturn d.o.Calendar.Hold(ctx, h)", "case outcome == charging.OutcomeAborted:\n\t\treturn charging.Grant{}, refused", "a stop of an aborted trip stays taken"),
		at("desk/settle.go", "c.Settled = true", "", "a refusal that is final is tried again and again"),
		at("desk/hold.go", "h.Want = req.ClaimedAs()", "h.Want = charging.Claimed", "a claim that reserves leaves a CLAIMED, and every trip asks again"),
		at("desk/ticket.go", "\t\tif claim {\n", "\t\tif false {\n", "a claim that reserves gets in without a ticket"),
		at("desk/check.go", "return min(max(asked, d.o.MinTTL), d.o.MaxTTL)", "return asked", "a peer holds a stop as long as it likes"),
		at("desk/ticket.go", "case age > d.o.AcceptedLife+d.o.MaxTicketSkew:", "case age > 1<<62:", "a stamp of 1970 is older than everybody"),
		at("desk/ticket.go", "now.Add(d.ahead(t.Issuer)).Sub(", "now.Sub(", "a stamp is judged by another clock than its issuer's"),
		at("desk/ticket.go", "return min(max(d.o.Ahead(issuer), -d.o.MaxTicketSkew), d.o.MaxTicketSkew)", "return d.o.Ahead(issuer)", "an issuer says itself how far its stamps may be off"),
		at("desk/ticket.go", "if issuer == d.o.Company {\n\t\treturn 0\n\t}\n", "", "the own tickets are held to another rule"),
		at("desk/ticket.go", "had.Issuer == t.Issuer && ", "", "a trip shows two issuers' tickets"),
		at("desk/suspend.go", "if l.Origin != origin {\n\t\t\tcontinue\n\t\t}\n", "", "a suspension ends everybody's holds"),
		at("desk/suspend.go", "}}, charging.OutcomeUnknown))", "}}, charging.OutcomeAborted))", "a suspension ends what has just been confirmed"),
		at("desk/hold.go", "err = d.barred(h.Origin)", "", "a new location grants a suspended company what it wants"),
		at("desk/ticket.go", "if err := d.believed(t.Issuer); err != nil {\n\t\treturn t, err\n\t}\n", "", "another company brings a suspended one's tickets"),
		at("desk/actions.go", "err = d.barred(at.Origin)", "", "a suspended company keeps a hold that was overlooked"),
		at("desk/check.go", "if err == nil && long == nil ||", "if err == nil ||", "a window is as long as anybody likes"),
		at("desk/check.go", "	if err == nil {\n		err = long\n	}\n", "", "a new window that is too long is taken for a repeat"),
		at("desk/move.go", "if err := d.tooLong(m.To, m.EVSEID, s, \"to.\"); err != nil {", "if err := d.tooLong(m.To, m.EVSEID, s, \"to.\"); false {", "a window is made longer than any by a move"),
		at("desk/quota.go", "origin != d.o.Company && ", "", "a company's share limits its own trips"),
		at("desk/ticket.go", "if h.Leg == 1 {\n\t\t\th.Stamp,", "if true {\n\t\t\th.Stamp,", "a later stop issues a ticket"),
	}
}
