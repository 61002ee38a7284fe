import { beforeEach, expect, test } from 'vitest'
import { keep, kept } from './kept'

const what = { plans: [{ plan_id: 'a', stops: [] }], picked: 'a', before: [[{ plan_id: 'b', stops: [] }]] }

beforeEach(() => sessionStorage.clear())

test('what was kept of an address comes back, with what undoing goes back to', () => {
  keep('?from=a&to=b', what, 1000)
  expect(kept('?from=a&to=b', 2000)).toEqual(what)
})

test('another address has none, nor has what the server forgets soon, nor what is from a clock ahead', () => {
  keep('?from=a&to=b', what, 10_000_000)
  expect(kept('?from=a&to=c', 10_000_000)).toBeUndefined()
  expect(kept('?from=a&to=b', 10_000_000 + 21 * 60_000)).toBeUndefined()
  expect(kept('?from=a&to=b', 9_000_000)).toBeUndefined()
})

test('no plans leave nothing, and what is spoilt is none', () => {
  keep('?from=a&to=b', what)
  keep('?from=a&to=b', { plans: [], picked: '', before: [] })
  expect(sessionStorage.length).toBe(0)
  sessionStorage.setItem('eletrovia.plans', '{')
  expect(kept('')).toBeUndefined()
})
