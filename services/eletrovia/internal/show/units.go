package show

import (
	"fmt"
	"math"
	"time"
)

// Minutes says a duration given in minutes as a person would: "45 min", "13 h 57".
func Minutes(m float64) string {
	whole := int(math.Round(m))
	if whole < 60 {
		return fmt.Sprintf("%d min", whole)
	}
	return fmt.Sprintf("%d h %02d", whole/60, whole%60)
}

// Percent says a fraction 0…1: "72%". What differs by less than a float's noise
// is said alike: 0.105 and 0.1+0.005 are both "11%".
func Percent(f float64) string { return fmt.Sprintf("%.0f%%", math.Round(math.Round(f*1e4)/100)) }

// Price in a currency, "BRL" as R$.
func Price(amount float64, currency string) string {
	if currency == "" || currency == "BRL" {
		return fmt.Sprintf("R$%.2f", amount)
	}
	return fmt.Sprintf("%.2f %s", amount, currency)
}

// PriceChange says by how much a price in reais changes: "+R$8.00", "-R$3.50".
func PriceChange(amount float64) string {
	if amount < 0 {
		return fmt.Sprintf("-R$%.2f", -amount)
	}
	return fmt.Sprintf("+R$%.2f", amount)
}

// zone is the Northeast's time, UTC-3 all year: people there read their own.
var zone = time.FixedZone("-03", -3*60*60)

// Clock is an instant in the Northeast's time: "24 Nov 11:28".
func Clock(t time.Time) string { return t.In(zone).Format("02 Jan 15:04") }

// Second is the time of day to the second.
func Second(t time.Time) string { return t.In(zone).Format("15:04:05") }

// Hour is the time of day alone.
func Hour(t time.Time) string { return t.In(zone).Format("15:04") }
