import type { Location } from '../api/client'

/** A station by its chargers: free where one is, off where none works or nobody knows. */
export function lookOf(l: Location): 'free' | 'busy' | 'off' {
  if (l.evses.some((e) => e.status === 'AVAILABLE')) return 'free'
  return l.evses.some((e) => e.status === 'CHARGING' || e.status === 'RESERVED') ? 'busy' : 'off'
}
