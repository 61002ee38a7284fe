import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { whenWoken } from './woken'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('notices that the clock has jumped, and nothing else', () => {
  const woke = vi.fn()
  const stop = whenWoken(woke)
  vi.advanceTimersByTime(300_000)
  expect(woke).not.toHaveBeenCalled()
  vi.setSystemTime(Date.now() + 600_000)
  vi.advanceTimersByTime(1000)
  expect(woke).toHaveBeenCalledTimes(1)
  document.dispatchEvent(new Event('resume'))
  expect(woke).toHaveBeenCalledTimes(2)
  stop()
  document.dispatchEvent(new Event('resume'))
  expect(woke).toHaveBeenCalledTimes(2)
})
