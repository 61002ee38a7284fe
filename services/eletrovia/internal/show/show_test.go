package show

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for got, want := range map[string]string{
		Minutes(45.4): "45 min", Minutes(59.6): "1 h 00", Minutes(837): "13 h 57",
		Percent(0.716): "72%", Percent(0.105) + Percent(0.1+0.005): "11%11%", Price(247.325, "BRL"): "R$247.32", Price(3, "USD"): "3.00 USD",
		PriceChange(8): "+R$8.00", PriceChange(-3.5): "-R$3.50",
		Clock(time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)): "23 Nov 22:30",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBatteryIsAlwaysAsWide(t *testing.T) {
	p := Printer{Mode: Fancy}
	for _, c := range [][2]float64{{0, 0}, {0, 1}, {1, 1}, {0.12, 0.72}, {0.5, 0.4}, {-1, 2}, {0.99, 1}} {
		bar := p.Battery(c[0], c[1])
		if n := len([]rune(bar)); n != barCells {
			t.Errorf("%v: %d cells: %s", c, n, bar)
		}
	}
	if got := p.Battery(0.1, 0.6); got != "██▓▓▓▓▓▓▓▓▓▓░░░░░░░░" {
		t.Error(got)
	}
	if got := (Printer{}).Battery(0.1, 0.6); got != "" {
		t.Errorf("a bar where plain: %q", got)
	}
}

func TestModes(t *testing.T) {
	var out bytes.Buffer
	for mode, want := range map[Mode]string{Plain: "A\tB\n1\t2\n", JSON: "{\n  \"a\": \"<1>\"\n}\n"} {
		out.Reset()
		p := Printer{Out: &out, Mode: mode, Colour: true}
		done, err := p.JSON(map[string]string{"a": "<1>"})
		if err != nil || done != (mode == JSON) {
			t.Fatalf("mode %d: %v, %v", mode, done, err)
		}
		if !done {
			p.Table([]string{"a", "b"}, [][]string{{"1", p.Bad("2")}})
		}
		if out.String() != want {
			t.Errorf("mode %d: %q", mode, out.String())
		}
	}
	out.Reset()
	p := Printer{Out: &out, Mode: Fancy, Colour: true}
	p.Table([]string{"a"}, [][]string{{p.Good("x")}})
	p.Next("do this")
	if !strings.Contains(out.String(), "╭") || !strings.Contains(out.String(), "\x1b[") || !strings.Contains(out.String(), "do this") {
		t.Errorf("%q", out.String())
	}
}

func TestCleanTakesOutControl(t *testing.T) {
	if got := Clean("a\u202eb\u200dc\u2028d"); got != "a b c d" {
		t.Errorf("Clean leaves %q", got)
	}
	if got := Clean("a\x1b[31mb\u009bc\nd ção"); got != "a [31mb c d ção" {
		t.Errorf("%q", got)
	}
}
