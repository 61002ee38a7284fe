import type { PlanRequest } from '../../api/client'

/** A share of what is typed in percent; undefined where it is none from 0 to 90. */
function percentOf(typed: string): number | undefined {
  const n = Number(String(typed).replace('%', '').replace(',', '.').trim() || 'none')
  return n >= 0 && n <= 90 ? n / 100 : undefined
}

/** What somebody may want of a journey beside its ends; what is left alone is the server's default. */
export class Wishes {
  leave = $state('')
  arrive = $state('')
  objective = $state<'fastest' | 'cheapest' | 'fewest_stops'>('fastest')
  /** Percent that is to be left at every arrival. */
  reserve = $state(10)
  /** Percent for the destination, as somebody types it; empty: as at every arrival. */
  end = $state('')
  /** Percent that no stop charges to more than. */
  most = $state(100)
  /** What is thought of a company: none of its stops, or its stops alone. */
  companies = $state<Record<string, 'avoid' | 'insist' | ''>>({})

  /** The part of a request that says so. */
  request(): Partial<PlanRequest> {
    const those = (what: 'avoid' | 'insist') => Object.keys(this.companies).filter((c) => this.companies[c] === what)
    const [avoid, insist] = [those('avoid'), those('insist')]
    return {
      objective: this.objective,
      ...(this.leave ? { departure: new Date(this.leave).toISOString() } : {}),
      ...(this.arrive ? { latest_arrival: new Date(this.arrive).toISOString() } : {}),
      ...(percentOf(this.end) === undefined ? {} : { min_destination_soc: percentOf(this.end)! }),
      ...(this.most === 100 ? {} : { max_charge_soc: this.most / 100 }),
      ...(this.reserve === 10 ? {} : { min_arrival_soc: this.reserve / 100 }),
      ...(avoid.length > 0 ? { avoid: { companies: avoid } } : {}),
      ...(insist.length > 0 ? { insist: { companies: insist } } : {}),
    }
  }
}
