// Package report draws what became of a fleet: one HTML file without anything
// outside it, for a browser, or its tables as Markdown.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/simulator/fleet"
)

//go:embed report.html
var page string

var pages = template.Must(template.New("report").Funcs(template.FuncMap{
	"count": count, "number": number,
}).Parse(page))

// Write makes a report: HTML, or Markdown where the name ends in .md.
func Write(name string, s fleet.Summary) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	write := HTML
	if strings.HasSuffix(name, ".md") {
		write = Markdown
	}
	if err := write(f, s); err != nil {
		f.Close()
		return fmt.Errorf("report %s: %w", name, err)
	}
	return f.Close()
}

// HTML writes the page with its plots.
func HTML(w io.Writer, s fleet.Summary) error {
	return pages.Execute(w, map[string]any{"S": s, "Facts": facts(s), "Tables": tables(s), "Plots": plots(s)})
}

// Markdown writes the tables.
func Markdown(w io.Writer, s fleet.Summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# The fleet of seed %d\n\n%s\n", s.Seed, verdict(s))
	for _, t := range append([]table{{"What", []string{"what", "how much"}, facts(s)}}, tables(s)...) {
		fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", t.Title, strings.Join(t.Head, " | "), strings.Repeat("---|", len(t.Head)))
		for _, row := range t.Rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// table is text in rows.
type table struct {
	Title string
	Head  []string
	Rows  [][]string
}

func verdict(s fleet.Summary) string {
	if s.Good() {
		return "What must hold has held: nobody was stranded who followed the plan, all books balance, no lock is left."
	}
	return fmt.Sprintf("%d cars were stranded that followed their plan, %d entries of the books do not balance, %d locks are left, %d trips are open.",
		s.StrandedFollowing, s.Imbalanced, max(s.LocksLeft, 0), max(s.TripsOpen, 0))
}

func facts(s fleet.Summary) [][]string {
	return [][]string{
		{"cars", count(s.Cars)},
		{"seed, fingerprint of the draws", fmt.Sprintf("%d, %s", s.Seed, s.Draws)},
		{"civil time", fmt.Sprintf("%s from %s, %g times real time", s.Civil.Round(time.Minute), s.Began.Format("2006-01-02 15:04Z"), s.Speed)},
		{"driven", number(s.Km) + " km"},
		{"charged, into batteries", number(s.KWh) + " kWh"},
		{"planned again on the road", count(s.Counts[fleet.Replanned])},
		{"connections lost, of these in dead zones", fmt.Sprintf("%d, %d", s.Counts[fleet.Disconnected], s.Counts[fleet.Dark])},
		{"proposals taken, refused", fmt.Sprintf("%d, %d", s.Counts[fleet.Accepted], s.Counts[fleet.Declined])},
		{"plugs tried where another car stood", count(s.Crowded)},
		{"wait at a stop, p50 / p90 / p99", fmt.Sprintf("%.0f / %.0f / %.0f min", s.Waits.P50, s.Waits.P90, s.Waits.P99)},
	}
}

func tables(s fleet.Summary) []table {
	endings := table{Title: "How journeys ended", Head: []string{"ending", "journeys", "share"}}
	all := 0
	for _, n := range s.Ended {
		all += n
	}
	for _, e := range fleet.Endings() {
		if n := s.Ended[e]; n > 0 {
			endings.Rows = append(endings.Rows, []string{words(string(e)), count(n), fmt.Sprintf("%.1f%%", 100*float64(n)/float64(all))})
		}
	}
	companies := table{Title: "Companies", Head: []string{"company", "sessions", "kWh by the meter", "BRL", "of these for overstaying", "cars that overstayed"}}
	for _, id := range sorted(s.Companies) {
		a := s.Companies[id]
		companies.Rows = append(companies.Rows, []string{
			string(id), count(a.Sessions), number(a.MeterKWh), number(a.Price), number(a.Overstay), count(a.Overstayed),
		})
	}
	answers := table{Title: "Answers over MQTT, real milliseconds", Head: []string{"request", "answers", "p50", "p90", "p99", "most"}}
	for _, a := range sorted(s.Answers) {
		q := s.Answers[a]
		answers.Rows = append(answers.Rows, []string{string(a), count(q.N), number(q.P50), number(q.P90), number(q.P99), number(q.Max)})
	}
	out := []table{endings, companies, answers}
	if len(s.Manners) > 0 {
		manners := table{Title: "Cars without manners", Head: []string{"misdeed", "tried", "answered"}}
		for _, m := range fleet.Misdeeds() {
			n := 0
			for _, times := range s.Manners[m] {
				n += times
			}
			if n > 0 {
				manners.Rows = append(manners.Rows, []string{words(string(m)), count(n), fleet.Tried(s.Manners[m])})
			}
		}
		out = append(out, manners)
	}
	if len(s.Imbalances) > 0 {
		wrong := table{Title: "What does not balance", Head: []string{"car", "what", "how"}}
		for _, i := range s.Imbalances {
			wrong.Rows = append(wrong.Rows, []string{string(i.Vehicle), i.What, i.Detail})
		}
		out = append(out, wrong)
	}
	return out
}

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

func sorted[K ~string, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// count puts spaces between thousands.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func number(v float64) string {
	if v >= 100 || v == float64(int(v)) {
		return count(int(v + 0.5))
	}
	return fmt.Sprintf("%.1f", v)
}
