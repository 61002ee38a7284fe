import type { Peer, Schemas, Trip } from '../../api/client'

type Recovery = Schemas['Recovery']
export type Orphan = Recovery['orphans'][number]
const checks = ['store', 'settings', 'journal', 'broker', 'clock', 'serving', 'peers'] as const

/** Something that is wrong and waits for a person. */
export type Need =
  | { key: string; kind: 'recovery'; recovery: Recovery }
  | { key: string; kind: 'check'; check: (typeof checks)[number]; detail: string }
  | { key: string; kind: 'stuck'; trip: Trip }
  | { key: string; kind: 'orphan'; orphan: Orphan }
  | { key: string; kind: 'peer'; peer: Peer; state: 'down' | 'refused' | 'skewed' }

/** What an operator's server tells of itself and of others. */
export interface Known {
  stuck: Trip[]
  peers: Peer[]
  health: Schemas['Health'] | undefined
  recovery: Recovery | undefined
}

/** What is wrong now, the worst first: what keeps the whole company from booking, then trips, stops, other companies. */
export function needs(k: Known): Need[] {
  const lost = k.recovery?.state === 'recovering' ? k.recovery : undefined
  const away = k.peers.flatMap((peer): Need[] => {
    const state = peer.status
    return state === 'down' || state === 'refused' || state === 'skewed' ? [{ key: `peer ${peer.company_id}`, kind: 'peer', peer, state }] : []
  })
  return [
    ...(lost ? [{ key: 'recovery', kind: 'recovery' as const, recovery: lost }] : []),
    ...impaired(k.health, lost !== undefined, away.length > 0),
    ...k.stuck.map((trip): Need => ({ key: trip.trip_id, kind: 'stuck', trip })),
    ...(k.recovery?.orphans ?? []).map((orphan): Need => ({ key: orphan.reservation_id, kind: 'orphan', orphan })),
    ...away,
  ]
}

/** The checks of /readyz that fail and that nothing else here tells of. */
function impaired(health: Schemas['Health'] | undefined, recovering: boolean, away: boolean): Need[] {
  const bad = health?.impaired ?? []
  return checks.flatMap((check): Need[] => {
    const detail = health?.checks?.[check === 'clock' ? 'peers' : check] ?? ''
    const own = /\bclock\b/.test(health?.checks?.['peers'] ?? '')
    if (check === 'clock') return bad.includes('peers') && own ? [{ key: check, kind: 'check', check, detail }] : []
    if (!bad.includes(check) || (check === 'store' && recovering) || (check === 'peers' && (own || away))) return []
    return [{ key: check, kind: 'check', check, detail }]
  })
}
