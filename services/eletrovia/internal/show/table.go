package show

import (
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// Table writes rows under headers: with borders on a terminal, tab-separated
// with a header line where plain. Cells may be painted.
func (p Printer) Table(headers []string, rows [][]string) {
	if p.Mode != Fancy {
		p.Linef("%s", strings.ToUpper(strings.Join(headers, "\t")))
		for _, r := range rows {
			p.Linef("%s", strings.Join(r, "\t"))
		}
		return
	}
	cell := lipgloss.NewStyle().Padding(0, 1)
	head := cell
	border := lipgloss.NewStyle()
	if p.Colour {
		head = cell.Bold(true).Foreground(lipgloss.Color("6"))
		border = border.Faint(true)
	}
	t := table.New().Border(lipgloss.RoundedBorder()).BorderStyle(border).Wrap(false).
		Headers(headers...).Rows(rows...).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return head
			}
			return cell
		})
	p.Linef("%s", t.Render())
}

// barCells is the width of a battery bar in cells.
const barCells = 20

// Battery draws a charge that goes from arrive to depart (fractions 0…1): what
// was left, what is added, what stays empty. Nothing where plain.
func (p Printer) Battery(arrive, depart float64) string {
	if p.Mode != Fancy {
		return ""
	}
	left := cells(arrive)
	added := max(0, cells(depart)-left)
	empty := barCells - left - added
	return p.Wait(strings.Repeat("█", left)) + p.Good(strings.Repeat("▓", added)) + p.Dim(strings.Repeat("░", empty))
}

func cells(fraction float64) int {
	return min(barCells, max(0, int(fraction*barCells+0.5)))
}
