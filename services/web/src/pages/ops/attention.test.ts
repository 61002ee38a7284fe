import { expect, it } from 'vitest'
import type { Peer, Schemas, Trip } from '../../api/client'
import { needs, type Known } from './attention'

const recovery: Schemas['Recovery'] = { state: 'trusted', durable: true, waiting: [], restored: 0, conflicts: 0, orphans: [], forgotten: [] }
const health = (checks: Record<string, string>, impaired: string[]): Schemas['Health'] => ({ status: 'ok', checks, impaired })
const well: Known = { stuck: [], peers: [], health: health({ store: 'redis' }, []), recovery }
const peer = (company_id: string, status: Peer['status']): Peer => ({ company_id, url: '', status })
const trip = { trip_id: 't', state: 'COMPENSATING', vehicle_id: 'EV', origin_company: 'MAR', legs: [] } as Trip
const orphan = { reservation_id: 'r', trip_id: 'x', origin: 'SER', evse_id: 'E', start: '', end: '', since: '' }
const kinds = (k: Partial<Known>) => needs({ ...well, ...k }).map((n) => n.key)

it('says nothing where nothing is wrong, or nothing is known yet', () => {
  expect(kinds({ peers: [peer('SER', 'up'), peer('CAJ', 'unknown')] })).toEqual([])
  expect(needs({ stuck: [], peers: [], health: undefined, recovery: undefined })).toEqual([])
})

it('puts what stops the whole company before trips, stops and others', () => {
  const all = {
    stuck: [trip],
    peers: [peer('SER', 'down')],
    health: health({ store: 'takes no writes', broker: 'away', peers: 'SER does not answer' }, ['broker', 'peers', 'store']),
    recovery: { ...recovery, orphans: [orphan] },
  }
  expect(kinds(all)).toEqual(['store', 'broker', 't', 'r', 'peer SER'])
})

it('tells of a store that forgot once, with who is waited for', () => {
  const k = { recovery: { ...recovery, state: 'recovering' as const }, health: health({ store: 'recovering' }, ['store']) }
  expect(kinds(k)).toEqual(['recovery'])
})

it('tells this company’s own clock from a silent peer', () => {
  expect(kinds({ health: health({ peers: 'the clock here is 40 s ahead: no proof of age counts' }, ['peers']) })).toEqual(['clock'])
  expect(kinds({ health: health({ peers: 'CAJ has not been met yet' }, ['peers']) })).toEqual(['peers'])
  expect(kinds({ health: health({ peers: 'CAJ does not answer' }, ['peers']), peers: [peer('CAJ', 'down')] })).toEqual(['peer CAJ'])
})
