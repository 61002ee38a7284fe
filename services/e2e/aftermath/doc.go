// Package aftermath tests what holds after CONFIRMED.
package aftermath
