package saga

// Kill ends a server as a power cut does: what is in flight stops where it is
// and writes nothing more.
func (c *Coordinator) Kill() { c.kill() }
