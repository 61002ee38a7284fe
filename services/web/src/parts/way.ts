import { plugName } from './plugs'
import type { Plan, PlanStop, Schemas, Trip, TripLeg } from '../api/client'

/** A stop as it is shown, of a plan or of a trip. */
export interface Stop {
  leg: number
  company: string | undefined
  name: string
  where: string
  kw: number | undefined
  /** What people call the plug that the car uses there. */
  plug: string | undefined
  start: string
  end: string
  arrive: number | undefined
  depart: number | undefined
  price: number | undefined
  kilometres: number | undefined
  minutes: number | undefined
  lat: number | undefined
  lon: number | undefined
  line: string | undefined
  /** A trip's, absent in a plan. */
  state?: TripLeg['state']
  problem?: string | undefined
  /** Another driver has it: said in words. */
  outrun?: boolean
  holdEnds?: string | undefined
  attempts?: number | undefined
}

/** A way from an origin to a destination with its stops. */
export interface Way {
  from: Schemas['PlanPlace'] | undefined
  to: Schemas['PlanPlace'] | undefined
  departure: string | undefined
  arrival: string | undefined
  arrive: number | undefined
  line: string | undefined
  profile: number[][]
  stops: Stop[]
}

const town = (city?: string, state?: string) => [city, state].filter(Boolean).join(', ')

const common = (s: PlanStop | TripLeg): Stop => ({
  leg: s.leg,
  company: s.company_id,
  name: s.location_name ?? s.evse_id,
  where: town(s.city, s.location_state),
  kw: s.power_kw,
  plug: s.standard && plugName(s.standard),
  start: s.start,
  end: s.end,
  arrive: s.arrive_soc,
  depart: s.depart_soc,
  price: s.price,
  kilometres: s.distance_km,
  minutes: s.drive_minutes,
  lat: s.lat,
  lon: s.lon,
  line: s.line,
})

export function wayOfPlan(p: Plan): Way {
  return {
    from: p.origin,
    to: p.destination,
    departure: p.departure,
    arrival: p.arrival,
    arrive: p.arrive_soc,
    line: p.line,
    profile: p.profile ?? [],
    stops: p.stops.map(common),
  }
}

export function wayOfTrip(trip: Trip): Way {
  const p = trip.plan
  return {
    from: p?.origin,
    to: p?.destination,
    departure: p?.departure,
    arrival: p?.arrival,
    arrive: p?.arrive_soc,
    line: p?.line,
    profile: p?.profile ?? [],
    stops: trip.legs.map((leg) => ({
      ...common(leg),
      state: leg.state,
      problem: leg.problem?.detail,
      outrun: outrun(leg.problem?.code),
      holdEnds: leg.expires_at,
      attempts: leg.attempts,
    })),
  }
}

/** Whether a refusal says that another driver was first. */
export const outrun = (code?: string) => code === 'PRIORITY_LOST' || code === 'SLOT_TAKEN' || code === 'HOLD_PREEMPTED'

/** The minutes of a stop's window. */
export const minutesAt = (s: Stop) => (Date.parse(s.end) - Date.parse(s.start)) / 60_000
