import { expect, it } from 'vitest'
import { stepsHere } from './here'

const step = (seq: number, word: 'claim' | 'reserve' | 'preempt', rest: object) => ({ seq, at: '2026-11-29T18:00:00Z', civil_at: '2026-11-29T18:00:00Z', step: word, state: 'CLAIMED' as const, ...rest })

it('shows the owner’s side: who asked, what was refused, and to whom it yielded', () => {
  const steps = stepsHere({
    reservation: { reservation_id: 'r', state: 'PREEMPTED', plugged_in: false, evse_id: 'BR*CAJ*E0012*1', leg: 3 },
    steps: [step(1, 'claim', { by: 'SER' }), step(2, 'reserve', { by: 'SER', code: 'SLOT_TAKEN' }), step(3, 'preempt', { state: 'PREEMPTED', yielded_to: 't' })],
  })
  expect(steps.map((s) => [s.kind, s.outcome, s.answer, s.detail, s.company, s.leg])).toEqual([
    ['claim', 'done', 'CLAIMED', '← SER', 'CAJ', 3],
    ['reserve', 'refused', 'SLOT_TAKEN', '← SER', 'CAJ', 3],
    ['notice', 'refused', 'PREEMPTED', '→ t', 'CAJ', 3],
  ])
})
