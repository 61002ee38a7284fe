import type { Schemas } from '../../api/client'
import type { Kind, Step } from '../../parts/saga'

const kinds: Record<Schemas['ReservationStep']['step'], Kind> = {
  claim: 'claim',
  reserve: 'reserve',
  renew: 'renew',
  confirm: 'confirm',
  move: 'move',
  start: 'plug',
  complete: 'plug',
  compensate: 'release',
  outcome: 'read',
  preempt: 'notice',
  expire: 'notice',
  no_show: 'notice',
  back: 'plug',
  estimate: 'plug',
  cancel: 'release',
  release: 'release',
  withdraw: 'release',
  restore: 'change',
}

/** What the owner of a charger has seen of a reservation, as steps of the trip's saga: the other side of the same calls. */
export function stepsHere(h: Schemas['ReservationHistory']): Step[] {
  const { reservation } = h
  return h.steps.map((s): Step => {
    const at = Date.parse(s.at)
    const by = s.by ? [`← ${s.by}`] : []
    const said = [...by, s.reason, s.yielded_to && `→ ${s.yielded_to}`, s.outcome, s.request_id && `#${s.request_id}`].filter(Boolean).join(' · ')
    const answer = s.code ?? s.state
    return {
      key: `${reservation.reservation_id} ${s.seq}`,
      kind: kinds[s.step] ?? 'other',
      word: s.step,
      leg: reservation.leg ?? 0,
      company: reservation.evse_id?.split('*')[1],
      evse: reservation.evse_id,
      reservation: reservation.reservation_id,
      state: s.state,
      at,
      end: at,
      tries: [{ at, ms: 0, answer, detail: said }],
      answer,
      detail: said,
      outcome: s.code || s.step === 'preempt' || s.step === 'expire' || s.step === 'no_show' ? 'refused' : 'done',
      owner: undefined,
      epoch: 0,
    }
  })
}
