import type { Calendar, Schemas } from '../../api/client'

/** A bar of the Gantt: where it lies in percent of the hours that are shown. */
export interface Bar {
  key: string
  left: number
  width: number
  kind: 'held' | 'reserved' | 'charging' | 'out'
  booking?: Schemas['Booking']
  reason?: string
}

const kinds: Partial<Record<Schemas['ReservationState'], Bar['kind']>> = {
  CLAIMED: 'held',
  PENDING: 'held',
  RESERVED: 'reserved',
  CHARGING: 'charging',
}

/** The bars of a charger between two instants (ms); what lies outside is left out, what reaches out is cut. */
export function bars(c: Calendar, from: number, to: number): Bar[] {
  const place = (start: string | undefined, end: string | undefined) => {
    const s = Math.max(from, start ? Date.parse(start) : from)
    const e = Math.min(to, end ? Date.parse(end) : to)
    return e > s ? { left: ((s - from) / (to - from)) * 100, width: ((e - s) / (to - from)) * 100 } : undefined
  }
  const booked = c.entries.flatMap((b): Bar[] => {
    const at = place(b.start, b.end)
    const kind = kinds[b.state]
    return at && kind ? [{ key: b.reservation_id, ...at, kind, booking: b }] : []
  })
  const out = c.out_of_service.flatMap((o, i): Bar[] => {
    const at = place(o.start, o.end)
    return at ? [{ key: `out-${i}`, ...at, kind: 'out', reason: o.reason }] : []
  })
  return [...out, ...booked]
}
