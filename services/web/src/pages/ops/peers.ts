import type { Calendar, Peer } from '../../api/client'

/** A company's part of the hours that are booked at this company's chargers, and how many bookings that are. */
export interface Share {
  hours: number
  /** 0…1 of all booked hours; 0 where nothing is booked. */
  part: number
  booked: number
  holds: number
}

/** What each company has booked between two instants (ms), by the company where the trip began; windows are cut to them. */
export function sharesOf(calendars: Calendar[], from: number, to: number): Map<string, Share> {
  const shares = new Map<string, Share>()
  let all = 0
  for (const entry of calendars.flatMap((c) => c.entries)) {
    const [start, end] = [Date.parse(entry.start ?? ''), Date.parse(entry.end ?? '')]
    const hours = Math.max(0, Math.min(end, to) - Math.max(start, from)) / 3_600_000
    if (!entry.origin || !(hours > 0)) continue
    const share = shares.get(entry.origin) ?? { hours: 0, part: 0, booked: 0, holds: 0 }
    const held = entry.state === 'CLAIMED' || entry.state === 'PENDING'
    shares.set(entry.origin, { ...share, hours: share.hours + hours, booked: share.booked + (held ? 0 : 1), holds: share.holds + (held ? 1 : 0) })
    all += hours
  }
  for (const [company, share] of shares) shares.set(company, { ...share, part: share.hours / all })
  return shares
}

/** How a peer is, in one word, and how bad that is. */
export function healthOf(p: Peer): { word: 'up' | 'down' | 'refused' | 'skewed' | 'unknown' | 'suspended'; look: 'good' | 'pending' | 'lost' } {
  if (p.suspended) return { word: 'suspended', look: 'pending' }
  if (p.status === 'up') return { word: 'up', look: p.breaker === 'closed' || !p.breaker ? 'good' : 'pending' }
  return { word: p.status, look: p.status === 'unknown' ? 'pending' : 'lost' }
}
