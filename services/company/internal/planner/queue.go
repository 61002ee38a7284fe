package planner

// entry is an open label of A*, with the lower bound of the score that it leads to.
type entry struct {
	label int32
	bound float64
}

func (e entry) before(o entry) bool {
	if e.bound != o.bound {
		return e.bound < o.bound
	}
	return e.label < o.label
}

// queue is a binary heap, the lowest bound first. (container/heap allocates at each push.)
type queue []entry

func (q *queue) push(e entry) {
	h := append(*q, e)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
	*q = h
}

// pop takes the first entry of a queue that is not empty.
func (q *queue) pop() entry {
	h := *q
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
	i := 0
	for len(h) > 0 {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(last) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	return first
}
