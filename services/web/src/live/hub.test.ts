import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Hub, type Word } from './hub'

let opened: { types: string[]; word: (w: Word) => void; closed: boolean }[]
const hub = () =>
  new Hub((types, word) => {
    const s = { types, word, closed: false, close: () => void (s.closed = true) }
    opened.push(s)
    return s
  })

beforeEach(() => {
  vi.useFakeTimers()
  opened = []
})
afterEach(() => vi.useRealTimers())

test('pages that come together share one stream of all that they want', () => {
  const h = hub()
  const [one, two]: [Word[], Word[]] = [[], []]
  h.want(one, ['trip'], (w) => one.push(w))
  h.want(two, ['trip', 'overview'], (w) => two.push(w))
  vi.runAllTimers()
  expect(opened.map((o) => o.types)).toEqual([['overview', 'trip']])
  for (const type of ['snapshot', 'overview', 'trip']) opened[0]?.word({ type, data: '{}' })
  opened[0]?.word({ broke: true })
  expect(one.map((w) => ('type' in w ? w.type : 'broke'))).toEqual(['snapshot', 'trip', 'broke'])
  expect(two).toHaveLength(4)
})

test('who comes later has the stream begin anew, and the last to go ends it', () => {
  const h = hub()
  const [one, two] = [{}, {}]
  h.want(one, ['trip'], () => undefined)
  vi.runAllTimers()
  h.want(two, ['trip'], () => undefined)
  vi.runAllTimers()
  expect(opened.map((o) => o.closed)).toEqual([true, false])
  h.leave(one)
  expect(opened[1]?.closed).toBe(false)
  h.leave(two)
  expect(opened[1]?.closed).toBe(true)
})
