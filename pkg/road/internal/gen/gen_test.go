package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eletrovia/eletrovia/pkg/geo"
	"github.com/eletrovia/eletrovia/pkg/road"
)

func TestTownOf(t *testing.T) {
	tests := []struct {
		label, name string
		toward      bool
	}{
		{"entr pb-041 (mamanguape)", "mamanguape", false},
		{"entr pb-018 (p/conde)", "conde", true},
		{"entr br-101/230 (acesso norte joao pessoa)", "joao pessoa", false},
		{"acesso norte de horizonte", "horizonte", false},
		{"entr rn-063/002(a) (sao jose de mipibu/nisia floresta)", "sao jose de mipibu", false},
		{"humildes", "humildes", false},
	}
	for _, tt := range tests {
		if name, toward := townOf(tt.label); name != tt.name || toward != tt.toward {
			t.Errorf("townOf(%q) = %q, %v, want %q, %v", tt.label, name, toward, tt.name, tt.toward)
		}
	}
}

func TestOneOff(t *testing.T) {
	for _, pair := range [][2]string{{"manuel vitorino", "manoel vitorino"}, {"igarassu", "igarasu"}, {"abc", "abcd"}} {
		if !oneOff(pair[0], pair[1]) || !oneOff(pair[1], pair[0]) {
			t.Errorf("%q and %q are one letter apart", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"abc", "abc"}, {"abc", "abxyz"}, {"abcd", "badc"}} {
		if oneOff(pair[0], pair[1]) {
			t.Errorf("%q and %q are not one letter apart", pair[0], pair[1])
		}
	}
}

// A small country: a road of 100 km over an unnamed junction, a planned road that
// must not appear, and a namesake in the wrong place.
const (
	towns = "codigo_ibge,nome,latitude,longitude,capital,codigo_uf,siafi_id,ddd,fuso_horario\n" +
		"1,Alfa,-7,-35,1,25,0,0,x\n2,Beta,-7,-35.8,0,25,0,0,x\n3,Gama,-9,-38,0,25,0,0,x\n"
	segments = "br,uf,tipo,c,cod,inicio,fim,km_i,km_f,ext,sf,o,f,a,at,e,se,j,superficie,u\n" +
		"001,PB,Eixo Principal,-,x,ENTR PB-1 (ALFA),ENTR PB-2,0,25,25,,,,,,,,,PAV,\n" +
		"001,PB,Eixo Principal,-,x,ENTR PB-2,ENTR PB-3 (GAMA),25,75,50,,,,,,,,,PAV,\n" +
		"001,PB,Eixo Principal,-,x,ENTR PB-3 (GAMA),ENTR PB-4 (BETA),75,100,25,,,,,,,,,PAV,\n" +
		"001,PB,Eixo Principal,-,x,ENTR PB-1 (ALFA),ENTR PB-4 (BETA),0,90,90,,,,,,,,,PLA,\n"
)

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	path := func(name, text string) string {
		p := filepath.Join(dir, name)
		if text != "" {
			if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return p
	}
	places, network := path("places.tsv", ""), path("network.tsv", "")
	err := build(path("m.csv", towns), path("s.csv", segments), path("l.tsv", "# none\n"), places, network)
	if err != nil {
		t.Fatal(err)
	}
	n, err := road.Parse(read(t, places), read(t, network))
	if err != nil {
		t.Fatal(err)
	}
	r, err := n.Route(geo.Point{Lat: -7, Lon: -35}, geo.Point{Lat: -7, Lon: -35.8})
	if err != nil {
		t.Fatal(err)
	}
	if want := 100 + capitalKm + townKm; r.Km < want-0.1 || r.Km > want+0.1 {
		t.Errorf("%.1f km, want the %.1f of the built road", r.Km, want)
	}
	if strings.Contains(read(t, network), "-38.0") {
		t.Error("a junction was put at a namesake 350 km away")
	}
}

func TestBuildRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"m.csv": towns, "s.csv": segments, "l.tsv": "PB-9\t60\tAlfa-PB\t10\tNowhere-PB\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	err := build(in("m.csv"), in("s.csv"), in("l.tsv"), in("p"), in("n"))
	if err == nil || !strings.Contains(err.Error(), `l.tsv:1: no town "Nowhere-PB"`) {
		t.Errorf("error %v, want file, line and town", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
