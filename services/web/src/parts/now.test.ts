import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { serverClock } from './now.svelte'

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-29T12:00:00Z') }))
afterEach(() => vi.useRealTimers())

it('has civil time run as fast as the server says, from what it said', () => {
  serverClock.told({ now: '2026-11-29T13:00:00Z', civil: '2026-12-01T08:00:00Z', speed: 60 })
  const stop = serverClock.watch()
  expect(new Date(serverClock.civil).toISOString()).toBe('2026-12-01T08:00:00.000Z')
  vi.advanceTimersByTime(2000)
  expect(new Date(serverClock.now).toISOString()).toBe('2026-11-29T13:00:02.000Z')
  expect(new Date(serverClock.civil).toISOString()).toBe('2026-12-01T08:02:00.000Z')
  stop()
})

it('takes real time for civil time where there is one', () => {
  serverClock.told({ now: '2026-11-29T13:00:00Z' })
  expect(serverClock.civil).toBe(serverClock.now)
})
