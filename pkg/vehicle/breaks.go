package vehicle

// Breaks are the states of charge at which the charging power stops rising, starts
// falling, or falls faster: the ends of the session's straight stretches, from low to
// high, 1 the last. Stopping to charge is best done at one of them, or as soon as there
// is enough.
func (s Session) Breaks() []float64 {
	var breaks []float64
	for _, p := range s.pieces {
		breaks = append(breaks, p.to)
	}
	return breaks
}
