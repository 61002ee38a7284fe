// Command gen builds the road network that package road embeds.
//
// It reads three tables of facts, named by arguments, and writes two:
//
//		gen -municipalities M.csv -highways S.csv -links links.tsv -places places.tsv -network network.tsv
//
//	  - -municipalities: IBGE code, name, latitude, longitude, capital, state code
//	    (github.com/kelvins/municipios-brasileiros, MIT)
//	  - -highways: segments of federal highways, with kilometres (DNIT, Sistema
//	    Nacional de Viação, federal open data)
//	  - -links: state highways that matter and are not in it; the project's own
//	    table, beside this program
//
// How it gets from names to a graph is told at [survey], [survey.settle] and
// [survey.localRoads].
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	municipalities := flag.String("municipalities", "", "table of municipalities, CSV")
	highways := flag.String("highways", "", "table of federal highway segments, CSV")
	links := flag.String("links", "", "table of state highways, TSV")
	places := flag.String("places", "places.tsv", "places to write")
	network := flag.String("network", "network.tsv", "network to write")
	flag.Parse()
	if *municipalities == "" || *highways == "" || *links == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := build(*municipalities, *highways, *links, *places, *network); err != nil {
		log.Fatalf("gen: %v", err)
	}
}

func build(municipalities, highways, links, places, network string) error {
	towns, err := readTowns(municipalities)
	if err != nil {
		return err
	}
	segments, err := readSegments(highways)
	if err != nil {
		return err
	}
	s := newSurvey(towns)
	s.addSegments(segments)
	s.settle()
	s.localRoads()
	if err := s.addLinks(links); err != nil {
		return err
	}
	s.joinIslands()
	s.contract()
	if err := writePlaces(places, towns); err != nil {
		return err
	}
	return s.write(network)
}

func writePlaces(path string, towns []town) error {
	return writeFile(path, func(w *bufio.Writer) {
		fmt.Fprint(w, "# Municipalities of Brazil's Northeast: name, state, latitude and longitude of the seat (degrees).\n"+
			"# Facts: IBGE by way of github.com/kelvins/municipios-brasileiros (MIT). Written by road/internal/gen; do not edit.\n")
		for _, t := range towns {
			fmt.Fprintf(w, "%s\t%s\t%.4f\t%.4f\n", t.name, t.uf, t.at.Lat, t.at.Lon)
		}
	})
}

func (s *survey) write(path string) error {
	return writeFile(path, func(w *bufio.Writer) {
		fmt.Fprint(w, "# Roads of Brazil's Northeast. N: a junction (latitude, longitude), numbered after the places of places.tsv.\n"+
			"# E: an edge (node, node, kilometres, km/h, road; \"-\" is a local road, estimated from the great circle).\n"+
			"# Facts: DNIT, Sistema Nacional de Viacao (federal open data), and road/internal/gen/links.tsv.\n"+
			"# Written by road/internal/gen; do not edit.\n")
		number := make(map[int]int, len(s.nodes))
		for i := range s.towns {
			number[i] = i
		}
		next := len(s.towns)
		for i := len(s.towns); i < len(s.nodes); i++ {
			if s.nodes[i].alive {
				number[i] = next
				next++
				fmt.Fprintf(w, "N\t%.4f\t%.4f\n", s.nodes[i].at.Lat, s.nodes[i].at.Lon)
			}
		}
		for _, e := range s.edges {
			fmt.Fprintf(w, "E\t%d\t%d\t%.1f\t%.0f\t%s\n", number[e.a], number[e.b], e.km, e.km/e.hours, e.road)
		}
	})
}

func writeFile(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fill(w)
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
