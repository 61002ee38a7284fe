import { expect, it } from 'vitest'
import type { Calendar, Peer } from '../../api/client'
import { healthOf, sharesOf } from './peers'

const hour = 3_600_000
const at = (h: number) => new Date(h * hour).toISOString()
const entry = (origin: string, start: number, end: number, state: 'RESERVED' | 'PENDING' = 'RESERVED') => ({
  reservation_id: `${origin}${start}`,
  state,
  origin,
  start: at(start),
  end: at(end),
  plugged_in: false,
})
const calendar = (...entries: Calendar['entries']): Calendar => ({ evse_id: 'BR*MAR*E0001*1', location_id: 'L', location_name: 'Posto', status: 'AVAILABLE', entries, out_of_service: [] })

it('shares the booked hours by where the trips began, cut to the time that is asked for', () => {
  const shares = sharesOf([calendar(entry('MAR', 1, 2), entry('SER', 23, 26)), calendar(entry('SER', 2, 4, 'PENDING'), entry('CAJ', 30, 31))], 0, 24 * hour)
  expect(shares.get('SER')).toEqual({ hours: 3, part: 0.75, booked: 1, holds: 1 })
  expect(shares.get('MAR')?.part).toBe(0.25)
  expect(shares.has('CAJ')).toBe(false)
})

it('shares nothing where nothing is booked', () => expect(sharesOf([], 0, hour).size).toBe(0))

it.each([
  [{ status: 'up', breaker: 'closed' }, 'up', 'good'],
  [{ status: 'up', breaker: 'half-open' }, 'up', 'pending'],
  [{ status: 'down' }, 'down', 'lost'],
  [{ status: 'unknown' }, 'unknown', 'pending'],
  [{ status: 'up', suspended: { since: '', reason: '', by: 'operator' } }, 'suspended', 'pending'],
] as const)('%o is %s', (p, word, look) => expect(healthOf({ company_id: 'SER', url: '', ...p } as Peer)).toEqual({ word, look }))
