package main

import (
	"fmt"
	"io"
)

// liveLine is one line of a terminal that is written over and over.
type liveLine struct {
	w    io.Writer
	last string
}

func newLiveLine(w io.Writer) *liveLine { return &liveLine{w: w} }

// set shows s instead of what stood there; nothing happens when it is the same.
func (l *liveLine) set(s string) {
	if s == l.last {
		return
	}
	l.last = s
	_, _ = fmt.Fprintf(l.w, "\r\x1b[K%s", s)
}

// clear leaves the line empty.
func (l *liveLine) clear() {
	if l.last != "" {
		_, _ = io.WriteString(l.w, "\r\x1b[K")
		l.last = ""
	}
}
