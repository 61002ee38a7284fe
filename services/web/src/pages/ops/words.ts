import type { Booking } from '../../api/client'
import { clock, i18n, t, type Key } from '../../i18n/i18n.svelte'

const day = 86_400_000

/** A window as people say it: tonight 22:10 – 22:40. Both in ms since 1970 or as instants; now is civil. */
export function when(start: string | undefined, end: string | undefined, now: number): string {
  if (!start) return '–'
  const at = new Date(start)
  const time = (d: Date) => new Intl.DateTimeFormat(i18n.locale, { hour: '2-digit', minute: '2-digit' }).format(d)
  const times = end ? `${time(at)} – ${time(new Date(end))}` : time(at)
  const today = new Date(now).setHours(0, 0, 0, 0)
  const night = new Date(now).getHours() < 6 ? today - day : today
  const [from, to] = [new Date(night).setHours(18), new Date(night + day + day / 8).setHours(6, 0)]
  if (at.getTime() >= from && at.getTime() < to) return t('when.tonight', { times })
  if (at.getTime() >= today && at.getTime() < today + day) return t('when.today', { times })
  if (at.getTime() >= today + day && at.getTime() < today + 2 * day) return t('when.tomorrow', { times })
  return t('when.day', { day: clock(start, new Date(0)).split(', ').slice(0, -1).join(', '), times })
}

/** What is left of a hold: 0:42. */
export function countdown(until: string, now: number): string {
  const left = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000))
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
}

/** Who comes. */
export const who = (b: Booking) => b.vehicle_id ?? t('gantt.someone')

/** An EVSE's id without its company's: E0001*1. */
export const short = (evse: string | undefined) => (evse ?? '').split('*').slice(2).join('*')

/** Why an EVSE is out of service, in words where they are known. */
export function why(reason: string | undefined): string {
  return reason === 'BROKEN_CHARGER' || reason === 'POWER_OUTAGE' ? t(`why.${reason}`) : (reason ?? '–')
}

/** A booking's state in words. */
export const stateOf = (b: Booking) => t(b.plugged_in ? 'leg.CHARGING' : (`leg.${b.state}` as Key))

/** Where an operator looks at a trip of this company's. */
export const tripPath = (trip: string) => `/ops/trips/${encodeURIComponent(trip)}`
