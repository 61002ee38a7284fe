// Package road knows the places of Brazil's Northeast and the roads between them.
//
// The network is an undirected graph that is embedded in the binary: the seats of
// the 1,794 municipalities, the junctions of the federal highways with the
// kilometres of the Sistema Nacional de Viação, a few state highways, and local
// roads estimated from the great circle. Any point within 60 km of a road is a
// valid origin or destination. README.md names the sources and what the graph
// ignores; internal/gen builds the two data files.
package road

//go:generate go run ./internal/gen -municipalities $MUNICIPALITIES -highways $HIGHWAYS -links internal/gen/links.tsv -places places.tsv -network network.tsv
