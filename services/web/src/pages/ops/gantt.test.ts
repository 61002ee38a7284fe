import { expect, it } from 'vitest'
import type { Booking, Calendar } from '../../api/client'
import { around, bars, counts, freeUntil, rowsOf, ticks, tonight, zoomed } from './gantt'

const hour = 3_600_000
const at = (h: number) => new Date(h * hour).toISOString()
const booking = (id: string, state: Booking['state'], start: number, end: number, more: Partial<Booking> = {}): Booking => ({
  reservation_id: id,
  state,
  start: at(start),
  end: at(end),
  plugged_in: false,
  ...more,
})
const calendar = (entries: Booking[], more: Partial<Calendar> = {}): Calendar => ({
  evse_id: 'BR*MAR*E0001*1',
  location_id: 'LJPA01',
  location_name: 'Posto',
  status: 'AVAILABLE',
  entries,
  out_of_service: [],
  ...more,
})
const ten = { from: 0, to: 10 * hour }
const clocks = { now: 5 * hour, civil: 0 }

it('places what stands between the hours, cut where it reaches out', () => {
  const got = bars(calendar([booking('a', 'RESERVED', 1, 2), booking('b', 'PENDING', 9, 12), booking('c', 'CHARGING', -1, 1)]), ten, clocks)
  expect(got.map((b) => [b.key, b.kind, b.left, b.width])).toEqual([
    ['a', 'reserved', 10, 10],
    ['b', 'held', 90, 10],
    ['c', 'charging', 0, 10],
  ])
})

it('leaves out what is over, elsewhere, or has an end before its start', () => {
  const none = [booking('a', 'CANCELED', 1, 2), booking('b', 'RESERVED', 11, 12), booking('c', 'RESERVED', 5, 4)]
  expect(bars(calendar(none), ten, clocks)).toEqual([])
})

it('leaves out a hold that has lapsed by the server’s real clock', () => {
  const holds = [booking('a', 'PENDING', 1, 2, { expires_at: at(5) }), booking('b', 'CLAIMED', 1, 2, { expires_at: at(5.01) })]
  expect(bars(calendar(holds), ten, clocks).map((b) => b.key)).toEqual(['b'])
})

it('draws a car that has not left up to now', () => {
  const [bar] = bars(calendar([booking('a', 'CHARGING', 1, 2, { plugged_in: true })]), ten, { now: 0, civil: 4 * hour })
  expect(bar).toMatchObject({ left: 10, width: 30, kind: 'charging', over: true })
})

it('shows what is out of service without an end to the edge', () => {
  const outage = { start: at(5), reason: 'cable cut' }
  expect(bars(calendar([], { out_of_service: [outage] }), ten, clocks)).toEqual([{ key: 'out-0', left: 50, width: 50, kind: 'out', outage }])
})

it('looks a little back, and at whole half hours', () => {
  expect(around(10.4 * hour, 12)).toEqual({ from: 9 * hour, to: 21 * hour })
  expect(around(10.4 * hour, 3)).toEqual({ from: 10 * hour, to: 13 * hour })
})

it.each([
  [29, 12, 29],
  [29, 23, 29],
  [30, 5, 29],
  [30, 6, 30],
])('takes for tonight at %i November, %i h the night from the %i on', (day, h, from) => {
  const night = tonight(new Date(2026, 10, day, h, 5).getTime())
  expect(night).toEqual({ from: new Date(2026, 10, from, 18).getTime(), to: new Date(2026, 10, from + 1, 6).getTime() })
})

it('zooms by steps, and stops at the last', () => {
  expect([zoomed(12, 1), zoomed(24, 1), zoomed(12, -1), zoomed(3, -1)]).toEqual([24, 24, 6, 3])
})

it('has its lines at whole hours of the clock on the wall', () => {
  const from = new Date(2026, 10, 29, 17, 30).getTime()
  expect(ticks({ from, to: from + 12 * hour }).map((t) => [new Date(t.at).getHours(), Math.round(t.left)])).toEqual([
    [18, 4],
    [20, 21],
    [22, 38],
    [0, 54],
    [2, 71],
    [4, 88],
  ])
  expect(ticks({ from, to: from + 3 * hour })).toHaveLength(6)
})

it('shows the chargers that are asked for, by site, id, vehicle or kind', () => {
  const all = [
    calendar([booking('a', 'RESERVED', 1, 2, { vehicle_id: 'EV-0001' })]),
    calendar([], { evse_id: 'BR*MAR*E0002*1', status: 'OUTOFORDER' }),
    calendar([booking('b', 'PENDING', 1, 2)], { evse_id: 'BR*MAR*E0003*1', location_id: 'LREC01', location_name: 'Recife Mar' }),
  ]
  const ids = (show: 'all' | 'held' | 'out', part = '') => rowsOf(all, ten, { now: 0, civil: 0 }, show, part).map((r) => [r.c.evse_id.slice(7), r.first])
  expect(ids('all')).toEqual([['E0001*1', true], ['E0002*1', false], ['E0003*1', true]])
  expect(ids('held')).toEqual([['E0003*1', true]])
  expect(ids('out')).toEqual([['E0002*1', true]])
  expect(ids('all', 'recife')).toEqual([['E0003*1', true]])
  expect(ids('all', 'ev-0001')).toEqual([['E0001*1', true]])
  expect(counts(all, ten, { now: 0, civil: 0 })).toEqual({ all: 3, held: 1, reserved: 1, charging: 0, out: 1 })
})

it('tells until when a charger is free after a booking', () => {
  const b = booking('a', 'RESERVED', 1, 2)
  expect(freeUntil(calendar([b, booking('z', 'RESERVED', 6, 7), booking('y', 'PENDING', 3, 4)]), b)).toBe(at(3))
  expect(freeUntil(calendar([b]), b)).toBeUndefined()
})
