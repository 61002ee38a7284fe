import { t, type Key } from '../i18n/i18n.svelte'
import { lapse } from './lapse'
import type { Step } from './saga'

const states = new Set(['CLAIMED', 'PENDING', 'RESERVED', 'CHARGING', 'FULFILLED', 'NO_SHOW', 'EXPIRED', 'PREEMPTED', 'CANCELED'])

/** What a step is called. */
export const stepName = (s: Step): string => t(`step.${s.kind}` as Key)

/** What came of it: the stop's state in words, the code of a refusal, or that nobody answered. */
export function stepAnswer(s: Step): string {
  if (s.outcome === 'lost') return t('step.lost')
  if (s.outcome === 'open') return t('step.open')
  return states.has(s.answer) ? t(`leg.${s.answer}` as Key) : s.answer
}

/** How long its last call took; nothing where nobody was called. */
export function stepTook(s: Step): string {
  const last = s.tries.at(-1)
  return last && last.ms > 0 ? lapse(last.ms) : ''
}

/** A step in as few words as a chart has room for. */
export function stepShort(s: Step): string {
  const tries = s.tries.length > 1 ? ` ×${s.tries.length}` : ''
  switch (s.kind) {
    case 'state':
    case 'decision':
    case 'notice':
      return stepAnswer(s)
    case 'begin':
    case 'question':
      return stepName(s)
    case 'owner':
    case 'act':
    case 'change':
    case 'other':
      return `${s.word}${s.answer === 'ok' ? '' : ` ${s.answer}`}`
    default:
      return `${stepName(s)}${tries} ${s.outcome === 'done' ? stepTook(s) : stepAnswer(s)}`.trim()
  }
}
