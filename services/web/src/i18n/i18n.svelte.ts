import { en } from './en'
import { pt } from './pt'

export type Language = 'en' | 'pt'
export type Key = keyof typeof en
/** A language: a text for each key, or one for each plural form. */
export type Texts = { readonly [K in Key]: (typeof en)[K] extends string ? string : { readonly one: string; readonly other: string } }

const texts: Record<Language, Texts> = { en, pt }
const locales: Record<Language, string> = { en: 'en-GB', pt: 'pt-BR' }
const kept = 'eletrovia.language'

function preferred(): Language {
  const said = localStorage.getItem(kept)
  if (said === 'en' || said === 'pt') return said
  return navigator.language.startsWith('pt') ? 'pt' : 'en'
}

class I18n {
  language = $state<Language>(preferred())

  /** The language that tags name: dates, numbers and money follow it. */
  get locale(): string {
    return locales[this.language]
  }

  choose(l: Language) {
    this.language = l
    localStorage.setItem(kept, l)
  }
}

export const i18n = new I18n()

/** The text of a key, its {names} filled in; n chooses the plural form. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const entry = texts[i18n.language][key]
  const text = typeof entry === 'string' ? entry : entry[new Intl.PluralRules(i18n.locale).select(Number(values['n'])) === 'one' ? 'one' : 'other']
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** Charge 0…1 as whole percent. */
export function percent(soc: number | undefined): string {
  return soc === undefined ? '–' : new Intl.NumberFormat(i18n.locale, { style: 'percent', maximumFractionDigits: 0 }).format(soc)
}

export function money(value: number | undefined, currency = 'BRL'): string {
  return value === undefined ? '–' : new Intl.NumberFormat(i18n.locale, { style: 'currency', currency }).format(value)
}

export function kilometres(km: number | undefined): string {
  return km === undefined ? '–' : new Intl.NumberFormat(i18n.locale, { style: 'unit', unit: 'kilometer', maximumFractionDigits: 0 }).format(km)
}

export function kilowatts(kw: number | undefined): string {
  return kw === undefined ? '' : `${new Intl.NumberFormat(i18n.locale, { maximumFractionDigits: 0 }).format(kw)} kW`
}

/** Minutes as 1 h 05 or 35 min. */
export function duration(minutes: number | undefined): string {
  if (minutes === undefined) return '–'
  const whole = Math.round(minutes)
  if (whole < 60) return `${whole} min`
  return `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, '0')}`
}

/** The time of an instant here, to the second where those count; its day too, where that is not today. */
export function clock(instant: string | undefined, now = new Date(), seconds = false): string {
  if (!instant) return '–'
  const at = new Date(instant)
  const time = new Intl.DateTimeFormat(i18n.locale, { hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' } : {}) }).format(at)
  if (at.toDateString() === now.toDateString()) return time
  return `${new Intl.DateTimeFormat(i18n.locale, { weekday: 'short', day: 'numeric', month: 'short' }).format(at)}, ${time}`
}
