package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/eletrovia/eletrovia/pkg/geo"
)

// states are the IBGE codes of the Northeast's states.
var states = map[string]string{
	"21": "MA", "22": "PI", "23": "CE", "24": "RN", "25": "PB", "26": "PE", "27": "AL", "28": "SE", "29": "BA",
}

type town struct {
	name, uf string
	at       geo.Point
	capital  bool
}

// segment is one row of the highway table: a stretch of one highway in one state.
type segment struct {
	highway, uf, kind string
	from, to          string
	fromKm, toKm, km  float64
	paved             bool
}

func readTowns(path string) ([]town, error) {
	rows, err := readCSV(path, 9)
	if err != nil {
		return nil, err
	}
	var towns []town
	for i, r := range rows {
		at, err := geo.Parse(r[2] + "," + r[3])
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, i+2, err)
		}
		uf, ok := states[r[5]]
		if !ok {
			return nil, fmt.Errorf("%s: row %d: state code %q is not of the Northeast", path, i+2, r[5])
		}
		towns = append(towns, town{name: r[1], uf: uf, at: at, capital: r[4] == "1"})
	}
	return towns, nil
}

// readSegments leaves out what is planned (PLA) and what has no length.
func readSegments(path string) ([]segment, error) {
	rows, err := readCSV(path, 20)
	if err != nil {
		return nil, err
	}
	var segments []segment
	for i, r := range rows {
		surface := r[18]
		if surface != "PAV" && surface != "N_PAV" {
			continue
		}
		s := segment{highway: "BR-" + r[0], uf: r[1], kind: r[2], from: label(r[5]), to: label(r[6]), paved: surface == "PAV"}
		for _, f := range []struct {
			to   *float64
			text string
		}{{&s.fromKm, r[7]}, {&s.toKm, r[8]}, {&s.km, r[9]}} {
			if *f.to, err = strconv.ParseFloat(strings.ReplaceAll(f.text, ",", "."), 64); err != nil {
				return nil, fmt.Errorf("%s: row %d: %w", path, i+2, err)
			}
		}
		if s.km > 0 {
			segments = append(segments, s)
		}
	}
	return segments, nil
}

// label makes the two spellings of one junction alike.
func label(s string) string { return strings.Join(strings.Fields(fold(s)), " ") }

func readCSV(path string, columns int) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.FieldsPerRecord = columns
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows[1:], nil
}

var accents = strings.NewReplacer(
	"á", "a", "à", "a", "â", "a", "ã", "a", "é", "e", "ê", "e", "è", "e", "í", "i", "ó", "o", "ô", "o", "õ", "o",
	"ú", "u", "ü", "u", "ç", "c", "'", " ", "’", " ", "-", "-",
)

func fold(s string) string { return accents.Replace(strings.ToLower(s)) }
