import { expect, it } from 'vitest'
import type { Calendar } from '../../api/client'
import { bars } from './gantt'

const at = (hour: number) => new Date(hour * 3_600_000).toISOString()
const booking = (id: string, state: Calendar['entries'][0]['state'], start: number, end: number): Calendar['entries'][0] => ({
  reservation_id: id,
  state,
  start: at(start),
  end: at(end),
  plugged_in: false,
})
const calendar = (entries: Calendar['entries'], out: Calendar['out_of_service'] = []): Calendar => ({
  evse_id: 'BR*MAR*E0001*1',
  location_id: 'LJPA01',
  location_name: 'Posto',
  status: 'AVAILABLE',
  entries,
  out_of_service: out,
})

it('places what stands between the hours, cut where it reaches out', () => {
  const got = bars(calendar([booking('a', 'RESERVED', 1, 2), booking('b', 'PENDING', 9, 12), booking('c', 'CHARGING', -1, 1)]), 0, 10 * 3_600_000)
  expect(got.map((b) => [b.key, b.kind, b.left, b.width])).toEqual([
    ['a', 'reserved', 10, 10],
    ['b', 'held', 90, 10],
    ['c', 'charging', 0, 10],
  ])
})

it('leaves out what is over, elsewhere, or has an end before its start', () => {
  const none = [booking('a', 'CANCELED', 1, 2), booking('b', 'RESERVED', 11, 12), booking('c', 'RESERVED', 5, 4)]
  expect(bars(calendar(none), 0, 10 * 3_600_000)).toEqual([])
})

it('shows what is out of service without an end to the edge', () => {
  expect(bars(calendar([], [{ start: at(5), reason: 'cable cut' }]), 0, 10 * 3_600_000)).toEqual([
    { key: 'out-0', left: 50, width: 50, kind: 'out', reason: 'cable cut' },
  ])
})
