import { describe, expect, it } from 'vitest'
import { stepsOf, type Entry } from '../../parts/saga'
import { lanesOf, partsOf, scaleOf, settledAfter, ticksOf } from './timeline'

const hour = 3_600_000
const call = (ms: number, took: number, company = 'SER', step = 'reserve', answer = 'PENDING'): Entry => ({
  at: new Date(ms).toISOString(),
  step,
  answer,
  attempt: 1,
  ms: took,
  leg: 1,
  company_id: company,
  reservation_id: `${company} ${ms}`,
})
const note = (ms: number, step: string, answer = 'ok'): Entry => ({ at: new Date(ms).toISOString(), step, answer })

describe('the parts of a saga', () => {
  it('fold the hours between 20 ms of booking and a plug', () => {
    const steps = stepsOf([note(0, 'create'), call(1, 9), call(10, 10), call(2 * hour, 5)])
    expect(partsOf(steps)).toEqual([
      { from: 0, to: 20, n: 3 },
      { from: 2 * hour, to: 2 * hour + 5, n: 1 },
    ])
  })

  it('keep what lies close together, as long calls with their pauses do', () => {
    expect(partsOf(stepsOf([call(0, 500), call(700, 500), call(1600, 500)]))).toHaveLength(1)
  })

  it('do not take a question for something that happens', () => {
    const steps = stepsOf([note(0, 'create'), note(5, 'state', 'AWAITING_DECISION'), note(9000, 'decide', 'wait')])
    expect(partsOf(steps)).toEqual([
      { from: 0, to: 5, n: 2 },
      { from: 9000, to: 9000, n: 1 },
    ])
  })

  it('are ten at most: the shortest rests stay', () => {
    const steps = stepsOf(Array.from({ length: 30 }, (_, i) => call(i * i * hour, 5)))
    expect(partsOf(steps)).toHaveLength(10)
  })

  it('of nothing are none', () => expect(partsOf([])).toEqual([]))
})

describe('the scale', () => {
  const times = [
    { from: 0, to: 20, n: 9 },
    { from: hour, to: hour + 4000, n: 1 },
  ]

  it('fills the width, in order, and gives the shorter part room to be read', () => {
    const s = scaleOf(times, 1000)
    expect(s.width).toBeCloseTo(1000)
    const xs = [0, 10, 20, hour / 2, hour, hour + 4000].map(s.x)
    expect(xs).toEqual([...xs].sort((a, b) => a - b))
    expect(s.parts[0]?.width).toBeGreaterThan(110)
    expect(s.folds).toMatchObject([{ ms: hour - 20 }])
  })

  it('is wider than asked where its parts need it, and puts what is outside at the edges', () => {
    const s = scaleOf(times, 50)
    expect(s.width).toBeGreaterThan(200)
    expect([s.x(-5), s.x(9 * hour)]).toEqual([0, s.width])
  })

  it('names round instants', () => {
    const [part] = scaleOf([{ from: 100, to: 121, n: 1 }], 400).parts
    if (!part) throw new Error('no part')
    expect(ticksOf(part, 60).map((t) => t.ms)).toEqual([0, 5, 10, 15])
  })
})

describe('the lanes', () => {
  const at = (steps: ReturnType<typeof stepsOf>, text = 0, now = 0) => lanesOf(steps, scaleOf(partsOf(steps), 600), () => text, now)

  it('are the trip, each company, and the driver', () => {
    const steps = stepsOf([note(0, 'create'), call(1, 5, 'SER'), call(1, 5, 'CAJ'), note(9, 'state', 'AWAITING_DECISION'), note(20, 'decide', 'wait')])
    expect(at(steps).map((l) => l.id)).toEqual(['trip', 'SER', 'CAJ', 'driver'])
  })

  it('put bars whose texts would cover each other in rows of their own', () => {
    const [lane] = at(stepsOf([call(0, 5), call(6, 5), call(12, 5)]), 250)
    expect(lane?.rows).toBe(3)
    expect(lane?.bars.map((b) => b.row)).toEqual([0, 1, 2])
    expect(at(stepsOf([call(0, 5), call(6, 5)]))[0]?.rows).toBe(1)
  })

  it('draw each try of a step in its row, the text at the last', () => {
    const again = (ms: number, n: number, answer: string) => ({ ...call(ms, 100, 'SER', 'reserve', answer), attempt: n, reservation_id: 'r' })
    const [lane] = at(stepsOf([again(0, 1, 'lost'), again(150, 2, 'PENDING')]))
    expect(lane?.bars.map((b) => [b.n, b.last, b.row])).toEqual([
      [0, false, 0],
      [1, true, 0],
    ])
  })

  it('leave out what is not in the part that is looked at', () => {
    const steps = stepsOf([call(0, 5, 'SER'), call(hour, 5, 'CAJ')])
    const parts = partsOf(steps)
    expect(lanesOf(steps, scaleOf(parts.slice(1), 600), () => 0, 0).map((l) => l.id)).toEqual(['CAJ'])
  })

  it('have an open question reach to now', () => {
    const steps = stepsOf([note(0, 'create'), note(10, 'state', 'AWAITING_DECISION')])
    const scale = scaleOf([...partsOf(steps), { from: 5000, to: 5000, n: 1 }], 600)
    const driver = lanesOf(steps, scale, () => 0, 5000).find((l) => l.id === 'driver')
    expect((driver?.bars[0]?.left ?? 0) + (driver?.bars[0]?.width ?? 0)).toBeCloseTo(scale.x(5000))
  })
})

describe('how long a booking took', () => {
  it('leaves out the time in which the driver was asked', () => {
    const booked = [note(0, 'create'), note(10, 'state', 'AWAITING_DECISION'), note(5010, 'decide', 'continue'), note(5010, 'state', 'RESERVING'), note(5030, 'state', 'CONFIRMED')]
    expect(settledAfter(stepsOf(booked))).toBe(30)
  })

  it('is not known while it goes on', () => expect(settledAfter(stepsOf([note(0, 'create')]))).toBeUndefined())
})
