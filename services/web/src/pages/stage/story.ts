import { t, type Key } from '../../i18n/i18n.svelte'
import type { Driver, Stage, Step } from './stage.svelte'

/** The colour of a driver: the n-th of the play, everywhere. */
export function colourOf(drivers: Driver[], name: string | undefined): string {
  const n = drivers.findIndex((d) => d.name === name)
  return n < 0 ? 'var(--quiet)' : `var(--actor-${n + 1})`
}

/** Where an EVSE is, by its town; its own name where nobody says. */
export function placeOf(stage: Stage, evse: string | undefined): string {
  for (const c of stage.companies) for (const k of c.calendars) if (k.evse_id === evse) return k.city || k.evse_id
  return evse ?? ''
}

/** One plain sentence of why: what the step's answer means. */
export function sentence(stage: Stage, step: Step): string {
  if (!step.why) return ''
  return t(`why.${step.why}` as Key, {
    driver: step.driver ?? '',
    other: step.other || t('stage.somebody'),
    from: step.from,
    to: step.to ?? '',
    place: placeOf(stage, step.evse_id),
  })
}

const asked: Record<string, Key> = {
  book: 'ask.book', claim: 'ask.claim', reserve: 'ask.reserve', confirm: 'ask.confirm', compensate: 'ask.compensate',
  preempted: 'ask.preempted', decide: 'ask.decide', cancel: 'ask.cancel', kill: 'ask.kill', restart: 'ask.restart',
}

/** What a message asks, or what befalls, in a few words. */
export function request(stage: Stage, step: Step): string {
  const key = asked[step.what]
  return key ? t(key, { driver: step.driver ?? '', from: step.from, to: step.to ?? '', place: placeOf(stage, step.evse_id) }) : t(`stage.${step.what}` as Key)
}

export type Tone = 'good' | 'pending' | 'lost' | 'undo' | 'plain'

/** How a state, a code or another answer looks. */
export function tone(answer: string | undefined): Tone {
  switch (answer) {
    case 'RESERVED':
    case 'CONFIRMED':
    case 'up':
      return 'good'
    case 'CLAIMED':
    case 'PENDING':
    case 'RESERVING':
    case 'CONFIRMING':
    case 'AWAITING_DECISION':
      return 'pending'
    case 'CANCELED':
    case 'COMPENSATING':
    case 'ABORTED':
    case 'EXPIRED':
      return 'undo'
    case 'PRIORITY_LOST':
    case 'SLOT_TAKEN':
    case 'HOLD_PREEMPTED':
    case 'PREEMPTED':
    case 'lost':
    case 'down':
    case 'silent':
      return 'lost'
  }
  return 'plain'
}

/** What a step's answer is called: a ticket by the seconds and microseconds that tell it from others. */
export function answerOf(step: Step): string {
  if (step.what === 'ticket' && step.answer) return `…${step.answer.slice(-9, -6)} ${step.answer.slice(-6, -3)} ${step.answer.slice(-3)} µs`
  if (step.answer === 'lost') return t('stage.noAnswer')
  return step.answer === 'ok' ? '✓' : (step.answer ?? '')
}

/** Drivers who have lost what they held at an EVSE to somebody older, as their own companies know. */
export function losers(stage: Stage, evse: string): string[] {
  return stage.drivers.filter((d) => d.legs.some((l) => l.evse_id === evse && l.state === 'PREEMPTED')).map((d) => d.name)
}

/** The state of an entry lets its hold's ring be shown only while it lapses. */
export const lapses = (state: string) => state === 'CLAIMED' || state === 'PENDING'
