package planner

// Unthinned asks for a search of every station.
func Unthinned(r Request) Request {
	r.unthinned = true
	return r
}
