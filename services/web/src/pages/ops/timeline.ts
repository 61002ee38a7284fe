import type { Step } from '../../parts/saga'

/** A time in which something happens, in ms since 1970, and how often. */
export interface Span {
  from: number
  to: number
  n: number
}

/** A span, and where it is drawn, in pixels. */
export interface Part extends Span {
  left: number
  width: number
}

/** Hours or seconds in which nothing happens, drawn as a narrow fold. */
export interface Fold {
  left: number
  width: number
  ms: number
}

export interface Scale {
  parts: Part[]
  folds: Fold[]
  width: number
  /** Where an instant is drawn; inside a fold as far along as it is in time, outside of all at the edge. */
  x: (at: number) => number
}

/** How many folds there are at most: more would hide what they are to show. */
const mostFolds = 9
const foldWidth = 54
const leastPart = 110
/** Nothing that is shorter is folded, in ms. */
const leastGap = 40

/** The times in which something happens, with rests between them that are long beside what happens. */
export function partsOf(steps: Step[]): Span[] {
  const spans = steps
    .filter((s) => s.kind !== 'question')
    .flatMap((s) => s.tries.map((t) => ({ from: t.at, to: t.at + t.ms, n: 1 })))
    .sort((a, b) => a.from - b.from)
  const busy = union(spans, 0)
  const total = busy.reduce((n, b) => n + b.to - b.from, 0)
  const gaps = busy.slice(1).map((b, i) => b.from - (busy[i]?.to ?? 0))
  const long = gaps.filter((g) => g > Math.max(leastGap, total / 2)).sort((a, b) => b - a)
  return union(spans, (long[Math.min(long.length, mostFolds) - 1] ?? Infinity) - 0.001)
}

/** Spans made one where not more than a gap lies between them. */
function union(spans: Span[], gap: number): Span[] {
  const out: Span[] = []
  for (const s of spans) {
    const last = out.at(-1)
    if (last && s.from - last.to <= gap) Object.assign(last, { to: Math.max(last.to, s.to), n: last.n + s.n })
    else out.push({ ...s })
  }
  return out
}

/**
 * A scale on which each part gets room by the root of how long it is and by how much happens, so that 20 ms can be read beside 4 s,
 * and each rest the same little. The chart is as wide as asked, or as wide as its parts need at least.
 */
export function scaleOf(times: Span[], wide: number): Scale {
  const folding = Math.max(0, times.length - 1) * foldWidth
  const weights = times.map((p) => Math.sqrt(Math.max(0, p.to - p.from)) + p.n)
  const all = weights.reduce((n, w) => n + w, 0)
  const free = Math.max(0, wide - folding - times.length * leastPart)
  const parts: Part[] = []
  const folds: Fold[] = []
  let left = 0
  times.forEach((p, i) => {
    const before = times[i - 1]
    if (before) {
      folds.push({ left, width: foldWidth, ms: p.from - before.to })
      left += foldWidth
    }
    const width = leastPart + (free * (weights[i] ?? 0)) / all
    parts.push({ ...p, left, width })
    left += width
  })
  return { parts, folds, width: left, x: (at) => xOf(parts, left, at) }
}

function xOf(parts: Part[], width: number, at: number): number {
  let before: Part | undefined
  for (const p of parts) {
    if (at < p.from) {
      if (!before) return 0
      const rest = before.left + before.width
      return rest + ((at - before.to) / (p.from - before.to)) * (p.left - rest)
    }
    if (at <= p.to) return p.left + (p.width * (at - p.from)) / Math.max(1, p.to - p.from)
    before = p
  }
  return width
}

/** A bar of a lane: a try of a step, or a mark of no length. */
export interface Bar {
  step: Step
  /** Which try, from 0; the last one has the text. */
  n: number
  last: boolean
  left: number
  width: number
  row: number
}

export interface Lane {
  /** A company, or `trip`, or `driver`. */
  id: string
  bars: Bar[]
  rows: number
}

