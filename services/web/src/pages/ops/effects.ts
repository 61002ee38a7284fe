import type { Booking, Calendar, Schemas } from '../../api/client'
import { clock, t } from '../../i18n/i18n.svelte'
import { freeUntil } from './gantt'
import { countdown, short, when, who } from './words'

/** What sentences about a booking are made of. */
export interface About {
  b: Booking
  /** The company whose server this is. */
  own: string | undefined
  name: (company: string | undefined) => string
  /** Real and civil time, in ms since 1970. */
  now: number
  civil: number
}

const window = (a: About) => when(a.b.start, a.b.end, a.civil)
const foreign = (a: About) => (a.b.origin && a.b.origin !== a.own ? [t('do.foreign', { company: a.name(a.b.origin) })] : [])

export const cancels = (a: About): string[] => [
  t('do.cancel.who', { who: who(a.b) }),
  t('do.cancel.told', { company: a.name(a.b.origin) }),
  t('do.cancel.free', { evse: short(a.b.evse_id), when: window(a) }),
  t('do.cancel.cost'),
]

export const releases = (a: About): string[] => [
  t('do.release.who', { who: who(a.b), time: a.b.expires_at ? countdown(a.b.expires_at, a.now) : '–' }),
  t('do.release.trip'),
  t('do.release.late'),
]

/** An end that is so many minutes later. */
export const later = (end: string | undefined, minutes: number) => new Date(Date.parse(end ?? '') + minutes * 60_000).toISOString()

/** Whether so many minutes more reach into what is known to stand there next. */
export function reaches(c: Calendar | undefined, b: Booking, minutes: number): boolean {
  const until = c && freeUntil(c, b)
  return until !== undefined && Date.parse(later(b.end, minutes)) > Date.parse(until)
}

export function extends_(a: About, c: Calendar | undefined, minutes: number): string[] {
  const until = c && freeUntil(c, a.b)
  const free = until ? t(reaches(c, a.b, minutes) ? 'do.extend.taken' : 'do.extend.free', { evse: short(a.b.evse_id), until: clock(until) }) : t('do.extend.open')
  return [t('do.extend.who', { who: who(a.b), end: clock(later(a.b.end, minutes)), was: clock(a.b.end) }), free, t('do.extend.cost'), ...foreign(a)]
}

export const moves = (a: About, evse: string, start: string, end: string): string[] => [
  t('do.move.who', { who: who(a.b), when: when(start, end, a.civil), evse: short(evse) }),
  t('do.move.free', { evse: short(a.b.evse_id), when: window(a) }),
  t('do.move.cost'),
  ...foreign(a),
]

export const writes = (a: About): string[] => [t('do.message.who', { who: who(a.b) }), t('do.message.kept')]

/** What a message's answer means: who has it not yet. */
export function sent(m: Schemas['MessageSent'], to: string, name: About['name']): string {
  const missing = m.told.filter((c) => !c.ok).map((c) => name(c.company_id))
  return missing.length > 0 ? t('do.message.notTold', { who: to, companies: missing.join(', ') }) : t('do.message.done', { who: to })
}

/** What taking a charger out of service does to each of its bookings. */
export const loses = (a: About, site: string): string =>
  a.b.plugged_in
    ? t('evse.outPlugged', { who: who(a.b), site })
    : t('evse.outLine', { who: who(a.b), when: window(a), site, company: a.name(a.b.origin) })
