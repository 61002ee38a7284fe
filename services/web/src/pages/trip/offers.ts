import type { Alternative } from '../../api/client'
import { duration, money, t } from '../../i18n/i18n.svelte'

/** How much later or earlier the trip arrives with an alternative, in words. */
export function minutesOf(a: Alternative): string {
  const d = Math.round(a.delta_minutes ?? 0)
  if (d === 0) return t('trip.sameTime')
  return t(d > 0 ? 'trip.later' : 'trip.earlier', { minutes: duration(Math.abs(d)) })
}

/** How much more or less it costs; nothing where nobody knows what is charged. */
export function priceOf(a: Alternative, currency: string): string {
  const d = a.delta_price ?? 0
  if (d === 0 && a.arrive_soc === undefined) return ''
  if (Math.abs(d) < 0.005) return t('trip.samePrice')
  return t(d > 0 ? 'trip.dearer' : 'trip.cheaper', { price: money(Math.abs(d), currency) })
}
