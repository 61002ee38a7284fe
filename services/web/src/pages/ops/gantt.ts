import type { Booking, Calendar, Schemas } from '../../api/client'

/** A bar of the Gantt: where it lies in percent of the hours that are shown. */
export interface Bar {
  /** The reservation's id, or out-N. */
  key: string
  left: number
  width: number
  kind: Kind
  booking?: Booking
  outage?: Schemas['Outage']
  /** It lasts longer than its window: a car that has not left. */
  over?: boolean
}
export type Kind = 'held' | 'reserved' | 'charging' | 'out'

/** The two clocks of a server, in ms since 1970: holds lapse by the one, windows lie in the other. */
export interface Clocks {
  now: number
  civil: number
}

/** The hours that are shown, in ms since 1970. */
export interface Hours {
  from: number
  to: number
}

const hour = 3_600_000

/** How many hours may be shown at once. */
export const zooms = [3, 6, 12, 24]

const kinds: Partial<Record<Schemas['ReservationState'], Kind>> = {
  CLAIMED: 'held',
  PENDING: 'held',
  RESERVED: 'reserved',
  CHARGING: 'charging',
}

/** What a booking is shown as; undefined where it holds nothing any more, as a hold that has lapsed: no event tells that. */
export function kindOf(b: Booking, clocks: Clocks): Kind | undefined {
  if (b.plugged_in) return 'charging'
  if (b.expires_at && Date.parse(b.expires_at) <= clocks.now) return undefined
  return kinds[b.state]
}

/** The bars of a charger between two instants; what lies outside is left out, what reaches out is cut. */
export function bars(c: Calendar, { from, to }: Hours, clocks: Clocks): Bar[] {
  const place = (start: number, end: number) => {
    const [s, e] = [Math.max(from, start), Math.min(to, end)]
    return e > s ? { left: ((s - from) / (to - from)) * 100, width: ((e - s) / (to - from)) * 100 } : undefined
  }
  const booked = c.entries.flatMap((b): Bar[] => {
    const kind = kindOf(b, clocks)
    const end = Date.parse(b.end ?? '')
    const over = b.plugged_in && end < clocks.civil
    const at = place(Date.parse(b.start ?? ''), over ? clocks.civil : end)
    return at && kind ? [{ key: b.reservation_id, ...at, kind, booking: b, over }] : []
  })
  const out = c.out_of_service.flatMap((o, i): Bar[] => {
    const at = place(o.start ? Date.parse(o.start) : from, o.end ? Date.parse(o.end) : to)
    return at ? [{ key: `out-${i}`, ...at, kind: 'out', outage: o }] : []
  })
  return [...out, ...booked]
}

/** The hours around now: a twelfth of them lies behind, so that what goes on is seen whole. */
export function around(civil: number, hours: number): Hours {
  const from = Math.floor((civil - (hours * hour) / 12) / (hour / 2)) * (hour / 2)
  return { from, to: from + hours * hour }
}

/** The night that goes on or comes next, by the clock on the wall here: from 18 to 6. */
export function tonight(civil: number): Hours {
  const at = new Date(civil)
  if (at.getHours() < 6) at.setDate(at.getDate() - 1)
  at.setHours(18, 0, 0, 0)
  return { from: at.getTime(), to: at.getTime() + 12 * hour }
}

/** The next wider or narrower view; the same where there is none. */
export function zoomed(hours: number, by: 1 | -1): number {
  const i = zooms.findIndex((z) => z >= hours)
  return zooms[Math.min(zooms.length - 1, Math.max(0, (i < 0 ? zooms.length : i) + by))] as number
}

/** Where the axis has its lines: each instant, and how far from the left in percent. */
export function ticks({ from, to }: Hours): { at: number; left: number }[] {
  const step = ((to - from) / 6 <= hour ? (to - from) / 6 : Math.ceil((to - from) / 6 / hour) * hour) || hour
  const midnight = new Date(from).setHours(0, 0, 0, 0)
  const out = []
  for (let at = midnight + Math.ceil((from - midnight) / step) * step; at < to; at += step) {
    out.push({ at, left: ((at - from) / (to - from)) * 100 })
  }
  return out
}

/** Which chargers are looked at. */
export type Show = 'all' | Kind

/** A row of the Gantt. */
export interface Row {
  c: Calendar
  bars: Bar[]
  /** The first of its site. */
  first: boolean
}

/** The rows that match: those with such a bar, whose site, id or bookings have these letters. */
export function rowsOf(calendars: Calendar[], hours: Hours, clocks: Clocks, show: Show, letters: string): Row[] {
  const part = letters.trim().toLowerCase()
  const has = (text: string | undefined) => (text ?? '').toLowerCase().includes(part)
  const rows = calendars
    .filter((c) => !part || has(c.evse_id) || has(c.location_name) || c.entries.some((b) => has(b.vehicle_id) || has(b.reservation_id) || has(b.trip_id)))
    .map((c) => ({ c, bars: bars(c, hours, clocks), first: false }))
    .filter((r) => show === 'all' || r.bars.some((b) => b.kind === show) || (show === 'out' && r.c.status === 'OUTOFORDER'))
  let site = ''
  for (const r of rows) {
    r.first = r.c.location_id !== site
    site = r.c.location_id
  }
  return rows
}

/** How many bars of each kind there are; of those out of service, how many chargers are so now. */
export function counts(calendars: Calendar[], hours: Hours, clocks: Clocks): Record<Show, number> {
  const n = { all: calendars.length, held: 0, reserved: 0, charging: 0, out: 0 }
  for (const c of calendars) {
    for (const b of bars(c, hours, clocks)) if (b.kind !== 'out') n[b.kind]++
    if (c.status === 'OUTOFORDER') n.out++
  }
  return n
}

/** Until when an EVSE is free after a booking: the start of what stands there next; undefined for nothing that is known. */
export function freeUntil(c: Calendar, b: Booking): string | undefined {
  const end = Date.parse(b.end ?? '')
  const next = c.entries.filter((o) => o.reservation_id !== b.reservation_id && Date.parse(o.start ?? '') >= end)
  return next.map((o) => o.start ?? '').sort((a, z) => Date.parse(a) - Date.parse(z))[0]
}
