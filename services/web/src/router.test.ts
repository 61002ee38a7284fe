import { expect, it, vi } from 'vitest'
import { routeOf, router } from './router.svelte'

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

vi.stubGlobal('scrollTo', () => {})

it('keeps in the address what the page shows, and takes it out again', () => {
  router.go('/ops?id=0199#trips')
  router.put({ state: 'CONFIRMED', id: '' })
  expect([location.search, location.hash, router.query.get('state'), router.query.get('id')]).toEqual(['?state=CONFIRMED', '#trips', 'CONFIRMED', null])
  router.put({ state: '' })
  expect(location.pathname + location.search).toBe('/ops')
})