const leastBar = 6

/** Who has which lane: the trip first, then the companies as they come, the driver last. */
const laneOf = (s: Step) => (s.kind === 'question' || s.kind === 'decision' ? 'driver' : s.leg > 0 && s.company ? s.company : 'trip')

/**
 * The lanes of steps on a scale. A bar goes to the first row where it and its text cover nothing; text says how wide that is.
 * What lies outside of the scale's parts is left out, so that one part alone can be looked at.
 */
export function lanesOf(steps: Step[], scale: Scale, text: (s: Step) => number, now: number): Lane[] {
  const byLane = new Map<string, Step[]>()
  for (const s of steps) byLane.set(laneOf(s), [...(byLane.get(laneOf(s)) ?? []), s])
  const rank = (id: string) => (id === 'trip' ? 0 : id === 'driver' ? 2 : 1)
  return [...byLane.keys()]
    .sort((a, b) => rank(a) - rank(b))
    .map((id) => lane(id, byLane.get(id) ?? [], scale, text, now))
    .filter((l) => l.bars.length > 0)
}

function lane(id: string, steps: Step[], scale: Scale, text: (s: Step) => number, now: number): Lane {
  const ends: number[] = []
  const bars = steps.flatMap((step) => {
    const drawn = barsOf(step, scale, now)
    const [first, last] = [drawn[0], drawn.at(-1)]
    if (!first || !last) return []
    const right = last.left + last.width + text(step)
    let row = ends.findIndex((e) => e <= first.left)
    if (row < 0) row = ends.length
    ends[row] = right + 4
    return drawn.map((b) => ({ ...b, row }))
  })
  return { id, bars, rows: Math.max(1, ends.length) }
}

function barsOf(step: Step, scale: Scale, now: number): Omit<Bar, 'row'>[] {
  const [from, to] = [scale.parts[0]?.from ?? 0, scale.parts.at(-1)?.to ?? 0]
  const spans = step.kind === 'question' ? [{ at: step.at, ms: (step.outcome === 'open' ? now : step.end) - step.at }] : step.tries
  const seen = spans.map((t, n) => ({ ...t, n })).filter((t) => t.at <= to && t.at + t.ms >= from)
  return seen.map((t, i) => {
    const left = scale.x(t.at)
    return { step, n: t.n, last: i === seen.length - 1, left, width: Math.max(leastBar, scale.x(t.at + t.ms) - left) }
  })
}

/** The instants that an axis names in a part, so many pixels apart at least: ms after its beginning, in round figures. */
export function ticksOf(p: Part, apart: number): { left: number; ms: number }[] {
  const long = p.to - p.from
  const most = Math.max(1, Math.floor(p.width / apart))
  const raw = Math.max(1, long / most)
  const ten = 10 ** Math.floor(Math.log10(raw))
  const every = [1, 2, 5, 10].map((f) => f * ten).find((v) => v >= raw) ?? raw
  const out: { left: number; ms: number }[] = []
  for (let ms = 0; ms <= long && out.length <= most; ms += every) {
    const left = p.left + (p.width * ms) / Math.max(1, long)
    if (ms === 0 || left + apart / 2 <= p.left + p.width) out.push({ left, ms })
  }
  return out
}

const settledStates = new Set(['CONFIRMED', 'ABORTED', 'CANCELED'])

/** How long a saga took to settle its booking, in ms, without the time in which it waited for its driver; undefined while it has not. */
export function settledAfter(steps: Step[]): number | undefined {
  const begin = steps.find((s) => s.kind === 'begin')
  const settled = steps.find((s) => s.kind === 'state' && settledStates.has(s.answer))
  if (!begin || !settled) return undefined
  const asked = steps.filter((s) => s.kind === 'question' && s.end <= settled.at).reduce((n, s) => n + s.end - s.at, 0)
  return settled.at - begin.at - asked
}
