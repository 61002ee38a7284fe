import { clock, t, type Key } from '../../i18n/i18n.svelte'
import { companyName } from '../../parts/companies'
import type { Kind, Step } from '../../parts/saga'
import { stepAnswer } from '../../parts/sagaWords'

/** One thing that happened to a trip, in words for its driver. */
export interface Line {
  key: string
  time: string
  said: string
  bad: boolean
}

/** What a driver is told of; how the servers came to it is the operator's. */
const kinds: Kind[] = ['begin', 'claim', 'reserve', 'confirm', 'release', 'move', 'plug', 'question', 'decision', 'state']

/** What happened to a trip, in its order. */
export function story(steps: Step[]): Line[] {
  return steps
    .filter((s) => kinds.includes(s.kind) && !(s.kind === 'state' && s.answer === 'AWAITING_DECISION')) // the question says so
    .map((s) => ({ key: s.key, time: clock(new Date(s.at).toISOString(), new Date(), true), said: words(s), bad: s.outcome === 'refused' || s.outcome === 'lost' }))
}

function words(s: Step): string {
  if (s.kind === 'state') return t(`state.${s.answer}` as Key)
  const what = t(`told.${s.kind}` as Key, { leg: s.leg, company: companyName(s.company) })
  if (!s.company || s.tries.length === 0 || s.answer === 'ok') return what
  const tries = s.tries.length > 1 ? ` (${t('sagaStep.tries', { n: s.tries.length })})` : ''
  return `${what}: ${stepAnswer(s)}${tries}`
}
