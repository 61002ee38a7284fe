package road

// visit is a node on its way into a tree.
type visit struct {
	node  int32
	hours float32
}

// frontier is the queue of Dijkstra's algorithm: a binary heap, the nearest first.
// (container/heap allocates at each push.)
type frontier []visit

func (f *frontier) push(v visit) {
	h := append(*f, v)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].hours <= v.hours {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = v
	*f = h
}

// pop takes the nearest visit of a frontier that is not empty.
func (f *frontier) pop() visit {
	h := *f
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*f = h
	if len(h) == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].hours < h[child].hours {
			child++
		}
		if h[child].hours >= last.hours {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = last
	return first
}
