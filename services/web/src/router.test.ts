import { expect, it } from 'vitest'
import { routeOf } from './router.svelte'

it.each([
  ['/', { page: 'plan' }],
  ['/ops', { page: 'ops' }],
  ['/trips', { page: 'trips' }],
  ['/trips/0199%2Fa', { page: 'trip', id: '0199/a' }],
  ['/ops/trips/0199a', { page: 'saga', id: '0199a' }],
  ['/ops/trips/', { page: 'lost' }],
  ['/trips/%E0', { page: 'lost' }],
  ['/trips/', { page: 'lost' }],
  ['/trips/a/b', { page: 'lost' }],
  ['/docs', { page: 'lost' }],
])('%s', (path, route) => expect(routeOf(path)).toEqual(route))
