import { describe, expect, it } from 'vitest'
import { merged, stepsOf, type Entry } from './saga'

const start = Date.parse('2026-11-29T18:00:00Z')
const at = (ms: number) => new Date(start + ms).toISOString()
const note = (ms: number, step: string, answer: string): Entry => ({ at: at(ms), step, answer })
const call = (ms: number, step: string, answer: string, attempt = 1, took = 5): Entry => ({
  at: at(ms),
  step,
  answer,
  attempt,
  ms: took,
  leg: 2,
  company_id: 'SER',
  evse_id: 'BR*SER*E0023*1',
  reservation_id: 'r2',
})

describe('the steps of a saga', () => {
  it('make one step of a call that is made again, with its tries', () => {
    const [step, ...rest] = stepsOf([call(0, 'reserve', 'lost', 1, 500), call(700, 'reserve', 'lost', 2, 500), call(1600, 'reserve', 'PENDING', 3, 4)])
    expect(rest).toEqual([])
    expect(step).toMatchObject({ kind: 'reserve', company: 'SER', leg: 2, outcome: 'done', answer: 'PENDING', at: start, end: start + 1604 })
    expect(step?.tries.map((t) => [t.at - start, t.ms, t.answer])).toEqual([
      [0, 500, 'lost'],
      [700, 500, 'lost'],
      [1600, 4, 'PENDING'],
    ])
  })

  it('count a release that is tried anew each time from 1 as one', () => {
    const steps = stepsOf([call(0, 'compensate', 'lost'), call(60_000, 'compensate', 'lost'), call(180_000, 'compensate', 'CANCELED')])
    expect(steps.map((s) => [s.kind, s.tries.length, s.outcome])).toEqual([['release', 3, 'done']])
  })

  it('keep apart what was asked anew after an answer', () => {
    expect(stepsOf([call(0, 'claim', 'PRIORITY_LOST'), call(9, 'claim', 'CLAIMED')]).map((s) => s.outcome)).toEqual(['refused', 'done'])
  })

  it('show a question until it is decided, or as open', () => {
    const asked = [note(0, 'create', 'ok'), note(10, 'state', 'AWAITING_DECISION')]
    expect(stepsOf(asked).find((s) => s.kind === 'question')).toMatchObject({ outcome: 'open', at: start + 10 })
    const answered = stepsOf([...asked, note(5010, 'decide', 'continue'), note(5010, 'state', 'RESERVING')])
    expect(answered.find((s) => s.kind === 'question')).toMatchObject({ outcome: 'told', at: start + 10, end: start + 5010, answer: 'continue' })
  })

  it('take a stop that was lost as a refusal, and a word that nobody knows as another', () => {
    const lost = { ...call(0, 'notice', 'PREEMPTED'), attempt: 0 }
    expect(stepsOf([lost, note(1, 'brew', 'ok')]).map((s) => [s.kind, s.outcome])).toEqual([
      ['notice', 'refused'],
      ['other', 'told'],
    ])
  })

  it('stand in the order in which they began, though the journal has them by their end', () => {
    expect(stepsOf([call(9, 'claim', 'CLAIMED'), { ...call(3, 'claim', 'CLAIMED'), reservation_id: 'r3' }]).map((s) => s.at - start)).toEqual([3, 9])
  })
})

describe('entries that are read and told', () => {
  const e = (seq: string): Entry => ({ seq, at: at(0), step: 'state', answer: 'ok' })

  it('are each there once, in the journal’s order', () => {
    const got = merged([e('90-0/0'), e('100-0/2')], [e('100-0/10'), e('90-0/0'), e('100-1/0')])
    expect(got.map((x) => x.seq)).toEqual(['90-0/0', '100-0/2', '100-0/10', '100-1/0'])
  })
})
