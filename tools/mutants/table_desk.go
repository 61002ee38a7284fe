package main

// desk are mistakes in the near company.
func desk() []mutant {
	at := func(file, old, now, unnoticed string) mutant {
		return mutant{File: rooms + file, Old: old, New: now, Unnoticed: unnoticed, Tests: []string{"desk"}}
	}
	return []mutant{
		at("desk/settle.go", "case outcome == charging.OutcomeAborted:\n\t\treturn d.o.Calendar.Hold(ctx, h)", "case outcome == charging.OutcomeAborted:\n\t\treturn charging.Grant{}, refused", "a stop of an aborted trip stays taken"),
		at("desk/settle.go", "c.Settled = true", "", "a refusal that is final is tried again and again"),
		at("desk/check.go", "return min(max(asked, d.o.MinTTL), d.o.MaxTTL)", "return asked", "a peer holds a stop as long as it likes"),
		at("desk/check.go", "if err == nil && long == nil ||", "if err == nil ||", "a window is as long as anybody likes"),
		at("desk/check.go", "	if err == nil {\n		err = long\n	}\n", "", "a new window that is too long is taken for a repeat"),
		at("desk/move.go", "if err := d.tooLong(m.To, m.EVSEID, s, \"to.\"); err != nil {", "if err := d.tooLong(m.To, m.EVSEID, s, \"to.\"); false {", "a window is made longer than any by a move"),
		at("desk/quota.go", "origin != d.o.Company && ", "", "a company's share limits its own trips"),
		at("desk/ticket.go", "if h.Leg == 1 {\n\t\t\th.Stamp,", "if true {\n\t\t\th.Stamp,", "a later stop issues a ticket"),
	}
}
