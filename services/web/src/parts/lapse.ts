import { i18n, t } from '../i18n/i18n.svelte'

/** How long something took or lasts, from fractions of a millisecond to days, in at most two figures. */
export function lapse(ms: number): string {
  const figure = (value: number, digits: number) => new Intl.NumberFormat(i18n.locale, { maximumFractionDigits: digits }).format(value)
  const seconds = Math.round(ms / 1000)
  const minutes = Math.round(ms / 60_000)
  if (ms < 1000) return t('step.ms', { ms: figure(ms, ms < 10 ? 1 : 0) })
  if (seconds < 60) return t('step.s', { s: figure(ms / 1000, ms < 10_000 ? 1 : 0) })
  if (minutes < 60) return t('step.min', { min: minutes })
  if (minutes < 1440) return t('step.h', { h: Math.floor(minutes / 60), min: String(minutes % 60).padStart(2, '0') })
  return t('step.d', { d: Math.floor(minutes / 1440), h: Math.floor((minutes % 1440) / 60) })
}

/** An instant to the millisecond, as a journal has it, in local time. */
export function instant(ms: number): string {
  return new Intl.DateTimeFormat(i18n.locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 }).format(ms)
}
