import { beforeEach, describe, expect, it } from 'vitest'
import { en } from './en'
import { clock, duration, i18n, money, percent, t, type Key } from './i18n.svelte'
import { pt } from './pt'

const forms = (entry: string | { one: string; other: string }) => (typeof entry === 'string' ? [entry] : [entry.one, entry.other])
const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()

describe('the dictionaries', () => {
  beforeEach(() => i18n.choose('en'))

  it.each(Object.keys(en) as Key[])('say the same of %s', (key) => {
    const [ours, theirs] = [forms(en[key]), forms(pt[key])]
    expect(theirs.length).toBe(ours.length)
    ours.forEach((text, i) => expect(names(theirs[i] ?? '')).toEqual(names(text)))
  })

  it('fill in names and choose the plural', () => {
    expect(t('plan.stops', { n: 1 })).toBe('1 stop')
    expect(t('plan.stops', { n: 3 })).toBe('3 stops')
    i18n.choose('pt')
    expect(t('plan.stops', { n: 2 })).toBe('2 paradas')
    expect(localStorage.getItem('eletrovia.language')).toBe('pt')
  })

  it('leave a name that nobody gives', () => expect(t('trip.id')).toBe('Trip {id}'))
})

describe('figures', () => {
  beforeEach(() => i18n.choose('en'))

  it('follow the language', () => {
    expect(percent(0.904)).toBe('90%')
    expect(money(12.5)).toBe('R$12.50')
    i18n.choose('pt')
    expect(money(12.5)).toBe('R$\u00a012,50')
  })

  it.each([
    [0, '0 min'],
    [59.4, '59 min'],
    [59.6, '1 h 00'],
    [125, '2 h 05'],
    [undefined, '–'],
  ])('write %s minutes as %s', (minutes, text) => expect(duration(minutes)).toBe(text))

  it('name the day where it is not today', () => {
    const now = new Date(2026, 10, 29, 12)
    expect(clock(new Date(2026, 10, 29, 18, 5).toISOString(), now)).toBe('18:05')
    expect(clock(new Date(2026, 10, 30, 2, 29).toISOString(), now)).toBe('Mon 30 Nov, 02:29')
  })
})
