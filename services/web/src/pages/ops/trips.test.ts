import { afterEach, expect, it, vi } from 'vitest'
import type { Trip } from '../../api/client'
import { merged, told, TripList } from './trips.svelte'

afterEach(() => vi.unstubAllGlobals())

const trip = (n: number, more: Partial<Trip> = {}): Trip => ({
  trip_id: `t${n}`,
  state: 'CONFIRMED',
  vehicle_id: 'EV-0001',
  origin_company: 'MAR',
  legs: [],
  created_at: new Date(n * 1000).toISOString(),
  ...more,
})
const ids = (trips: Trip[]) => trips.map((t) => t.trip_id)

it('keeps what is older than a newest page that is read anew, and drops what has left it', () => {
  expect(ids(merged([trip(9), trip(7)], [trip(8), trip(7), trip(3), trip(2)], false))).toEqual(['t9', 't7', 't3', 't2'])
  expect(ids(merged([trip(9)], [trip(8), trip(3)], true))).toEqual(['t9'])
})

it('takes an event, keeps what it does not tell, and nothing that is older', () => {
  const leg = { leg: 1, reservation_id: 'r', company_id: 'MAR', evse_id: 'E', start: '', end: '', state: 'PENDING' as const }
  const shown = [trip(1, { updated_at: '2', legs: [{ ...leg, location_name: 'Posto' }], stuck_since: 'x' })]
  const now = told(shown, trip(1, { updated_at: '3', state: 'ABORTED', legs: [{ ...leg, state: 'CANCELED' }] }))
  expect(now[0]).toMatchObject({ state: 'ABORTED', legs: [{ state: 'CANCELED', location_name: 'Posto' }] })
  expect(told(now, trip(1, { updated_at: '1' }))[0]?.state).toBe('ABORTED')
})

it('goes on by the link, shows nobody twice, and ignores the answer to a former search', async () => {
  const pages: Record<string, [Trip[], string]> = {
    '/api/v1/trips?cursor=&limit=50': [[trip(3), trip(2)], '</next>; rel="next"'],
    '/next': [[trip(2), trip(1)], ''],
    '/api/v1/trips?cursor=&limit=50&vehicle_id=EV-0009': [[trip(7)], ''],
  }
  const late: (() => void)[] = []
  let hold = false
  vi.stubGlobal('fetch', async (path: string) => {
    const [body, link] = pages[path] as [Trip[], string]
    if (hold && path === '/next') await new Promise<void>((go) => late.push(go))
    return new Response(JSON.stringify(body), { headers: { Link: link } })
  })
  const list = new TripList()
  await list.read()
  await list.more()
  expect([ids(list.items), list.next]).toEqual([['t3', 't2', 't1'], undefined])
  await list.find({ ...list.wanted })
  hold = true
  const more = list.more()
  await list.find({ ...list.wanted, text: 'EV-0009' })
  late.forEach((go) => go())
  await more
  expect(ids(list.items)).toEqual(['t7'])
})
